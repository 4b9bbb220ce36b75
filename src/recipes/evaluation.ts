/**
 * Held-out accuracy while training: sampled as the model pleases, greedy, and forced to answer at once. Reinforcement learning
 * amplifies whichever style of answer is right more often, so accuracy with thinking stands beside accuracy without it from the
 * start: where the direct answers win, thinking dies out.
 */
import { evaluateHeldOut, HELD_OUT_SEED, type HeldOutResult } from "../evaluate/held-out.ts";
import type { Decoder } from "../model/decoder.ts";
import { END_THINK } from "../text/character-tokenizer.ts";
import type { JsonRecord } from "../train/jsonl.ts";
import type { RunFolder } from "../train/run.ts";
import type { EvaluationOptions, RlOptions } from "./options.ts";
import type { Speech } from "./speech.ts";
import type { StageContext } from "./stage.ts";
import { tasksNamed, worldDialogue } from "./world.ts";

/** Which questions are asked. */
export interface EvaluationPlan extends EvaluationOptions {
  readonly families: readonly string[];
  readonly levels: readonly number[];
}

/** A line of evaluations.jsonl. */
export type EvaluationRecord = JsonRecord & {
  readonly step: number;
  readonly temperature: number;
  readonly accuracy: number;
  readonly stderr: number;
  readonly thinking: number;
  readonly by_family: Readonly<Record<string, StyleFigures & JsonRecord>>;
} & StyleFigures;

/** Accuracy by style of answer; on the sampled line alone. */
export interface StyleFigures {
  /** Of the answers that came after thinking of the model's own choice; null where it never thought. */
  readonly thinking_accuracy?: number | null;
  /** When thinking is closed before it begins. */
  readonly direct_accuracy?: number;
}

/** The two lines of an evaluation. */
export interface Evaluation {
  readonly sampled: EvaluationRecord;
  readonly greedy: EvaluationRecord;
}

/**
 * A stage's evaluation: asks the held-out questions after a step, appends the two lines to evaluations.jsonl and tells the listener;
 * lines that a run before an interruption left there stand. The questions are the procedural world's, so a model of another
 * vocabulary is asked none. It gives null where no questions are asked, or the signal cut it short.
 */
export function evaluator(
  run: RunFolder,
  decoder: Decoder,
  { tasks, evaluation }: Pick<RlOptions, "tasks" | "evaluation">,
  speech: Speech,
  { signal, listener }: Pick<StageContext, "signal" | "listener">,
): (step: number) => Promise<Evaluation | null> {
  const plan = { ...tasks, ...evaluation };
  return async (step) => {
    if (evaluation.items === 0 || !speech.world) return null;
    const result = await evaluateAfter(step, run, decoder, plan, signal);
    if (result !== null) listener.note(evaluationNote(step, result));
    return result;
  };
}

async function evaluateAfter(
  step: number,
  run: RunFolder,
  decoder: Decoder,
  plan: EvaluationPlan,
  signal: AbortSignal,
): Promise<Evaluation | null> {
  const recorded = run.evaluations().filter((line) => line.step === step) as EvaluationRecord[];
  const known = (sampled: boolean) => recorded.find(({ temperature }) => temperature > 0 === sampled);
  let [sampled, greedy] = [known(true), known(false)];
  if (sampled === undefined) {
    const free = await askHeldOut(decoder, plan, signal, 1);
    const direct = await askHeldOut(decoder, plan, signal, 1, true);
    if (signal.aborted) return null;
    sampled = withStyles(recordOf(step, free), free, direct);
    run.appendEvaluation(sampled);
  }
  if (greedy === undefined) {
    const result = await askHeldOut(decoder, plan, signal, 0);
    if (signal.aborted) return null;
    greedy = recordOf(step, result);
    run.appendEvaluation(greedy);
  }
  return { sampled, greedy };
}

/** What an evaluation says, in a line. */
function evaluationNote(step: number, { sampled, greedy }: Evaluation): string {
  const share = (value: number | null | undefined) => (typeof value === "number" ? value.toFixed(3) : "-");
  return (
    `held-out after ${step} steps: greedy ${share(greedy.accuracy)}, sampled ${share(sampled.accuracy)} ` +
    `(with thinking ${share(sampled.thinking_accuracy)}, direct ${share(sampled.direct_accuracy)}), ${sampled.thinking.toFixed(0)} thinking tokens`
  );
}

/** The warning before reinforcement learning from a model whose direct answers are right more often than its thinking; null: none. */
export function styleWarning({ sampled }: Evaluation): string | null {
  const { thinking_accuracy: thinking, direct_accuracy: direct, by_family: families } = sampled;
  if (direct === undefined || thinking === undefined) return null;
  if (thinking !== null && direct <= thinking) return null;
  const worse = Object.entries(families).flatMap(([family, own]) =>
    (own.direct_accuracy ?? 0) > (own.thinking_accuracy ?? 0) ? [family] : [],
  );
  return (
    `warning: direct answers are right more often (${direct.toFixed(2)}) than those after thinking (${thinking === null ? "none" : thinking.toFixed(2)}), ` +
    `in ${worse.join(", ")}; reinforcement learning will teach this model not to think. Pre-train longer or on more careful documents first.`
  );
}

/** Asks the held-out questions of the plan's levels in their canonical wording; `direct`: with thinking closed before it begins. */
export function askHeldOut(
  decoder: Decoder,
  plan: Pick<EvaluationPlan, "families" | "levels" | "items" | "max_tokens">,
  signal: AbortSignal,
  temperature: number,
  direct = false,
): Promise<HeldOutResult> {
  const dialogue = worldDialogue();
  // a forced first token is one more token of the prompt
  const asking = {
    stopIds: dialogue.stopIds,
    prompt: (question: string) => [...dialogue.prompt(question), ...(direct ? [dialogue.endThink] : [])],
    text: (ids: readonly number[]) => (direct ? END_THINK : "") + dialogue.text(ids),
    thinkingLength: (ids: readonly number[]) => (direct ? 0 : dialogue.thinkingLength(ids)),
  };
  return evaluateHeldOut(decoder, asking, {
    families: tasksNamed(plan.families),
    levels: plan.levels,
    items: plan.items,
    phrasing: 0,
    temperature,
    maxTokens: plan.max_tokens,
    seed: HELD_OUT_SEED,
    signal,
  });
}

function recordOf(step: number, result: HeldOutResult): EvaluationRecord {
  const { samples: _, families, ...figures } = result;
  return { step, ...figures, by_family: Object.fromEntries(families.map(({ task, ...own }) => [task, own])) };
}

function withStyles(record: EvaluationRecord, free: HeldOutResult, direct: HeldOutResult): EvaluationRecord {
  const thoughtful = free.samples.filter(({ response }) => !response.startsWith(END_THINK));
  const figures = (family: string | null): StyleFigures => {
    const own = family === null ? thoughtful : thoughtful.filter(({ entry }) => entry.task === family);
    const accuracy = family === null ? direct.accuracy : direct.families.find(({ task }) => task === family)!.accuracy;
    const right = own.filter(({ correct }) => correct).length;
    return { thinking_accuracy: own.length === 0 ? null : right / own.length, direct_accuracy: accuracy };
  };
  const families = Object.entries(record.by_family).map(([name, own]) => [name, { ...own, ...figures(name) }] as const);
  return { ...record, ...figures(null), by_family: Object.fromEntries(families) };
}
