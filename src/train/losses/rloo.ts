// RLOO (arXiv 2402.14740): a completion is one action, so its ratio is the product of its tokens' ratios and each completion counts
// once, however long; the baseline of a sample is the mean reward of the others of its group (advantages.ts).

import { kullbackLeibler } from "./kl.ts";
import type { LossOptions, PolicyLoss, SequenceInput, SequenceLoss } from "./types.ts";

/** -min(s A, clip(s) A), s = exp(sum_t(logp - oldLogp)), once a sequence; the k3 KL, unlike TRL's, stays in the loss, per token. */
export function wholeSequenceLoss(input: SequenceInput, options: LossOptions): SequenceLoss {
  const { logp, oldLogp, mask, advantage: a } = input;
  const dlogp = new Float64Array(logp.length);
  let [tokens, difference] = [0, 0];
  for (let t = 0; t < logp.length; t++) {
    if (mask !== null && !mask[t]) continue;
    tokens++;
    difference += logp[t]! - oldLogp[t]!;
  }
  if (tokens === 0) return { sum: 0, dlogp, tokens, clippedLow: 0, clippedHigh: 0, kl: 0 };
  const ratio = Math.exp(difference);
  const [low, high] = [1 - options.epsLow, 1 + options.epsHigh];
  const plain = ratio * a;
  const clipped = Math.min(Math.max(ratio, low), high) * a;
  if (plain <= clipped) for (let t = 0; t < logp.length; t++) if (mask === null || mask[t]) dlogp[t] = -plain;
  const kl = kullbackLeibler(input, options.beta, dlogp);
  return {
    sum: -Math.min(plain, clipped) + options.beta * kl,
    dlogp,
    tokens,
    clippedLow: ratio < low && a < 0 ? tokens : 0,
    clippedHigh: ratio > high && a > 0 ? tokens : 0,
    kl,
  };
}

export const rloo: PolicyLoss = {
  name: "rloo",
  sequence: wholeSequenceLoss,
  defaults: { epsLow: 0.2, epsHigh: 0.2, delta: null, beta: 0 },
  aggregation: "sequence",
  scaleRewards: "none",
  baseline: "leave_one_out",
};
