/** AIME and whatever else comes as problems with short answers: {problem, answer}, in either spelling of the public copies. */
import { mathJudge } from "../judges.ts";
import type { FileBenchmark } from "./benchmark.ts";
import { has, labelsOf, optionalText, text } from "./fields.ts";
import { boxedPrompt } from "./prompts.ts";

export const aime: FileBenchmark = {
  name: "aime",
  about: "problems with short answers: {problem, answer}, such as AIME 2024",
  licence: "the file's own (AIME: Mathematical Association of America; evaluation only)",
  files: ["aime.jsonl", "aime2024.jsonl", "aime_2024.jsonl", "aime24.jsonl", "aime24/test.jsonl"],
  fits: (record) => has(record, "problem", "answer") || has(record, "Problem", "Answer"),
  question: (record) => {
    const [problem, gold] = [text(record, "problem", "Problem"), text(record, "answer", "Answer")];
    return {
      id: optionalText(record, "id", "ID", "unique_id") ?? undefined,
      text: problem,
      prompt: boxedPrompt(problem),
      gold,
      judge: mathJudge(gold),
      labels: labelsOf(record, "year", "Year", "level", "subject", "type", "difficulty"),
    };
  },
};
