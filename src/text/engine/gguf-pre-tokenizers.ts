// The pre-tokenizers that GGUF files know by name (`tokenizer.ggml.pre`) instead of by their patterns: each is what the
// tokenizer.json of the models it was named for says.

import { PATTERNS } from "./patterns.ts";

export interface GgufPreTokenizer {
  /** A text is cut at every match of each pattern in turn. */
  readonly patterns: readonly string[];
  /** A piece that is a token is that token, whatever the merges say. */
  readonly ignoreMerges: boolean;
  /** BOS goes in front where the file does not say. */
  readonly addBos: boolean;
  /** The models' own tokenizer composes characters first (Unicode's NFC). */
  readonly nfc: boolean;
}

const plain = (...patterns: string[]): GgufPreTokenizer => ({
  patterns,
  ignoreMerges: false,
  addBos: false,
  nfc: false,
});

const gpt2 = plain(PATTERNS.gpt2);
const llama3 = { ...plain(PATTERNS.llama3), ignoreMerges: true, addBos: true };
const qwen2 = { ...plain(PATTERNS.qwen2), nfc: true };
/** Digits one by one, then GPT-2's. */
const starcoder = plain(PATTERNS.digit, PATTERNS.gpt2);

const PRE_TOKENIZERS: Readonly<Record<string, GgufPreTokenizer>> = {
  default: plain(PATTERNS.defaultPunctuation, PATTERNS.gpt2, PATTERNS.digits, PATTERNS.asciiThree),
  "gpt-2": gpt2,
  "phi-2": gpt2,
  mpt: gpt2,
  olmo: gpt2,
  "llama-bpe": llama3,
  llama3,
  "llama-v3": llama3,
  falcon3: llama3,
  lfm2: llama3,
  pixtral: llama3,
  dbrx: plain(PATTERNS.llama3),
  "smaug-bpe": plain(PATTERNS.llama3),
  "chatglm-bpe": plain(PATTERNS.llama3),
  glm4: plain(PATTERNS.llama3),
  tekken: { ...plain(PATTERNS.tekken), ignoreMerges: true, addBos: true },
  qwen2,
  "deepseek-r1-qwen": qwen2,
  qwen35: { ...plain(PATTERNS.qwen35), nfc: true },
  stablelm2: plain(PATTERNS.qwen2),
  megrez: plain(PATTERNS.qwen2),
  "deepseek-v3": plain(PATTERNS.threeDigits, PATTERNS.deepseekCjk, PATTERNS.deepseekV3),
  "deepseek-llm": plain(
    PATTERNS.lineBreak,
    PATTERNS.deepseekLetters,
    PATTERNS.deepseekPunctuation,
    PATTERNS.spaceAtEnd,
    PATTERNS.deepseekHan,
    PATTERNS.digits,
  ),
  "deepseek-coder": plain(
    PATTERNS.lineBreak,
    PATTERNS.letters,
    PATTERNS.punctuation,
    PATTERNS.deepseekHan,
    PATTERNS.digit,
  ),
  smollm: starcoder,
  starcoder,
  refact: starcoder,
  "command-r": starcoder,
  codeshell: starcoder,
  exaone: starcoder,
  "gpt-4o": plain(PATTERNS.gpt4o),
  llama4: plain(PATTERNS.gpt4o),
};

/** Every name that is known, for error messages. */
export const GGUF_PRE_TOKENIZER_NAMES: readonly string[] = Object.keys(PRE_TOKENIZERS);

/** The pre-tokenizer of this name; null: there is none here. */
export const ggufPreTokenizer = (name: string): GgufPreTokenizer | null =>
  Object.hasOwn(PRE_TOKENIZERS, name) ? PRE_TOKENIZERS[name] : null;
