// Byte-pair encoding over token ids: merges live in one hash table of numbers, a word's merges are found by a heap, and words seen
// before come from a cache. Works on bytes (GPT-2's kind) or on characters with bytes for those unknown (SentencePiece's kind).

import { UserError } from "../../error.ts";
import type { TokenIds } from "../packed-texts.ts";
import { LETTER_OF_BYTE } from "../token-bytes.ts";
import { MergeQueue } from "./merge-queue.ts";
import { type Merges, mergeTable, type PairTable } from "./pair-table.ts";

/** Turns one piece of text into ids. */
export interface PieceModel {
  /** Appends the ids of `piece` to `ids`. @throws UserError where a character has no token */
  encode(piece: string, ids: number[]): void;
}

export interface BpeOptions {
  readonly ids: TokenIds;
  readonly merges: Merges;
  /** Pieces are read as UTF-8 bytes, each with a token (GPT-2's letters), else as characters. */
  readonly byteLevel: boolean;
  /** Unknown characters become `<0xNN>` tokens. */
  readonly byteFallback?: boolean;
  /** A piece that is a token is that token, whatever the merges say. */
  readonly ignoreMerges?: boolean;
  readonly unknownId?: number | null;
  /** Several unknown characters in a row are one unknown token. */
  readonly fuseUnknown?: boolean;
  /** Named in errors. */
  readonly file: string;
}

/** Longer pieces are not remembered: they hardly come twice. */
const LONGEST_CACHED = 40;
const CACHE_SIZE = 1 << 16;

export class BpeModel implements PieceModel {
  readonly #options: BpeOptions;
  readonly #merges: PairTable;
  /** The id of each byte's token, -1 where there is none. */
  readonly #bytes: Int32Array;
  readonly #cache = new Map<string, readonly number[]>();
  readonly #queue = new MergeQueue();
  #symbols = new Int32Array(64);
  #next = new Int32Array(64);
  #previous = new Int32Array(64);
  readonly #utf8 = new TextEncoder();

  constructor(options: BpeOptions) {
    this.#options = options;
    this.#merges = mergeTable(options);
    this.#bytes = Int32Array.from({ length: 256 }, (_, b) => {
      const name = options.byteLevel ? LETTER_OF_BYTE[b] : `<0x${b.toString(16).toUpperCase().padStart(2, "0")}>`;
      return options.ids.get(name) ?? -1;
    });
  }

  encode(piece: string, ids: number[]): void {
    const known = this.#cache.get(piece);
    if (known !== undefined) {
      for (let i = 0; i < known.length; i++) ids.push(known[i]);
      return;
    }
    const from = ids.length;
    const whole = this.#options.ignoreMerges ? this.#wholeId(piece) : undefined;
    if (whole !== undefined) ids.push(whole);
    else this.#merge(this.#split(piece), ids);
    if (piece.length <= LONGEST_CACHED) {
      if (this.#cache.size >= CACHE_SIZE) this.#cache.clear();
      this.#cache.set(piece, ids.slice(from));
    }
  }

  #wholeId(piece: string): number | undefined {
    if (!this.#options.byteLevel) return this.#options.ids.get(piece);
    let letters = "";
    for (const byte of this.#utf8.encode(piece)) letters += LETTER_OF_BYTE[byte];
    return this.#options.ids.get(letters);
  }

  /** Fills `#symbols` with the first, smallest tokens; returns how many. */
  #split(piece: string): number {
    const most = piece.length * 3;
    if (most > this.#symbols.length) {
      const size = 2 ** Math.ceil(Math.log2(most));
      this.#symbols = new Int32Array(size);
      this.#next = new Int32Array(size);
      this.#previous = new Int32Array(size);
    }
    return this.#options.byteLevel ? this.#splitBytes(piece) : this.#splitCharacters(piece);
  }

  #splitBytes(piece: string): number {
    const bytes = this.#utf8.encode(piece);
    const { unknownId = null, merges } = this.#options;
    let n = 0;
    for (let i = 0; i < bytes.length; i++) {
      const id = this.#bytes[bytes[i]];
      if (id >= 0) this.#symbols[n++] = id;
      else if (unknownId !== null) this.#symbols[n++] = unknownId;
      // SmolLM's vocabulary lacks bytes that hardly occur, and both Hugging Face's engine and llama.cpp pass over them; a vocabulary
      // of single characters lacks whole scripts, which must not vanish
      else if (merges.length === 0) throw this.#noToken(piece);
    }
    return n;
  }

  #splitCharacters(piece: string): number {
    const { ids, byteFallback, unknownId = null, fuseUnknown } = this.#options;
    let n = 0;
    let unknownBefore = false;
    for (const character of piece) {
      const id = ids.get(character);
      let unknown = false;
      if (id !== undefined) this.#symbols[n++] = id;
      else if (byteFallback && this.#utf8.encode(character).every((byte) => this.#bytes[byte] >= 0)) {
        for (const byte of this.#utf8.encode(character)) this.#symbols[n++] = this.#bytes[byte];
      } else if (unknownId === null) throw this.#noToken(character);
      else {
        if (!(fuseUnknown && unknownBefore)) this.#symbols[n++] = unknownId;
        unknown = true;
      }
      unknownBefore = unknown;
    }
    return n;
  }

  /** Merges the first `n` symbols and appends what is left. */
  #merge(n: number, ids: number[]): void {
    const symbols = this.#symbols;
    const next = this.#next;
    const previous = this.#previous;
    const queue = this.#queue;
    const merges = this.#merges;
    queue.clear();
    for (let i = 0; i < n; i++) {
      next[i] = i + 1 < n ? i + 1 : -1;
      previous[i] = i - 1;
      if (i > 0 && merges.find(symbols[i - 1], symbols[i])) queue.push(merges.rank, i - 1);
    }
    while (queue.pop()) {
      const left = queue.position;
      const right = next[left];
      // an entry whose neighbours have changed since is out of date
      if (symbols[left] < 0 || right < 0) continue;
      if (!merges.find(symbols[left], symbols[right]) || merges.rank !== queue.rank) continue;
      symbols[left] = merges.merged;
      symbols[right] = -1;
      const after = next[right];
      next[left] = after;
      if (after >= 0) {
        previous[after] = left;
        if (merges.find(symbols[left], symbols[after])) queue.push(merges.rank, left);
      }
      const before = previous[left];
      if (before >= 0 && merges.find(symbols[before], symbols[left])) queue.push(merges.rank, before);
    }
    for (let i = n > 0 ? 0 : -1; i >= 0; i = next[i]) ids.push(symbols[i]);
  }

  #noToken(text: string): UserError {
    const character = String.fromCodePoint(text.codePointAt(0)!);
    return new UserError(
      `The text has ${JSON.stringify(character)}, which this tokenizer has no token for; remove or replace it.`,
      { param: "text", type: "invalid_text" },
    );
  }
}
