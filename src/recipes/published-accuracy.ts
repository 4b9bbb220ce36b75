/** What the published weights are asked before their card is written: held-out questions, canonical and reworded, greedy and sampled. */
import { type Summary, summarize } from "../evaluate/accuracy.ts";
import { type Asked, askAll } from "../evaluate/ask-all.ts";
import { askingOf } from "../evaluate/asking.ts";
import { heldOut } from "../evaluate/benchmarks/held-out.ts";
import type { ItemResult } from "../evaluate/item.ts";
import { ModelSession } from "../generate/session.ts";
import type { Device } from "../kernels/kernels.ts";
import { taskNamed } from "../tasks/catalogue.ts";

/** What is asked. Not the questions of the evaluations made while training: nothing was chosen by these. */
export interface AccuracyPlan {
  readonly families: readonly string[];
  readonly level: number;
  /** Questions a family. */
  readonly items: number;
  readonly maxTokens: number;
  readonly seed: number;
  /** Wordings besides the canonical one. */
  readonly others: readonly number[];
}

/** One model at one temperature. */
export interface Accuracy {
  readonly asked: Asked;
  readonly canonical: Summary;
  /** Null where there are no other wordings. */
  readonly others: Summary | null;
}

export interface MeasureOptions {
  readonly model: string;
  readonly device: Device;
  readonly temperature: number;
  readonly plan: AccuracyPlan;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/** The plan's wordings besides the canonical one: the first three that every family has. */
export const otherWordings = (families: readonly string[]): number[] =>
  [1, 2, 3].filter((wording) => families.every((name) => wording < taskNamed(name).phrasings));

/** Asks the model of a folder. @throws UserError, or the signal's reason */
export async function measure({
  model,
  device,
  temperature,
  plan,
  signal,
  onProgress,
}: MeasureOptions): Promise<Accuracy> {
  const { items: count, families, level, others, seed, maxTokens } = plan;
  const items = heldOut.items({ items: count, families, level, wordings: [0, ...others], seed });
  const session = await ModelSession.open({ model, device });
  try {
    const asked = await askAll(session.decoder, askingOf(session), items, {
      temperature,
      maxTokens,
      seed,
      signal,
      onProgress,
    });
    signal?.throwIfAborted();
    const some = (wanted: (variant: string | null) => boolean): readonly ItemResult[] =>
      asked.results.filter(({ item }) => wanted(item.variant));
    return {
      asked,
      canonical: summarize({ results: some((variant) => variant === "0"), samples: 1 }),
      others: others.length === 0 ? null : summarize({ results: some((variant) => variant !== "0"), samples: 1 }),
    };
  } finally {
    await session.close();
  }
}
