/**
 * The interface every compute device implements; adding a device is implementing `Device`.
 *
 * Kernels take flat buffers and plain numbers (no objects per call, so a decode step allocates nothing) and only enqueue:
 * results are visible to the host after `read`. Matrices are row-major; a weight is (outputs, inputs) as in Hugging Face
 * files. `stride` arguments count elements between the starts of two rows, so a slice of a wider row needs no copy.
 * The truth each device is tested against is ./reference/: the same functions in a few plain lines each.
 */

import type { AttentionKernels } from "./attention-kernels.ts";
import type { Blocks } from "./blocks/reader.ts";
import type { GgmlType } from "./blocks/types.ts";
import type { F32, I32, Memory } from "./memory.ts";
import type { MoeKernels } from "./moe-kernels.ts";

export type { AttentionKernels, AttentionShape } from "./attention-kernels.ts";
export type { GgmlType } from "./blocks/types.ts";
export type { F32, I32, Memory } from "./memory.ts";
export type { MoeKernels, RouterShape } from "./moe-kernels.ts";

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
  quantized(format: GgmlType, groups: number, outputs: number, inputs: number, blocks: Blocks): QuantMatrix;
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
