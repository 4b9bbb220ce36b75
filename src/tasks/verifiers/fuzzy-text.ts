/** Judges a text by how much of the gold text it has: the overlap of words (F1, as SQuAD scores answers) or of characters. */

import { finalAnswer } from "../math/verify.ts";
import type { Verdict } from "../task.ts";
import { normalText } from "./exact-text.ts";

export interface FuzzyOptions {
  /** Scores below this are 0; 0 unless stated. */
  readonly threshold?: number;
  /** words: overlap of words, order apart; characters: one minus the edit distance over the longer length. */
  readonly by?: "words" | "characters";
}

/** Longer texts are compared by their beginning. */
const LONGEST = 2_000;

/** @param gold the right text, or several: the nearest counts */
export function verifyFuzzyText(
  response: string,
  gold: string | readonly string[],
  options: FuzzyOptions = {},
): Verdict {
  const { threshold = 0, by = "words" } = options;
  const said = normalText(finalAnswer(response)).slice(0, LONGEST);
  const scores = (typeof gold === "string" ? [gold] : gold).map((answer) => {
    const wanted = normalText(answer).slice(0, LONGEST);
    return by === "words" ? overlapOfWords(wanted, said) : closeness(wanted, said);
  });
  const best = Math.max(0, ...scores);
  const score = best >= threshold ? best : 0;
  const share = `${Math.round(best * 100)}% of ${by} in common with the gold text`;
  return { score, reason: score === best ? share : `${share}, less than ${Math.round(threshold * 100)}%` };
}

/** The harmonic mean of the shares of each text's words that the other has, each as often. */
export function overlapOfWords(gold: string, said: string): number {
  const [wanted, given] = [gold, said].map((text) => text.match(/[\p{L}\p{N}]+/gu) ?? []);
  const left = new Map<string, number>();
  for (const word of wanted!) left.set(word, (left.get(word) ?? 0) + 1);
  let common = 0;
  for (const word of given!) {
    const count = left.get(word) ?? 0;
    if (count === 0) continue;
    left.set(word, count - 1);
    common++;
  }
  return common === 0 ? 0 : (2 * common) / (wanted!.length + given!.length);
}

/** One minus Levenshtein's distance over the longer text's length. Quadratic in the length, which is bounded above. */
export function closeness(a: string, b: string): number {
  if (a === b) return a === "" ? 0 : 1;
  let row = Int32Array.from({ length: b.length + 1 }, (_, j) => j);
  let next = new Int32Array(b.length + 1);
  for (let i = 1; i <= a.length; i++) {
    next[0] = i;
    for (let j = 1; j <= b.length; j++) {
      const changed = row[j - 1]! + (a.charCodeAt(i - 1) === b.charCodeAt(j - 1) ? 0 : 1);
      next[j] = Math.min(changed, row[j]! + 1, next[j - 1]! + 1);
    }
    [row, next] = [next, row];
  }
  return 1 - row[b.length]! / Math.max(a.length, b.length);
}
