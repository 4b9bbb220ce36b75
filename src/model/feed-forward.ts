/** The two feed-forwards: one gated network for every row, or a router that sends each row to a few of many experts. */
import type { I32, RouterShape } from "../kernels/kernels.ts";
import { type ExpertWeights, experts, route } from "../tensor/experts.ts";
import { feedForward, linear } from "../tensor/linear.ts";
import type { Pass } from "../tensor/space.ts";
import type { Parameter, Tensor } from "../tensor/tensor.ts";
import { type DeepSeekConfig, isMoeLayer, type ModelConfig } from "./config.ts";
import type { Observe } from "./observe.ts";

export interface FeedForward {
  /** x (rows, hidden), normed -> y (rows, hidden). */
  run(pass: Pass, x: Tensor, y: Tensor, observe: Observe | null, at: string): void;
}

type Weights = (name: string) => Parameter;

/** The feed-forward of one layer; `weight` finds a parameter by its name inside `mlp`, `integers` makes a zeroed buffer. */
export const makeFeedForward = (
  config: ModelConfig,
  layer: number,
  weight: Weights,
  integers: (length: number) => I32,
): FeedForward =>
  config.attention === "mla" && isMoeLayer(config, layer)
    ? new ExpertFeedForward(config, weight, integers)
    : new DenseFeedForward(weight);

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
  readonly #gate: Parameter;
  readonly #up: Parameter;
  readonly #down: Parameter;

  constructor(weight: Weights, at = "") {
    this.#gate = weight(`${at}gate_proj.weight`);
    this.#up = weight(`${at}up_proj.weight`);
    this.#down = weight(`${at}down_proj.weight`);
  }
  run(pass: Pass, x: Tensor, y: Tensor): void {
    feedForward(pass, x, this.#gate, this.#up, this.#down, y);
  }
}

export class ExpertFeedForward implements FeedForward {
  readonly shape: RouterShape;
  /** e_score_correction_bias, null for routers without one. */
  readonly bias: Parameter | null;
  /** Rows that each expert got in recorded passes since they were last reset. */
  readonly loads: I32;
  readonly #unrecorded: I32;
  readonly #router: Parameter;
  readonly #experts: ExpertWeights;
  readonly #shared: DenseFeedForward | null;

  constructor(config: DeepSeekConfig, weight: Weights, integers: (length: number) => I32) {
    this.shape = routerShape(config);
    this.bias = config.topk_method === "noaux_tc" ? weight("gate.e_score_correction_bias") : null;
    this.loads = integers(config.n_routed_experts);
    this.#unrecorded = integers(config.n_routed_experts);
    this.#router = weight("gate.weight");
    this.#experts = {
      gate: weight("experts.gate_proj.weight"),
      up: weight("experts.up_proj.weight"),
      down: weight("experts.down_proj.weight"),
    };
    this.#shared = config.n_shared_experts > 0 ? new DenseFeedForward(weight, "shared_experts.") : null;
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
