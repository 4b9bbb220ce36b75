/** MATH-500: 500 competition problems with subject and level (Hendrycks et al. 2021; the subset of Lightman et al. 2023). */
import { mathJudge } from "../judges.ts";
import type { FileBenchmark } from "./benchmark.ts";
import { has, labelsOf, optionalText, text } from "./fields.ts";
import { boxedPrompt } from "./prompts.ts";

export const math500: FileBenchmark = {
  name: "math500",
  about: "500 competition problems, by subject and level",
  licence: "MIT (hkust-nlp/simpleRL-reason); evaluation only",
  files: ["math500.test.jsonl", "math500.jsonl", "math_500.jsonl", "math500/test.jsonl"],
  fits: (record) => has(record, "problem", "answer", "level", "subject"),
  question: (record) => {
    const [problem, gold] = [text(record, "problem"), text(record, "answer")];
    return {
      id: optionalText(record, "unique_id", "id") ?? undefined,
      text: problem,
      prompt: boxedPrompt(problem),
      gold,
      judge: mathJudge(gold),
      labels: labelsOf(record, "level", "subject"),
    };
  },
};
