/** The two feed-forwards: one gated network for every row, or a router that sends each row to a few of many experts. */
import type { I32, RouterShape } from "../kernels/kernels.ts";
import { type ExpertWeights, experts, route } from "../tensor/experts.ts";
import { feedForward, type GatedWeights, linear } from "../tensor/linear.ts";
import type { Pass } from "../tensor/space.ts";
import type { Parameter, Tensor } from "../tensor/tensor.ts";
import type { Weight } from "../tensor/weight.ts";
import { type DeepSeekConfig, isMoeLayer, type ModelConfig } from "./config.ts";
import type { Observe } from "./observe.ts";
import type { Weights } from "./weights/weights.ts";

export interface FeedForward {
  /** x (rows, hidden), normed -> y (rows, hidden). */
  run(pass: Pass, x: Tensor, y: Tensor, observe: Observe | null, at: string): void;
}

/** The feed-forward of one layer; `weights` are those below `mlp`, `integers` makes a zeroed buffer. */
export const makeFeedForward = (
  config: ModelConfig,
  layer: number,
  weights: Weights,
  integers: (length: number) => I32,
): FeedForward =>
  config.attention === "mla" && isMoeLayer(config, layer)
    ? new ExpertFeedForward(config, weights, integers)
    : new DenseFeedForward(weights, config.attention === "gqa" && config.mlp_bias);

/** The router's constants (V3 report 2.1.2; `Gate` in DeepSeek's inference/model.py). */
export const routerShape = (config: DeepSeekConfig): RouterShape => {
  const grouped = config.topk_method !== "greedy";
  return {
    experts: config.n_routed_experts,
    topK: config.num_experts_per_tok,
    groups: grouped ? config.n_group : 1,
    topGroups: grouped ? config.topk_group : 1,
    // with one group or one expert a group there is nothing to sum over
    groupScoreTop: config.topk_method === "noaux_tc" && config.n_routed_experts / config.n_group > 1 ? 2 : 1,
    scoring: config.scoring_func,
    normalise: config.norm_topk_prob,
    scale: config.routed_scaling_factor,
  };
};

class DenseFeedForward implements FeedForward {
  readonly #weights: GatedWeights;

  constructor(weights: Weights, biased = false) {
    const bias = (name: string): Parameter => weights.vector(`${name}_proj.bias`);
    this.#weights = {
      gate: weights.matrix("gate_proj.weight"),
      up: weights.matrix("up_proj.weight"),
      down: weights.matrix("down_proj.weight"),
      biases: biased ? { gate: bias("gate"), up: bias("up"), down: bias("down") } : null,
    };
  }
  run(pass: Pass, x: Tensor, y: Tensor): void {
    feedForward(pass, x, this.#weights, y);
  }
}

export class ExpertFeedForward implements FeedForward {
  readonly shape: RouterShape;
  /** e_score_correction_bias, null for routers without one. */
  readonly bias: Parameter | null;
  /** Rows that each expert got in recorded passes since they were last reset. */
  readonly loads: I32;
  readonly #unrecorded: I32;
  readonly #router: Weight;
  readonly #experts: ExpertWeights;
  readonly #shared: DenseFeedForward | null;

  constructor(config: DeepSeekConfig, weights: Weights, integers: (length: number) => I32) {
    this.shape = routerShape(config);
    this.bias = config.topk_method === "noaux_tc" ? weights.vector("gate.e_score_correction_bias") : null;
    this.loads = integers(config.n_routed_experts);
    this.#unrecorded = integers(config.n_routed_experts);
    this.#router = weights.matrix("gate.weight");
    this.#experts = {
      gate: weights.matrix("experts.gate_proj.weight"),
      up: weights.matrix("experts.up_proj.weight"),
      down: weights.matrix("experts.down_proj.weight"),
    };
    this.#shared = config.n_shared_experts > 0 ? new DenseFeedForward(weights.below("shared_experts")) : null;
  }

  run(pass: Pass, x: Tensor, y: Tensor, observe: Observe | null, at: string): void {
    this.#shared?.run(pass, x, y);
    const logits = linear(pass, x, this.#router); // (rows, experts)
    const loads = pass.tape === null ? this.#unrecorded : this.loads;
    const routing = route(pass, logits, this.bias?.buf ?? null, loads, this.shape);
    if (observe !== null) {
      observe(`${at}.gate.indices`, routing.indices);
      observe(`${at}.gate.weights`, routing.weights.buf);
    }
    experts(pass, x, logits, routing, this.#experts, y, this.#shared !== null);
  }
}
