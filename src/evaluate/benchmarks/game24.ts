/** The game of 24: four cards make 24 (the ranked puzzles of 4nums.com as Tree of Thoughts has them, arXiv 2305.10601). */
import { expressionJudge } from "../judges.ts";
import type { FileBenchmark } from "./benchmark.ts";
import { has, wholeNumbers } from "./fields.ts";
import { boxedPrompt } from "./prompts.ts";

export const game24: FileBenchmark = {
  name: "game24",
  about: "1,362 puzzles of the game of 24, easiest first",
  licence: "MIT (princeton-nlp/tree-of-thought-llm)",
  files: ["game24.csv", "24.csv"],
  fits: (record) => has(record, "Puzzles"),
  question: (record, { index }) => {
    const numbers = wholeNumbers(record, "Puzzles");
    const question =
      `Using the numbers ${numbers.join(", ")}, write an expression that equals 24. ` +
      "Use each number exactly once, with + - * / and parentheses only.";
    return {
      text: question,
      prompt: boxedPrompt(question),
      gold: `24 from ${numbers.join(", ")}`,
      judge: expressionJudge({ numbers, target: 24 }),
      // Tree of Thoughts and its successors report on ranks 901 to 1000.
      labels: { rank: `${Math.floor(index / 100) * 100 + 1}-${Math.floor(index / 100) * 100 + 100}` },
    };
  },
};
