// The text side of a model's folder without its weights: tokenizer, chat template and the special tokens templates print.

import fs from "node:fs";
import path from "node:path";
import { resolveModelFolder } from "../checkpoint/folder.ts";
import { reasonOf, UserError } from "../error.ts";
import { loadTokenizer } from "./load-tokenizer.ts";
import { type ChatMessage, loadChatTemplate, type RenderOptions, renderChat } from "./template.ts";
import type { Tokenizer } from "./tokenizer.ts";

export interface ModelText {
  readonly tokenizer: Tokenizer;
  /** Renders with the model's own template and special tokens. @throws UserError where it has no template */
  readonly render: (messages: readonly ChatMessage[], options?: RenderOptions) => string;
}

/** Reads the tokenizer and template of a model's or a run's folder. @throws UserError */
export function loadModelText(given: string): ModelText {
  const folder = resolveModelFolder(given);
  const file = path.join(folder, "tokenizer.json");
  if (!fs.existsSync(file)) {
    throw new UserError(`The model folder ${folder} has no tokenizer.json; copy the one published with the model.`, {
      param: folder,
      type: "model_not_found",
    });
  }
  const tokenizer = loadTokenizer(file, { paddedVocabSize: vocabSizeOf(folder), eosIds: eosIdsOf(folder) });
  const token = (id: number | null | undefined): string | undefined =>
    id === null || id === undefined ? undefined : tokenizer.tokenOf(id);
  return {
    tokenizer,
    render: (messages, options = {}) => {
      const template = loadChatTemplate(folder, options.tools !== undefined);
      if (template === null) {
        throw new UserError(`The model in ${folder} has no chat template; give one, or prompt it with plain text.`, {
          param: "template",
          type: "no_template",
        });
      }
      return renderChat(template, messages, {
        bosToken: token(tokenizer.bosId),
        eosToken: token(tokenizer.eosIds[0]),
        ...options,
      });
    },
  };
}

/** vocab_size of config.json, where there is one: models pad their tables past the tokenizer's tokens. */
function vocabSizeOf(folder: string): number | undefined {
  const size = fieldOf(path.join(folder, "config.json"), "vocab_size");
  return typeof size === "number" ? size : undefined;
}

function eosIdsOf(folder: string): readonly number[] {
  const ids = fieldOf(path.join(folder, "generation_config.json"), "eos_token_id");
  return (Array.isArray(ids) ? ids : [ids]).filter((id) => Number.isInteger(id));
}

function fieldOf(file: string, field: string): unknown {
  if (!fs.existsSync(file)) return undefined;
  try {
    return (JSON.parse(fs.readFileSync(file, "utf8")) as Record<string, unknown> | null)?.[field];
  } catch (error) {
    throw new UserError(`${file} is not valid JSON (${reasonOf(error)}); download or write it again.`, {
      param: file,
      type: "invalid_config",
      cause: error,
    });
  }
}
