/** Grouped-query attention, with the biases, norms of heads and window that a model's config gives it (Llama, Mistral, Qwen). */
import type { AttentionShape } from "../../kernels/kernels.ts";
import { rope } from "../../tensor/attention.ts";
import { headNorm } from "../../tensor/norm.ts";
import type { Pass } from "../../tensor/space.ts";
import type { Parameter, Tensor } from "../../tensor/tensor.ts";
import { attentionWindow, type GqaConfig } from "../config.ts";
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

export class GroupedAttention implements Attention {
  readonly #shape: AttentionShape;
  readonly #q: Projection;
  readonly #k: Projection;
  readonly #v: Projection;
  readonly #out: Projection;
  readonly #norms: { readonly q: Parameter; readonly k: Parameter; readonly eps: number } | null;

  constructor(config: GqaConfig, layer: number, weights: Weights) {
    this.#shape = attentionShape(config, attentionWindow(config, layer));
    this.#q = projection(weights, "q_proj", config.attention_bias);
    this.#k = projection(weights, "k_proj", config.attention_bias);
    this.#v = projection(weights, "v_proj", config.attention_bias);
    this.#out = projection(weights, "o_proj", config.output_bias);
    this.#norms = config.qk_norm
      ? { q: weights.vector("q_norm.weight"), k: weights.vector("k_norm.weight"), eps: config.rms_norm_eps }
      : null;
  }

  run(pass: Pass, x: Tensor, rows: Rows, layer: number, y: Tensor): void {
    const { queryHeads, keyHeads, keyDim } = this.#shape;
    let q = project(pass, x, this.#q); // (rows, queryHeads, headDim)
    let k = project(pass, x, this.#k); // (rows, keyHeads, headDim)
    const v = project(pass, x, this.#v);
    if (this.#norms !== null) {
      q = headNorm(pass, q, this.#norms.q, this.#norms.eps);
      k = headNorm(pass, k, this.#norms.k, this.#norms.eps);
    }
    rope(pass, q, rows.rotation, rows.positions, queryHeads, keyDim, 0);
    rope(pass, k, rows.rotation, rows.positions, keyHeads, keyDim, 0);
    project(pass, attend(pass, q, k, v, rows, layer, this.#shape), this.#out, y);
  }
}
