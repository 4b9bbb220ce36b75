/** Guesses at what comes next, for free: the text often goes on as it did before. */
import type { Tensor } from "../../tensor/tensor.ts";

/** Tells likely next tokens; what it tells changes how fast a text is written, never what is written. */
export interface Drafter {
  /**
   * Puts up to `most` guesses into `into` and returns how many.
   * @param tokens prompt and output so far in [0, count); between calls it only grows, unless `reset` is called
   */
  draft(tokens: Int32Array, count: number, into: Int32Array, most: number): number;
  /**
   * Told of the hidden states (count, hidden) of the tokens in [from, from + count), in order, as soon as the token after them is known
   * too. A drafter that has it is told of every token but the last, and gets the one before an unchanged beginning again.
   */
  read?(hidden: Tensor, tokens: Int32Array, from: number): void;
  /** Forgets the text. */
  reset(): void;
}

/**
 * Prompt lookup (as in transformers and vLLM): finds where the last tokens stood before and guesses that what followed there follows
 * again. The longest of a few lengths that is found wins, its newest place first.
 */
export class PromptLookup implements Drafter {
  readonly #lengths: readonly number[];
  /** For each length, by the hash of as many tokens: where they last ended. */
  readonly #ends: readonly Map<number, number>[];
  #indexed = 0;

  /** `lengths` of the passages that are looked for, longest first. */
  constructor(lengths: readonly number[] = [16, 8, 4, 3]) {
    this.#lengths = lengths;
    this.#ends = lengths.map(() => new Map());
  }

  draft(tokens: Int32Array, count: number, into: Int32Array, most: number): number {
    // The last passage itself is not indexed yet: it must not find itself.
    for (; this.#indexed < count - 1; this.#indexed++) {
      for (const [i, length] of this.#lengths.entries()) {
        if (this.#indexed + 1 >= length) this.#ends[i].set(hash(tokens, this.#indexed + 1, length), this.#indexed + 1);
      }
    }
    for (const [i, length] of this.#lengths.entries()) {
      if (count < length) continue;
      const end = this.#ends[i].get(hash(tokens, count, length));
      if (end === undefined || !same(tokens, end, count, length)) continue;
      let drafted = 0;
      // Past its own end a passage that repeats goes on with itself.
      for (; drafted < most; drafted++) {
        const at = end + drafted;
        into[drafted] = at < count ? tokens[at] : into[at - count];
      }
      return drafted;
    }
    return 0;
  }

  reset(): void {
    this.#indexed = 0;
    for (const ends of this.#ends) ends.clear();
  }
}

/** A hash of the `length` tokens before `end`. */
function hash(tokens: Int32Array, end: number, length: number): number {
  let value = length;
  for (let i = end - length; i < end; i++) value = Math.imul(value ^ tokens[i], 0x9e3779b1) ^ (value >>> 15);
  return value;
}

function same(tokens: Int32Array, a: number, b: number, length: number): boolean {
  for (let i = 1; i <= length; i++) if (tokens[a - i] !== tokens[b - i]) return false;
  return true;
}
