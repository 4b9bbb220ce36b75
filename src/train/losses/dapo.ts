// DAPO (arXiv 2503.14476): a higher upper clip, so that rare tokens may grow, and one mean over all tokens of the generation
// batch. Its other two parts, dynamic sampling and soft overlong punishment, are in dynamic-sampling.ts and overlong.ts.

import { tokenLoss } from "./grpo.ts";
import type { PolicyLoss } from "./types.ts";

export const dapo: PolicyLoss = {
  name: "dapo",
  sequence: tokenLoss,
  defaults: { epsLow: 0.2, epsHigh: 0.28, delta: null, beta: 0 },
  aggregation: "dapo",
  scaleRewards: "group",
  baseline: "group",
};
