// The vocabulary of a GGUF file as the tokenizer.json and tokenizer_config.json that say the same, for a folder other software reads:
// gpt2's kind as byte-level BPE, llama's (SentencePiece with scores) as BPE with bytes behind it, as transformers converts it.

import { ggufPreTokenizer } from "../../text/engine/gguf-pre-tokenizers.ts";
import type { GgufMetadata } from "./metadata.ts";

export interface TokenizerFiles {
  readonly tokenizer: Record<string, unknown>;
  readonly config: Record<string, unknown>;
}

/** Kinds of tokens (enum llama_token_type). */
const UNKNOWN = 2;
const CONTROL = 3;
const USER_DEFINED = 4;
const UNUSED = 5;

interface Vocabulary {
  readonly tokens: readonly string[];
  readonly types: ArrayLike<number>;
  readonly metadata: GgufMetadata;
}

/** The two files; null for a kind of vocabulary tokenizer.json has no words for, or a cut whose name is not known here. */
export function tokenizerFiles(metadata: GgufMetadata): TokenizerFiles | null {
  const kind = metadata.string("tokenizer.ggml.model", "none");
  if (kind !== "gpt2" && kind !== "llama") return null;
  const tokens = metadata.strings("tokenizer.ggml.tokens");
  const types = metadata.numbers("tokenizer.ggml.token_type", new Int32Array(tokens.length).fill(1));
  const vocabulary = { tokens, types, metadata };
  const parts = kind === "gpt2" ? byteLevel(vocabulary) : sentencePiece(vocabulary);
  if (parts === null) return null;
  const role = (name: string): string | null => {
    const key = `tokenizer.ggml.${name}_token_id`;
    return metadata.has(key) ? (tokens[metadata.number(key)] ?? null) : null;
  };
  const bos = role("bos");
  const addBos = metadata.boolean("tokenizer.ggml.add_bos_token", kind === "llama" || parts.addBos) && bos !== null;
  return {
    tokenizer: {
      ...{ version: "1.0", truncation: null, padding: null, added_tokens: addedTokens(vocabulary) },
      ...parts.json,
      post_processor: addBos ? framing(bos, tokens.indexOf(bos)) : null,
    },
    config: {
      tokenizer_class: "PreTrainedTokenizerFast",
      ...{ bos_token: bos, eos_token: role("eos"), pad_token: role("padding"), unk_token: role("unknown") },
      ...{ add_bos_token: addBos, clean_up_tokenization_spaces: false },
    },
  };
}

function addedTokens({ tokens, types }: Vocabulary) {
  return tokens.flatMap((content, id) =>
    types[id] === CONTROL || types[id] === USER_DEFINED || types[id] === UNKNOWN
      ? [
          {
            id,
            content,
            single_word: false,
            lstrip: false,
            rstrip: false,
            normalized: false,
            special: types[id] !== USER_DEFINED,
          },
        ]
      : [],
  );
}

/** BOS in front of a text. */
function framing(bos: string, id: number) {
  const before = (type_id: number) => ({ SpecialToken: { id: bos, type_id } });
  const text = (name: "A" | "B", type_id: number) => ({ Sequence: { id: name, type_id } });
  return {
    type: "TemplateProcessing",
    single: [before(0), text("A", 0)],
    pair: [before(0), text("A", 0), before(1), text("B", 1)],
    special_tokens: { [bos]: { id: bos, ids: [id], tokens: [bos] } },
  };
}

interface Parts {
  readonly json: Record<string, unknown>;
  /** What the kind does where the file does not say. */
  readonly addBos: boolean;
}

const BPE = { type: "BPE", dropout: null, continuing_subword_prefix: null, end_of_word_suffix: null };

function byteLevel({ tokens, types, metadata }: Vocabulary): Parts | null {
  const cut = ggufPreTokenizer(metadata.string("tokenizer.ggml.pre", "default"));
  if (cut === null) return null;
  const merges = metadata.strings("tokenizer.ggml.merges", []);
  const letters = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false };
  // where nothing merges every character is a token, however text is cut
  const patterns = merges.length === 0 ? [] : cut.patterns;
  const steps = patterns.map((Regex) => ({ type: "Split", pattern: { Regex }, behavior: "Isolated", invert: false }));
  return {
    json: {
      normalizer: cut.nfc ? { type: "NFC" } : null,
      pre_tokenizer: steps.length === 0 ? letters : { type: "Sequence", pretokenizers: [...steps, letters] },
      decoder: { ...letters, add_prefix_space: true },
      model: {
        ...{ ...BPE, unk_token: null, fuse_unk: false, byte_fallback: false, ignore_merges: cut.ignoreMerges },
        ...{ vocab: idsOf(tokens, types), merges },
      },
    },
    addBos: cut.addBos,
  };
}

function sentencePiece({ tokens, types, metadata }: Vocabulary): Parts {
  const scores = metadata.numbers("tokenizer.ggml.scores", new Float32Array(tokens.length));
  const unknown =
    tokens[metadata.count("tokenizer.ggml.unknown_token_id", Array.from(types).indexOf(UNKNOWN) >>> 0)] ?? null;
  const prefixed = metadata.boolean("tokenizer.ggml.add_space_prefix", true);
  const vocab = idsOf(tokens, types);
  const spaces = { type: "Replace", pattern: { String: " " }, content: "▁" };
  const back = [
    { type: "Replace", pattern: { String: "▁" }, content: " " },
    { type: "ByteFallback" },
    { type: "Fuse" },
    ...(prefixed ? [{ type: "Strip", content: " ", start: 1, stop: 0 }] : []),
  ];
  return {
    json: {
      normalizer: { type: "Sequence", normalizers: [...(prefixed ? [{ type: "Prepend", prepend: "▁" }] : []), spaces] },
      pre_tokenizer: null,
      decoder: { type: "Sequence", decoders: back },
      model: {
        ...{ ...BPE, unk_token: unknown, fuse_unk: true, byte_fallback: true, ignore_merges: false },
        ...{ vocab, merges: mergesOf(vocab, scores) },
      },
    },
    addBos: true,
  };
}

function idsOf(tokens: readonly string[], types: ArrayLike<number>): Record<string, number> {
  const vocab: Record<string, number> = {};
  for (const [id, token] of tokens.entries()) if (types[id] !== UNUSED) vocab[token] = id;
  return vocab;
}

/** Every way to make a piece of two others, the best piece first (transformers, generate_merges in convert_slow_tokenizer.py). */
function mergesOf(vocab: Readonly<Record<string, number>>, scores: ArrayLike<number>): string[] {
  const ids = new Map(Object.entries(vocab));
  const merges: { readonly pair: string; readonly score: number; readonly left: number; readonly right: number }[] = [];
  for (const [piece, id] of ids) {
    const letters = [...piece];
    for (let i = 1, at = letters[0]?.length ?? 0; i < letters.length; at += letters[i++].length) {
      const [left, right] = [piece.slice(0, at), piece.slice(at)];
      const [l, r] = [ids.get(left), ids.get(right)];
      if (l !== undefined && r !== undefined)
        merges.push({ pair: `${left} ${right}`, score: scores[id], left: l, right: r });
    }
  }
  merges.sort((a, b) => b.score - a.score || a.left - b.left || a.right - b.right);
  return merges.map((merge) => merge.pair);
}
