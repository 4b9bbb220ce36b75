// Hugging Face's tokenizer.json through their own JavaScript engine, with what an engine for untrusted text adds: special tokens
// that a user typed stay plain text, ids are checked, and padded vocabularies decode.

import { Tokenizer as Engine } from "@huggingface/tokenizers";
import { UserError } from "../error.ts";
import { tokenBytesOf } from "./token-bytes.ts";
import { type DecodeOptions, type EncodeOptions, isControlToken, noSuchToken, type Tokenizer } from "./tokenizer.ts";

export interface TokenizerOptions {
  /** Parsed tokenizer_config.json, which names BOS, EOS and padding. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** The model's vocab_size where it is padded past the tokenizer's: those ids decode to nothing instead of failing. */
  readonly paddedVocabSize?: number;
  /** More ids that end a text, as generation_config.json lists them. */
  readonly eosIds?: readonly number[];
  /** Named in errors. */
  readonly file?: string;
}

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

  constructor(json: unknown, options: TokenizerOptions) {
    const config = options.config ?? {};
    const where = options.file ?? "tokenizer.json";
    if (!isTokenizerJson(json)) {
      throw new UserError(
        `${where} is not a tokenizer.json of Hugging Face's tokenizers; use the one published with the model.`,
        {
          param: where,
          type: "invalid_tokenizer",
        },
      );
    }
    try {
      this.#parsing = new Engine(json, config);
    } catch (error) {
      throw new UserError(`${where} cannot be used (${(error as Error).message}).`, {
        param: where,
        type: "invalid_tokenizer",
        cause: error,
      });
    }
    const added = json.added_tokens;
    for (const token of added) if (token.special) this.#special.add(token.id);
    this.#literal = withoutControlTokens(this.#parsing, added);
    this.#known = Math.max(...added.map((token) => token.id + 1), modelVocabularySize(json));
    this.vocabSize = Math.max(this.#known, options.paddedVocabSize ?? 0);
    const id = (name: string): number | null => {
      const token = tokenText(config[name]);
      return token === null ? null : (this.idOf(token) ?? null);
    };
    this.bosId = id("bos_token") ?? this.#fallback("<｜begin▁of▁sentence｜>");
    const eos = id("eos_token") ?? this.#fallback("<｜end▁of▁sentence｜>");
    this.eosIds = [...new Set([...(eos === null ? [] : [eos]), ...(options.eosIds ?? [])])];
    this.padId = id("pad_token");
    const bytes = tokenBytesOf(json, new Set(added.map((token) => token.id)));
    this.#bytesOf = bytes.bytesOf;
    this.stripsFirstSpace = bytes.stripsFirstSpace;
  }

  encode(text: string, { addSpecial = false, parseSpecial = false }: EncodeOptions = {}): number[] {
    const engine = parseSpecial ? this.#parsing : this.#literal;
    const ids: number[] = engine.encode(text, { add_special_tokens: addSpecial }).ids;
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
    return this.#parsing.decode(kept, { skip_special_tokens: false, clean_up_tokenization_spaces: false });
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

  #check(id: number): void {
    if (!Number.isInteger(id) || id < 0 || id >= this.vocabSize) throw noSuchToken(id, this.vocabSize);
  }

  #fallback(token: string): number | null {
    return this.idOf(token) ?? null;
  }
}

const NOTHING = new Uint8Array(0);

interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly special: boolean;
}

interface TokenizerJson {
  readonly added_tokens: readonly AddedToken[];
  readonly model: { readonly vocab: unknown };
  readonly decoder?: unknown;
}

function isTokenizerJson(json: unknown): json is TokenizerJson {
  if (typeof json !== "object" || json === null) return false;
  const { added_tokens: added, model } = json as Record<string, unknown>;
  if (!Array.isArray(added) || typeof model !== "object" || model === null) return false;
  return added.every((one) => typeof one?.content === "string" && Number.isInteger(one?.id) && one.id >= 0);
}

function modelVocabularySize({ model }: TokenizerJson): number {
  if (Array.isArray(model.vocab)) return model.vocab.length; // Unigram: a list in id order
  let size = 0;
  for (const id of Object.values((model.vocab ?? {}) as Record<string, number>)) if (id >= size) size = id + 1;
  return size;
}

/** `"<s>"` or `{content: "<s>"}`, as tokenizer_config.json writes tokens. */
function tokenText(value: unknown): string | null {
  if (typeof value === "string") return value;
  const content = (value as { content?: unknown } | null | undefined)?.content;
  return typeof content === "string" ? content : null;
}

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
  const kept = (added as readonly (AddedToken & { normalized?: boolean })[]).filter(
    (token) => !control.has(token.content),
  );
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
