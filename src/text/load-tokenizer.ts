// From the files of a model to a tokenizer: the direct one for vocabularies of single characters, our own engine for the families
// that models of today use, Hugging Face's for the rest; from a tokenizer.json or from the metadata of a GGUF file.

import fs from "node:fs";
import path from "node:path";
import { UserError } from "../error.ts";
import { CharacterTokenizer, isCharacterLevel } from "./character-tokenizer.ts";
import { EngineTokenizer } from "./engine/engine-tokenizer.ts";
import { type GgufKeys, ggufTokenizerParts } from "./engine/gguf-vocabulary.ts";
import { compileTokenizerJson, vocabularyOf } from "./engine/tokenizer-json.ts";
import { HuggingFaceTokenizer } from "./huggingface-tokenizer.ts";
import { PackedTexts } from "./packed-texts.ts";
import type { Tokenizer } from "./tokenizer.ts";
import { checkTokenizerJson, namedTokens, type TokenizerOptions } from "./tokenizer-config.ts";

/** Where a tokenizer comes from: the path of a tokenizer.json, or the key-value part of a GGUF file. */
export type TokenizerSource =
  | string
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "gguf"; readonly metadata: GgufKeys };

/** Loads a tokenizer; beside a tokenizer.json, tokenizer_config.json is read where there is one. @throws UserError */
export function loadTokenizer(from: TokenizerSource, options: TokenizerOptions = {}): Tokenizer {
  if (typeof from === "object" && from.kind === "gguf") return ggufTokenizer(from.metadata, options);
  const file = typeof from === "string" ? from : from.path;
  const beside = path.join(path.dirname(file), "tokenizer_config.json");
  const config = options.config ?? (fs.existsSync(beside) ? (readJson(beside) as Record<string, unknown>) : {});
  return makeTokenizer(readJson(file), { ...options, config, file });
}

/** Makes a tokenizer of the parsed tokenizer.json. @throws UserError where it cannot be used. */
export function makeTokenizer(json: unknown, options: TokenizerOptions = {}): Tokenizer {
  const file = options.file ?? "tokenizer.json";
  const checked = checkTokenizerJson(json, file);
  if (isCharacterLevel(json)) return new CharacterTokenizer(json, options);
  const vocabulary = vocabularyOf(checked);
  if (vocabulary !== null) {
    const named = namedTokens(options, (token) => vocabulary.ids.get(token), vocabulary.tokens.length);
    const parts = compileTokenizerJson(checked, vocabulary, named, file);
    if (parts !== null) return new EngineTokenizer({ ...parts, limitMs: options.limitMs });
  }
  return new HuggingFaceTokenizer(json, options);
}

/** Makes a tokenizer of a GGUF file's vocabulary; of the tokenizer.json inside it where it carries one. @throws UserError */
function ggufTokenizer(keys: GgufKeys, options: TokenizerOptions): Tokenizer {
  const whole = keys.get("tokenizer.huggingface.json");
  if (typeof whole !== "string") return new EngineTokenizer(ggufTokenizerParts(keys, options));
  const file = `${options.file ?? keys.file ?? "the GGUF file"}: tokenizer.huggingface.json`;
  const tokens = keys.get("tokenizer.ggml.tokens");
  const named = (role: string): Record<string, unknown> => {
    const id = keys.get(`tokenizer.ggml.${role}_id`);
    const token: unknown =
      (Array.isArray(tokens) || tokens instanceof PackedTexts) && typeof id === "number" && id >= 0
        ? tokens.at(id)
        : undefined;
    return typeof token === "string" ? { [role === "padding_token" ? "pad_token" : role]: token } : {};
  };
  const config = { ...named("bos_token"), ...named("eos_token"), ...named("padding_token"), ...options.config };
  return makeTokenizer(parseJson(whole, file), { ...options, config, file });
}

function readJson(file: string): unknown {
  let text: string;
  try {
    text = fs.readFileSync(file, "utf8");
  } catch (error) {
    throw cannotRead(file, error);
  }
  return parseJson(text, file);
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw cannotRead(file, error);
  }
}

const cannotRead = (file: string, error: unknown): UserError =>
  new UserError(
    `${file} cannot be read (${String((error as Error).message)
      .replace(/\s+/g, " ")
      .slice(0, 100)}); use the one published with the model.`,
    { param: file, type: "invalid_tokenizer", cause: error },
  );
