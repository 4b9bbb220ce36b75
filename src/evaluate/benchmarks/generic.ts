/** Anyone's questions with short answers: {question or prompt or problem, answer or gold}, an id where there is one. */
import { mathJudge } from "../judges.ts";
import type { FileBenchmark } from "./benchmark.ts";
import { labelsOf, optionalText, text } from "./fields.ts";
import { boxedPrompt } from "./prompts.ts";

export const generic: FileBenchmark = {
  name: "generic",
  about: "any file of {id, question|prompt|problem, answer|gold}",
  licence: "the file's own",
  files: [],
  fits: () => true,
  question: (record) => {
    const [question, gold] = [text(record, "question", "prompt", "problem"), text(record, "answer", "gold")];
    return {
      id: optionalText(record, "id") ?? undefined,
      text: question,
      prompt: boxedPrompt(question),
      gold,
      judge: mathJudge(gold),
      labels: labelsOf(record, "level", "subject", "type", "category", "difficulty"),
    };
  },
};
