/**
 * What every attention of a decoder is: the same ops for a packed training batch and for a decoding step. Only the last, where
 * queries meet keys, differs, and not in its bits.
 */
import type { AttentionShape, I32 } from "../../kernels/kernels.ts";
import { attention, attentionCached, type CachedRows, type PackedRows, type Rotation } from "../../tensor/attention.ts";
import { linear } from "../../tensor/linear.ts";
import type { Pass } from "../../tensor/space.ts";
import type { Parameter, Tensor } from "../../tensor/tensor.ts";
import type { Weight } from "../../tensor/weight.ts";
import type { KvCache } from "../cache.ts";
import type { ModelConfig } from "../config.ts";
import { softmaxScale } from "../rope.ts";
import type { Weights } from "../weights/weights.ts";

/** Where the rows of a pass stand: whole sequences side by side, or single rows over a cache. */
export interface Rows {
  readonly positions: I32;
  readonly rotation: Rotation;
  /** Not null in training and scoring. */
  readonly packed: PackedRows | null;
  /** Not null in decoding. */
  readonly cached: (CachedRows & { readonly cache: KvCache }) | null;
}

export interface Attention {
  /** x (rows, hidden), normed -> y (rows, hidden). */
  run(pass: Pass, x: Tensor, rows: Rows, layer: number, y: Tensor): void;
}

/** Heads and widths as the kernels see them; `window`: how many positions a row sees, 0: all. */
export const attentionShape = (config: ModelConfig, window = 0): AttentionShape =>
  config.attention === "gqa"
    ? {
        queryHeads: config.num_attention_heads,
        keyHeads: config.num_key_value_heads,
        keyDim: config.head_dim,
        valueDim: config.head_dim,
        scale: softmaxScale(config),
        window,
      }
    : {
        queryHeads: config.num_attention_heads,
        keyHeads: config.num_attention_heads,
        keyDim: config.qk_nope_head_dim + config.qk_rope_head_dim,
        valueDim: config.v_head_dim,
        scale: softmaxScale(config),
        window,
      };

/** Queries (rows, queryHeads, keyDim) meet keys and values, of the batch or of the cache -> (rows, queryHeads * valueDim). */
export function attend(
  pass: Pass,
  q: Tensor,
  k: Tensor,
  v: Tensor,
  rows: Rows,
  layer: number,
  shape: AttentionShape,
): Tensor {
  const { packed, cached } = rows;
  if (packed !== null) return attention(pass, q, k, v, packed, shape);
  const { cache } = cached!;
  return attentionCached(pass, q, k, v, cache.keys[layer], cache.values[layer], cached!, shape);
}

/** A matrix and the bias beside it. */
export interface Projection {
  readonly weight: Weight;
  readonly bias: Parameter | null;
}

export const projection = (weights: Weights, name: string, biased: boolean): Projection => ({
  weight: weights.matrix(`${name}.weight`),
  bias: biased ? weights.vector(`${name}.bias`) : null,
});

/** x (rows, inputs) -> (rows, outputs), into `y` where given. */
export const project = (pass: Pass, x: Tensor, { weight, bias }: Projection, y?: Tensor): Tensor =>
  linear(pass, x, weight, y, bias);
