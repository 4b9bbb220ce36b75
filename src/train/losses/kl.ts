// The k3 estimator of KL(pi || pi_ref), inside the loss and not in the reward (DeepSeekMath eq. 4; DeepSeek-R1 eq. 2).

import type { SequenceInput } from "./types.ts";

/**
 * Sum over the counted tokens of exp(d) - d - 1, d = refLogp - logp; adds beta times its gradient, 1 - exp(d), to dlogp.
 * @throws Error when beta > 0 without reference log-probabilities.
 */
export function kullbackLeibler({ logp, refLogp, mask }: SequenceInput, beta: number, dlogp: Float64Array): number {
  if (refLogp === null) {
    if (beta > 0) throw new Error("beta > 0 needs the reference model's log-probabilities");
    return 0;
  }
  let sum = 0;
  for (let t = 0; t < logp.length; t++) {
    if (mask !== null && !mask[t]) continue;
    const d = refLogp[t]! - logp[t]!;
    sum += Math.exp(d) - d - 1;
    dlogp[t]! += beta * (1 - Math.exp(d));
  }
  return sum;
}
