// From documents to micro-batches: whole sequences end to end up to a number of rows, and which tokens are to be predicted.
// Weights are taken over the whole optimizer step, so how the step is cut up never shows in its gradient.

import type { PackedBatch } from "../model/batch.ts";

/** A sequence to learn from. */
export interface TrainingSequence {
  readonly ids: ArrayLike<number>;
  /** 1 where the token is to be predicted, 0 where it is only read (a prompt); null: all. The first token never is. */
  readonly counted: ArrayLike<number> | null;
}

/** Sequences [from, to) go through the model together. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Cuts sequences of these lengths, in their order, into runs of at most `maxRows` rows; a longer one goes alone. */
export function microBatches(lengths: readonly number[], maxRows: number): Span[] {
  const spans: Span[] = [];
  let [from, rows] = [0, 0];
  lengths.forEach((length, i) => {
    if (i > from && rows + length > maxRows) {
      spans.push({ from, to: i });
      [from, rows] = [i, 0];
    }
    rows += length;
  });
  if (lengths.length > from) spans.push({ from, to: lengths.length });
  return spans;
}

/** Each row's target: the next token where it is counted, -1 elsewhere and on the last row of a sequence. */
export function targetsOf(batch: PackedBatch, sequences: readonly TrainingSequence[]): Int32Array {
  const targets = new Int32Array(batch.rows).fill(-1);
  sequences.forEach(({ ids, counted }, s) => {
    const start = batch.host.starts[s]!;
    for (let t = 1; t < ids.length; t++) if (counted === null || counted[t]) targets[start + t - 1] = ids[t]!;
  });
  return targets;
}

/** How many tokens of the sequences are predicted `ahead` places further on than the next (0: the next): those with t > ahead. */
export function countTargets(sequences: readonly TrainingSequence[], ahead = 0): number {
  let count = 0;
  for (const { ids, counted } of sequences)
    for (let t = 1 + ahead; t < ids.length; t++) if (counted === null || counted[t]) count++;
  return count;
}

/**
 * Takes documents from a stream until at least `tokens` tokens are together: a step's worth. Throws what `next` throws.
 * @returns the sequences, never cut.
 */
export function takeTokens(tokens: number, next: () => TrainingSequence): TrainingSequence[] {
  const taken: TrainingSequence[] = [];
  for (let total = 0; total < tokens; ) {
    const sequence = next();
    taken.push(sequence);
    total += sequence.ids.length;
  }
  return taken;
}
