/** Accuracy on instances that training never saw: each family asked a fixed list of held-out questions, greedily or sampled. */
import { type Completion, generateBatch } from "../generate/batch.ts";
import type { Request } from "../generate/sequence.ts";
import type { Decoder } from "../model/decoder.ts";
import { Random } from "../random.ts";
import { sample } from "../tasks/sample.ts";
import { score } from "../tasks/score.ts";
import type { Task, TaskEntry } from "../tasks/task.ts";
import type { Dialogue } from "../text/dialogue.ts";

export interface HeldOutOptions {
  readonly families: readonly Task[];
  readonly level: number;
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

/** Asks every family its held-out questions. The same options ask the same questions in the same order. */
export async function evaluateHeldOut(
  decoder: Decoder,
  dialogue: Dialogue,
  options: HeldOutOptions,
): Promise<HeldOutResult> {
  const { families, level, items, phrasing, temperature, maxTokens, seed, slots = 64, signal } = options;
  const started = performance.now();
  const entries = families.flatMap((task) =>
    Array.from({ length: items }, (_, index) =>
      sample(task, { seed, index, level: Math.min(level, task.levels), split: "held-out", phrasing }),
    ),
  );
  const requests = entries.map(
    (entry, i): Request => ({
      prompt: dialogue.prompt(entry.prompt),
      maxTokens,
      sampling: { temperature, topK: 0, topP: 1, minP: 0, seed: Random.from(seed, "held-out", i).bits() },
      stopIds: [dialogue.eos],
    }),
  );
  const completions = await generateBatch(decoder, requests, { slots, signal });
  const judged = completions.map((completion, i) => judge(dialogue, entries[i]!, completion));
  const results = families.map((task, f): HeldOutFamily => {
    const own = judged.slice(f * items, (f + 1) * items);
    return {
      task: task.name,
      items,
      accuracy: mean(own.map((one) => one.accuracy)),
      format: mean(own.map((one) => one.format)),
      thinking: mean(own.map((one) => one.thinking)),
    };
  });
  const accuracies = results.map((one) => one.accuracy);
  const variance = accuracies.reduce((sum, p) => sum + (p * (1 - p)) / Math.max(1, items), 0);
  return {
    temperature,
    phrasing,
    families: results,
    accuracy: mean(accuracies),
    format: mean(results.map((one) => one.format)),
    thinking: mean(results.map((one) => one.thinking)),
    stderr: Math.sqrt(variance) / Math.max(1, families.length),
    tokens: completions.reduce((sum, { ids }) => sum + ids.length, 0),
    seconds: (performance.now() - started) / 1000,
    samples: judged.map(({ accuracy, response, reason }, i) => ({
      entry: entries[i]!,
      response,
      correct: accuracy === 1,
      reason,
    })),
  };
}

function judge(dialogue: Dialogue, entry: TaskEntry, { ids, finish }: Completion) {
  const response = dialogue.text(ids);
  const { parts, reason } = score(entry, response, { ended: finish === "stop" });
  return { ...parts, response, reason, thinking: dialogue.thinkingLength(ids) };
}

const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
