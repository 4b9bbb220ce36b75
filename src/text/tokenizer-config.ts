// What stands around a vocabulary: the options of whoever loads it, the tokens that config files name, and whether a file is a
// tokenizer.json at all.

import { UserError } from "../error.ts";
import type { AddedToken } from "./engine/added-tokens.ts";

export interface TokenizerOptions {
  /** Parsed tokenizer_config.json, which names BOS, EOS and padding. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** The model's vocab_size where it is padded past the tokenizer's: those ids decode to nothing instead of failing. */
  readonly paddedVocabSize?: number;
  /** More ids that end a text, as generation_config.json lists them. */
  readonly eosIds?: readonly number[];
  /** Named in errors. */
  readonly file?: string;
  /** How long one text may take with patterns that are not of a published model. Default: timeLimitFor in engine/patterns.ts. */
  readonly limitMs?: number;
}

/** A tokenizer.json as far as every reader relies on it. */
export interface CheckedTokenizerJson {
  readonly added_tokens: readonly AddedToken[];
  readonly model: { readonly [field: string]: unknown };
  readonly [field: string]: unknown;
}

/** Tokens with a role, and how many ids there are. */
export interface NamedTokens {
  readonly bosId: number | null;
  readonly eosIds: readonly number[];
  readonly padId: number | null;
  readonly vocabSize: number;
}

/** Checks that parsed JSON is a tokenizer.json. @throws UserError */
export function checkTokenizerJson(json: unknown, file: string): CheckedTokenizerJson {
  const added = (json as { added_tokens?: unknown } | null)?.added_tokens;
  const model = (json as { model?: unknown } | null)?.model;
  const fine =
    Array.isArray(added) &&
    added.every((one) => typeof one?.content === "string" && Number.isInteger(one?.id) && one.id >= 0) &&
    typeof model === "object" &&
    model !== null;
  if (fine) return json as CheckedTokenizerJson;
  throw new UserError(
    `${file} is not a tokenizer.json of Hugging Face's tokenizers; use the one published with the model.`,
    { param: file, type: "invalid_tokenizer" },
  );
}

/** Finds the tokens a tokenizer_config.json names (DeepSeek's where it names none), in a vocabulary of `known` ids. */
export function namedTokens(
  options: TokenizerOptions,
  idOf: (token: string) => number | undefined,
  known: number,
): NamedTokens {
  const config = options.config ?? {};
  const id = (name: string, otherwise?: string): number | null => {
    const token = tokenText(config[name]);
    return (
      (token === null ? undefined : idOf(token)) ?? (otherwise === undefined ? undefined : idOf(otherwise)) ?? null
    );
  };
  const eos = id("eos_token", "<｜end▁of▁sentence｜>");
  return {
    bosId: id("bos_token", "<｜begin▁of▁sentence｜>"),
    eosIds: [...new Set([...(eos === null ? [] : [eos]), ...(options.eosIds ?? [])])],
    padId: id("pad_token"),
    vocabSize: Math.max(known, options.paddedVocabSize ?? 0),
  };
}

/** `"<s>"` or `{content: "<s>"}`, as tokenizer_config.json writes tokens. */
function tokenText(value: unknown): string | null {
  if (typeof value === "string") return value;
  const content = (value as { content?: unknown } | null | undefined)?.content;
  return typeof content === "string" ? content : null;
}
