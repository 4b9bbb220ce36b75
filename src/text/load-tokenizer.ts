// From the files of a model's folder to a tokenizer: the direct one for vocabularies of single characters, else Hugging Face's engine.

import fs from "node:fs";
import path from "node:path";
import { UserError } from "../error.ts";
import { CharacterTokenizer, isCharacterLevel } from "./character-tokenizer.ts";
import { EngineTokenizer } from "./engine/engine-tokenizer.ts";
import { compileTokenizerJson, vocabularyOf } from "./engine/tokenizer-json.ts";
import { HuggingFaceTokenizer } from "./huggingface-tokenizer.ts";
import type { Tokenizer } from "./tokenizer.ts";
import { checkTokenizerJson, namedTokens, type TokenizerOptions } from "./tokenizer-config.ts";

/** Reads a tokenizer.json, and tokenizer_config.json beside it where there is one. @throws UserError */
export function loadTokenizer(file: string, options: TokenizerOptions = {}): Tokenizer {
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
    if (parts !== null) return new EngineTokenizer(parts);
  }
  return new HuggingFaceTokenizer(json, options);
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(fs.readFileSync(file, "utf8"));
  } catch (error) {
    throw new UserError(
      `${file} cannot be read (${(error as Error).message.slice(0, 100)}); use the one published with the model.`,
      {
        param: file,
        type: "invalid_tokenizer",
        cause: error,
      },
    );
  }
}
