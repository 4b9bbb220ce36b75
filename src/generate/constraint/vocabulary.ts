/** A tokenizer's tokens as bytes in alphabetical order, so that those a grammar allows are found in one walk. */
import { isControlToken, type Tokenizer } from "../../text/tokenizer.ts";
import type { Automaton, Position } from "./automaton.ts";

export class Vocabulary {
  readonly size: number;
  /** By byte: 1 where a token has it. */
  readonly writable = new Uint8Array(256);
  readonly #eosIds: readonly number[];
  readonly #bytes: readonly Uint8Array[];
  /** Ids of tokens with text, by their bytes. */
  readonly #sorted: Int32Array;
  /** How many bytes each shares with the one before it, and where the others begin in #rest; one more entry ends the last. */
  readonly #shared: Int32Array;
  readonly #from: Int32Array;
  /** The bytes not shared, one token's after the other's, so that a walk reads memory in order. */
  readonly #rest: Uint8Array;
  /** Positions a token passes through, by depth; kept between walks. */
  readonly #path: (Position | null)[] = [];

  /** @param marks control tokens that are text all the same */
  constructor(tokenizer: Tokenizer, marks: ReadonlySet<string> = new Set()) {
    this.size = tokenizer.vocabSize;
    this.#eosIds = tokenizer.eosIds;
    this.#bytes = Array.from({ length: this.size }, (_, id) => {
      const token = tokenizer.tokenOf(id) ?? "";
      // Marks that steer the model are no text.
      const steers = isControlToken(token, tokenizer.isSpecial(id)) && !marks.has(token);
      return steers || tokenizer.eosIds.includes(id) ? NONE : tokenizer.tokenBytes(id);
    });
    const bytes = this.#bytes;
    this.#sorted = Int32Array.from(bytes.keys()).filter((id) => bytes[id].length > 0);
    this.#sorted.sort((a, b) => compare(bytes[a], bytes[b]));
    const count = this.#sorted.length;
    this.#shared = new Int32Array(count);
    this.#from = new Int32Array(count + 1);
    for (let i = 0; i < count; i++) {
      const own = bytes[this.#sorted[i]];
      this.#shared[i] = i === 0 ? 0 : sharedBytes(bytes[this.#sorted[i - 1]], own);
      this.#from[i + 1] = this.#from[i] + own.length - this.#shared[i];
      for (const byte of own) this.writable[byte] = 1;
    }
    this.#rest = new Uint8Array(this.#from[count]);
    for (let i = 0; i < count; i++) {
      this.#rest.set(bytes[this.#sorted[i]].subarray(this.#shared[i]), this.#from[i]);
    }
  }

  /** The bytes a token adds to the text; none for marks. */
  bytesOf(id: number): Uint8Array {
    return this.#bytes[id] ?? NONE;
  }

  /** A bit for each token that may come next, 32 a word. */
  mask(automaton: Automaton, position: Position): Int32Array {
    if (position.mask !== null) return position.mask;
    const words = new Int32Array(Math.ceil(this.size / 32));
    const [sorted, shared, from, rest, path] = [this.#sorted, this.#shared, this.#from, this.#rest, this.#path];
    path[0] = position;
    // Tokens that share more than `alive` bytes with the last one walked end as it did.
    let alive = 0;
    for (let i = 0; i < sorted.length; i++) {
      let depth = shared[i];
      if (depth > alive) continue;
      let at = path[depth]!;
      let k = from[i];
      const end = from[i + 1];
      for (; k < end; k++) {
        const known = at.next[rest[k]];
        const next = known === undefined ? automaton.step(at, rest[k]) : known;
        if (next === null) break;
        path[++depth] = at = next;
      }
      alive = depth;
      if (k === end) words[sorted[i] >> 5] |= 1 << (sorted[i] & 31);
    }
    if (position.ends) for (const id of this.#eosIds) words[id >> 5] |= 1 << (id & 31);
    position.mask = words;
    return words;
  }
}

const NONE = new Uint8Array(0);

function compare(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i] - b[i];
  return a.length - b.length;
}

function sharedBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  let same = 0;
  while (same < length && a[same] === b[same]) same++;
  return same;
}
