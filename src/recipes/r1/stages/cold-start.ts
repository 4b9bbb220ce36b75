/**
 * Cold start (2.3.1): R1-Zero's best answers, made readable by rules where the paper has a model rewrite them, and the base fine-tuned
 * on them.
 */
import { coldStartExamples } from "../cold-start.ts";
import type { ChainStage } from "../stage-kit.ts";

export const coldStartData: ChainStage = {
  name: "cold-start.jsonl",
  about: "R1-Zero's right answers, rewritten by rules into the question's language and kept where they read well",
  uses: ["r1-zero"],
  run: (chain) =>
    chain.examples("cold-start.jsonl", async () =>
      coldStartExamples(await chain.answers("r1-zero", chain.plan.options.cold_samples)),
    ),
};

export const coldStart: ChainStage = {
  name: "cold-start",
  about: "the base fine-tuned on the cold-start data",
  uses: ["base", "cold-start.jsonl"],
  run: (chain) => chain.tune("cold-start", chain.plan.options.cold_start, "base", "cold-start.jsonl"),
};
