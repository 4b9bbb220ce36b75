// llama2.c's tokenizer.bin: SentencePiece pieces with scores, merged greedily by the best score exactly as run.c does, so that
// its published texts come out token for token.

import fs from "node:fs";
import { UserError } from "../error.ts";
import { ScoreMergeModel } from "./engine/score-merge.ts";
import { sentencePieceBytes } from "./token-bytes.ts";
import { type DecodeOptions, type EncodeOptions, noSuchToken, type Tokenizer } from "./tokenizer.ts";

/** Reads a llama2.c tokenizer.bin: int32 longest piece, then float32 score, int32 length, bytes for each token. @throws UserError */
export function readLlama2cTokenizer(file: string): Tokenizer {
  let bytes: Buffer;
  try {
    bytes = fs.readFileSync(file);
  } catch (error) {
    throw new UserError(`${file} cannot be read (${(error as Error).message}); check the path.`, {
      param: file,
      cause: error,
    });
  }
  const pieces: string[] = [];
  const scores: number[] = [];
  const fail = (): UserError =>
    new UserError(`${file} is not a llama2.c tokenizer: its token ${pieces.length} is cut short.`, {
      param: file,
      type: "invalid_tokenizer",
    });
  for (let at = 4; at < bytes.length || pieces.length === 0; ) {
    if (at + 8 > bytes.length) throw fail();
    const length = bytes.readInt32LE(at + 4);
    if (length < 0 || at + 8 + length > bytes.length) throw fail();
    scores.push(bytes.readFloatLE(at));
    pieces.push(bytes.toString("utf8", at + 8, at + 8 + length));
    at += 8 + length;
  }
  return new Llama2cTokenizer(pieces, scores);
}

const BOS = 1;
const EOS = 2;
/** Ids 3 to 258 are the bytes. */
const FIRST_BYTE = 3;

class Llama2cTokenizer implements Tokenizer {
  readonly vocabSize: number;
  readonly bosId = BOS;
  readonly eosIds = [EOS];
  readonly padId = null;
  readonly stripsFirstSpace = true;
  readonly #pieces: readonly string[];
  readonly #model: ScoreMergeModel;
  readonly #ids = new Map<string, number>();

  constructor(pieces: readonly string[], scores: readonly number[]) {
    // the file writes the two marks between newlines, for printing
    this.#pieces = pieces.map((piece, id) => (id === BOS || id === EOS ? piece.trim() : piece));
    this.vocabSize = pieces.length;
    for (const [id, piece] of this.#pieces.entries()) if (!this.#ids.has(piece)) this.#ids.set(piece, id);
    const byteIds = Array.from({ length: 256 }, (_, byte) => FIRST_BYTE + byte);
    this.#model = new ScoreMergeModel({ ids: this.#ids, scores, byteIds, unknownId: null });
  }

  encode(text: string, { addSpecial = false, parseSpecial = false }: EncodeOptions = {}): number[] {
    const ids: number[] = addSpecial ? [BOS] : [];
    const parts = parseSpecial ? text.split(/(<s>|<\/s>)/) : [text];
    for (const part of parts) {
      if (parseSpecial && (part === "<s>" || part === "</s>")) ids.push(part === "<s>" ? BOS : EOS);
      else if (part !== "") this.#model.encode(` ${part}`, ids);
    }
    return ids;
  }

  decode(ids: readonly number[], { skipSpecial = false }: DecodeOptions = {}): string {
    const kept = skipSpecial ? ids.filter((id) => !this.isSpecial(id)) : ids;
    const bytes = Buffer.concat(kept.map((id) => this.tokenBytes(id)));
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes[0] === 0x20 ? bytes.subarray(1) : bytes);
  }

  tokenBytes(id: number): Uint8Array {
    if (!Number.isInteger(id) || id < 0 || id >= this.vocabSize) throw noSuchToken(id, this.vocabSize);
    return sentencePieceBytes(this.#pieces[id], false);
  }

  idOf(token: string): number | undefined {
    return this.#ids.get(token);
  }

  tokenOf(id: number): string | undefined {
    return this.#pieces[id];
  }

  isSpecial(id: number): boolean {
    return id === BOS || id === EOS;
  }
}
