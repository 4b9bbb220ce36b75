// Truncated importance sampling where another engine than training's sampled (quantised weights, a server): it drew from a slightly other
// distribution, so each token counts pi_train / pi_sampled times, at most `cap` times (as TRL's vllm_importance_sampling_correction).
// With training's own engine the two are equal bit for bit and every weight is exactly 1.

export interface Importance {
  /** min(exp(train - sampled), cap) of each token. */
  readonly tokens: Float64Array;
  /** min(exp(sum of train - sampled), cap), for losses with one ratio a sequence. */
  readonly sequence: number;
  /** Sum of exp(d) - d - 1, d = train - sampled: an estimate of KL(pi_sampled || pi_train) that is never negative. */
  readonly kl: number;
}

/** Weights of one completion from log p of its tokens under the policy being trained and under what sampled them. */
export function importance(trained: ArrayLike<number>, sampled: ArrayLike<number>, cap: number): Importance {
  const tokens = new Float64Array(trained.length);
  let [sum, kl] = [0, 0];
  for (let t = 0; t < trained.length; t++) {
    const difference = trained[t]! - sampled[t]!;
    const ratio = Math.exp(difference);
    tokens[t] = Math.min(ratio, cap);
    sum += difference;
    kl += ratio - difference - 1;
  }
  return { tokens, sequence: Math.min(Math.exp(sum), cap), kl };
}
