/**
 * The interface every compute device implements; adding a device is implementing this file.
 *
 * Kernels take flat buffers and plain numbers (no objects per call, so a decode step allocates nothing) and only enqueue:
 * results are visible to the host after `read`. Matrices are row-major; a weight is (outputs, inputs) as in Hugging Face
 * files. `stride` arguments count elements between the starts of two rows, so a slice of a wider row needs no copy.
 * The truth each device is tested against is ./reference/: the same functions in a few plain lines each.
 */

import type { GgmlType } from "./blocks/types.ts";

export type { GgmlType } from "./blocks/types.ts";

/** A run of 32-bit floats in a device's memory. */
export interface F32 {
  readonly type: "f32";
  readonly length: number;
  /** Where it lies: a byte offset, or whatever the device uses. */
  readonly handle: number;
  /** The live memory itself where host and device share it (CPU), else null; code above `tensor/` uses read and write. */
  readonly host: Float32Array | null;
}

/** A run of 32-bit integers in a device's memory. */
export interface I32 {
  readonly type: "i32";
  readonly length: number;
  readonly handle: number;
  readonly host: Int32Array | null;
}

/** How the router turns logits into choices (DeepSeek-V3 report, 2.1.2; `Gate` in DeepSeek's inference/model.py). */
export interface RouterShape {
  readonly experts: number;
  readonly topK: number;
  /** Experts are split into this many equal groups of neighbours; 1: no groups. */
  readonly groups: number;
  /** How many groups stay eligible. */
  readonly topGroups: number;
  /** A group's score is the sum of this many of its best choices: 2 with a bias (noaux_tc), 1 without. */
  readonly groupScoreTop: 1 | 2;
  readonly scoring: "sigmoid" | "softmax";
  /** Divide the chosen scores by their sum. */
  readonly normalise: boolean;
  readonly scale: number;
}

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

export interface Memory {
  /** A zeroed buffer that lives until `free`. */
  f32(length: number): F32;
  i32(length: number): I32;
  /** A zeroed buffer for a weight matrix: the device may keep a repacked copy until `changed` is called on it. */
  parameter(length: number): F32;
  /** Says that a parameter's (or a slice of a parameter's) values were changed by anything but `write`. */
  changed(parameter: F32): void;
  free(buffer: F32 | I32): void;
  /** Memory for one step: not zeroed, given back all at once by `release`. */
  scratchF32(length: number): F32;
  scratchI32(length: number): I32;
  mark(): number;
  release(mark: number): void;
  /** Elements [start, start + length) of a buffer, without a copy. A slice of a parameter counts as that parameter. */
  slice<B extends F32 | I32>(buffer: B, start: number, length: number): B;
  write(buffer: F32 | I32, values: ArrayLike<number>, at?: number): void;
  /** A copy of the buffer once everything enqueued before has run. */
  read(buffer: F32): Promise<Float32Array>;
  read(buffer: I32): Promise<Int32Array>;
  /** Bytes now held, and the most ever held. */
  usage(): { readonly bytes: number; readonly peak: number };
}

export interface LinearKernels {
  /** y[r,n] (+)= sum_k x[r*strideX+k] w[n,k]; x (rows, inner), w (columns, inner), y (rows, columns). k runs in order in one accumulator. */
  linear(
    x: F32,
    w: F32,
    y: F32,
    rows: number,
    inner: number,
    columns: number,
    strideX: number,
    accumulate: boolean,
  ): void;
  /** dx[r*strideDx+k] (+)= sum_n dy[r,n] w[n,k]. */
  linearGradInput(
    dy: F32,
    w: F32,
    dx: F32,
    rows: number,
    inner: number,
    columns: number,
    strideDx: number,
    accumulate: boolean,
  ): void;
  /** dw[n,k] += sum_r dy[r,n] x[r*strideX+k], r in order. */
  linearGradWeight(dy: F32, x: F32, dw: F32, rows: number, inner: number, columns: number, strideX: number): void;
  /** Row block [offsets[g], offsets[g+1]) of x goes through matrix g of w (groups, columns, inner). offsets has groups+1 entries on the device; rows = offsets[groups] is known to the host. */
  groupedLinear(
    x: F32,
    w: F32,
    y: F32,
    offsets: I32,
    groups: number,
    rows: number,
    inner: number,
    columns: number,
  ): void;
  groupedLinearGradInput(
    dy: F32,
    w: F32,
    dx: F32,
    offsets: I32,
    groups: number,
    rows: number,
    inner: number,
    columns: number,
    accumulate: boolean,
  ): void;
  groupedLinearGradWeight(
    dy: F32,
    x: F32,
    dw: F32,
    offsets: I32,
    groups: number,
    rows: number,
    inner: number,
    columns: number,
  ): void;
}

