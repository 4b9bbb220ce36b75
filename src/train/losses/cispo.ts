// CISPO (MiniMax-M1, arXiv 2506.13585): the importance ratio is clipped and held constant instead of clipping the objective, so
// that no token loses its gradient; rare words of reflection, whose ratios leave any range first, go on being learned.

import { kullbackLeibler } from "./kl.ts";
import type { LossOptions, PolicyLoss, SequenceInput, SequenceLoss } from "./types.ts";

/**
 * -min(r, 1 + epsHigh) A logp, summed over the counted tokens, with the factor before logp held constant; there is no lower bound.
 * The value has no meaning beside its gradient: at ratio 1 it is not 0.
 */
export function clippedWeightLoss(input: SequenceInput, options: LossOptions): SequenceLoss {
  const { logp, oldLogp, mask } = input;
  const cap = 1 + options.epsHigh;
  const dlogp = new Float64Array(logp.length);
  let [sum, tokens, clippedHigh] = [0, 0, 0];
  for (let t = 0; t < logp.length; t++) {
    if (mask !== null && !mask[t]) continue;
    tokens++;
    const a = input.advantages?.[t] ?? input.advantage;
    const ratio = Math.exp(logp[t]! - oldLogp[t]!);
    dlogp[t] = -Math.min(ratio, cap) * a;
    sum += dlogp[t]! * logp[t]!;
    if (ratio > cap && a > 0) clippedHigh++;
  }
  const kl = kullbackLeibler(input, options.beta, dlogp);
  return { sum: sum + options.beta * kl, dlogp, tokens, clippedLow: 0, clippedHigh, kl };
}

/** The cap of 5 is ScaleRL's (arXiv 2510.13786). */
export const cispo: PolicyLoss = {
  name: "cispo",
  sequence: clippedWeightLoss,
  defaults: { epsLow: 1, epsHigh: 4, delta: null, beta: 0 },
  aggregation: "dapo",
  scaleRewards: "batch",
  baseline: "group",
};
