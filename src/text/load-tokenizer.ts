// From the files of a model's folder to a tokenizer: the direct one for vocabularies of single characters, else Hugging Face's engine.

import fs from "node:fs";
import path from "node:path";
import { UserError } from "../error.ts";
import { CharacterTokenizer, isCharacterLevel } from "./character-tokenizer.ts";
import { HuggingFaceTokenizer, type TokenizerOptions } from "./huggingface-tokenizer.ts";
import type { Tokenizer } from "./tokenizer.ts";

/** Reads a tokenizer.json, and tokenizer_config.json beside it where there is one. @throws UserError */
export function loadTokenizer(file: string, options: TokenizerOptions = {}): Tokenizer {
  const beside = path.join(path.dirname(file), "tokenizer_config.json");
  const config = options.config ?? (fs.existsSync(beside) ? (readJson(beside) as Record<string, unknown>) : {});
  return makeTokenizer(readJson(file), { ...options, config, file });
}

/** Makes a tokenizer of the parsed tokenizer.json. @throws UserError where it cannot be used. */
export function makeTokenizer(json: unknown, options: TokenizerOptions = {}): Tokenizer {
  return isCharacterLevel(json) ? new CharacterTokenizer(json, options) : new HuggingFaceTokenizer(json, options);
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
