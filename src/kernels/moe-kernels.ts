/** The kernels of a mixture of experts: who goes to which expert, and the way of the rows there and back. */
import type { F32, I32 } from "./memory.ts";

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
