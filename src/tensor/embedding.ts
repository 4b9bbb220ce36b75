/** Rows looked up by index: in the embedding table, or in the hidden states of a pass. */
import type { I32 } from "../kernels/kernels.ts";
import type { Pass } from "./space.ts";
import type { Tape } from "./tape.ts";
import type { Parameter, Tensor } from "./tensor.ts";
import { lookUp, trainable, type Weight } from "./weight.ts";

/** y[r] = table[ids[r]]: table (vocabulary, width) -> (rows, width). */
export function embedding(pass: Pass, table: Weight, ids: I32, rows: number): Tensor {
  const y = pass.space.tensor(rows, table.inputs);
  lookUp(pass.device, table, ids, y.buf, rows);
  if (pass.tape !== null) recordEmbedding(pass.tape, trainable(table), ids, y);
  return y;
}

function recordEmbedding(tape: Tape, table: Parameter, ids: I32, y: Tensor): void {
  if (!table.trainable) return;
  const use = tape.use(table);
  tape.record([y], () => tape.device.embeddingGrad(y.grad!, ids, table.gradOf(use), y.rows, y.width));
}

/** y[i] = x[indices[i]], so that the vocabulary is only computed for rows that are scored: (rows, width) -> (count, width). */
export function pickRows(pass: Pass, x: Tensor, indices: I32, count: number): Tensor {
  const y = pass.space.tensor(count, x.width);
  pass.device.embedding(x.buf, indices, y.buf, count, x.width);
  if (pass.tape !== null) recordPick(pass.tape, x, indices, y);
  return y;
}

function recordPick(tape: Tape, x: Tensor, indices: I32, y: Tensor): void {
  tape.record([y], () => {
    if (!tape.accumulates(x)) tape.device.fill(x.grad!, 0);
    tape.device.embeddingGrad(y.grad!, indices, x.grad!, y.rows, y.width);
  });
}
