// The merges of a byte-pair encoding as one hash table of numbers, made of texts as files have them.

import { UserError } from "../../error.ts";
import { PackedTexts, TextIndex, type TokenIds } from "../packed-texts.ts";

/** `"a b"`, or the two alone, best first. */
export type Merges = readonly (string | readonly [string, string])[] | PackedTexts;

/** Pairs of ids to rank and merged id: open addressing in typed arrays, built once. */
export class PairTable {
  /** The rank of the pair in a slot, -1 in an empty one. */
  readonly #slots: Int32Array;
  /** Three numbers a rank: left, right, merged. */
  readonly #pairs: Int32Array;
  /** Of the pair that find() found. */
  rank = 0;
  merged = 0;

  /** With room for `size` pairs, of ranks below that. */
  constructor(size: number) {
    this.#slots = new Int32Array(2 ** Math.ceil(Math.log2(Math.max(2 * size, 16)))).fill(-1);
    this.#pairs = new Int32Array(3 * size);
  }

  find(left: number, right: number): boolean {
    const rank = this.#slots[this.#slotOf(left, right)];
    if (rank < 0) return false;
    this.rank = rank;
    this.merged = this.#pairs[3 * rank + 2];
    return true;
  }

  /** Adds a pair; of one that is there already the first rank stays. */
  add(left: number, right: number, rank: number, merged: number): void {
    const slot = this.#slotOf(left, right);
    if (this.#slots[slot] >= 0) return;
    this.#slots[slot] = rank;
    this.#pairs[3 * rank] = left;
    this.#pairs[3 * rank + 1] = right;
    this.#pairs[3 * rank + 2] = merged;
  }

  /** The slot of the pair, or the empty one where it would go. */
  #slotOf(left: number, right: number): number {
    const slots = this.#slots;
    const pairs = this.#pairs;
    const mask = slots.length - 1;
    for (let slot = hash(left, right) & mask; ; slot = (slot + 1) & mask) {
      const rank = slots[slot];
      if (rank < 0 || (pairs[3 * rank] === left && pairs[3 * rank + 1] === right)) return slot;
    }
  }
}

const hash = (left: number, right: number): number => {
  const h = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca77);
  return (h ^ (h >>> 15)) >>> 0;
};

export interface MergeSource {
  readonly ids: TokenIds;
  readonly merges: Merges;
  /** Named in errors. */
  readonly file: string;
}

/** The table of a vocabulary's merges. @throws UserError for one that names a piece the vocabulary does not have */
export function mergeTable({ ids, merges, file }: MergeSource): PairTable {
  const table = new PairTable(merges.length);
  const find =
    ids instanceof TextIndex && merges instanceof PackedTexts ? packedFinder(ids, merges) : finder(ids, merges);
  for (let rank = 0; rank < merges.length; rank++) {
    const { left, right, merged } = find(rank);
    if (left < 0 || right < 0 || merged < 0) {
      throw new UserError(
        `${file}: merge ${rank} (${JSON.stringify(merges.at(rank))}) names a piece that is not in the vocabulary; use the file published with the model.`,
        { param: "merges", type: "invalid_tokenizer" },
      );
    }
    table.add(left, right, rank, merged);
  }
  return table;
}

/** The ids of the two pieces and of what they make, -1 for what is no token. */
interface Merge {
  left: number;
  right: number;
  merged: number;
}

const NONE: Merge = { left: -1, right: -1, merged: -1 };

function finder(ids: TokenIds, merges: Merges): (rank: number) => Merge {
  return (rank) => {
    const merge = merges.at(rank)!;
    // a piece may itself be a space, so the first cannot be empty
    const space = typeof merge === "string" ? merge.indexOf(" ", 1) : 0;
    if (space < 0) return NONE;
    const first = typeof merge === "string" ? merge.slice(0, space) : merge[0];
    const second = typeof merge === "string" ? merge.slice(space + 1) : merge[1];
    const id = (piece: string): number => ids.get(piece) ?? -1;
    return { left: id(first), right: id(second), merged: id(first + second) };
  };
}

const SPACE = 0x20;

/** The same over bytes in place: of a hundred thousand merges no text is made. */
function packedFinder(ids: TextIndex, { bytes, starts }: PackedTexts): (rank: number) => Merge {
  const merge: Merge = { left: -1, right: -1, merged: -1 };
  let joined = new Uint8Array(256);
  return (rank) => {
    const [from, to] = [starts[rank], starts[rank + 1]];
    const space = bytes.indexOf(SPACE, from + 1);
    if (space < 0 || space >= to) return NONE;
    if (to - from > joined.length) joined = new Uint8Array(2 * (to - from));
    for (let i = from; i < space; i++) joined[i - from] = bytes[i];
    for (let i = space + 1; i < to; i++) joined[i - from - 1] = bytes[i];
    merge.left = ids.find(bytes, from, space);
    merge.right = ids.find(bytes, space + 1, to);
    merge.merged = ids.find(joined, 0, to - from - 1);
    return merge;
  };
}
