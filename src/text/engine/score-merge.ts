// SentencePiece's byte-pair encoding as GGUF and llama2.c store it: no list of merges, but a score for each piece. Neighbours whose
// union is a piece are merged, the best score first; what is no piece at the end is spelled in bytes.

import { UserError } from "../../error.ts";
import type { TokenIds } from "../packed-texts.ts";
import type { PieceModel } from "./bpe.ts";
import { MergeQueue } from "./merge-queue.ts";

export interface ScoredPieces {
  readonly ids: TokenIds;
  /** By id. */
  readonly scores: ArrayLike<number>;
  /** The id of each byte's token, -1 where there is none. */
  readonly byteIds: ArrayLike<number>;
  /** For bytes without a token; null: they are an error. */
  readonly unknownId: number | null;
}

export class ScoreMergeModel implements PieceModel {
  readonly #pieces: ScoredPieces;
  /** By id: 0 for the best score; equal scores share a rank. */
  readonly #ranks: Int32Array;
  readonly #queue = new MergeQueue();
  readonly #utf8 = new TextEncoder();

  constructor(pieces: ScoredPieces) {
    this.#pieces = pieces;
    this.#ranks = ranksOf(pieces.scores);
  }

  encode(text: string, ids: number[]): void {
    // symbols are stretches of the text: where each ends, and where the one before it begins; a swallowed one ends at -1
    const end = new Int32Array(text.length + 1);
    const previous = new Int32Array(text.length + 1);
    let before = -1;
    for (let at = 0; at < text.length; at = end[at]) {
      end[at] = at + (text.codePointAt(at)! > 0xffff ? 2 : 1);
      previous[at] = before;
      before = at;
    }
    this.#queue.clear();
    for (let at = 0; at < text.length; at = end[at]) this.#consider(text, at, end);
    this.#merge(text, end, previous);
    for (let at = 0; at < text.length; at = end[at]) this.#emit(text.slice(at, end[at]), ids);
  }

  #merge(text: string, end: Int32Array, previous: Int32Array): void {
    const queue = this.#queue;
    while (queue.pop()) {
      const { position: left, rank } = queue;
      const right = end[left];
      // an entry whose neighbours have changed since is out of date
      if (right < 0 || right >= text.length || this.#unionRank(text, left, end) !== rank) continue;
      end[left] = end[right];
      end[right] = -1;
      if (end[left] < text.length) previous[end[left]] = left;
      this.#consider(text, left, end);
      if (previous[left] >= 0) this.#consider(text, previous[left], end);
    }
  }

  #consider(text: string, left: number, end: Int32Array): void {
    const rank = this.#unionRank(text, left, end);
    if (rank >= 0) this.#queue.push(rank, left);
  }

  /** The rank of a symbol joined with the one after it, -1 where that is no piece. */
  #unionRank(text: string, left: number, end: Int32Array): number {
    const right = end[left];
    if (right >= text.length) return -1;
    const id = this.#pieces.ids.get(text.slice(left, end[right]));
    return id === undefined ? -1 : this.#ranks[id];
  }

  #emit(symbol: string, ids: number[]): void {
    const { ids: known, byteIds, unknownId } = this.#pieces;
    const id = known.get(symbol);
    if (id !== undefined) {
      ids.push(id);
      return;
    }
    for (const byte of this.#utf8.encode(symbol)) {
      const one = byteIds[byte] >= 0 ? byteIds[byte] : unknownId;
      if (one === null) {
        throw new UserError(
          `The text has ${JSON.stringify(symbol)}, which this tokenizer has no token for; remove or replace it.`,
          { param: "text", type: "invalid_text" },
        );
      }
      ids.push(one);
    }
  }
}

function ranksOf(scores: ArrayLike<number>): Int32Array {
  const sorted = Float64Array.from(new Set(Array.from(scores, (score) => (Number.isNaN(score) ? -1e30 : score))));
  sorted.sort().reverse();
  const rankOf = new Map(Array.from(sorted, (score, rank) => [score, rank] as const));
  return Int32Array.from(scores, (score) => rankOf.get(Number.isNaN(score) ? -1e30 : score)!);
}
