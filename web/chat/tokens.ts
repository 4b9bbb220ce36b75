/** What can be read from an answer's tokens: how sure the model was of each, and where it stopped to think again. */
import type { Token } from "../api/stream.ts";

export const MEASURES = ["probability", "entropy"] as const;
export type Measure = (typeof MEASURES)[number];

/** 0: nearly certain, 4: far from it. */
export function unsureness(token: Token, measure: Measure): number {
  if (measure === "probability") {
    const p = Math.exp(token.logprob);
    return 4 - [0.2, 0.5, 0.8, 0.98].filter((bound) => p >= bound).length;
  }
  const { nats } = entropy(token);
  return [0.1, 0.4, 0.8, 1.4].filter((bound) => nats > bound).length;
}

/** In nats; where the server did not tell it, of the alternatives that came, all others counted as one: the least it can be. */
export function entropy({ entropy: told, top }: Token): { readonly nats: number; readonly exact: boolean } {
  if (told !== undefined) return { nats: told, exact: true };
  let [nats, rest] = [0, 1];
  for (const { logprob } of top) {
    const p = Math.exp(logprob);
    nats -= p * Math.max(logprob, -100);
    rest -= p;
  }
  return { nats: rest > 1e-9 ? nats - rest * Math.log(rest) : nats, exact: false };
}

export interface Moment {
  /** The token it begins with. */
  readonly at: number;
  readonly word: string;
}

/** Words with which a model turns back on what it thought. */
const TURNS =
  /\b(wait|but|hmm+|however|actually|alternatively|on second thought|check(?:ing)?|verify|reconsider|mistake)\b/gi;

/** Where the thinking turns back on itself or is checked. */
export function moments(tokens: readonly Token[]): Moment[] {
  const starts: number[] = [];
  let length = 0;
  for (const { token } of tokens) {
    starts.push(length);
    length += token.length;
  }
  const text = tokens.map(({ token }) => token).join("");
  return [...text.matchAll(TURNS)].map(({ index, 0: word }) => ({ at: tokenAt(starts, index), word }));
}

/** The moments of one line stand in its margin together, at the first of them. */
export function margins(tokens: readonly Token[], found: readonly Moment[]): Map<number, string> {
  const words = new Map<number, string>();
  let first: number | null = null;
  let before = 0;
  for (const { at, word } of found) {
    const newLine = tokens.slice(before, at).some(({ token }) => token.includes("\n"));
    if (first === null || newLine) first = at;
    const own = words.get(first);
    words.set(first, own === undefined ? word.toLowerCase() : `${own} ${word.toLowerCase()}`);
    before = at;
  }
  return words;
}

/** The last token that starts at or before a character. */
function tokenAt(starts: readonly number[], character: number): number {
  let [low, high] = [0, starts.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle] <= character) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The whole trace in so many strips, each as unsure as its most unsure token. */
export function strips(tokens: readonly Token[], measure: Measure, most: number): number[] {
  const count = Math.min(most, tokens.length);
  return Array.from({ length: count }, (_, strip) => {
    const from = Math.floor((strip * tokens.length) / count);
    const to = Math.floor(((strip + 1) * tokens.length) / count);
    let worst = 0;
    for (let at = from; at < to; at++) worst = Math.max(worst, unsureness(tokens[at], measure));
    return worst;
  });
}
