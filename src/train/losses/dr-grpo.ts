// Dr. GRPO (arXiv 2503.20783): no division by a sequence's length nor by the group's spread, which favour long wrong answers
// and questions that are too easy or too hard; one constant, the longest completion allowed, instead.

import { tokenLoss } from "./grpo.ts";
import type { PolicyLoss } from "./types.ts";

export const drGrpo: PolicyLoss = {
  name: "dr_grpo",
  sequence: tokenLoss,
  defaults: { epsLow: 0.2, epsHigh: 0.2, delta: null, beta: 0 },
  aggregation: "dr_grpo",
  scaleRewards: "none",
  baseline: "group",
};
