/** The one random generator: seeded, the same on every machine, its whole state four integers that fit in a JSON file. */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  /** @param state four unsigned 32-bit integers, not all zero (xoshiro128** has no other forbidden state). */
  constructor(state: RandomState) {
    [this.#a, this.#b, this.#c, this.#d] = checked(state);
  }

  /**
   * A generator for a seed and a path of streams under it, such as `from(7, "rollouts", step, row)`: different paths give
   * independent sequences, so work can be split over threads or resumed anywhere without drawing the numbers in between.
   */
  static from(seed: number, ...streams: readonly (number | string)[]): Random {
    let hash = mixText(0x811c9dc5, `n${seed}`);
    for (const stream of streams) hash = mixText(hash, typeof stream === "number" ? `n${stream}` : `s${stream}`);
    // A second, independently started hash, so that two paths must collide in 64 bits to share a sequence.
    let other = mixText(0x9747b28c, `n${seed}`);
    for (const stream of streams) other = mixText(other, typeof stream === "number" ? `n${stream}` : `s${stream}`);
    const a = splitmix(hash);
    const b = splitmix(other ^ 0x6a09e667);
    const c = splitmix(hash + 0x9e3779b9);
    const d = splitmix(other + 0x3c6ef372);
    return new Random((a | b | c | d) === 0 ? [1, 0, 0, 0] : [a, b, c, d]);
  }

  /** The next 32 bits as an unsigned integer (xoshiro128** 1.1, Blackman and Vigna 2018). */
  bits(): number {
    const b5 = Math.imul(this.#b, 5);
    const result = Math.imul((b5 << 7) | (b5 >>> 25), 9) >>> 0;
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = (this.#d << 11) | (this.#d >>> 21);
    return result;
  }

  /** Uniform in [0, 1) with 53 random bits. */
  next(): number {
    return ((this.bits() >>> 5) * 67108864 + (this.bits() >>> 6)) / 9007199254740992;
  }

  /** A whole number from `low` to `high`, both included, without modulo bias; the span is at most 2^32. */
  int(low: number, high: number): number {
    const span = high - low + 1;
    if (!Number.isInteger(low) || !Number.isInteger(high) || span < 1 || span > 4294967296) {
      throw new RangeError(`Random.int needs whole numbers low <= high less than 2^32 apart, got ${low} and ${high}`);
    }
    const limit = 4294967296 - (4294967296 % span);
    let bits = this.bits();
    while (bits >= limit) bits = this.bits();
    return low + (bits % span);
  }

  /** True with probability `p`. */
  chance(p: number): boolean {
    return this.next() < p;
  }

  /** One of the items, all equally likely. */
  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new RangeError("Random.pick needs at least one item");
    return items[this.int(0, items.length - 1)]!;
  }

  /** The items in a random order, as a new array (Fisher-Yates from the end). */
  shuffle<T>(items: readonly T[]): T[] {
    const result = items.slice();
    for (let i = result.length - 1; i > 0; i--) {
      const j = this.int(0, i);
      const kept = result[i]!;
      result[i] = result[j]!;
      result[j] = kept;
    }
    return result;
  }

  /** An index drawn in proportion to its weight; a weight of zero is never drawn. */
  weighted(weights: readonly number[]): number {
    let total = 0;
    for (const weight of weights) {
      if (!(weight >= 0) || weight === Number.POSITIVE_INFINITY) {
        throw new RangeError(`Random.weighted needs finite weights of at least 0, got ${weight}`);
      }
      total += weight;
    }
    if (total === 0) throw new RangeError("Random.weighted needs a weight above 0");
    let left = this.next() * total;
    let last = 0;
    for (let i = 0; i < weights.length; i++) {
      if (weights[i] === 0) continue;
      last = i;
      left -= weights[i]!;
      if (left < 0) return i;
    }
    return last; // rounding may leave a hair above the total
  }

  /** The state as plain JSON; `restore` of it continues the very same sequence. */
  state(): RandomState {
    return [this.#a >>> 0, this.#b >>> 0, this.#c >>> 0, this.#d >>> 0];
  }

  /** Continues from a state taken by `state()`; throws a RangeError on anything else. */
  restore(state: RandomState): void {
    [this.#a, this.#b, this.#c, this.#d] = checked(state);
  }
}

export type RandomState = readonly [number, number, number, number];

/** A well mixed 32-bit hash of a text (FNV-1a over UTF-16 units, then murmur3's finalizer): the same on every machine. */
export const hashText = (text: string): number => splitmix(mixText(0x811c9dc5, text));

function mixText(start: number, text: string): number {
  let hash = start;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    hash = Math.imul(hash ^ (unit & 0xff), 0x01000193);
    if (unit > 0xff) hash = Math.imul(hash ^ (unit >>> 8), 0x01000193);
  }
  return Math.imul(hash ^ 0xff, 0x01000193); // an end mark: ("ab","c") and ("a","bc") differ
}

function splitmix(value: number): number {
  let x = (value + 0x9e3779b9) | 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

function checked(state: RandomState): RandomState {
  const valid =
    Array.isArray(state) &&
    state.length === 4 &&
    state.every((word) => Number.isInteger(word) && word >= 0 && word <= 0xffffffff) &&
    state.some((word) => word !== 0);
  if (!valid) throw new RangeError("a random state is four whole numbers from 0 to 2^32 - 1, not all zero");
  return state;
}
