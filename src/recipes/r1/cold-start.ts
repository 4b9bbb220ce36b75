/**
 * Cold-start data (DeepSeek-R1, 2.3.1): R1-Zero's right answers, rewritten by rules where the paper has a model do it - thinking put
 * into the question's language, repeated lines left out - and kept when they then read well; of a question's, the most thorough one.
 */
import { translated } from "../../tasks/language.ts";
import type { Example } from "../../train/examples.ts";
import { readable, type Sampled } from "./samples.ts";

export function coldStartExamples(questions: readonly (readonly Sampled[])[]): Example[] {
  return questions.flatMap((samples) => {
    const kept = samples
      .filter(({ right }) => right)
      .map((one) => ({ ...one, thinking: rewritten(one) }))
      .filter(({ thinking, language }) => readable(thinking, language))
      .sort((a, b) => b.thinking.length - a.thinking.length);
    return kept.slice(0, 1).map(({ entry, thinking, answer }) => ({ prompt: entry.prompt, thinking, answer }));
  });
}

function rewritten({ thinking, language }: Sampled): string {
  const text = language === null ? thinking : translated(thinking, language);
  return [...new Set(text.split("\n").map((line) => line.trim()))].filter((line) => line !== "").join("\n");
}
