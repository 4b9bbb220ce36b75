/**
 * DRY ("don't repeat yourself") as llama.cpp's: tokens that would go on with a passage that stands in the text already lose the more
 * the longer the passage is.
 */
import type { Tokenizer } from "../text/tokenizer.ts";
import { type Dry, inRange } from "./sampling.ts";

/** By first id, the ids that must follow it for the text to be broken there: llama.cpp's processed breakers. */
export type Breakers = ReadonlyMap<number, readonly (readonly number[])[]>;

const DEFAULT_BREAKERS = ["\n", ":", '"', "*"];
/** llama.cpp's limits on a breaker: characters, and tokens after the first. */
const [LONGEST_BREAKER, LONGEST_TAIL] = [40, 20];

/** The penalty of one sequence; its work space is kept from step to step. */
export class DryPenalty {
  readonly #multiplier: number;
  readonly #base: number;
  readonly #allowed: number;
  readonly #lastN: number;
  readonly #breakers: Breakers;
  /** Past this exponent the penalty is as large as it gets. */
  readonly #mostExponent: number;
  /** repeats[k]: how many of the last tokens also end k tokens before the end. */
  #repeats = new Int32Array(0);
  readonly #longest = new Map<number, number>();

  /** @throws UserError naming a setting outside its range */
  constructor(dry: Dry) {
    this.#multiplier = inRange("dry-multiplier", dry.multiplier, 0, 1000);
    this.#base = inRange("dry-base", dry.base ?? 1.75, 1, 1000);
    this.#allowed = inRange("dry-allowed-length", dry.allowedLength ?? 2, 0, 2 ** 31);
    this.#lastN = inRange("dry-penalty-last-n", dry.penaltyLastN ?? -1, -1, 2 ** 31);
    this.#breakers = dry.breakers ?? new Map();
    this.#mostExponent = this.#base > 1.000001 ? Math.floor(88.7228391 / Math.log(this.#base)) : 0;
  }

  /** Takes the penalties from the logits in [start, ...) of the token after prompt and output. */
  apply(logits: Float32Array, start: number, prompt: ArrayLike<number>, output: ArrayLike<number>): void {
    const all = prompt.length + output.length;
    const n = this.#lastN < 0 ? all : Math.min(all, this.#lastN);
    if (n <= this.#allowed) return;
    const before = (k: number): number => {
      const at = all - 1 - k; // the token k places before the last
      return at < prompt.length ? prompt[at] : output[at - prompt.length];
    };
    const limit = this.#limit(before, n);
    if (limit < this.#allowed) return;
    this.#measure(before, n, limit);
    this.#longest.clear();
    for (let k = 1; k < n; k++) {
      const length = this.#repeats[k];
      if (length < this.#allowed) continue;
      const next = before(k - 1); // what followed there would follow here again
      if (length > (this.#longest.get(next) ?? -1)) this.#longest.set(next, length);
    }
    for (const [id, length] of this.#longest) {
      if (this.#breakers.get(id)?.some((tail) => tail.length === 0)) continue;
      let exponent = length - this.#allowed;
      if (this.#mostExponent > 0 && exponent > this.#mostExponent) exponent = this.#mostExponent;
      logits[start + id] -= this.#multiplier * this.#base ** exponent;
    }
  }

  /** How many tokens stand after the last breaker. */
  #limit(before: (k: number) => number, n: number): number {
    if (this.#breakers.size === 0) return n;
    for (let k = 0; k < n; k++) {
      const tails = this.#breakers.get(before(k));
      if (tails === undefined) continue;
      let longest = -1;
      for (const tail of tails) {
        if (tail.length > longest && tail.length <= k && tail.every((id, i) => id === before(k - i - 1))) {
          longest = tail.length;
        }
      }
      if (longest >= 0) return k - longest;
    }
    return n;
  }

  /** The Z-algorithm over the tokens read backwards, lengths cut at `limit`. */
  #measure(before: (k: number) => number, n: number, limit: number): void {
    if (this.#repeats.length < n) this.#repeats = new Int32Array(2 * n);
    const repeats = this.#repeats;
    let [left, right] = [0, 0]; // the box [left, right) known to equal the beginning
    for (let k = 1; k < n; k++) {
      let length = k < right ? Math.min(right - k, repeats[k - left]) : 0;
      // Within a cut box the cut length may be short of the real one; going on by hand finds it.
      while (k + length < n && before(length) === before(k + length)) length++;
      if (k + length > right) [left, right] = [k, k + length];
      repeats[k] = length;
    }
    for (let k = 1; k < n; k++) if (repeats[k] > limit) repeats[k] = limit;
  }
}

/** The settings with their breakers as tokens of a vocabulary. */
export function withBreakers(dry: Dry, tokenizer: Tokenizer): Dry {
  if (dry.multiplier === 0 || dry.breakers !== undefined) return dry;
  return { ...dry, breakers: breakersOf(tokenizer, dry.sequenceBreakers ?? DEFAULT_BREAKERS) };
}

/**
 * The token sequences in which a breaker shows: a token with the whole breaker in it, or one that ends in its beginning followed by the
 * tokens of its rest (llama.cpp's get_overlapping_token_sequences).
 */
export function breakersOf(tokenizer: Tokenizer, texts: readonly string[]): Breakers {
  const found = new Map<number, number[][]>();
  const add = (id: number, tail: number[]): void => {
    const tails = found.get(id) ?? [];
    found.set(id, tails);
    if (!tails.some((one) => one.length === tail.length && one.every((x, i) => x === tail[i]))) tails.push(tail);
  };
  const breakers = texts.filter((text) => text !== "").map((text) => text.slice(0, LONGEST_BREAKER));
  for (let id = 0; id < tokenizer.vocabSize; id++) {
    if (tokenizer.isSpecial(id)) continue;
    const word = utf8.decode(tokenizer.tokenBytes(id));
    for (const text of breakers) {
      if (word.includes(text)) {
        add(id, []);
        continue;
      }
      for (let n = Math.min(word.length, text.length - 1); n > 0; n--) {
        if (word.endsWith(text.slice(0, n))) add(id, tokenizer.encode(text.slice(n)).slice(0, LONGEST_TAIL));
      }
    }
  }
  return found;
}

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