/** A weight matrix kept in blocks of few bits, repacked as the device likes it: groups of `outputs` rows of `inputs`. */
export interface QuantMatrix {
  readonly type: "quant";
  readonly format: string;
  readonly groups: number;
  readonly outputs: number;
  readonly inputs: number;
  /** Bytes it takes on the device. */
  readonly bytes: number;
  readonly handle: number;
}

/** Products with weights of few bits, for inference: no gradients. */
export interface QuantKernels {
  /** Formats this device multiplies by directly; others are dequantised or requantised by the caller. */
  readonly quantFormats: readonly GgmlType[];
  /** Takes ggml blocks, row-major (groups, outputs, inputs); a copy is kept until `freeQuantized`. Throws UserError where the format or a size does not fit. */
  quantized(format: GgmlType, groups: number, outputs: number, inputs: number, blocks: Uint8Array): QuantMatrix;
  freeQuantized(w: QuantMatrix): void;
  /** y[r,n] = sum_k x[r*strideX+k] w[n,k] for a matrix of one group. */
  linearQuantized(x: F32, w: QuantMatrix, y: F32, rows: number, strideX: number): void;
  /** As groupedLinear. */
  groupedLinearQuantized(x: F32, w: QuantMatrix, y: F32, offsets: I32, rows: number): void;
  /** y[r] = row ids[r] of w (a matrix of one group), dequantised. */
  embeddingQuantized(w: QuantMatrix, ids: I32, y: F32, rows: number): void;
}

