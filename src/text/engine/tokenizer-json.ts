// From a parsed tokenizer.json to the parts of a tokenizer. What it has that no model of these families uses (WordPiece, dropout,
// suffixes of words) is left to Hugging Face's own engine.

import { tokenBytesOf } from "../token-bytes.ts";
import type { CheckedTokenizerJson, NamedTokens } from "../tokenizer-config.ts";
import { BpeModel, type PieceModel } from "./bpe.ts";
import { isControlAdded, type TokenizerParts } from "./engine-tokenizer.ts";
import { compileNormalizer } from "./normalizers.ts";
import { allPatternsKnown } from "./patterns.ts";
import { compilePreTokenizer } from "./pre-tokenizers.ts";
import { UnigramModel } from "./unigram.ts";

/** The vocabulary of a tokenizer.json with its added tokens; null where it is not one. */
export interface Vocabulary {
  readonly tokens: readonly (string | undefined)[];
  readonly ids: ReadonlyMap<string, number>;
}

/** Reads the vocabulary: an object of ids (BPE, WordPiece), or a list in the order of ids (Unigram). */
export function vocabularyOf(json: CheckedTokenizerJson): Vocabulary | null {
  const { vocab } = json.model;
  if (typeof vocab !== "object" || vocab === null) return null;
  const tokens: (string | undefined)[] = [];
  const ids = new Map<string, number>();
  const list = Array.isArray(vocab) ? vocab.map((one) => (Array.isArray(one) ? one[0] : undefined)) : null;
  const names = list ?? Object.keys(vocab);
  // an id far beyond the others would make a table of its size
  const most = 2 * (names.length + json.added_tokens.length) + 1_000_000;
  for (let i = 0; i < names.length; i++) {
    const token: unknown = names[i];
    const id = list === null ? (vocab as Record<string, unknown>)[token as string] : i;
    if (typeof token !== "string" || typeof id !== "number" || !Number.isInteger(id) || id < 0 || id >= most)
      return null;
    tokens[id] = token;
    ids.set(token, id);
  }
  for (const { content, id } of json.added_tokens) {
    if (id >= most) return null;
    tokens[id] = content;
    ids.set(content, id);
  }
  return { tokens, ids };
}

/** The parts of a tokenizer; null: something in it is not supported here. @throws UserError where it is broken */
export function compileTokenizerJson(
  json: CheckedTokenizerJson,
  vocabulary: Vocabulary,
  named: NamedTokens,
  file: string,
): TokenizerParts | null {
  const normalize = compileNormalizer(json.normalizer, file);
  const before = compilePreTokenizer(json.pre_tokenizer, file);
  const around = specialTokensAround(json.post_processor, vocabulary.ids);
  if (normalize === null || before === null || around === null) return null;
  const model = compileModel(json.model, vocabulary.ids, before.byteLevel, file);
  if (model === null) return null;
  const bytes = tokenBytesOf(json, new Set(json.added_tokens.map((token) => token.id)));
  return {
    ...vocabulary,
    ...named,
    ...bytes,
    added: json.added_tokens,
    special: new Set(json.added_tokens.filter((token) => token.special).map((token) => token.id)),
    isControl: isControlAdded,
    normalize,
    cut: before.run,
    model,
    before: around[0],
    after: around[1],
    limited: !allPatternsKnown(json.normalizer) || !allPatternsKnown(json.pre_tokenizer),
    file,
  };
}

function compileModel(
  model: CheckedTokenizerJson["model"],
  ids: ReadonlyMap<string, number>,
  byteLevel: boolean,
  file: string,
): PieceModel | null {
  const { type = "merges" in model ? "BPE" : "Unigram", vocab, merges } = model;
  if (type === "BPE") {
    const plain = [model.dropout, model.continuing_subword_prefix, model.end_of_word_suffix];
    if (!plain.every((one) => one === null || one === undefined || one === "") || !isMerges(merges)) return null;
    const unknown = typeof model.unk_token === "string" ? (ids.get(model.unk_token) ?? null) : null;
    return new BpeModel({
      ids,
      merges,
      byteLevel,
      byteFallback: model.byte_fallback === true,
      ignoreMerges: model.ignore_merges === true,
      unknownId: unknown,
      fuseUnknown: model.fuse_unk === true,
      file,
    });
  }
  if (type === "Unigram" && !byteLevel && isScored(vocab)) {
    const unknown = model.unk_id;
    return new UnigramModel({
      vocab,
      unknownId: typeof unknown === "number" ? unknown : null,
      byteFallback: model.byte_fallback === true,
    });
  }
  return null;
}

const isMerges = (merges: unknown): merges is readonly (string | readonly [string, string])[] =>
  Array.isArray(merges) &&
  merges.every(
    (one) =>
      typeof one === "string" ||
      (Array.isArray(one) && one.length === 2 && typeof one[0] === "string" && typeof one[1] === "string"),
  );

const isScored = (vocab: unknown): vocab is readonly (readonly [string, number])[] =>
  Array.isArray(vocab) &&
  vocab.length > 0 &&
  vocab.every((one) => Array.isArray(one) && typeof one[0] === "string" && typeof one[1] === "number");

/** The ids that a post-processor puts before and after one text; null: of a kind that is not known here. */
function specialTokensAround(json: unknown, ids: ReadonlyMap<string, number>): readonly [number[], number[]] | null {
  if (json === null || json === undefined) return [[], []];
  if (typeof json !== "object") return null;
  const step = json as { readonly type?: unknown; readonly [field: string]: unknown };
  if (step.type === "ByteLevel") return [[], []];
  if (step.type === "Sequence" && Array.isArray(step.processors)) {
    const all = step.processors.map((one) => specialTokensAround(one, ids));
    if (all.includes(null)) return null;
    // each goes around what the one before has made
    return [[...all].reverse().flatMap((one) => one![0]), all.flatMap((one) => one![1])];
  }
  if (step.type === "TemplateProcessing" && Array.isArray(step.single)) return templateAround(step.single, step, ids);
  if (step.type === "BertProcessing" || step.type === "RobertaProcessing") {
    const id = (pair: unknown): number[] => (Array.isArray(pair) && Number.isInteger(pair[1]) ? [pair[1]] : []);
    return [id(step.cls), id(step.sep)];
  }
  return null;
}

function templateAround(
  single: readonly unknown[],
  step: { readonly [field: string]: unknown },
  ids: ReadonlyMap<string, number>,
): readonly [number[], number[]] | null {
  const around: [number[], number[]] = [[], []];
  let seen = 0;
  for (const part of single as readonly { readonly SpecialToken?: { readonly id?: unknown }; Sequence?: unknown }[]) {
    if (part?.Sequence !== undefined) seen++;
    else if (typeof part?.SpecialToken?.id === "string") {
      const name = part.SpecialToken.id;
      const listed = (step.special_tokens as Record<string, { ids?: unknown }> | undefined)?.[name]?.ids;
      const own = ids.get(name);
      const all = Array.isArray(listed) && listed.every((id) => Number.isInteger(id)) ? (listed as number[]) : [];
      around[seen === 0 ? 0 : 1].push(...(all.length > 0 ? all : own === undefined ? [] : [own]));
    } else return null;
  }
  return seen === 1 ? around : null;
}
