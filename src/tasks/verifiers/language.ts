/**
 * Language consistency: the share of the words in a chain of thought that are of the language asked for (R1's reward
 * R_lang = words of the target language / words, arXiv 2501.12948, section 2.3.1). A word is told by its script; among languages of the
 * Latin script, by the small words that one language has and the other has not.
 */
import type { Verdict } from "../task.ts";

export type Language = keyof typeof SCRIPTS;

const SCRIPTS = {
  en: /^\p{Script=Latin}/u,
  de: /^\p{Script=Latin}/u,
  fr: /^\p{Script=Latin}/u,
  es: /^\p{Script=Latin}/u,
  it: /^\p{Script=Latin}/u,
  pt: /^\p{Script=Latin}/u,
  sw: /^\p{Script=Latin}/u,
  zh: /^\p{Script=Han}/u,
  ja: /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}ー]/u,
  ko: /^[\p{Script=Hangul}]/u,
  ru: /^\p{Script=Cyrillic}/u,
  uk: /^\p{Script=Cyrillic}/u,
  ar: /^\p{Script=Arabic}/u,
  he: /^\p{Script=Hebrew}/u,
  el: /^\p{Script=Greek}/u,
  hi: /^\p{Script=Devanagari}/u,
  bn: /^\p{Script=Bengali}/u,
  te: /^\p{Script=Telugu}/u,
  th: /^\p{Script=Thai}/u,
} as const satisfies Record<string, RegExp>;

/** Words that are common in one language of the Latin script; those that two of them share (also, do, plus) are left out. */
const SMALL_WORDS: Readonly<Record<"en" | "de" | "fr" | "es" | "it" | "pt" | "sw", ReadonlySet<string>>> = {
  en: words("the of and is that it for with this are be from which we have not let if then there would they how many"),
  de: words(
    "der das und ist nicht mit ein eine auf für von dem den wir sich auch wird dass oder aber wenn dann wie sind zu viele",
  ),
  fr: words(
    "les des est dans qui sur avec nous pas cette sont donc mais où être aux ces alors ses leur elle chaque combien du",
  ),
  es: words("los las por del es el y como más pero entonces número está donde esta cada cuántos cuántas tiene"),
  it: words("il che di è della gli nel quindi ma perché questo anche ogni poi quanti"),
  pt: words("os uma não em com mais são então você isso também ser pelo quantos quantas"),
  sw: words("na ya wa kwa ni katika hii kila za cha ana alikuwa ngapi ikiwa yake"),
};

export interface Consistency extends Verdict {
  readonly words: number;
  readonly ofTarget: number;
}

/**
 * The share of words of the target language. Numbers, formulas, code and single Latin letters are of no language and do not count;
 * a text without words has share 0.
 */
export function languageConsistency(text: string, target: Language): Consistency {
  const all = wordsOf(text);
  const ofTarget = all.filter((word) => isOf(word, target)).length;
  const score = all.length === 0 ? 0 : ofTarget / all.length;
  const reason =
    all.length === 0 ? "there are no words" : `${ofTarget} of ${all.length} words are of ${NAMES.of(target)}`;
  return { score, reason, words: all.length, ofTarget };
}

/** The language most of a text's words are of, as a question's is; null for a text without words. */
export function languageOf(text: string): Language | null {
  const all = wordsOf(text.slice(0, 20_000));
  let best: Language | null = null;
  let most = 0;
  for (const language of Object.keys(SCRIPTS) as Language[]) {
    const small = language in SMALL_WORDS ? SMALL_WORDS[language as "en"] : null;
    const own =
      all.filter((word) => isOf(word, language)).length +
      (small === null ? 0 : all.filter((word) => small.has(word)).length);
    if (own > most) [best, most] = [language, own];
  }
  return best;
}

const NAMES = new Intl.DisplayNames("en", { type: "language" });

function isOf(word: string, target: Language): boolean {
  if (!SCRIPTS[target].test(word)) return false;
  if (!(target in SMALL_WORDS)) return true;
  const own = SMALL_WORDS[target as "en"];
  return own.has(word) || !Object.values(SMALL_WORDS).some((other) => other !== own && other.has(word));
}

const SEGMENTERS = new Intl.Segmenter("und", { granularity: "word" });

/** Words in lower case, without what belongs to no language. */
function wordsOf(text: string): readonly string[] {
  const plain = text
    .replace(/```[\s\S]*?(?:```|$)|`[^`\n]*`/g, " ")
    .replace(/\$\$[\s\S]{1,4000}?\$\$|\$[^$\n]{1,1000}\$|\\\[[\s\S]{1,4000}?\\\]|\\\([\s\S]{1,2000}?\\\)/g, " ")
    .replace(/\\[a-zA-Z]+|https?:\/\/\S+|<\/?think>/g, " ");
  const found: string[] = [];
  for (const { segment, isWordLike } of SEGMENTERS.segment(plain)) {
    if (!isWordLike || !/\p{L}/u.test(segment)) continue;
    if (segment.length === 1 && /^[A-Za-z]$/.test(segment) && !/^[aAI]$/.test(segment)) continue; // x, n
    found.push(segment.toLowerCase());
  }
  return found;
}

function words(text: string): ReadonlySet<string> {
  return new Set(text.split(" "));
}
