// The bundled model's tokenizer: printable ASCII and the newline, one token a character, and DeepSeek's special tokens. It is
// written as a tokenizer.json any Hugging Face library reads (byte-level BPE without merges), and encoded here by one table look-up
// a character, because training tokenizes millions of short texts.

import { UserError } from "../error.ts";
import { type DecodeOptions, type EncodeOptions, isControlToken, noSuchToken, type Tokenizer } from "./tokenizer.ts";
import type { TokenizerOptions } from "./tokenizer-config.ts";

/** DeepSeek's special tokens in the order of their ids, from 0. */
export const SPECIAL_TOKENS = [
  "<｜begin▁of▁sentence｜>",
  "<｜end▁of▁sentence｜>",
  "<｜▁pad▁｜>",
  "<｜User｜>",
  "<｜Assistant｜>",
  "<think>",
  "</think>",
] as const;

export const [BOS, EOS, PAD, USER, ASSISTANT, THINK, END_THINK] = SPECIAL_TOKENS;

/** The characters that have a token, in the order of their ids, after the special tokens. */
export const CHARACTERS: readonly string[] = [
  "\n",
  ...Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)),
];

/** The vocabulary is padded with reserved tokens to a multiple of this, so that a matrix product has no ragged edge. */
const VOCABULARY_MULTIPLE = 16;

/** The parsed tokenizer.json of the bundled model: 112 tokens. */
export function characterTokenizerJson(): CharacterTokenizerJson {
  const vocab: Record<string, number> = {};
  const added: AddedToken[] = [];
  const add = (content: string, special: boolean): void => {
    const id = Object.keys(vocab).length;
    vocab[content] = id;
    added.push({ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special });
  };
  // as in DeepSeek's vocabulary the marks of roles and thinking are not "special": skipping special tokens keeps them visible
  for (const content of SPECIAL_TOKENS) add(content, content === BOS || content === EOS || content === PAD);
  for (const character of CHARACTERS) vocab[letterOf(character)] = Object.keys(vocab).length;
  for (let k = 0; Object.keys(vocab).length % VOCABULARY_MULTIPLE !== 0; k++) add(`<｜reserved_${k}｜>`, true);
  const sequence = (id: "A" | "B", type_id: number) => ({ Sequence: { id, type_id } });
  const bos = (type_id: number) => ({ SpecialToken: { id: BOS, type_id } });
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: added,
    normalizer: null,
    pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, trim_offsets: false, use_regex: false },
    post_processor: {
      type: "TemplateProcessing",
      single: [bos(0), sequence("A", 0)],
      pair: [bos(0), sequence("A", 0), sequence("B", 1)],
      special_tokens: { [BOS]: { id: BOS, ids: [0], tokens: [BOS] } },
    },
    decoder: { type: "ByteLevel", add_prefix_space: false, trim_offsets: false, use_regex: false },
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab,
      merges: [],
    },
  };
}

/** The tokenizer_config.json beside it; the chat template is written as chat_template.jinja and here, where older readers look. */
export function characterTokenizerConfig(chatTemplate: string, maxLength: number): Record<string, unknown> {
  return {
    tokenizer_class: "PreTrainedTokenizerFast",
    bos_token: BOS,
    eos_token: EOS,
    pad_token: PAD,
    unk_token: null,
    clean_up_tokenization_spaces: false,
    model_max_length: maxLength,
    chat_template: chatTemplate,
  };
}

/** The bundled model's tokenizer, ready to use. */
export const bundledTokenizer = (): CharacterTokenizer =>
  new CharacterTokenizer(characterTokenizerJson(), { config: characterTokenizerConfig("", 0) });

/** Whether a tokenizer.json is of the kind characterTokenizerJson writes, so that the direct encoding below is exact. */
export function isCharacterLevel(json: unknown): json is CharacterTokenizerJson {
  const file = json as Partial<CharacterTokenizerJson> | null;
  const { model, pre_tokenizer: before, decoder } = file ?? {};
  return (
    model?.type === "BPE" &&
    Array.isArray(model.merges) &&
    model.merges.length === 0 &&
    model.unk_token === null &&
    file?.normalizer === null &&
    before?.type === "ByteLevel" &&
    before.add_prefix_space === false &&
    before.use_regex === false &&
    decoder?.type === "ByteLevel" &&
    file.post_processor?.type === "TemplateProcessing" &&
    Array.isArray(file.added_tokens) &&
    file.added_tokens.every((token) => !token.lstrip && !token.rstrip && !token.single_word) &&
    Object.keys(model.vocab).every(
      (token) => token.length === 1 || file.added_tokens?.some((one) => one.content === token),
    )
  );
}

export class CharacterTokenizer implements Tokenizer {
  readonly vocabSize: number;
  readonly stripsFirstSpace = false;
  readonly bosId: number | null;
  readonly eosIds: readonly number[];
  readonly padId: number | null;
  readonly #tokens: string[] = [];
  readonly #texts: string[] = [];
  readonly #bytes: Uint8Array[] = [];
  readonly #ids = new Map<string, number>();
  readonly #special = new Set<number>();
  /** By character code below 128, -1 where there is no token. */
  readonly #idOfCode = new Int32Array(128).fill(-1);
  readonly #anyAdded: RegExp;
  readonly #plainAdded: RegExp;
  readonly #prefix: readonly number[];

