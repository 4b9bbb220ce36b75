// Text to token ids and back: the one interface every vocabulary format implements, and the line between tokens that are text and
// tokens that steer the model, which untrusted text must not be able to write.

import { UserError } from "../error.ts";

export interface EncodeOptions {
  /** Adds what the tokenizer puts around a text (usually BOS). Default false. */
  readonly addSpecial?: boolean;
  /** Reads special tokens written in the text (`<｜User｜>`) as those tokens; else they are ordinary characters. Default false. */
  readonly parseSpecial?: boolean;
}

export interface DecodeOptions {
  /** Leaves out tokens marked special (BOS, EOS, padding), as transformers does. Default false. */
  readonly skipSpecial?: boolean;
}

export interface Tokenizer {
  /** @throws UserError where a character has no token. */
  encode(text: string, options?: EncodeOptions): number[];
  /** @throws UserError for an id outside the vocabulary. */
  decode(ids: readonly number[], options?: DecodeOptions): string;
  /** The bytes a token adds to the text: joined and read as UTF-8 they are the decoded text. @throws UserError */
  tokenBytes(id: number): Uint8Array;
  /** A space that the format puts before the first word and that decoding takes away again (SentencePiece). */
  readonly stripsFirstSpace: boolean;
  /** Ids are below this. */
  readonly vocabSize: number;
  idOf(token: string): number | undefined;
  tokenOf(id: number): string | undefined;
  isSpecial(id: number): boolean;
  readonly bosId: number | null;
  readonly eosIds: readonly number[];
  readonly padId: number | null;
}

/**
 * Whether a token steers the model rather than being text: marked special, or shaped like DeepSeek's and OpenAI's markers, which
 * published vocabularies often forget to mark (llama.cpp's converter draws the same line).
 */
export const isControlToken = (content: string, special: boolean): boolean =>
  special || /^<(\|.*\||｜.*｜)>$/.test(content);

/** The error for an id that no token has. */
export const noSuchToken = (id: number, vocabSize: number): UserError =>
  new UserError(`The token id ${id} is outside the vocabulary; ids go from 0 to ${vocabSize - 1}.`, {
    param: "ids",
    type: "invalid_token",
  });
