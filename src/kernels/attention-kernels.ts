/** The attention kernels of a device: over whole sequences with their gradients, over a cache, and MLA's two forms. */
import type { F32, I32 } from "./memory.ts";

/** Heads and widths of an attention call; `queryHeads` is a multiple of `keyHeads` (grouped-query attention). */
export interface AttentionShape {
  readonly queryHeads: number;
  readonly keyHeads: number;
  /** Width of a query and a key (MLA: nope + rope). */
  readonly keyDim: number;
  readonly valueDim: number;
  /** Multiplies q . k before the softmax. */
  readonly scale: number;
  /** A row sees so many positions, its own included; 0 or left out: all before it too. */
  readonly window?: number;
}

export interface AttentionKernels {
  /** MLA: k[r,h] = [kv[r,h,:nope] ; kpe[r*strideKpe : +rope]], v[r,h] = kv[r,h,nope:]; kv (rows, heads, nope+valueDim). */
  mlaKeys(
    kv: F32,
    kpe: F32,
    k: F32,
    v: F32,
    rows: number,
    heads: number,
    nope: number,
    rope: number,
    valueDim: number,
    strideKpe: number,
  ): void;
  /** dkv and dkpe (summed over heads) are overwritten. */
  mlaKeysGrad(
    dk: F32,
    dv: F32,
    dkv: F32,
    dkpe: F32,
    rows: number,
    heads: number,
    nope: number,
    rope: number,
    valueDim: number,
    strideKpe: number,
  ): void;
  /**
   * Causal attention inside each packed sequence s = rows [starts[s], starts[s+1]), no further back than shape.window.
   * q (rows, queryHeads, keyDim), k (rows, keyHeads, keyDim), v (rows, keyHeads, valueDim), o (rows, queryHeads, valueDim);
   * lse (rows, queryHeads) = log-sum-exp of the scaled scores, kept for the gradient. longest = the longest sequence.
   */
  attention(
    q: F32,
    k: F32,
    v: F32,
    o: F32,
    lse: F32,
    starts: I32,
    sequences: number,
    longest: number,
    shape: AttentionShape,
  ): void;
  /** dq, dk, dv are overwritten. */
  attentionGrad(
    dO: F32,
    q: F32,
    k: F32,
    v: F32,
    o: F32,
    lse: F32,
    dq: F32,
    dk: F32,
    dv: F32,
    starts: I32,
    sequences: number,
    longest: number,
    shape: AttentionShape,
  ): void;
  /**
   * Puts row r's keys and values at (slots[r], positions[r]). cacheV (slots, keyHeads, capacity, valueDim); cacheK (slots,
   * keyHeads, capacity / 32, keyDim, 32): positions innermost, so that scores vectorise over them, 32 at a time, so that a row's
   * keys are one run of memory. Where 32 does not divide capacity, the last block is (keyDim, capacity % 32).
   */
  cacheAppend(
    k: F32,
    v: F32,
    cacheK: F32,
    cacheV: F32,
    slots: I32,
    positions: I32,
    rows: number,
    capacity: number,
    shape: AttentionShape,
  ): void;
  /** Row r attends to positions 0..positions[r] of its slot, or the last shape.window of them; the same bits as `attention` gives. longest = the largest position + 1. */
  attentionCached(
    q: F32,
    cacheK: F32,
    cacheV: F32,
    o: F32,
    slots: I32,
    positions: I32,
    rows: number,
    capacity: number,
    longest: number,
    shape: AttentionShape,
  ): void;
  /**
   * MLA in its absorbed form: row r's heads attend to latents [c ; kpe] 0..positions[r] of its slot. q (rows, heads, rank + rope), cache
   * (slots, capacity, rank + rope), z (rows, heads, rank) = the weighted sum of the c. longest = the largest position + 1.
   */
  attentionLatent(
    q: F32,
    cache: F32,
    z: F32,
    slots: I32,
    positions: I32,
    rows: number,
    capacity: number,
    longest: number,
    heads: number,
    rank: number,
    rope: number,
    scale: number,
  ): void;
  /** Copies the first `length` positions of one slot to another. */
  cacheCopy(
    cacheK: F32,
    cacheV: F32,
    from: number,
    to: number,
    length: number,
    capacity: number,
    shape: AttentionShape,
  ): void;
}
