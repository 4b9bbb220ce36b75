/** What is asked around a question. No system prompt, no examples: the paper's protocol (arXiv 2501.12948, section 3 and README). */

/** DeepSeek-R1's instruction for mathematics (README of deepseek-ai/DeepSeek-R1, usage recommendations). */
export const BOXED = "Please reason step by step, and put your final answer within \\boxed{}.";

/** A question whose answer goes into a box. */
export const boxedPrompt = (question: string): string => `${question.trimEnd()}\n${BOXED}`;

/** A question whose answer cannot stand in a box. */
export const linePrompt = (question: string): string =>
  `${question.trimEnd()}\nPlease reason step by step, and end with a line "Answer: " followed by your final answer.`;

/** OpenAI simple-evals' question with options, which the paper uses for GPQA; the letters are those of the options there are. */
export function choicePrompt(question: string, options: readonly string[]): string {
  const letters = options.map((_, i) => letterOf(i)).join("");
  return (
    "Answer the following multiple choice question. The last line of your response should be of the following format: " +
    `'Answer: $LETTER' (without quotes) where LETTER is one of ${letters}. Think step by step before answering.\n\n` +
    `${question.trim()}\n\n${options.map((option, i) => `${letterOf(i)}) ${option.trim()}`).join("\n")}`
  );
}

/** 0 is A. */
export const letterOf = (index: number): string => String.fromCharCode(65 + index);
