/**
 * The two attentions: multi-head latent attention (DeepSeek) and grouped-query attention (Llama). Each runs the same ops for a
 * packed training batch and for a decoding step; only the last, where queries meet keys, differs, and not in its bits.
 */
import type { AttentionShape, I32 } from "../kernels/kernels.ts";
import {
  attention,
  attentionCached,
  type CachedRows,
  type LatentShape,
  latentKeyValue,
  type PackedRows,
  type Rotation,
  rope,
} from "../tensor/attention.ts";
import { linear } from "../tensor/linear.ts";
import { rmsNorm } from "../tensor/norm.ts";
import type { Pass } from "../tensor/space.ts";
import type { Parameter, Tensor } from "../tensor/tensor.ts";
import type { KvCache } from "./cache.ts";
import type { DeepSeekConfig, GqaConfig, ModelConfig } from "./config.ts";
import { softmaxScale } from "./rope.ts";

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

type Weights = (name: string) => Parameter;

/** Heads and widths as the kernels see them. */
export const attentionShape = (config: ModelConfig): AttentionShape =>
  config.attention === "gqa"
    ? {
        queryHeads: config.num_attention_heads,
        keyHeads: config.num_key_value_heads,
        keyDim: config.head_dim,
        valueDim: config.head_dim,
        scale: softmaxScale(config),
      }
    : {
        queryHeads: config.num_attention_heads,
        keyHeads: config.num_attention_heads,
        keyDim: config.qk_nope_head_dim + config.qk_rope_head_dim,
        valueDim: config.v_head_dim,
        scale: softmaxScale(config),
      };

/** The attention of one layer; `weight` finds a parameter by its name inside `self_attn`. */
export const makeAttention = (config: ModelConfig, weight: Weights): Attention =>
  config.attention === "gqa" ? new GroupedAttention(config, weight) : new LatentAttention(config, weight);

/** DeepSeek-V3 report, equations 1 to 11, in the plain form: keys and values expanded. */
class LatentAttention implements Attention {
  readonly #shape: AttentionShape;
  readonly #latent: LatentShape;
  readonly #query: { readonly down: Parameter; readonly norm: Parameter; readonly up: Parameter } | Parameter;
  readonly #kvDown: Parameter;
  readonly #kvNorm: Parameter;
  readonly #kvUp: Parameter;
  readonly #out: Parameter;

  constructor(config: DeepSeekConfig, weight: Weights) {
    this.#shape = attentionShape(config);
    this.#latent = {
      heads: config.num_attention_heads,
      nope: config.qk_nope_head_dim,
      rope: config.qk_rope_head_dim,
      valueDim: config.v_head_dim,
      eps: config.rms_norm_eps,
    };
    this.#query =
      config.q_lora_rank === null
        ? weight("q_proj.weight")
        : { down: weight("q_a_proj.weight"), norm: weight("q_a_layernorm.weight"), up: weight("q_b_proj.weight") };
    this.#kvDown = weight("kv_a_proj_with_mqa.weight");
    this.#kvNorm = weight("kv_a_layernorm.weight");
    this.#kvUp = weight("kv_b_proj.weight");
    this.#out = weight("o_proj.weight");
  }

  run(pass: Pass, x: Tensor, rows: Rows, layer: number, y: Tensor): void {
    const { queryHeads, keyDim, valueDim } = this.#shape;
    const q = this.#queries(pass, x); // (rows, heads, nope + rope)
    rope(pass, q, rows.rotation, rows.positions, queryHeads, keyDim, this.#latent.nope);
    const latent = linear(pass, x, this.#kvDown); // (rows, kv rank + rope)
    const k = pass.space.tensor(x.rows, queryHeads * keyDim);
    const v = pass.space.tensor(x.rows, queryHeads * valueDim);
    latentKeyValue(pass, latent, this.#kvNorm, this.#kvUp, rows.rotation, rows.positions, this.#latent, k, v);
    linear(pass, attend(pass, q, k, v, rows, layer, this.#shape), this.#out, y);
  }

  #queries(pass: Pass, x: Tensor): Tensor {
    const query = this.#query;
    if (!("down" in query)) return linear(pass, x, query);
    return linear(pass, rmsNorm(pass, linear(pass, x, query.down), query.norm, this.#latent.eps), query.up);
  }
}

class GroupedAttention implements Attention {
  readonly #shape: AttentionShape;
  readonly #q: Parameter;
  readonly #k: Parameter;
  readonly #v: Parameter;
  readonly #out: Parameter;

  constructor(config: GqaConfig, weight: Weights) {
    this.#shape = attentionShape(config);
    this.#q = weight("q_proj.weight");
    this.#k = weight("k_proj.weight");
    this.#v = weight("v_proj.weight");
    this.#out = weight("o_proj.weight");
  }

  run(pass: Pass, x: Tensor, rows: Rows, layer: number, y: Tensor): void {
    const { queryHeads, keyHeads, keyDim } = this.#shape;
    const q = linear(pass, x, this.#q); // (rows, queryHeads, headDim)
    const k = linear(pass, x, this.#k); // (rows, keyHeads, headDim)
    const v = linear(pass, x, this.#v);
    rope(pass, q, rows.rotation, rows.positions, queryHeads, keyDim, 0);
    rope(pass, k, rows.rotation, rows.positions, keyHeads, keyDim, 0);
    linear(pass, attend(pass, q, k, v, rows, layer, this.#shape), this.#out, y);
  }
}

function attend(pass: Pass, q: Tensor, k: Tensor, v: Tensor, rows: Rows, layer: number, shape: AttentionShape): Tensor {
  const { packed, cached } = rows;
  if (packed !== null) return attention(pass, q, k, v, packed, shape);
  const { cache } = cached!;
  return attentionCached(pass, q, k, v, cache.keys[layer], cache.values[layer], cached!, shape);
}
