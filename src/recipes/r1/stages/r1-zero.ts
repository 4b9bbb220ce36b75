/** R1-Zero (DeepSeek-R1, 2.2): GRPO on the base itself, with rewards for right answers and their form alone. */
import type { ChainStage } from "../stage-kit.ts";

export const r1ZeroStage: ChainStage = {
  name: "r1-zero",
  about: "GRPO on the base: accuracy and format rewards only",
  uses: ["base"],
  run: (chain) => chain.reinforce("r1-zero", chain.plan.options.zero, "base"),
};
