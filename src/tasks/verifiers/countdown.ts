/** Judges an expression that must make a number of given ones, each used once: countdown with any count of numbers, and the game of 24. */
import { evaluate } from "../expression.ts";
import { countdown } from "../families/countdown.ts";
import { finalAnswer } from "../math/verify.ts";
import type { Verdict } from "../task.ts";

export interface CountdownPuzzle {
  readonly numbers: readonly number[];
  readonly target: number;
}

export interface CountdownOptions {
  /** What an expression that reads, but is not right, earns: 0 unless stated (0.1 in TinyZero). */
  readonly partial?: number;
}

/** The last expression of a response, in a box, in <answer> tags or on its own, plain or LaTeX. */
export function verifyCountdown(
  response: string,
  puzzle: CountdownPuzzle,
  { partial = 0 }: CountdownOptions = {},
): Verdict {
  const text = plainExpression(finalAnswer(response));
  const verdict = countdown.verify(text, { answer: "", data: { numbers: [...puzzle.numbers], target: puzzle.target } });
  if (verdict.score === 1 || partial === 0) return verdict;
  const reads = typeof evaluate(text.split("=")[0]!) !== "string";
  return reads ? { score: partial, reason: `${verdict.reason} (it reads as an expression)` } : verdict;
}

/** The game of 24. */
export const verifyGame24 = (response: string, numbers: readonly number[], options?: CountdownOptions): Verdict =>
  verifyCountdown(response, { numbers, target: 24 }, options);

/** LaTeX's signs as plain ones; fractions up to a few levels deep. */
function plainExpression(text: string): string {
  let plain = text
    .slice(0, 1_000)
    .replace(/\\left|\\right|\\[,;:! ]|\\[()[\]]|[$]/g, "")
    .replace(/\\times|\\cdot/g, "*")
    .replace(/\\div/g, "/");
  for (let level = 0; level < 4 && plain.includes("\\"); level++) {
    plain = plain.replace(/\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}/g, "(($1)/($2))");
  }
  return plain.replaceAll("[", "(").replaceAll("]", ")").trim();
}