  constructor(json: CharacterTokenizerJson, options: TokenizerOptions = {}) {
    const utf8 = new TextEncoder();
    const define = (id: number, token: string, text: string): void => {
      this.#tokens[id] = token;
      this.#texts[id] = text;
      this.#bytes[id] = utf8.encode(text);
      this.#ids.set(token, id);
    };
    for (const [letter, id] of Object.entries(json.model.vocab)) {
      if (letter.length !== 1) continue;
      const character = CHARACTER_OF_LETTER.get(letter) ?? letter;
      define(id, letter, character);
      if (character.charCodeAt(0) < 128) this.#idOfCode[character.charCodeAt(0)] = id;
    }
    for (const token of json.added_tokens) {
      define(token.id, token.content, token.content);
      if (token.special) this.#special.add(token.id);
    }
    this.vocabSize = Math.max(this.#tokens.length, options.paddedVocabSize ?? 0);
    this.#anyAdded = anyOf(json.added_tokens);
    this.#plainAdded = anyOf(json.added_tokens.filter((token) => !isControlToken(token.content, token.special)));
    this.#prefix = json.post_processor.single.flatMap((one) =>
      "SpecialToken" in one ? (this.#ids.get(one.SpecialToken.id) ?? []) : [],
    );
    const id = (name: string): number | null => this.#ids.get(String(options.config?.[name])) ?? null;
    this.bosId = id("bos_token") ?? this.#ids.get(BOS) ?? null;
    this.padId = id("pad_token") ?? this.#ids.get(PAD) ?? null;
    const eos = id("eos_token") ?? this.#ids.get(EOS);
    this.eosIds = [...new Set([...(eos === undefined ? [] : [eos]), ...(options.eosIds ?? [])])];
  }

  encode(text: string, { addSpecial = false, parseSpecial = false }: EncodeOptions = {}): number[] {
    const ids: number[] = addSpecial ? [...this.#prefix] : [];
    const marks = parseSpecial ? this.#anyAdded : this.#plainAdded;
    let at = 0;
    if (text.includes("<")) {
      for (const mark of text.matchAll(marks)) {
        this.#characters(text, at, mark.index, ids);
        ids.push(this.#ids.get(mark[0])!);
        at = mark.index + mark[0].length;
      }
    }
    this.#characters(text, at, text.length, ids);
    return ids;
  }

  decode(ids: readonly number[], { skipSpecial = false }: DecodeOptions = {}): string {
    let text = "";
    for (const id of ids) {
      this.#check(id);
      if (!(skipSpecial && this.#special.has(id))) text += this.#texts[id] ?? "";
    }
    return text;
  }

  tokenBytes(id: number): Uint8Array {
    this.#check(id);
    return this.#bytes[id] ?? NOTHING;
  }

  idOf(token: string): number | undefined {
    return this.#ids.get(token);
  }

  tokenOf(id: number): string | undefined {
    return this.#tokens[id];
  }

  isSpecial(id: number): boolean {
    return this.#special.has(id);
  }

  #characters(text: string, from: number, to: number, ids: number[]): void {
    for (let i = from; i < to; i++) {
      const code = text.charCodeAt(i);
      const id = code < 128 ? this.#idOfCode[code] : -1;
      if (id < 0) throw unknownCharacter(String.fromCodePoint(text.codePointAt(i)!), i);
      ids.push(id);
    }
  }

  #check(id: number): void {
    if (!Number.isInteger(id) || id < 0 || id >= this.vocabSize) throw noSuchToken(id, this.vocabSize);
  }
}

interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly single_word: boolean;
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  readonly normalized: boolean;
  readonly special: boolean;
}

interface ByteLevel {
  readonly type: "ByteLevel";
  readonly add_prefix_space: boolean;
  readonly trim_offsets: boolean;
  readonly use_regex: boolean;
}

type TemplatePart =
  | { readonly SpecialToken: { readonly id: string; readonly type_id: number } }
  | { readonly Sequence: { readonly id: "A" | "B"; readonly type_id: number } };

export interface CharacterTokenizerJson {
  readonly version: "1.0";
  readonly truncation: null;
  readonly padding: null;
  readonly added_tokens: readonly AddedToken[];
  readonly normalizer: null;
  readonly pre_tokenizer: ByteLevel;
  readonly post_processor: {
    readonly type: "TemplateProcessing";
    readonly single: readonly TemplatePart[];
    readonly pair: readonly TemplatePart[];
    readonly special_tokens: Readonly<
      Record<string, { readonly id: string; readonly ids: readonly number[]; readonly tokens: readonly string[] }>
    >;
  };
  readonly decoder: ByteLevel;
  readonly model: {
    readonly type: "BPE";
    readonly dropout: null;
    readonly unk_token: null;
    readonly continuing_subword_prefix: null;
    readonly end_of_word_suffix: null;
    readonly fuse_unk: boolean;
    readonly byte_fallback: boolean;
    readonly ignore_merges: boolean;
    readonly vocab: Readonly<Record<string, number>>;
    readonly merges: readonly string[];
  };
}

const NOTHING = new Uint8Array(0);

/** GPT-2's letters for the two bytes here that are not printable. */
const CHARACTER_OF_LETTER: ReadonlyMap<string, string> = new Map([
  ["Ġ", " "],
  ["Ċ", "\n"],
]);
const letterOf = (character: string): string => (character === " " ? "Ġ" : character === "\n" ? "Ċ" : character);

/** Longest first, so that no token hides one it is the beginning of; matches nothing where there are none. */
function anyOf(tokens: readonly AddedToken[]): RegExp {
  const sources = tokens.map((token) => token.content).sort((a, b) => b.length - a.length);
  return new RegExp(
    sources.length === 0 ? "(?!)" : sources.map((one) => one.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")).join("|"),
    "g",
  );
}

const unknownCharacter = (character: string, at: number): UserError => {
  const code = character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0");
  return new UserError(
    `The character ${JSON.stringify(character)} (U+${code}, at position ${at}) is not in this model's vocabulary of printable ASCII and newline; remove or replace it.`,
    { param: "text", type: "invalid_text" },
  );
};
