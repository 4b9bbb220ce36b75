// The vocabulary inside a GGUF file to the parts of a tokenizer: GPT-2's byte-level BPE with a pre-tokenizer known by name, and
// SentencePiece's BPE with scores. Behaviour follows llama.cpp (src/llama-vocab.cpp), except that models trained on normalized text
// get it normalized.

import { UserError } from "../../error.ts";
import { PackedTexts, TextIndex } from "../packed-texts.ts";
import { byteLevelBytes, sentencePieceBytes } from "../token-bytes.ts";
import { isControlToken } from "../tokenizer.ts";
import type { TokenizerOptions } from "../tokenizer-config.ts";
import type { AddedToken } from "./added-tokens.ts";
import { BpeModel } from "./bpe.ts";
import type { TokenizerParts } from "./engine-tokenizer.ts";
import { GGUF_PRE_TOKENIZER_NAMES, ggufPreTokenizer } from "./gguf-pre-tokenizers.ts";
import type { Normalizer } from "./normalizers.ts";
import { isolatingAll } from "./pre-tokenizers.ts";
import { ScoreMergeModel } from "./score-merge.ts";

/** The key-value part of a GGUF file: a Map, or the checkpoint reader's own. */
export interface GgufKeys {
  get(key: string): unknown;
  readonly file?: string;
}

/** Values of tokenizer.ggml.token_type. */
const TYPE = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;

/** Control tokens that end a turn in the published models, whatever eos_token_id says (as llama.cpp's list). */
const END_OF_TURN = new Set([
  "<｜end▁of▁sentence｜>",
  "<|im_end|>",
  "<|endoftext|>",
  "<|eot_id|>",
  "<|eom_id|>",
  "<|end_of_text|>",
  "<|end|>",
  "<|return|>",
  "<|call|>",
  "<end_of_turn>",
  "<EOT>",
  "_<EOT>",
  "<|EOT|>",
]);

/** The parts of a GGUF vocabulary. @throws UserError where it is missing, broken or of a kind that is not supported */
export function ggufTokenizerParts(keys: GgufKeys, options: TokenizerOptions = {}): TokenizerParts {
  const reader = new VocabularyKeys(keys, options.file);
  const model = reader.text("model");
  if (model === "gpt2") return byteLevelParts(reader, options);
  if (model === "llama") return sentencePieceParts(reader, options);
  throw reader.fail(
    "model",
    model === null || model === "none"
      ? "is missing: the file holds no vocabulary; give a folder with tokenizer.json"
      : `is ${JSON.stringify(model)}; supported are gpt2 (byte-level BPE) and llama (SentencePiece BPE)`,
  );
}

function byteLevelParts(keys: VocabularyKeys, options: TokenizerOptions): TokenizerParts {
  const name = keys.text("pre") ?? "default";
  const pre = ggufPreTokenizer(name);
  if (pre === null)
    throw keys.fail("pre", `is ${JSON.stringify(name)}; supported are ${GGUF_PRE_TOKENIZER_NAMES.join(", ")}`);
  const vocabulary = readVocabulary(keys);
  const model = new BpeModel({
    ids: vocabulary.ids,
    merges: keys.texts("merges", 0),
    byteLevel: true,
    ignoreMerges: pre.ignoreMerges,
    file: keys.file,
  });
  return {
    ...commonParts(keys, vocabulary, pre.addBos, options),
    normalize: pre.nfc ? (text) => text.normalize("NFC") : asItIs,
    cut: isolatingAll(pre.patterns, keys.file),
    model,
    bytesOf: (token, id) => (vocabulary.isText(id) ? byteLevelBytes(token) : utf8.encode(token)),
    stripsFirstSpace: false,
  };
}

function sentencePieceParts(keys: VocabularyKeys, options: TokenizerOptions): TokenizerParts {
  const vocabulary = readVocabulary(keys);
  const { tokens, types, ids } = vocabulary;
  const scores = keys.numbers("scores");
  if (scores === null || scores.length !== tokens.length) {
    throw keys.fail("scores", `must hold a score for each of the ${tokens.length} tokens`);
  }
  const byteIds = new Int32Array(256).fill(-1);
  for (let id = 0; id < tokens.length; id++) {
    const byte = types[id] === TYPE.byte ? /^<0x([0-9A-Fa-f]{2})>$/.exec(tokens.at(id)!) : null;
    if (byte !== null) byteIds[Number.parseInt(byte[1], 16)] = id;
  }
  const unknown = keys.id("unknown_token_id", tokens.length);
  const prefix = keys.flag("add_space_prefix") ?? true;
  return {
    ...commonParts(keys, vocabulary, true, options),
    normalize: asItIs,
    cut: ([text], first) => [(prefix && first ? ` ${text}` : text).replaceAll(" ", "▁")],
    model: new ScoreMergeModel({ ids, scores, byteIds, unknownId: unknown }),
    bytesOf: (token, id) =>
      types[id] === TYPE.control || types[id] === TYPE.unknown
        ? utf8.encode(token)
        : sentencePieceBytes(token, true, types[id] === TYPE.byte),
    stripsFirstSpace: prefix,
    restarts: true,
  };
}

