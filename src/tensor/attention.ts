/** Rotary embedding, the expansion of MLA's latent to keys and values, and causal attention, packed or over a cache. */
import type { AttentionShape, F32, I32 } from "../kernels/kernels.ts";
import type { Pass } from "./space.ts";
import type { Tape } from "./tape.ts";
import type { Parameter, Tensor } from "./tensor.ts";
import { multiply, trainable, type Weight } from "./weight.ts";

/** Angles by position, and which elements make a pair. */
export interface Rotation {
  /** (positions, dim / 2, 2): cosines and sines. */
  readonly table: F32;
  /** How many elements of each head turn. */
  readonly dim: number;
  readonly interleaved: boolean;
}

/** Turns, in place, elements [at, at + dim) of each head of x (rows, heads, headDim) by the angles of its row's position. */
export function rope(
  pass: Pass,
  x: Tensor,
  rotation: Rotation,
  positions: I32,
  heads: number,
  headDim: number,
  at: number,
): void {
  const { table, dim, interleaved } = rotation;
  pass.device.rope(x.tail(pass.device, at), table, positions, x.rows, heads, x.width, headDim, dim, interleaved, false);
  if (pass.tape !== null) recordRope(pass.tape, x, rotation, positions, heads, headDim, at);
}

// the gradient turns back
function recordRope(
  tape: Tape,
  x: Tensor,
  rotation: Rotation,
  positions: I32,
  heads: number,
  headDim: number,
  at: number,
): void {
  const { table, dim, interleaved } = rotation;
  tape.recordInPlace(x, () => {
    const dx = tape.device.slice(x.grad!, at, x.grad!.length - at);
    tape.device.rope(dx, table, positions, x.rows, heads, x.width, headDim, dim, interleaved, true);
  });
}

/** Widths of a head's parts in multi-head latent attention. */
export interface LatentShape {
  readonly heads: number;
  readonly nope: number;
  readonly rope: number;
  readonly valueDim: number;
  readonly eps: number;
}

/**
 * MLA's keys and values from the compressed latent (V3 report, eq. 1-5): with [c ; kpe] = latent (rows, rank + rope),
 * kv = up(norm(c)) (rows, heads, nope + valueDim), k (rows, heads, nope + rope) = [kv's nope ; rope(kpe)], v (rows, heads,
 * valueDim) = kv's rest. kpe is one key for all heads and is not normed. The latent is turned in place.
 */
export function latentKeyValue(
  pass: Pass,
  latent: Tensor,
  norm: Parameter,
  up: Weight,
  rotation: Rotation,
  positions: I32,
  shape: LatentShape,
  k: Tensor,
  v: Tensor,
): void {
  const { device, space, tape } = pass;
  const { heads, nope, valueDim } = shape;
  const [rows, rank, width] = [latent.rows, up.inputs, latent.width];
  const kpe = latent.tail(device, rank);
  device.rope(kpe, rotation.table, positions, rows, 1, width, width, rotation.dim, rotation.interleaved, false);
  if (tape === null) space.enter();
  const c = space.tensor(rows, rank);
  space.enter();
  const kv = space.tensor(rows, up.outputs);
  device.rmsNorm(latent.buf, norm.buf, c.buf, rows, rank, shape.eps, width, rank);
  multiply(device, c.buf, up, kv.buf, rows, rank);
  device.mlaKeys(kv.buf, kpe, k.buf, v.buf, rows, heads, nope, shape.rope, valueDim, width);
  space.leave();
  if (tape === null) space.leave();
  else recordLatent(tape, latent, norm, trainable(up), rotation, positions, shape, c, k, v);
}

