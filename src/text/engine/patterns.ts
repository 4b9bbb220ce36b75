// The regular expressions of a tokenizer file, translated to JavaScript's dialect and kept from running away: a file may come from
// anywhere, and a pattern can be written that takes longer than the universe on a short text.

import * as engine from "@huggingface/tokenizers";
import { UserError } from "../../error.ts";

/** Where a pattern matches: start and end of each match in turn. */
export type FindMatches = (text: string) => number[];

/** A pattern as tokenizer.json writes it. */
export type PatternJson = { readonly Regex: string } | { readonly String: string };

/** Compiles a pattern. @throws UserError where JavaScript has no such pattern */
export function compilePattern(pattern: PatternJson, file: string): FindMatches {
  if ("String" in pattern) return literalMatches(pattern.String);
  const known = compiled.get(pattern.Regex);
  if (known !== undefined) return known;
  const regex = translate(pattern.Regex, file);
  const find: FindMatches = (text) => matchesOf(regex, text);
  if (compiled.size >= 256) compiled.clear();
  compiled.set(pattern.Regex, find);
  return find;
}

/** Whether all regular expressions anywhere in a part of a tokenizer.json are those of published models, which take linear time. */
export function allPatternsKnown(json: unknown): boolean {
  if (typeof json !== "object" || json === null) return true;
  const { Regex: regex } = json as { Regex?: unknown };
  if (regex !== undefined && !(typeof regex === "string" && KNOWN.has(regex))) return false;
  return Object.values(json).every(allPatternsKnown);
}

/**
 * Runs `work` and stops it, regular expressions included, after `limitMs`. Only Node can do that (its vm module sets a limit for
 * whatever a script calls); in a browser it just runs.
 * @throws UserError `message` where it was stopped
 */
export function withTimeLimit<T>(work: () => T, limitMs: number, message: string): T {
  const vm = globalThis.process?.getBuiltinModule?.("node:vm");
  if (vm === undefined) return work();
  limiter ??= (() => {
    const box: { run: () => void } = { run: () => {} };
    return { box, context: vm.createContext(box), script: new vm.Script("run()") };
  })();
  let outcome: { readonly value: T } | { readonly error: unknown } | null = null;
  limiter.box.run = () => {
    try {
      outcome = { value: work() };
    } catch (error) {
      outcome = { error };
    }
  };
  try {
    limiter.script.runInContext(limiter.context, { timeout: limitMs });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_SCRIPT_EXECUTION_TIMEOUT") throw error;
    throw new UserError(message, { param: "pattern", type: "invalid_tokenizer" });
  }
  const done = outcome as { readonly value: T } | { readonly error: unknown } | null;
  if (done === null) throw new Error("the limited work did not run");
  if ("error" in done) throw done.error;
  return done.value;
}

/**
 * Milliseconds that a text of so many characters may take before patterns of unknown cost are given up on: 10 s, and 0.1 ms for
 * each character. It is time on the clock, and other programs may have the processor.
 */
export const timeLimitFor = (characters: number): number => Math.ceil(10_000 + 0.1 * characters);

interface Limiter {
  readonly box: { run: () => void };
  readonly context: object;
  readonly script: { runInContext(context: object, options: { readonly timeout: number }): unknown };
}
let limiter: Limiter | null = null;

const compiled = new Map<string, FindMatches>();

/** Oniguruma's dialect to JavaScript's, by Hugging Face's own translator: \s, \w, \d by Unicode, inline flags, possessive quantifiers. */
function translate(source: string, file: string): RegExp {
  const fail = (cause: unknown): UserError =>
    new UserError(
      `${file} has the pattern ${JSON.stringify(source.slice(0, 80))}, which JavaScript cannot run (${String((cause as Error)?.message ?? cause).slice(0, 100)}).`,
      { param: "pattern", type: "invalid_tokenizer", cause },
    );
  try {
    // the translator is not exported, but a pre-tokenizer that shows what it made is (its type declarations do not resolve under nodenext)
    const { SplitPreTokenizer } = engine as unknown as {
      readonly SplitPreTokenizer: new (config: object) => { readonly pattern: unknown };
    };
    const { pattern } = new SplitPreTokenizer({ pattern: { Regex: source }, behavior: "Isolated", invert: false });
    if (pattern instanceof RegExp) return pattern;
  } catch (error) {
    throw fail(error);
  }
  throw fail("no pattern");
}

function matchesOf(regex: RegExp, text: string): number[] {
  const found: number[] = [];
  regex.lastIndex = 0;
  while (regex.lastIndex <= text.length) {
    const match = regex.exec(text);
    if (match === null) break;
    const end = match.index + match[0].length;
    if (end > match.index) found.push(match.index, end);
    else regex.lastIndex = end + ((text.codePointAt(end) ?? 0) > 0xffff ? 2 : 1);
  }
  return found;
}

function literalMatches(literal: string): FindMatches {
  return (text) => {
    const found: number[] = [];
    if (literal === "") return found;
    for (let at = text.indexOf(literal); at >= 0; at = text.indexOf(literal, at + literal.length)) {
      found.push(at, at + literal.length);
    }
    return found;
  };
}