interface GgufVocabulary {
  readonly tokens: PackedTexts;
  readonly types: ArrayLike<number>;
  readonly ids: TextIndex;
  /** Whether a token stands for text in the model's own alphabet, rather than for itself. */
  readonly isText: (id: number) => boolean;
}

function readVocabulary(keys: VocabularyKeys): GgufVocabulary {
  const tokens = keys.texts("tokens", 1);
  const types = keys.numbers("token_type") ?? new Int32Array(tokens.length).fill(TYPE.normal);
  if (types.length !== tokens.length)
    throw keys.fail("token_type", `must hold a type for each of the ${tokens.length} tokens`);
  const isText = (id: number): boolean =>
    types[id] !== TYPE.control && types[id] !== TYPE.userDefined && types[id] !== TYPE.unknown;
  return { tokens, types, ids: new TextIndex(tokens), isText };
}

function commonParts(
  keys: VocabularyKeys,
  { tokens, types, ids }: GgufVocabulary,
  addBosDefault: boolean,
  options: TokenizerOptions,
): Omit<TokenizerParts, "normalize" | "cut" | "model" | "bytesOf" | "stripsFirstSpace"> {
  const added: AddedToken[] = [];
  const special = new Set<number>();
  const ends: number[] = [];
  for (const key of ["eos_token_id", "eot_token_id", "eom_token_id"]) {
    const id = keys.id(key, tokens.length);
    if (id !== null) ends.push(id);
  }
  for (let id = 0; id < tokens.length; id++) {
    const type = types[id];
    if (type !== TYPE.control && type !== TYPE.userDefined && type !== TYPE.unknown) continue;
    if (type === TYPE.control) special.add(id);
    const content = tokens.at(id)!;
    if (type === TYPE.control && END_OF_TURN.has(content)) ends.push(id);
    added.push({ id, content, special: type !== TYPE.userDefined });
  }
  const bosId = keys.id("bos_token_id", tokens.length);
  const [eosId = null] = ends;
  return {
    tokens,
    ids,
    added,
    special,
    isControl: (token) => isControlToken(token.content, token.special),
    before: bosId !== null && (keys.flag("add_bos_token") ?? addBosDefault) ? [bosId] : [],
    after: eosId !== null && keys.flag("add_eos_token") === true ? [eosId] : [],
    limited: false,
    bosId,
    eosIds: [...new Set([...ends, ...(options.eosIds ?? [])])],
    padId: keys.id("padding_token_id", tokens.length),
    vocabSize: Math.max(tokens.length, options.paddedVocabSize ?? 0),
    file: keys.file,
  };
}

/** The keys below tokenizer.ggml, checked. */
class VocabularyKeys {
  readonly file: string;
  readonly #keys: GgufKeys;

  constructor(keys: GgufKeys, file?: string) {
    this.#keys = keys;
    this.file = file ?? keys.file ?? "the GGUF file";
  }

  text(key: string): string | null {
    const value = this.#get(key);
    if (value === undefined) return null;
    if (typeof value !== "string") throw this.fail(key, "must be a text");
    return value;
  }

  flag(key: string): boolean | null {
    const value = this.#get(key);
    return typeof value === "boolean" ? value : null;
  }

  /** `least`: as many there must be. */
  texts(key: string, least: number): PackedTexts {
    const value = this.#get(key);
    const isTexts =
      value instanceof PackedTexts || (Array.isArray(value) && value.every((one) => typeof one === "string"));
    if (isTexts && value.length >= least) return PackedTexts.of(value);
    throw this.fail(key, "must be a list of texts");
  }

  numbers(key: string): ArrayLike<number> | null {
    const value = this.#get(key);
    if (value === undefined) return null;
    if (ArrayBuffer.isView(value) && !(value instanceof DataView) && typeof (value as Uint8Array)[0] !== "bigint") {
      return value as unknown as ArrayLike<number>;
    }
    if (Array.isArray(value) && value.every((one) => typeof one === "number")) return value;
    throw this.fail(key, "must be a list of numbers");
  }

  /** A token id; null where there is none, or it names no token. */
  id(key: string, count: number): number | null {
    const value = this.#get(key);
    return typeof value === "number" && Number.isInteger(value) && value >= 0 && value < count ? value : null;
  }

  fail(key: string, what: string): UserError {
    return new UserError(`${this.file}: tokenizer.ggml.${key} ${what}.`, {
      param: `tokenizer.ggml.${key}`,
      type: "invalid_tokenizer",
    });
  }

  #get(key: string): unknown {
    return this.#keys.get(`tokenizer.ggml.${key}`);
  }
}

const utf8 = new TextEncoder();
const asItIs: Normalizer = (text) => text;
