// Hugging Face's tokenizer.json through their own JavaScript engine, for the kinds our own does not know (WordPiece and the like),
// with what untrusted text asks for: special tokens that a user typed stay plain text, ids are checked, padded vocabularies decode.

import { Tokenizer as Engine } from "@huggingface/tokenizers";
import { UserError } from "../error.ts";
import type { AddedToken } from "./engine/added-tokens.ts";
import { timeLimitFor, withTimeLimit } from "./engine/patterns.ts";
import { tokenBytesOf } from "./token-bytes.ts";
import { type DecodeOptions, type EncodeOptions, isControlToken, noSuchToken, type Tokenizer } from "./tokenizer.ts";
import {
  type CheckedTokenizerJson,
  checkTokenizerJson,
  namedTokens,
  type TokenizerOptions,
} from "./tokenizer-config.ts";

export class HuggingFaceTokenizer implements Tokenizer {
  readonly vocabSize: number;
  readonly bosId: number | null;
  readonly eosIds: readonly number[];
  readonly padId: number | null;
  readonly stripsFirstSpace: boolean;
  readonly #parsing: Engine;
  readonly #literal: Engine;
  readonly #special = new Set<number>();
  readonly #bytesOf: (token: string, id: number) => Uint8Array;
  readonly #known: number;
  readonly #file: string;
  readonly #limitMs: number | undefined;

  constructor(given: unknown, options: TokenizerOptions) {
    const where = options.file ?? "tokenizer.json";
    this.#file = where;
    this.#limitMs = options.limitMs;
    const json = checkTokenizerJson(given, where);
    this.#parsing = this.#checked(() => new Engine(json as never, options.config ?? {}));
    const added = json.added_tokens;
    for (const token of added) if (token.special) this.#special.add(token.id);
    this.#literal = this.#checked(() => withoutControlTokens(this.#parsing, added));
    this.#known = added.reduce((most, token) => Math.max(most, token.id + 1), modelVocabularySize(json));
    const named = namedTokens(options, (token) => this.idOf(token), this.#known);
    this.vocabSize = named.vocabSize;
    this.bosId = named.bosId;
    this.eosIds = named.eosIds;
    this.padId = named.padId;
    const bytes = tokenBytesOf(json, new Set(added.map((token) => token.id)));
    this.#bytesOf = bytes.bytesOf;
    this.stripsFirstSpace = bytes.stripsFirstSpace;
  }

  encode(text: string, { addSpecial = false, parseSpecial = false }: EncodeOptions = {}): number[] {
    const engine = parseSpecial ? this.#parsing : this.#literal;
    const ids = this.#run(text.length, (): number[] => engine.encode(text, { add_special_tokens: addSpecial }).ids);
    const gap = ids.findIndex((id) => id === undefined || id === null);
    if (gap >= 0) {
      throw new UserError("The text has a character that this tokenizer has no token for; remove it.", {
        param: "text",
        type: "invalid_text",
      });
    }
    return ids;
  }

  decode(ids: readonly number[], { skipSpecial = false }: DecodeOptions = {}): string {
    for (const id of ids) this.#check(id);
    // ids of the padded part of the vocabulary stand for nothing
    const kept = ids.filter((id) => this.tokenOf(id) !== undefined && !(skipSpecial && this.#special.has(id)));
    if (kept.length === 0) return "";
    return this.#run(kept.length, () =>
      this.#parsing.decode(kept, { skip_special_tokens: false, clean_up_tokenization_spaces: false }),
    );
  }

  tokenBytes(id: number): Uint8Array {
    this.#check(id);
    const token = this.tokenOf(id);
    return token === undefined ? NOTHING : this.#bytesOf(token, id);
  }

  idOf(token: string): number | undefined {
    return this.#parsing.token_to_id(token);
  }

  tokenOf(id: number): string | undefined {
    return id < this.#known ? this.#parsing.id_to_token(id) : undefined;
  }

  isSpecial(id: number): boolean {
    return this.#special.has(id);
  }

  /** Their engine checks little of a file: what is wrong with it shows only when it runs, and may take for ever. */
  #run<T>(length: number, work: () => T): T {
    const limit = this.#limitMs ?? timeLimitFor(length);
    const message = `${this.#file} took longer than ${limit / 1000} s on a text of ${length} characters and was stopped; use the file published with the model.`;
    return this.#checked(() => withTimeLimit(work, limit, message));
  }

  #checked<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (error instanceof UserError) throw error;
      throw new UserError(`${this.#file} cannot be used (${oneLine(error)}); use the one published with the model.`, {
        param: this.#file,
        type: "invalid_tokenizer",
        cause: error,
      });
    }
  }

  #check(id: number): void {
    if (!Number.isInteger(id) || id < 0 || id >= this.vocabSize) throw noSuchToken(id, this.vocabSize);
  }
}

const NOTHING = new Uint8Array(0);

function modelVocabularySize({ model }: CheckedTokenizerJson): number {
  if (Array.isArray(model.vocab)) return model.vocab.length; // Unigram: a list in id order
  let size = 0;
  for (const id of Object.values((model.vocab ?? {}) as Record<string, number>)) if (id >= size) size = id + 1;
  return size;
}

const oneLine = (error: unknown): string =>
  String((error as Error).message)
    .replace(/\s+/g, " ")
    .slice(0, 200);

/**
 * A second face of the same engine that does not cut control tokens out of a text. It shares the vocabulary and merges (tens of
 * megabytes) and replaces only the engine's tables of added tokens, which it keeps in fields not declared public; a test holds this.
 */
function withoutControlTokens(engine: Engine, added: readonly AddedToken[]): Engine {
  const fields = engine as unknown as {
    added_tokens_map: Map<string, unknown>;
    splitter_unnormalized: object;
    splitter_normalized: object;
  };
  const control = new Set(
    added.filter((token) => isControlToken(token.content, token.special)).map((token) => token.content),
  );
  const map = new Map([...fields.added_tokens_map].filter(([content]) => !control.has(content)));
  const Splitter = fields.splitter_unnormalized.constructor as new (contents: string[]) => object;
  const normalized = (token: { normalized?: boolean; special: boolean }): boolean =>
    token.normalized === true && engine.normalizer !== null;
  const kept = added.filter((token) => !control.has(token.content));
  const literal = Object.create(engine);
  literal.added_tokens_map = map;
  literal.splitter_unnormalized = new Splitter(
    kept.filter((token) => !normalized(token)).map((token) => token.content),
  );
  literal.splitter_normalized = new Splitter(
    kept.filter(normalized).map((token) => engine.normalizer!(token.content) as unknown as string),
  );
  return literal;
}
