// SentencePiece's unigram model: of all ways to cut a text into pieces, the one whose scores add up highest (Viterbi), as Hugging
// Face's engine computes it, ties included.

import { UserError } from "../../error.ts";
import type { PieceModel } from "./bpe.ts";

export interface UnigramOptions {
  /** Piece and score, in the order of their ids. */
  readonly vocab: readonly (readonly [string, number])[];
  readonly unknownId: number | null;
  readonly byteFallback: boolean;
}

/** An unknown character costs this much more than the worst piece (SentencePiece's kUnkPenalty). */
const UNKNOWN_PENALTY = 10;

export class UnigramModel implements PieceModel {
  readonly #options: UnigramOptions;
  readonly #ids: ReadonlyMap<string, number>;
  /** Pieces in order of their UTF-16 units, to walk down like a tree by halving ranges. */
  readonly #sorted: readonly string[];
  readonly #unknownScore: number;
  readonly #utf8 = new TextEncoder();

  constructor(options: UnigramOptions) {
    this.#options = options;
    this.#ids = new Map(options.vocab.map(([piece], id) => [piece, id]));
    this.#sorted = [...this.#ids.keys()].filter((piece) => piece !== "").sort();
    let worst = Number.POSITIVE_INFINITY;
    for (const [, score] of options.vocab) worst = Math.min(worst, score);
    this.#unknownScore = worst - UNKNOWN_PENALTY;
  }

  encode(piece: string, ids: number[]): void {
    const { vocab, unknownId, byteFallback } = this.#options;
    const { starts, nodes } = this.#bestPath(piece);
    const path: [number, number][] = [];
    for (let at = piece.length; at > 0; at = starts[at]) path.push([starts[at], at]);
    path.reverse();
    for (let i = 0; i < path.length; i++) {
      const [from, to] = path[i];
      if (nodes[to] >= 0) {
        ids.push(nodes[to]);
        continue;
      }
      // unknown characters in a row are one unknown piece
      let last = to;
      while (i + 1 < path.length && nodes[path[i + 1][1]] < 0) last = path[++i][1];
      const text = piece.slice(from, last);
      const bytes = byteFallback
        ? Array.from(this.#utf8.encode(text), (byte) => this.#ids.get(`<0x${hex(byte)}>`) ?? -1)
        : [-1];
      if (bytes.every((id) => id >= 0)) for (const id of bytes) ids.push(id);
      else if (unknownId !== null && unknownId < vocab.length) ids.push(unknownId);
      else {
        throw new UserError(
          `The text has ${JSON.stringify(text.slice(0, 20))}, which this tokenizer has no token for; remove or replace it.`,
          { param: "text", type: "invalid_text" },
        );
      }
    }
  }

  /** For each place where a best path ends: where its last piece begins, and that piece's id, -1 for unknown. */
  #bestPath(text: string): { readonly starts: Int32Array; readonly nodes: Int32Array } {
    const { vocab } = this.#options;
    const starts = new Int32Array(text.length + 1).fill(-1);
    const nodes = new Int32Array(text.length + 1).fill(-1);
    const scores = new Float64Array(text.length + 1);
    const offer = (from: number, to: number, score: number, id: number): void => {
      if (starts[to] >= 0 && score <= scores[to]) return;
      starts[to] = from;
      scores[to] = score;
      nodes[to] = id;
    };
    for (let at = 0, width = 1; at < text.length; at += width) {
      width = text.codePointAt(at)! > 0xffff ? 2 : 1;
      let single = false;
      let low = 0;
      let high = this.#sorted.length;
      for (let depth = 0; at + depth < text.length; depth++) {
        const unit = text.charCodeAt(at + depth);
        low = this.#firstFrom(low, high, depth, unit);
        high = this.#firstFrom(low, high, depth, unit + 1);
        if (low >= high) break;
        const candidate = this.#sorted[low];
        if (candidate.length !== depth + 1) continue;
        const id = this.#ids.get(candidate)!;
        offer(at, at + depth + 1, scores[at] + vocab[id][1], id);
        if (depth + 1 === width) single = true;
      }
      if (!single) offer(at, at + width, scores[at] + this.#unknownScore, -1);
    }
    return { starts, nodes };
  }

  /** The first place in a range of pieces with a common beginning of `depth` units whose next unit is at least `unit`. */
  #firstFrom(low: number, high: number, depth: number, unit: number): number {
    while (low < high) {
      const middle = (low + high) >> 1;
      const piece = this.#sorted[middle];
      if (piece.length > depth && piece.charCodeAt(depth) >= unit) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

const hex = (byte: number): string => byte.toString(16).toUpperCase().padStart(2, "0");
