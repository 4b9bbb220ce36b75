// A tokenizer put together from its parts: tokens cut out of the text first, a normalizer, a pre-tokenizer and the model that
// merges pieces. The parts come from a tokenizer.json or from the metadata of a GGUF file.

import type { TokenIds } from "../packed-texts.ts";
import { type DecodeOptions, type EncodeOptions, isControlToken, noSuchToken, type Tokenizer } from "../tokenizer.ts";
import { type AddedToken, AddedTokenSplitter } from "./added-tokens.ts";
import type { PieceModel } from "./bpe.ts";
import type { Normalizer } from "./normalizers.ts";
import { timeLimitFor, withTimeLimit } from "./patterns.ts";
import type { PreTokenizer } from "./pre-tokenizers.ts";

export interface TokenizerParts {
  /** By id; holes are ids without a token. */
  readonly tokens: { at(id: number): string | undefined };
  readonly ids: TokenIds;
  /** Cut out of every text (control tokens only where special tokens are parsed). */
  readonly added: readonly AddedToken[];
  /** Left out by skipSpecial. */
  readonly special: ReadonlySet<number>;
  /** Tokens that steer the model: read from a text only where special tokens are parsed. */
  readonly isControl: (token: AddedToken) => boolean;
  readonly normalize: Normalizer;
  readonly cut: PreTokenizer;
  readonly model: PieceModel;
  /** What addSpecial puts around a text. */
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly bytesOf: (token: string, id: number) => Uint8Array;
  readonly stripsFirstSpace: boolean;
  /** A text after a special token begins as a text of its own (llama.cpp puts a space in front of both). */
  readonly restarts?: boolean;
  /** Patterns of unknown cost: encoding is stopped where it takes too long. */
  readonly limited: boolean;
  readonly limitMs?: number;
  readonly bosId: number | null;
  readonly eosIds: readonly number[];
  readonly padId: number | null;
  readonly vocabSize: number;
  /** Named in errors. */
  readonly file: string;
}

/** The control tokens of a tokenizer.json. */
export const isControlAdded = (token: AddedToken): boolean => isControlToken(token.content, token.special);

export class EngineTokenizer implements Tokenizer {
  readonly vocabSize: number;
  readonly bosId: number | null;
  readonly eosIds: readonly number[];
  readonly padId: number | null;
  readonly stripsFirstSpace: boolean;
  readonly #parts: TokenizerParts;
  /** With and without control tokens, in the text as it comes and in the normalized text; made when first needed. */
  readonly #splitters = new Map<boolean, readonly [AddedTokenSplitter, AddedTokenSplitter]>();
  readonly #bytes: (Uint8Array | undefined)[] = [];

  constructor(parts: TokenizerParts) {
    this.#parts = parts;
    this.vocabSize = parts.vocabSize;
    this.bosId = parts.bosId;
    this.eosIds = parts.eosIds;
    this.padId = parts.padId;
    this.stripsFirstSpace = parts.stripsFirstSpace;
  }

  encode(text: string, { addSpecial = false, parseSpecial = false }: EncodeOptions = {}): number[] {
    // half a surrogate pair is no character: read as U+FFFD, which is what any UTF-8 of it would say
    const whole = text.isWellFormed() ? text : text.toWellFormed();
    const { limited, limitMs, before, after, file } = this.#parts;
    const ids: number[] = addSpecial ? [...before] : [];
    if (limited) {
      const limit = limitMs ?? timeLimitFor(whole.length);
      withTimeLimit(
        () => this.#encode(whole, parseSpecial, ids),
        limit,
        `${file}: its patterns took longer than ${limit / 1000} s on a text of ${whole.length} characters and were stopped; use the file published with the model.`,
      );
    } else this.#encode(whole, parseSpecial, ids);
    if (addSpecial) for (const id of after) ids.push(id);
    return ids;
  }

  decode(ids: readonly number[], { skipSpecial = false }: DecodeOptions = {}): string {
    let length = 0;
    const pieces: Uint8Array[] = [];
    for (const id of ids) {
      const bytes = this.tokenBytes(id);
      if (skipSpecial && this.isSpecial(id)) continue;
      pieces.push(bytes);
      length += bytes.length;
    }
    const joined = new Uint8Array(length);
    let at = 0;
    for (const bytes of pieces) {
      joined.set(bytes, at);
      at += bytes.length;
    }
    return utf8.decode(this.stripsFirstSpace && joined[0] === 0x20 ? joined.subarray(1) : joined);
  }

  tokenBytes(id: number): Uint8Array {
    if (!Number.isInteger(id) || id < 0 || id >= this.vocabSize) throw noSuchToken(id, this.vocabSize);
    const known = this.#bytes[id];
    if (known !== undefined) return known;
    const token = this.#parts.tokens.at(id);
    const bytes = token === undefined ? NOTHING : this.#parts.bytesOf(token, id);
    this.#bytes[id] = bytes;
    return bytes;
  }

  idOf(token: string): number | undefined {
    return this.#parts.ids.get(token);
  }

  tokenOf(id: number): string | undefined {
    return id >= 0 ? this.#parts.tokens.at(id) : undefined;
  }

  isSpecial(id: number): boolean {
    return this.#parts.special.has(id);
  }

  #encode(text: string, parseSpecial: boolean, ids: number[]): void {
    const [raw, normalized] = this.#splittersFor(parseSpecial);
    const { normalize, cut, model, restarts = false } = this.#parts;
    let first = true;
    for (const section of raw.split(text)) {
      if (typeof section !== "string") {
        ids.push(section.id);
        first = restarts;
        continue;
      }
      for (const part of normalized.split(normalize(section))) {
        if (typeof part === "string") for (const piece of cut([part], first)) model.encode(piece, ids);
        else ids.push(part.id);
        first = typeof part !== "string" && restarts;
      }
    }
  }

  #splittersFor(parseSpecial: boolean): readonly [AddedTokenSplitter, AddedTokenSplitter] {
    const known = this.#splitters.get(parseSpecial);
    if (known !== undefined) return known;
    const { added, isControl, normalize } = this.#parts;
    const tokens = added.filter((token) => parseSpecial || !isControl(token));
    const splitters = [
      new AddedTokenSplitter(tokens.filter((token) => token.normalized !== true)),
      new AddedTokenSplitter(
        tokens.filter((token) => token.normalized === true),
        (token) => normalize(token.content),
      ),
    ] as const;
    this.#splitters.set(parseSpecial, splitters);
    return splitters;
  }
}

const NOTHING = new Uint8Array(0);
const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
