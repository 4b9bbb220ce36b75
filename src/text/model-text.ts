// The text side of a model without its weights: tokenizer, chat template and the special tokens templates print. Of a folder, or of
// a GGUF file, which may hold a vocabulary alone.

import fs from "node:fs";
import path from "node:path";
import { resolveModelFolder } from "../checkpoint/folder.ts";
import { openGguf } from "../checkpoint/gguf/file.ts";
import { locateModel } from "../checkpoint/hub/store.ts";
import { onlyGgufIn } from "../checkpoint/open-model.ts";
import { UserError } from "../error.ts";
import { loadTokenizer } from "./load-tokenizer.ts";
import { type ChatMessage, loadChatTemplate, type RenderOptions, renderChat } from "./template.ts";
import type { Tokenizer } from "./tokenizer.ts";

export interface ModelText {
  readonly tokenizer: Tokenizer;
  /** The chat template, the one for tools where the model has a separate one and tools are given; null: it has none. */
  readonly template: (forTools?: boolean) => string | null;
  /** Renders with the model's own template and special tokens. @throws UserError where it has no template */
  readonly render: (messages: readonly ChatMessage[], options?: RenderOptions) => string;
}

/** Reads the tokenizer and template of a model: a folder, a run's folder, a GGUF file, or the name of a pulled one. @throws UserError */
export function loadModelText(named: string): ModelText {
  const given = locateModel(named);
  const isFile = fs.statSync(given, { throwIfNoEntry: false })?.isFile() ?? false;
  const gguf = isFile || given.toLowerCase().endsWith(".gguf") ? given : onlyGgufIn(given);
  return gguf === null ? ofFolder(resolveModelFolder(given)) : ofGguf(gguf);
}

function ofGguf(file: string): ModelText {
  const gguf = openGguf(file);
  try {
    const { metadata } = gguf;
    const tokenizer = loadTokenizer({ kind: "gguf", metadata });
    const plain = metadata.string("tokenizer.chat_template", "");
    const tools = metadata.string("tokenizer.chat_template.tool_use", "");
    const template = (forTools?: boolean): string | null => (forTools && tools !== "" ? tools : plain) || null;
    return withTemplate(file, tokenizer, template, {});
  } finally {
    gguf.close();
  }
}

function ofFolder(folder: string): ModelText {
  const file = path.join(folder, "tokenizer.json");
  if (!fs.existsSync(file)) {
    throw new UserError(`The model folder ${folder} has no tokenizer.json; copy the one published with the model.`, {
      param: folder,
      type: "model_not_found",
    });
  }
  const tokenizer = loadTokenizer(file, { paddedVocabSize: vocabSizeOf(folder), eosIds: eosIdsOf(folder) });
  const template = (forTools?: boolean): string | null => loadChatTemplate(folder, forTools);
  return withTemplate(folder, tokenizer, template, namedTokens(folder));
}

function withTemplate(
  where: string,
  tokenizer: Tokenizer,
  template: (forTools?: boolean) => string | null,
  variables: Readonly<Record<string, string>>,
): ModelText {
  const token = (id: number | null | undefined): string | undefined =>
    id === null || id === undefined ? undefined : tokenizer.tokenOf(id);
  return {
    tokenizer,
    template,
    render: (messages, options = {}) => {
      const chosen = template(options.tools !== undefined);
      if (chosen === null) {
        throw new UserError(`The model ${where} has no chat template; give one, or prompt it with plain text.`, {
          param: "template",
          type: "no_template",
        });
      }
      return renderChat(chosen, messages, {
        bosToken: token(tokenizer.bosId),
        eosToken: token(tokenizer.eosIds[0]),
        ...options,
        variables: { ...variables, ...options.variables },
      });
    },
  };
}

/** The special tokens a tokenizer_config.json names besides BOS and EOS: transformers gives templates all of them. */
function namedTokens(folder: string): Readonly<Record<string, string>> {
  const config = readJson(path.join(folder, "tokenizer_config.json"));
  const named: Record<string, string> = {};
  for (const [name, value] of Object.entries(config ?? {})) {
    const text = typeof value === "string" ? value : (value as { content?: unknown } | null)?.content;
    if (/^(?!bos|eos)\w+_token$/.test(name) && typeof text === "string") named[name] = text;
  }
  return named;
}

/** vocab_size of config.json, where there is one: models pad their tables past the tokenizer's tokens. */
function vocabSizeOf(folder: string): number | undefined {
  const size = readJson(path.join(folder, "config.json"))?.vocab_size;
  return typeof size === "number" ? size : undefined;
}

function eosIdsOf(folder: string): readonly number[] {
  const ids = readJson(path.join(folder, "generation_config.json"))?.eos_token_id;
  return (Array.isArray(ids) ? ids : [ids]).filter((id) => Number.isInteger(id));
}

/** An object in a JSON file, null where there is no file. @throws UserError where it is no JSON */
function readJson(file: string): Record<string, unknown> | null {
  if (!fs.existsSync(file)) return null;
  try {
    const json: unknown = JSON.parse(fs.readFileSync(file, "utf8"));
    return typeof json === "object" && json !== null ? (json as Record<string, unknown>) : null;
  } catch (error) {
    throw new UserError(
      `${file} is not valid JSON (${(error as Error).message.slice(0, 100)}); download or write it again.`,
      { param: file, type: "invalid_config", cause: error },
    );
  }
}
