/** Countdown: given numbers and four operations make a target, as TinyZero and Stream of Search ask it. */
import { expressionJudge } from "../judges.ts";
import type { FileBenchmark } from "./benchmark.ts";
import { has, optionalText, text, wholeNumbers } from "./fields.ts";
import { boxedPrompt } from "./prompts.ts";

export const countdown: FileBenchmark = {
  name: "countdown",
  about: "make a target from given numbers: {input, output} or {nums, target}",
  licence: "MIT (the cd3 test puzzles, 3 numbers)",
  files: ["countdown_cd3.test.jsonl", "countdown.jsonl"],
  fits: (record) =>
    has(record, "nums", "target") ||
    (has(record, "input", "output") && /^\s*\d+(\s*,\s*\d+)+\s*$/.test(String(record.fields.input))),
  question: (record) => {
    const numbers = wholeNumbers(record, "nums", "input");
    const target = Number(text(record, "target", "output"));
    const question =
      `Using the numbers ${numbers.join(", ")}, write an expression that equals ${target}. ` +
      "Use each number exactly once, with + - * / and parentheses only.";
    return {
      id: optionalText(record, "id") ?? undefined,
      text: question,
      prompt: boxedPrompt(question),
      gold: `${target} from ${numbers.join(", ")}`,
      judge: expressionJudge({ numbers, target }),
    };
  },
};
