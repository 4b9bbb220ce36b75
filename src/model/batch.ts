/** A training batch: whole sequences of any lengths laid end to end, so that no row is padding. */
import { UserError } from "../error.ts";
import type { Device, I32 } from "../kernels/kernels.ts";

export interface PackedBatch {
  /** Rows in all. */
  readonly rows: number;
  readonly sequences: number;
  readonly longest: number;
  /** (rows) on the device. */
  readonly ids: I32;
  /** (rows): each row's place in its sequence. */
  readonly positions: I32;
  /** (sequences + 1): sequence s is rows [starts[s], starts[s + 1]). */
  readonly starts: I32;
  /** The same on the host. */
  readonly host: { readonly ids: Int32Array; readonly starts: Int32Array };
}

/**
 * Packs sequences of token ids into the device's scratch memory.
 * @throws UserError where there is no sequence, an empty one, or an id outside [0, vocabulary).
 */
export function packBatch(device: Device, sequences: readonly ArrayLike<number>[], vocabulary: number): PackedBatch {
  const starts = new Int32Array(sequences.length + 1);
  let longest = 0;
  sequences.forEach((sequence, s) => {
    if (sequence.length === 0) throw new UserError(`sequence ${s} of the batch is empty; leave it out.`);
    starts[s + 1] = starts[s] + sequence.length;
    longest = Math.max(longest, sequence.length);
  });
  const rows = starts[sequences.length];
  if (rows === 0) throw new UserError("the batch holds no sequence; give at least one.");
  const ids = new Int32Array(rows);
  const positions = new Int32Array(rows);
  sequences.forEach((sequence, s) => {
    for (let i = 0; i < sequence.length; i++) {
      ids[starts[s] + i] = checkedId(sequence[i], vocabulary);
      positions[starts[s] + i] = i;
    }
  });
  const put = (values: Int32Array): I32 => {
    const buffer = device.scratchI32(values.length);
    device.write(buffer, values);
    return buffer;
  };
  const host = { ids, starts };
  return {
    rows,
    sequences: sequences.length,
    longest,
    ids: put(ids),
    positions: put(positions),
    starts: put(starts),
    host,
  };
}

/** @throws UserError where `id` is no row of the embedding table. */
export function checkedId(id: number, vocabulary: number): number {
  if (id >= 0 && id < vocabulary && Number.isInteger(id)) return id;
  throw new UserError(
    `token id ${id} is outside the vocabulary of ${vocabulary}; ids go from 0 to ${vocabulary - 1}.`,
    {
      param: "ids",
    },
  );
}

/** Each row's next token, -1 on the last row of a sequence: the targets of plain language modelling. */
export function nextTokens(batch: PackedBatch): Int32Array {
  const targets = new Int32Array(batch.rows);
  const { ids, starts } = batch.host;
  for (let s = 0; s < batch.sequences; s++)
    for (let row = starts[s]; row < starts[s + 1]; row++) targets[row] = row + 1 < starts[s + 1] ? ids[row + 1] : -1;
  return targets;
}

/** values[row + by] inside each sequence, `rest` (row, so far unshifted value) where the sequence ends before. */
export function shiftInside(
  batch: PackedBatch,
  values: Int32Array,
  by: number,
  rest: (row: number) => number,
): Int32Array {
  const shifted = new Int32Array(batch.rows);
  const { starts } = batch.host;
  for (let s = 0; s < batch.sequences; s++)
    for (let row = starts[s]; row < starts[s + 1]; row++)
      shifted[row] = row + by < starts[s + 1] ? values[row + by] : rest(row);
  return shifted;
}
