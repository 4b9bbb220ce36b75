/** Fine-tuning (2.3.3): the base again, not the reinforced model, for two epochs over the kept answers. */
import type { ChainStage } from "../stage-kit.ts";

export const sft: ChainStage = {
  name: "sft",
  about: "the base fine-tuned on the kept answers for two epochs",
  uses: ["base", "rejection.jsonl"],
  run: (chain) => chain.tune("sft", chain.plan.options.sft, "base", "rejection.jsonl"),
};
