// A model's vocabulary as GGUF metadata: of a GGUF file as it is there, of a tokenizer.json in llama.cpp's words (conversion/base.py,
// get_vocab_base). How text is cut before merging has only a name in GGUF, so a cut llama.cpp has no name for is refused.

import fs from "node:fs";
import path from "node:path";
import { reasonOf, UserError } from "../../error.ts";
import type { ModelConfig } from "../../model/config.ts";
import { PackedTexts } from "../../text/packed-texts.ts";
import { isControlToken } from "../../text/tokenizer.ts";
import type { TokenizerSource } from "../model-source.ts";
import type { GgufEntry, GgufTyped } from "./encode.ts";
import type { GgufMetadata } from "./metadata.ts";

/** Kinds of tokens (enum llama_token_type). */
const NORMAL = 1;
const UNKNOWN = 2;
const CONTROL = 3;
const USER_DEFINED = 4;
const UNUSED = 5;
const BYTE = 6;

/** The keys tokenizer.*; without a tokenizer, those that say there is none. @throws UserError */
export function vocabularyEntries(source: TokenizerSource | null, config: ModelConfig): GgufEntry[] {
  if (source === null) return [["tokenizer.ggml.model", { text: "none" }], ...idEntries(config)];
  if (source.kind === "gguf") return copied(source.metadata);
  const json = readJson(source.path) as TokenizerJson;
  const beside = path.join(path.dirname(source.path), "tokenizer_config.json");
  const settings = fs.existsSync(beside) ? (readJson(beside) as Settings) : {};
  return fromJson(json, settings, config, source.path);
}

function copied(metadata: GgufMetadata): GgufEntry[] {
  const entries: GgufEntry[] = [];
  for (const key of metadata.keys()) {
    if (!key.startsWith("tokenizer.") || key.startsWith("tokenizer.chat_template")) continue;
    const value = typed(metadata.get(key)!);
    if (value !== null) entries.push([key, value]);
  }
  return entries;
}

function typed(value: NonNullable<ReturnType<GgufMetadata["get"]>>): GgufTyped | null {
  if (typeof value === "string") return { text: value };
  if (typeof value === "boolean") return { bool: value };
  if (typeof value === "number") return value < 0 ? { i32: value } : { u32: value };
  if (typeof value === "bigint") return null;
  if (value instanceof Float32Array) return { f32s: value };
  if (ArrayBuffer.isView(value)) {
    return value instanceof BigUint64Array || value instanceof BigInt64Array ? null : { i32s: value };
  }
  return value instanceof PackedTexts ? { texts: value } : null;
}

interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly special?: boolean;
}

interface TokenizerJson {
  readonly added_tokens?: readonly AddedToken[];
  readonly normalizer?: unknown;
  readonly pre_tokenizer?: unknown;
  readonly post_processor?: unknown;
  readonly model?: {
    readonly type?: string;
    readonly vocab?: Readonly<Record<string, number>>;
    readonly merges?: readonly (string | readonly [string, string])[];
    readonly byte_fallback?: boolean;
  };
}

interface Settings {
  readonly add_bos_token?: boolean;
  readonly add_eos_token?: boolean;
  readonly unk_token?: unknown;
}

function fromJson(json: TokenizerJson, settings: Settings, config: ModelConfig, file: string): GgufEntry[] {
  const { model } = json;
  if (model?.type !== "BPE" || model.vocab === undefined || model.merges === undefined) {
    throw unwritable(file, "model.type", `its model is ${model?.type ?? "missing"}, and only BPE can be written`);
  }
  const { vocab, merges } = model;
  const tokens: string[] = Array.from({ length: config.vocab_size }, (_, id) => `[PAD${id}]`);
  const types = new Int32Array(config.vocab_size).fill(UNUSED);
  const put = (token: string, id: number, type: number): void => {
    if (id >= config.vocab_size) {
      throw unwritable(file, "model.vocab", `its token ${id} is past the model's vocab_size ${config.vocab_size}`);
    }
    tokens[id] = token;
    types[id] = type;
  };
  for (const [token, id] of Object.entries(vocab)) put(token, id, NORMAL);
  for (const { id, content, special } of json.added_tokens ?? []) {
    put(content, id, isControlToken(content, special === true) ? CONTROL : USER_DEFINED);
  }
  const pairs = merges.map((pair) => (typeof pair === "string" ? pair : pair.join(" ")));
  const ends = frame(json.post_processor);
  const shared: GgufEntry[] = [
    ...idEntries(config),
    ["tokenizer.ggml.add_bos_token", { bool: settings.add_bos_token ?? ends.bos }],
    ["tokenizer.ggml.add_eos_token", { bool: settings.add_eos_token ?? ends.eos }],
  ];
  if (model.byte_fallback === true) return sentencePiece(tokens, types, pairs, shared, settings, json);
  return [
    ["tokenizer.ggml.model", { text: "gpt2" }],
    ["tokenizer.ggml.pre", { text: cutName(json.pre_tokenizer, pairs.length === 0, tokens, file) }],
    ["tokenizer.ggml.tokens", { texts: tokens }],
    ["tokenizer.ggml.token_type", { i32s: types }],
    ["tokenizer.ggml.merges", { texts: pairs }],
    ...shared,
  ];
}