export interface ElementKernels {
  fill(x: F32, value: number): void;
  copy(from: F32, to: F32): void;
  /** to[o*toOuter + i*toInner + w] = from[o*fromOuter + i*fromInner + w] for o < outer, i < inner, w < width. */
  copyStrided(
    from: F32,
    to: F32,
    outer: number,
    inner: number,
    width: number,
    fromOuter: number,
    fromInner: number,
    toOuter: number,
    toInner: number,
  ): void;
  /** out = a + b; out may be a or b. */
  add(a: F32, b: F32, out: F32): void;
  /** y += alpha x. */
  axpy(alpha: number, x: F32, y: F32): void;
  scale(x: F32, alpha: number): void;
  /** out[at] = sum of squares (fixed order, independent of threads). NaN and infinity show in it. */
  sumSquares(x: F32, out: F32, at: number): void;
  /** y = w * x / sqrt(mean(x^2) + eps) per row. */
  rmsNorm(x: F32, w: F32, y: F32, rows: number, width: number, eps: number, strideX: number, strideY: number): void;
  /** dx (stride strideX) (+)= gradient; dw += gradient. */
  rmsNormGrad(
    dy: F32,
    x: F32,
    w: F32,
    dx: F32,
    dw: F32,
    rows: number,
    width: number,
    eps: number,
    strideX: number,
    strideDy: number,
    accumulate: boolean,
  ): void;
  /**
   * Rotates `dim` elements at the start of each head in place. table: (positions, dim/2, 2) cosines and sines.
   * interleaved: pairs (2i, 2i+1), as DeepSeek; else (i, i+dim/2), as Llama's Hugging Face files. inverse: by minus the angle (the gradient).
   */
  rope(
    x: F32,
    table: F32,
    positions: I32,
    rows: number,
    heads: number,
    strideRow: number,
    strideHead: number,
    dim: number,
    interleaved: boolean,
    inverse: boolean,
  ): void;
  /** y[r] += b: y (rows, width), b (width). */
  addBias(y: F32, b: F32, rows: number, width: number): void;
  /** db += sum_r dy[r], r in order. */
  biasGrad(dy: F32, db: F32, rows: number, width: number): void;
  /** y = silu(gate) * up. */
  swiglu(gate: F32, up: F32, y: F32): void;
  /** dgate and dup are overwritten. */
  swigluGrad(dy: F32, gate: F32, up: F32, dgate: F32, dup: F32): void;
  /** y[r] = table[ids[r]]. */
  embedding(table: F32, ids: I32, y: F32, rows: number, width: number): void;
  /** dtable[ids[r]] += dy[r], r in order. */
  embeddingGrad(dy: F32, ids: I32, dtable: F32, rows: number, width: number): void;
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

export interface MoeKernels {
  /** logits (rows, experts) -> indices, weights (rows, topK), best first, ties to the lower index; bias only moves the choice, never the weight. */
  router(logits: F32, bias: F32 | null, indices: I32, weights: F32, rows: number, shape: RouterShape): void;
  /** dlogits (overwritten) from dweights. The choice itself has no gradient. */
  routerGrad(
    dweights: F32,
    logits: F32,
    indices: I32,
    weights: F32,
    dlogits: F32,
    rows: number,
    shape: RouterShape,
  ): void;
  /**
   * Sorts the rows*topK (row, choice) pairs by expert, stable: order[p] = row*topK + choice, position[row*topK+choice] = p,
   * offsets[e] = first p of expert e (experts + 1 entries). loads[e] += tokens of e.
   */
  moePlan(
    indices: I32,
    order: I32,
    position: I32,
    offsets: I32,
    loads: I32,
    rows: number,
    topK: number,
    experts: number,
  ): void;
  /** y[p] = x[floor(order[p] / topK)]; y (rows*topK, width). */
  moeGather(x: F32, order: I32, y: F32, rows: number, topK: number, width: number): void;
  /** dx[r] (+)= sum_j dy[position[r,j]], j in order. */
  moeGatherGrad(dy: F32, position: I32, dx: F32, rows: number, topK: number, width: number, accumulate: boolean): void;
  /** y[r] (+)= sum_j weights[r,j] e[position[r,j]], j in order. */
  moeCombine(
    e: F32,
    position: I32,
    weights: F32,
    y: F32,
    rows: number,
    topK: number,
    width: number,
    accumulate: boolean,
  ): void;
  /** de[position[r,j]] = weights[r,j] dy[r]; dweights[r,j] = dy[r] . e[position[r,j]]. */
  moeCombineGrad(
    dy: F32,
    e: F32,
    position: I32,
    weights: F32,
    de: F32,
    dweights: F32,
    rows: number,
    topK: number,
    width: number,
  ): void;
}

export interface LossKernels {
  /**
   * Per row: lse = log sum_v exp(logits/temperature), logp = logits[target]/temperature - lse, entropy of the distribution (nats).
   * A target of -1 gives logp 0.
   */
  tokenLogProbs(
    logits: F32,
    targets: I32,
    logp: F32,
    lse: F32,
    entropy: F32,
    rows: number,
    vocabulary: number,
    temperature: number,
  ): void;
  /** dlogits[r,v] = dlogp[r] ((v == target) - softmax) / temperature; 0 for target -1; dlogits may be logits. */
  tokenLogProbsGrad(
    logits: F32,
    targets: I32,
    lse: F32,
    dlogp: F32,
    dlogits: F32,
    rows: number,
    vocabulary: number,
    temperature: number,
  ): void;
}

export interface OptimizerKernels {
  /** torch.optim.AdamW: p *= 1 - lr*weightDecay; m, v moments; step counts from 1. Calls `changed(p)` itself. */
  adamw(
    p: F32,
    g: F32,
    m: F32,
    v: F32,
    lr: number,
    beta1: number,
    beta2: number,
    eps: number,
    weightDecay: number,
    step: number,
  ): void;
  /** torch.optim.Muon's momentum: buffer += (1-momentum)(g - buffer); out = nesterov ? g + momentum (buffer - g) : buffer. */
  muonMomentum(g: F32, buffer: F32, out: F32, momentum: number, nesterov: boolean): void;
}

/** A device: memory and kernels. */
export interface Device
  extends Memory,
    LinearKernels,
    QuantKernels,
    ElementKernels,
    AttentionKernels,
    MoeKernels,
    LossKernels,
    OptimizerKernels {
  readonly name: "reference" | "cpu" | "webgpu";
  readonly threads: number;
  /** Resolves once everything enqueued has run. */
  finish(): Promise<void>;
  /** Resolves with the reason once nothing can run on it any more; left out where that cannot happen. */
  readonly lost?: Promise<Error>;
  /** Ends worker threads and gives the memory back. */
  close(): Promise<void>;
}
