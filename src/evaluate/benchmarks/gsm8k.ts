/** GSM8K: grade-school word problems; the answer stands behind "####" (Cobbe et al. 2021, arXiv 2110.14168). */
import { mathJudge } from "../judges.ts";
import type { FileBenchmark } from "./benchmark.ts";
import { fault, has, text } from "./fields.ts";
import { boxedPrompt } from "./prompts.ts";

export const gsm8k: FileBenchmark = {
  name: "gsm8k",
  about: "grade-school word problems",
  licence: "MIT (openai/grade-school-math); the test split is for evaluation only",
  files: ["gsm8k.test.jsonl", "gsm8k_test.jsonl", "gsm8k/test.jsonl"],
  fits: (record) => has(record, "question", "answer") && /\n?####/.test(String(record.fields.answer)),
  question: (record) => {
    const question = text(record, "question");
    const gold = text(record, "answer").split("####").at(-1)!.trim().replaceAll(",", "");
    if (gold === "" || !String(record.fields.answer).includes("####")) {
      throw fault(record, `${record.where}: the answer must end in "#### " and a number.`);
    }
    return { text: question, prompt: boxedPrompt(question), gold, judge: mathJudge(gold) };
  },
};
