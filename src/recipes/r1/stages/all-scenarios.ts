/**
 * RL for all scenarios (2.3.4) at temperature 0.7: rules judge reasoning, a preference model the answers to general requests, and a
 * harmlessness rule their whole responses. The preference model is small, trained on pairs, and measured on held-out ones.
 */
import { preferenceModel } from "../preferences.ts";
import type { ChainStage } from "../stage-kit.ts";

export const preference: ChainStage = {
  name: "preference.json",
  about: "the preference model, trained on pairs of replies",
  uses: [],
  run: (chain) =>
    chain.file("preference.json", (seed) => JSON.stringify(preferenceModel(chain.plan.options.preference_pairs, seed))),
};

export const allScenarios: ChainStage = {
  name: "all-scenarios",
  about: "GRPO on reasoning and requests: rules, preference, harmlessness",
  uses: ["sft", "preference.json"],
  run: (chain) =>
    chain.reinforce(
      "all-scenarios",
      { ...chain.plan.options.scenarios, preference_model: chain.place("preference.json") },
      "sft",
    ),
};
