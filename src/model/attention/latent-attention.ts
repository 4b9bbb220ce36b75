/** Multi-head latent attention (DeepSeek-V3 report, equations 1 to 11) in the plain form: keys and values expanded. */
import type { AttentionShape } from "../../kernels/kernels.ts";
import { type LatentShape, latentKeyValue, rope } from "../../tensor/attention.ts";
import { linear } from "../../tensor/linear.ts";
import { rmsNorm } from "../../tensor/norm.ts";
import type { Pass } from "../../tensor/space.ts";
import type { Parameter, Tensor } from "../../tensor/tensor.ts";
import type { Weight } from "../../tensor/weight.ts";
import type { DeepSeekConfig } from "../config.ts";
import type { Weights } from "../weights/weights.ts";
import {
  type Attention,
  attend,
  attentionShape,
  type Projection,
  project,
  projection,
  type Rows,
} from "./attention.ts";

export class LatentAttention implements Attention {
  readonly #shape: AttentionShape;
  readonly #latent: LatentShape;
  readonly #query: LatentQuery;
  readonly #kvDown: Projection;
  readonly #kvNorm: Parameter;
  readonly #kvUp: Weight;
  readonly #out: Projection;

  constructor(config: DeepSeekConfig, weights: Weights) {
    this.#shape = attentionShape(config);
    this.#latent = {
      heads: config.num_attention_heads,
      nope: config.qk_nope_head_dim,
      rope: config.qk_rope_head_dim,
      valueDim: config.v_head_dim,
      eps: config.rms_norm_eps,
    };
    this.#query = new LatentQuery(config, weights);
    this.#kvDown = projection(weights, "kv_a_proj_with_mqa", config.attention_bias);
    this.#kvNorm = weights.vector("kv_a_layernorm.weight");
    this.#kvUp = weights.matrix("kv_b_proj.weight");
    this.#out = projection(weights, "o_proj", config.attention_bias);
  }

  run(pass: Pass, x: Tensor, rows: Rows, layer: number, y: Tensor): void {
    const { queryHeads, keyDim, valueDim } = this.#shape;
    const q = this.#query.run(pass, x); // (rows, heads, nope + rope)
    rope(pass, q, rows.rotation, rows.positions, queryHeads, keyDim, this.#latent.nope);
    const latent = project(pass, x, this.#kvDown); // (rows, kv rank + rope)
    const k = pass.space.tensor(x.rows, queryHeads * keyDim);
    const v = pass.space.tensor(x.rows, queryHeads * valueDim);
    latentKeyValue(pass, latent, this.#kvNorm, this.#kvUp, rows.rotation, rows.positions, this.#latent, k, v);
    project(pass, attend(pass, q, k, v, rows, layer, this.#shape), this.#out, y);
  }
}

/** The queries of latent attention (rows, heads, nope + rope): through a normed latent of their own where the model has one. */
export class LatentQuery {
  readonly #down: Projection | null;
  readonly #norm: Parameter | null;
  readonly #up: Weight;
  readonly #eps: number;

  constructor(config: DeepSeekConfig, weights: Weights) {
    const direct = config.q_lora_rank === null;
    this.#down = direct ? null : projection(weights, "q_a_proj", config.attention_bias);
    this.#norm = direct ? null : weights.vector("q_a_layernorm.weight");
    this.#up = weights.matrix(direct ? "q_proj.weight" : "q_b_proj.weight");
    this.#eps = config.rms_norm_eps;
  }

  run(pass: Pass, x: Tensor): Tensor {
    if (this.#down === null || this.#norm === null) return linear(pass, x, this.#up);
    return linear(pass, rmsNorm(pass, project(pass, x, this.#down), this.#norm, this.#eps), this.#up);
  }
}
