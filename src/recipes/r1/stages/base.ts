/** Pre-training on procedural documents: questions in several wordings, thinking in four styles and, of number words, in two languages. */
import type { ChainStage } from "../stage-kit.ts";

export const base: ChainStage = {
  name: "base",
  about: "pre-training on procedural documents",
  uses: [],
  run: (chain) => chain.pretrain("base", chain.plan.options.base, chain.plan.model, chain.plan.from),
};
