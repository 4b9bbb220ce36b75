/**
 * Tokens of an answer as they are kept: a long trace has tens of thousands, each with its alternatives, and as many small objects would
 * make every saving of the conversation slow.
 */
import type { Token } from "../api/stream.ts";

export interface PackedTokens {
  readonly count: number;
  /** Each token's text and those of its alternatives, separated by a NUL. */
  readonly texts: string;
  /** In the same order. */
  readonly logprobs: readonly number[];
  /** How many alternatives each has. */
  readonly tops: readonly number[];
  /** Absent where the server told none. */
  readonly entropies?: readonly (number | null)[];
}

const BETWEEN = "\u0000";

export function pack(tokens: readonly Token[]): PackedTokens {
  const texts: string[] = [];
  const logprobs: number[] = [];
  for (const token of tokens) {
    texts.push(token.token.replaceAll(BETWEEN, "\ufffd"));
    logprobs.push(token.logprob);
    for (const other of token.top) {
      texts.push(other.token.replaceAll(BETWEEN, "\ufffd"));
      logprobs.push(other.logprob);
    }
  }
  const told = tokens.some(({ entropy }) => entropy !== undefined);
  return {
    count: tokens.length,
    texts: texts.join(BETWEEN),
    logprobs,
    tops: tokens.map(({ top }) => top.length),
    ...(told ? { entropies: tokens.map(({ entropy }) => entropy ?? null) } : {}),
  };
}

export function unpack(packed: PackedTokens | undefined): Token[] {
  if (packed === undefined || packed.count === 0) return [];
  const texts = packed.texts.split(BETWEEN);
  let at = 0;
  const next = () => ({ token: texts[at], logprob: packed.logprobs[at++] });
  return packed.tops.map((count, index) => {
    const own = next();
    const top = Array.from({ length: count }, next);
    const entropy = packed.entropies?.[index];
    return entropy === undefined || entropy === null ? { ...own, top } : { ...own, top, entropy };
  });
}
