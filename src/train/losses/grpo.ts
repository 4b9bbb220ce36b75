// GRPO's clipped surrogate at token level (DeepSeekMath, arXiv 2402.03300 eq. 3; DeepSeek-R1 eq. 1 with k3 inside the loss).
// dr_grpo and dapo share it: they differ in advantages, clip bounds and aggregation.

import { kullbackLeibler } from "./kl.ts";
import type { LossOptions, PolicyLoss, SequenceInput, SequenceLoss } from "./types.ts";

/** -min(r A, clip(r, 1-epsLow, 1+epsHigh) A) + beta k3, summed over the counted tokens; r = exp(logp - oldLogp). */
export function tokenLoss(input: SequenceInput, options: LossOptions): SequenceLoss {
  const { logp, oldLogp, mask } = input;
  const [low, high] = [1 - options.epsLow, 1 + options.epsHigh];
  const dlogp = new Float64Array(logp.length);
  let [sum, tokens, clippedLow, clippedHigh] = [0, 0, 0, 0];
  for (let t = 0; t < logp.length; t++) {
    if (mask !== null && !mask[t]) continue;
    tokens++;
    const a = input.advantages?.[t] ?? input.advantage;
    const raw = Math.exp(logp[t]! - oldLogp[t]!);
    const capped = options.delta !== null && raw > options.delta;
    const ratio = capped ? options.delta! : raw;
    const plain = ratio * a;
    const clipped = Math.min(Math.max(ratio, low), high) * a;
    sum -= Math.min(plain, clipped);
    if (plain <= clipped && !capped) dlogp[t] = -plain;
    if (ratio < low && a < 0) clippedLow++;
    if (ratio > high && a > 0) clippedHigh++;
  }
  const kl = kullbackLeibler(input, options.beta, dlogp);
  return { sum: sum + options.beta * kl, dlogp, tokens, clippedLow, clippedHigh, kl };
}

/** The mean over sequences of each one's token mean; advantages over the group's standard deviation. */
export const grpo: PolicyLoss = {
  name: "grpo",
  sequence: tokenLoss,
  defaults: { epsLow: 0.2, epsHigh: 0.2, delta: null, beta: 0 },
  aggregation: "grpo",
  scaleRewards: "group",
  baseline: "group",
};

/** GRPO's terms over one mean of all tokens in the step (TRL's loss_type "bnpo"). */
export const bnpo: PolicyLoss = { ...grpo, name: "bnpo", aggregation: "bnpo" };
