/** Rejection sampling (2.3.3): several answers a question, kept when right, readable and of one language; three to one with documents that need no reasoning. */
import { rejectionExamples } from "../rejection.ts";
import type { ChainStage } from "../stage-kit.ts";

export const rejectionSampling: ChainStage = {
  name: "rejection.jsonl",
  about: "answers kept when right, readable and in one language, three to one with non-reasoning documents",
  uses: ["reasoning-rl"],
  run: (chain) =>
    chain.examples("rejection.jsonl", async (seed) =>
      rejectionExamples(await chain.answers("reasoning-rl", chain.plan.options.rejection_samples), seed),
    ),
};