/** Patterns of published models; each takes time linear in the text. */
export const PATTERNS = {
  /** GPT-2, byte-level's own. */
  gpt2: String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`,
  llama3: String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
  qwen2: String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
  qwen35: String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
  gpt4o: String.raw`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
  tekken: String.raw`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
  /** Hugging Face's Whitespace, WhitespaceSplit and Punctuation. */
  words: String.raw`\w+|[^\w\s]+`,
  space: String.raw`\s`,
  anyPunctuation: String.raw`[!-/:-@\[-\x60{-~\p{P}]`,
  digit: String.raw`\p{N}`,
  digits: String.raw`\p{N}+`,
  threeDigits: String.raw`\p{N}{1,3}`,
  /** DeepSeek-V3: Chinese and Japanese scripts. */
  deepseekCjk: "[一-龥\u3040-ゟ゠-ヿ]+",
  deepseekV3:
    "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+",
  /** DeepSeek-LLM and DeepSeek-Coder. */
  lineBreak: "[\r\n]",
  deepseekLetters:
    "\\s?[A-Za-z" +
    "\\x{b5}\\x{c0}-\\x{d6}\\x{d8}-\\x{f6}\\x{f8}-\\x{1ba}\\x{1bc}-\\x{1bf}\\x{1c4}-\\x{293}" +
    "\\x{295}-\\x{2af}\\x{370}-\\x{373}\\x{376}\\x{377}\\x{37b}-\\x{37d}\\x{37f}\\x{386}" +
    "\\x{388}-\\x{38a}\\x{38c}\\x{38e}-\\x{3a1}\\x{3a3}-\\x{3f5}\\x{3f7}-\\x{481}\\x{48a}-\\x{52f}" +
    "\\x{531}-\\x{556}\\x{10a0}-\\x{10c5}\\x{13a0}-\\x{13f5}\\x{13f8}-\\x{13fd}\\x{1c90}-\\x{1cba}" +
    "\\x{1cbd}-\\x{1cbf}\\x{1d00}-\\x{1d2b}\\x{1d6b}-\\x{1d77}\\x{1d79}-\\x{1d9a}\\x{1e00}-\\x{1f15}" +
    "\\x{1f18}-\\x{1f1d}\\x{1f20}-\\x{1f45}\\x{1f48}-\\x{1f4d}\\x{1f50}-\\x{1f57}\\x{1f59}\\x{1f5b}" +
    "\\x{1f5d}\\x{1f5f}-\\x{1f7d}\\x{1f80}-\\x{1fb4}\\x{1fb6}-\\x{1fbc}\\x{1fbe}\\x{1fc2}-\\x{1fc4}" +
    "\\x{1fc6}-\\x{1fcc}\\x{1fd0}-\\x{1fd3}\\x{1fd6}-\\x{1fdb}\\x{1fe0}-\\x{1fec}\\x{1ff2}-\\x{1ff4}" +
    "\\x{1ff6}-\\x{1ffc}\\x{2102}\\x{2107}\\x{210a}-\\x{2113}\\x{2115}\\x{2119}-\\x{211d}\\x{2124}" +
    "\\x{2126}\\x{2128}\\x{212a}-\\x{212d}\\x{212f}-\\x{2134}\\x{2139}\\x{213c}-\\x{213f}" +
    "\\x{2145}-\\x{2149}\\x{214e}\\x{2183}\\x{2184}\\x{2c00}-\\x{2c7b}\\x{2c7e}-\\x{2ce4}" +
    "\\x{2ceb}-\\x{2cee}\\x{2cf2}\\x{2cf3}\\x{a640}-\\x{a66d}\\x{a680}-\\x{a69b}\\x{a722}-\\x{a76f}" +
    "\\x{a771}-\\x{a787}\\x{a78b}-\\x{a78e}\\x{ab70}-\\x{abbf}\\x{fb00}-\\x{fb06}\\x{fb13}-\\x{fb17}" +
    "\\x{ff21}-\\x{ff3a}\\x{ff41}-\\x{ff5a}\\x{10400}-\\x{1044f}\\x{104b0}-\\x{104d3}" +
    "\\x{104d8}-\\x{104fb}\\x{10c80}-\\x{10cb2}\\x{10cc0}-\\x{10cf2}\\x{118a0}-\\x{118df}" +
    "\\x{1e900}-\\x{1e943}" +
    "]+",
  deepseekPunctuation: "\\s?[!-/:-~！-／：-～‘-‟\u3000-。]+",
  /** DeepSeek-LLM's `\s+$`, written so that a long run of spaces that does not end the text is looked at once. */
  spaceAtEnd: String.raw`(?<!\s)\s+(?![\s\S])`,
  deepseekHan: "[一-龥ࠀ-一가-\ud7ff]+",
  letters: String.raw`\s?\p{L}+`,
  punctuation: String.raw`\s?\p{P}+`,
  /** llama.cpp's default, for files that name no pre-tokenizer. */
  defaultPunctuation: String.raw`[\p{P}\$\+<=>\^~\|]+`,
  asciiThree: "[0-9][0-9][0-9]",
} as const;

const KNOWN: ReadonlySet<string> = new Set(Object.values(PATTERNS));
