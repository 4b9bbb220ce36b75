/** Minerva's undergraduate problems from MIT courses: the answer is the box in the solution (Lewkowycz et al. 2022, arXiv 2206.14858). */
import { lastBoxes } from "../../tasks/math/extract/boxes.ts";
import { mathJudge } from "../judges.ts";
import type { FileBenchmark } from "./benchmark.ts";
import { fault, has, labelsOf, text } from "./fields.ts";
import { boxedPrompt } from "./prompts.ts";

export const minerva: FileBenchmark = {
  name: "minerva",
  about: "272 undergraduate problems from MIT courses",
  licence: "MIT (hkust-nlp/simpleRL-reason); evaluation only",
  files: ["minerva_math.test.jsonl", "minerva_math.jsonl", "minerva_math/test.jsonl"],
  fits: (record) => has(record, "problem", "solution") && !has(record, "answer"),
  question: (record) => {
    const problem = text(record, "problem");
    const gold = lastBoxes(text(record, "solution"))?.contents.at(-1);
    if (gold === undefined)
      throw fault(record, `${record.where}: the solution has no \\boxed{} to take the answer from.`);
    return {
      text: problem,
      prompt: boxedPrompt(problem),
      gold,
      judge: mathJudge(gold),
      labels: labelsOf(record, "type"),
    };
  },
};
