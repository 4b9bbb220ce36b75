// REINFORCE++ (arXiv 2501.03262): no baseline of the group's own; rewards are normalised over all tokens of the batch, so a group
// that is right throughout still pushes, and a lucky sample of a hard question does not count for more than of an easy one.

import { bnpo } from "./grpo.ts";
import type { PolicyLoss } from "./types.ts";

export const reinforcePlusPlus: PolicyLoss = {
  ...bnpo,
  name: "reinforce_pp",
  scaleRewards: "batch",
  baseline: "batch",
};
