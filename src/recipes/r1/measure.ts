/** What a stage's model can do at the end of the chain: every model is asked the same held-out questions, sampled and greedy. */
import type { HeldOutResult } from "../../evaluate/held-out.ts";
import type { Decoder } from "../../model/decoder.ts";
import { taskNamed } from "../../tasks/catalogue.ts";
import { harmless } from "../../tasks/families/requests.ts";
import { languageConsistency } from "../../tasks/language.ts";
import { type PreferenceModel, preferenceReward } from "../../train/preference.ts";
import { askHeldOut, type EvaluationPlan } from "../evaluation.ts";
import { parted } from "../rewards.ts";

/** A count out of a number: what an interval is made of. */
export interface Share {
  readonly right: number;
  readonly of: number;
}

export interface Answer {
  readonly task: string;
  readonly prompt: string;
  readonly gold: string;
  readonly response: string;
  readonly right: boolean;
  readonly reason: string;
}

export interface Measured {
  /** By family; requests count as right where the reply is kind, named and in its language. */
  readonly sampled: Readonly<Record<string, Share>>;
  readonly greedy: Readonly<Record<string, Share>>;
  /** The questions of all families by their level. */
  readonly levels: readonly { readonly level: number; readonly sampled: Share; readonly greedy: Share }[];
  /** Mean thinking tokens of the sampled answers to questions. */
  readonly thinking: number;
  /** Mean share of the thinking's words that are of the question's language, and how many answers that is a mean of; sampled. */
  readonly language: { readonly mean: number; readonly answers: number };
  /** Of the sampled replies to requests. */
  readonly preference: number;
  readonly harmless: Share;
  /** Sampled answers whose thinking says "wait". */
  readonly reflecting: Share;
  /** The greedy answer to the first question of every family. */
  readonly answers: readonly Answer[];
  /** Greedy answers that are wrong, the longest first. */
  readonly failures: readonly Answer[];
  readonly seconds: number;
  readonly tokens: number;
}

const FAILURES = 8;

export async function measure(
  decoder: Decoder,
  asked: Pick<EvaluationPlan, "families" | "levels" | "items" | "max_tokens">,
  preference: PreferenceModel,
  signal: AbortSignal,
): Promise<Measured> {
  const sampled = await askHeldOut(decoder, asked, signal, 1);
  const greedy = await askHeldOut(decoder, asked, signal, 0);
  signal.throwIfAborted();
  const isGeneral = (task: string) => taskNamed(task).general === true;
  const questions = sampled.samples.filter(({ entry }) => !isGeneral(entry.task));
  const replies = sampled.samples.filter(({ entry }) => isGeneral(entry.task));
  const languages = questions.flatMap(({ entry, response }) => {
    const language = taskNamed(entry.task).language?.(entry.data);
    return language === undefined ? [] : [languageConsistency(parted(response)[0], language)];
  });
  const told = greedy.samples.map(
    ({ entry, response, correct, reason }): Answer => ({
      ...{ task: entry.task, prompt: entry.prompt, gold: entry.answer, response, right: correct, reason },
    }),
  );
  const thinking = sampled.families.filter(({ task }) => !isGeneral(task)).map((family) => family.thinking);
  return {
    sampled: sharesOf(sampled),
    greedy: sharesOf(greedy),
    levels: asked.levels.map((level) => {
      const of = ({ samples }: HeldOutResult) =>
        share(
          samples.filter(({ entry }) => entry.level === level && !isGeneral(entry.task)),
          ({ correct }) => correct,
        );
      return { level, sampled: of(sampled), greedy: of(greedy) };
    }),
    thinking: mean(thinking),
    language: { mean: mean(languages), answers: languages.length },
    preference: mean(
      replies.map(({ entry, response }) => preferenceReward(preference, entry.prompt, parted(response)[1])),
    ),
    harmless: share(replies, ({ response }) => harmless(response)),
    reflecting: share(questions, ({ response }) => /\bwait\b/.test(parted(response)[0])),
    answers: asked.families.map((family) => told.find(({ task }) => task === family)!),
    failures: told
      .filter(({ right }) => !right)
      .sort((a, b) => b.response.length - a.response.length)
      .slice(0, FAILURES),
    seconds: sampled.seconds + greedy.seconds,
    tokens: sampled.tokens + greedy.tokens,
  };
}

const sharesOf = ({ families, samples }: HeldOutResult): Record<string, Share> =>
  Object.fromEntries(
    families.map(({ task }) => [
      task,
      share(
        samples.filter(({ entry }) => entry.task === task),
        ({ correct }) => correct,
      ),
    ]),
  );

function share<T>(values: readonly T[], fits: (value: T) => boolean): Share {
  return { right: values.filter(fits).length, of: values.length };
}

const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
