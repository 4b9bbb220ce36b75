/** Accuracy on instances that training never saw: each family asked a fixed list of held-out questions, greedily or sampled. */
import type { Decoder } from "../model/decoder.ts";
import { sample } from "../tasks/sample.ts";
import { score } from "../tasks/score.ts";
import type { Task, TaskEntry } from "../tasks/task.ts";
import { summarize } from "./accuracy.ts";
import { askAll } from "./ask-all.ts";
import type { Asking } from "./asking.ts";
import type { Item, Judgement } from "./item.ts";

/** The questions of the evaluations made while training, and where no seed is given: two evaluations then differ by the model alone. */
export const HELD_OUT_SEED = 20250120;

export interface HeldOutOptions {
  readonly families: readonly Task[];
  /** A family's questions are divided among these; one it lacks is its highest. */
  readonly levels: readonly number[];
  /** Questions a family. */
  readonly items: number;
  /** A wording by number, or "any" for a random one each. */
  readonly phrasing: number | "any";
  /** 0: greedy. */
  readonly temperature: number;
  readonly maxTokens: number;
  readonly seed: number;
  readonly slots?: number;
  readonly signal?: AbortSignal;
}

export interface HeldOutFamily {
  readonly task: string;
  readonly items: number;
  readonly accuracy: number;
  readonly format: number;
  /** Mean thinking tokens. */
  readonly thinking: number;
}

export interface HeldOutResult {
  readonly temperature: number;
  readonly phrasing: number | "any";
  readonly families: readonly HeldOutFamily[];
  /** Means over the families, each counting the same. */
  readonly accuracy: number;
  readonly format: number;
  readonly thinking: number;
  /** Standard error of `accuracy` from the number of questions. */
  readonly stderr: number;
  readonly tokens: number;
  readonly seconds: number;
  readonly samples: readonly HeldOutSample[];
}

export interface HeldOutSample {
  readonly entry: TaskEntry;
  readonly response: string;
  readonly correct: boolean;
  readonly reason: string;
}

/** A held-out question of a family as an item, with the entry it was made from. */
export interface HeldOutItem extends Item {
  readonly entry: TaskEntry;
  readonly judge: (response: string, ended: boolean) => Judgement;
}

/** The first `count` held-out questions of a family in a wording. @throws UserError for a level or wording the family lacks */
export function heldOutItems(
  task: Task,
  { seed, level, phrasing, count }: { seed: number; level: number; phrasing: number | "any"; count: number },
): HeldOutItem[] {
  return Array.from({ length: count }, (_, index): HeldOutItem => {
    const entry = sample(task, { seed, index, level, split: "held-out", phrasing });
    const question = `${task.name}/${level}/${seed}/${index}`;
    return {
      id: `${question}/${phrasing}`,
      group: task.name,
      variant: String(phrasing),
      question,
      prompt: entry.prompt,
      gold: entry.answer,
      entry,
      judge: (response, ended) => {
        const { parts, reason } = score(entry, response, { ended });
        return { ...parts, reason };
      },
    };
  });
}

/** Asks every family its held-out questions. The same options ask the same questions in the same order. */
export async function evaluateHeldOut(
  decoder: Decoder,
  asking: Asking,
  options: HeldOutOptions,
): Promise<HeldOutResult> {
  const { families, levels, items: count, phrasing, temperature, maxTokens, seed, slots, signal } = options;
  const items = families.flatMap((task) =>
    levels.flatMap((level, i) => {
      const share = Math.floor((count + levels.length - 1 - i) / levels.length);
      return heldOutItems(task, { seed, level: Math.min(level, task.levels), phrasing, count: share });
    }),
  );
  const asked = await askAll(decoder, asking, items, { temperature, maxTokens, seed, slots, signal });
  const summary = summarize(asked);
  return {
    temperature,
    phrasing,
    families: summary.groups.map(({ group, n, accuracy, format, thinking }) => ({
      task: group,
      items: n,
      accuracy,
      format,
      thinking,
    })),
    accuracy: summary.accuracy,
    format: summary.format,
    thinking: summary.thinking,
    stderr: summary.stderr,
    tokens: asked.newTokens,
    seconds: asked.seconds,
    samples: asked.results.map(({ responses: [response] }, i) => ({
      entry: items[i]!.entry,
      response: response!.text,
      correct: response!.accuracy === 1,
      reason: response!.reason,
    })),
  };
}