/** Llama 2's kind: pieces with bytes behind them. A piece's score is how early the merge that makes it comes. */
function sentencePiece(
  tokens: string[],
  types: Int32Array,
  pairs: readonly string[],
  shared: readonly GgufEntry[],
  settings: Settings,
  json: TokenizerJson,
): GgufEntry[] {
  const ids = new Map(tokens.map((token, id) => [token, id]));
  const scores = new Float32Array(tokens.length);
  for (const [rank, pair] of pairs.entries()) {
    const id = ids.get(pair.replace(" ", ""));
    if (id !== undefined && scores[id] === 0) scores[id] = -1 - rank;
  }
  for (const [id, token] of tokens.entries()) if (/^<0x[0-9A-F]{2}>$/.test(token)) types[id] = BYTE;
  const unknown = typeof settings.unk_token === "string" ? ids.get(settings.unk_token) : ids.get("<unk>");
  if (unknown !== undefined) types[unknown] = UNKNOWN;
  const prefixed = JSON.stringify([json.normalizer, json.pre_tokenizer]).includes('"prepend":"▁"');
  return [
    ["tokenizer.ggml.model", { text: "llama" }],
    ["tokenizer.ggml.pre", { text: "default" }],
    ["tokenizer.ggml.tokens", { texts: tokens }],
    ["tokenizer.ggml.scores", { f32s: scores }],
    ["tokenizer.ggml.token_type", { i32s: types }],
    ...(unknown === undefined ? [] : [["tokenizer.ggml.unknown_token_id", { u32: unknown }] as const]),
    ["tokenizer.ggml.add_space_prefix", { bool: prefixed }],
    ...shared,
  ];
}

function idEntries({ bos_token_id: bos, eos_token_id: eos, pad_token_id: pad }: ModelConfig): GgufEntry[] {
  const entries: GgufEntry[] = [];
  const put = (name: string, id: number | null | undefined): void => {
    if (id !== null && id !== undefined) entries.push([`tokenizer.ggml.${name}_token_id`, { u32: id }]);
  };
  put("bos", bos);
  put("eos", eos[0]);
  put("eot", eos[1]);
  put("eom", eos[2]);
  put("padding", pad);
  return entries;
}

/** Whether the post-processor puts special tokens before and after a text. */
function frame(post: unknown): { readonly bos: boolean; readonly eos: boolean } {
  const single = (post as { single?: readonly object[] } | null)?.single ?? [];
  return { bos: "SpecialToken" in (single[0] ?? {}), eos: "SpecialToken" in (single.at(-1) ?? {}) };
}

const QWEN_END = "|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
const QWEN_START = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+";

/** llama.cpp's names of cuts, by the regexes that make them. */
const CUTS: Readonly<Record<string, string>> = {
  [`${QWEN_START}${QWEN_END}`]: "qwen2",
  [`${QWEN_START}${QWEN_END.replace("\\p{N}|", "\\p{N}{1,3}|")}`]: "llama-bpe",
  [[
    "\\p{N}{1,3}",
    "[一-龥぀-ゟ゠-ヿ]+",
    "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
  ].join(" then ")]: "deepseek-v3",
  "ByteLevel's": "gpt-2",
  "single digits then ByteLevel's": "smollm",
};

function cutName(cut: unknown, unmerged: boolean, tokens: readonly string[], file: string): string {
  // where nothing merges every character is a token, however text is cut
  if (unmerged) return "gpt-2";
  const steps = ((cut as { pretokenizers?: readonly unknown[] } | null)?.pretokenizers ?? [cut]).flatMap(stepOf);
  const name = CUTS[steps.join(" then ")];
  if (name === undefined) {
    throw unwritable(file, "pre_tokenizer", "llama.cpp has no name for the way it cuts text into words");
  }
  // the same cut; the name tells llama.cpp's users which family it is
  return name === "qwen2" && tokens.includes("<｜User｜>") ? "deepseek-r1-qwen" : name;
}

function stepOf(step: unknown): string[] {
  const { type, pattern, use_regex, individual_digits } = (step ?? {}) as {
    type?: string;
    pattern?: { Regex?: string };
    use_regex?: boolean;
    individual_digits?: boolean;
  };
  if (type === "Split") return [(pattern?.Regex ?? "?").replaceAll("\r", "\\r").replaceAll("\n", "\\n")];
  if (type === "ByteLevel") return use_regex === false ? [] : ["ByteLevel's"];
  if (type === "Digits" && individual_digits === true) return ["single digits"];
  return [type ?? "?"];
}

const unwritable = (file: string, field: string, why: string): UserError =>
  new UserError(`${file} cannot be written into a GGUF file: ${why}; export the model as a folder instead.`, {
    param: field,
    type: "unsupported_tokenizer",
  });

function readJson(file: string): unknown {
  try {
    return JSON.parse(fs.readFileSync(file, "utf8"));
  } catch (error) {
    throw new UserError(`${file} cannot be read (${reasonOf(error)}); use the one published with the model.`, {
      param: file,
      type: "invalid_tokenizer",
      cause: error,
    });
  }
}
