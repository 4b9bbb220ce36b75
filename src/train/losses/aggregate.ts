// From sums per sequence to the loss of a step: the factor of each sequence, as in TRL's table of loss types, taken over the
// whole optimizer step so that it does not depend on how the step is cut into micro-batches.

import type { Aggregation } from "./types.ts";

export interface AggregationScope {
  /** Counted tokens of each sequence of the optimizer step. */
  readonly lengths: readonly number[];
  /** Counted tokens of the whole generation batch (all optimizer steps made from it). */
  readonly generationTokens: number;
  /** dr_grpo's constant: the longest completion allowed. */
  readonly maxCompletionLength: number;
}

/**
 * What each sequence's sum (and its dlogp) is multiplied by:
 * grpo 1/(B length), bnpo 1/(tokens of the step), dr_grpo 1/(B maxCompletionLength), dapo 1/(tokens of the generation batch),
 * sequence 1/B.
 */
export function sequenceWeights(aggregation: Aggregation, scope: AggregationScope): number[] {
  const { lengths } = scope;
  const tokens = lengths.reduce((sum, length) => sum + length, 0);
  switch (aggregation) {
    case "grpo":
      return lengths.map((length) => 1 / (lengths.length * Math.max(length, 1)));
    case "bnpo":
      return lengths.map(() => 1 / Math.max(tokens, 1));
    case "dr_grpo":
      return lengths.map(() => 1 / (lengths.length * scope.maxCompletionLength));
    case "sequence":
      return lengths.map(() => 1 / lengths.length);
    case "dapo":
      return lengths.map(() => 1 / Math.max(scope.generationTokens, 1));
  }
}