function recordLatent(
  tape: Tape,
  latent: Tensor,
  norm: Parameter,
  up: Parameter,
  rotation: Rotation,
  positions: I32,
  { heads, nope, rope: ropeDim, valueDim, eps }: LatentShape,
  c: Tensor,
  k: Tensor,
  v: Tensor,
): void {
  tape.record([k, v], () => {
    const { device } = tape;
    const [rows, rank, width] = [latent.rows, up.inputs, latent.width];
    // nothing else reads the latent, so every part of its gradient is written here
    if (tape.accumulates(latent)) throw new Error("the latent of MLA has one reader");
    const dLatent = latent.grad!;
    const dKpe = device.slice(dLatent, rank, dLatent.length - rank);
    const dKv = tape.take(rows * up.outputs);
    device.mlaKeysGrad(k.grad!, v.grad!, dKv, dKpe, rows, heads, nope, ropeDim, valueDim, width);
    device.rope(dKpe, rotation.table, positions, rows, 1, width, width, rotation.dim, rotation.interleaved, true);
    if (up.trainable) device.linearGradWeight(dKv, c.buf, up.grad, rows, rank, up.outputs, rank);
    const dC = tape.take(rows * rank);
    device.linearGradInput(dKv, up.buf, dC, rows, rank, up.outputs, rank, false);
    device.rmsNormGrad(dC, latent.buf, norm.buf, dLatent, norm.grad, rows, rank, eps, width, rank, false);
    for (const buffer of [dKv, dC, c.buf]) tape.give(buffer);
  });
}

/** Whole sequences side by side: sequence s is rows [starts[s], starts[s + 1]). */
export interface PackedRows {
  readonly starts: I32;
  readonly sequences: number;
  readonly longest: number;
}

/** Causal attention inside each packed sequence: q (rows, queryHeads, keyDim), k, v -> (rows, queryHeads * valueDim). */
export function attention(
  pass: Pass,
  q: Tensor,
  k: Tensor,
  v: Tensor,
  packed: PackedRows,
  shape: AttentionShape,
): Tensor {
  const { starts, sequences, longest } = packed;
  const o = pass.space.tensor(q.rows, shape.queryHeads * shape.valueDim);
  const lse = pass.space.tensor(q.rows, shape.queryHeads);
  pass.device.attention(q.buf, k.buf, v.buf, o.buf, lse.buf, starts, sequences, longest, shape);
  if (pass.tape !== null) recordAttention(pass.tape, q, k, v, packed, shape, o, lse);
  return o;
}

function recordAttention(
  tape: Tape,
  q: Tensor,
  k: Tensor,
  v: Tensor,
  { starts, sequences, longest }: PackedRows,
  shape: AttentionShape,
  o: Tensor,
  lse: Tensor,
): void {
  tape.record([o], () => {
    for (const input of [q, k, v]) if (tape.accumulates(input)) throw new Error("attention's inputs have one reader");
    tape.device.attentionGrad(
      o.grad!,
      q.buf,
      k.buf,
      v.buf,
      o.buf,
      lse.buf,
      q.grad!,
      k.grad!,
      v.grad!,
      starts,
      sequences,
      longest,
      shape,
    );
    tape.give(lse.buf);
  });
}

/** One layer's cached keys and values, and where this step's rows stand in them. */
export interface CachedRows {
  readonly slots: I32;
  readonly positions: I32;
  readonly capacity: number;
  /** The largest position + 1. */
  readonly longest: number;
}

/** Puts the rows' keys and values into the cache, then lets each row attend to its slot up to itself; no gradient. */
export function attentionCached(
  pass: Pass,
  q: Tensor,
  k: Tensor,
  v: Tensor,
  keys: F32,
  values: F32,
  at: CachedRows,
  shape: AttentionShape,
): Tensor {
  const { slots, positions, capacity, longest } = at;
  const o = pass.space.tensor(q.rows, shape.queryHeads * shape.valueDim);
  pass.device.cacheAppend(k.buf, v.buf, keys, values, slots, positions, q.rows, capacity, shape);
  pass.device.attentionCached(q.buf, keys, values, o.buf, slots, positions, q.rows, capacity, longest, shape);
  return o;
}
