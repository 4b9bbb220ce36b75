// GSPO (arXiv 2507.18071): one importance ratio for the whole sequence, the geometric mean of its tokens' ratios, because a
// mixture of experts may route single tokens differently after an update and token ratios then jump.

import { kullbackLeibler } from "./kl.ts";
import type { LossOptions, PolicyLoss, SequenceInput, SequenceLoss } from "./types.ts";

/** Every counted token carries -min(s A, clip(s) A), s = exp(mean_t(logp - oldLogp)); k3 stays per token. */
export function sequenceRatioLoss(input: SequenceInput, options: LossOptions): SequenceLoss {
  const { logp, oldLogp, mask, advantage: a } = input;
  const dlogp = new Float64Array(logp.length);
  let [tokens, difference] = [0, 0];
  for (let t = 0; t < logp.length; t++) {
    if (mask !== null && !mask[t]) continue;
    tokens++;
    difference += logp[t]! - oldLogp[t]!;
  }
  const raw = Math.exp(difference / Math.max(tokens, 1));
  const capped = options.delta !== null && raw > options.delta;
  const ratio = capped ? options.delta! : raw;
  const [low, high] = [1 - options.epsLow, 1 + options.epsHigh];
  const plain = ratio * a;
  const clipped = Math.min(Math.max(ratio, low), high) * a;
  // d/dlogp_t of tokens * (-s A) is -s A: the 1/tokens of the mean cancels the number of tokens that carry the term
  if (plain <= clipped && !capped)
    for (let t = 0; t < logp.length; t++) if (mask === null || mask[t]) dlogp[t] = -plain;
  const kl = kullbackLeibler(input, options.beta, dlogp);
  return {
    sum: -tokens * Math.min(plain, clipped) + options.beta * kl,
    dlogp,
    tokens,
    clippedLow: ratio < low && a < 0 ? tokens : 0,
    clippedHigh: ratio > high && a > 0 ? tokens : 0,
    kl,
  };
}

export const gspo: PolicyLoss = {
  name: "gspo",
  sequence: sequenceRatioLoss,
  defaults: { epsLow: 3e-4, epsHigh: 4e-4, delta: null, beta: 0 },
  aggregation: "grpo",
  scaleRewards: "group",
  baseline: "group",
};
