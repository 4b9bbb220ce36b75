/** Reasoning RL (2.3.2) with the language reward, and beside it the same without, which tells what that reward costs. */
import type { ChainStage } from "../stage-kit.ts";

export const reasoningRl: ChainStage = {
  name: "reasoning-rl",
  about: "GRPO with the language-consistency reward",
  uses: ["cold-start"],
  run: (chain) => chain.reinforce("reasoning-rl", chain.plan.options.reasoning, "cold-start"),
};

export const withoutLanguage: ChainStage = {
  name: "without-language-reward",
  about: "the same reinforcement without the language reward",
  uses: ["cold-start"],
  comparison: true,
  run: (chain) =>
    chain.reinforce("without-language-reward", { ...chain.plan.options.reasoning, language_weight: 0 }, "cold-start"),
};
