/** The two passes inference is timed by: reading a prompt, and writing tokens after one of PROMPT tokens; in Node and in a browser. */
import type { KvCache } from "../src/model/cache.ts";
import type { Decoder } from "../src/model/decoder.ts";

/** Tokens that stand before those written. */
export const PROMPT = 64;

/** One step of `count` tokens, and the last one's likeliest successor. */
export function readPrompt(decoder: Decoder, cache: KvCache, count: number): number {
  const vocabulary = decoder.config.vocab_size;
  const hidden = decoder.step(cache, {
    count,
    ids: Int32Array.from({ length: count }, (_, i) => (i * 7919 + 13) % vocabulary),
    slots: new Int32Array(count),
    positions: Int32Array.from({ length: count }, (_, i) => i),
  });
  return likeliest(decoder.logits(decoder.pick(hidden, Int32Array.of(count - 1))).host!);
}

/** Steps of one token each, the likeliest one fed back. */
export function writeTokens(decoder: Decoder, cache: KvCache, count: number): void {
  const row = { count: 1, ids: Int32Array.of(1), slots: Int32Array.of(0), positions: Int32Array.of(0) };
  const first = Int32Array.of(0);
  for (let i = 0; i < count; i++) {
    row.positions[0] = PROMPT + i;
    row.ids[0] = likeliest(decoder.logits(decoder.pick(decoder.step(cache, row), first)).host!);
  }
}

function likeliest(logits: Float32Array): number {
  let best = 0;
  for (let i = 1; i < logits.length; i++) if (logits[i] > logits[best]) best = i;
  return best;
}

/** Tokens a second. */
export function timed(tokens: number, work: () => void): number {
  const started = performance.now();
  work();
  return (1000 * tokens) / (performance.now() - started);
}
