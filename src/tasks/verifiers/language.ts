/**
 * Language consistency: the share of the words in a chain of thought that are of the language asked for (R1's reward
 * R_lang = words of the target language / words, arXiv 2501.12948, section 2.3.1). A word is told by its script; among languages of one
 * script, by the small words that one language has and the others have not.
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
  pl: /^\p{Script=Latin}/u,
  vi: /^\p{Script=Latin}/u,
  fi: /^\p{Script=Latin}/u,
  zh: /^\p{Script=Han}/u,
  ja: /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}ー]/u,
  ko: /^[\p{Script=Hangul}]/u,
  ru: /^\p{Script=Cyrillic}/u,
  uk: /^\p{Script=Cyrillic}/u,
  bg: /^\p{Script=Cyrillic}/u,
  ar: /^\p{Script=Arabic}/u,
  fa: /^\p{Script=Arabic}/u,
  ur: /^\p{Script=Arabic}/u,
  he: /^\p{Script=Hebrew}/u,
  el: /^\p{Script=Greek}/u,
  hi: /^\p{Script=Devanagari}/u,
  mr: /^\p{Script=Devanagari}/u,
  ne: /^\p{Script=Devanagari}/u,
  bn: /^\p{Script=Bengali}/u,
  te: /^\p{Script=Telugu}/u,
  ta: /^\p{Script=Tamil}/u,
  kn: /^\p{Script=Kannada}/u,
  ml: /^\p{Script=Malayalam}/u,
  gu: /^\p{Script=Gujarati}/u,
  pa: /^\p{Script=Gurmukhi}/u,
  th: /^\p{Script=Thai}/u,
} as const satisfies Record<string, RegExp>;

/** Words that are common in one language of a script that has several; those that two of them share (also, do, plus) are left out. */
const SMALL_WORDS = {
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
  pl: words("nie się jest że czy dla przez był które są tym tego oraz może także tylko bardzo"),
  vi: words("của và không những được trong có với này một các người để đã tôi bạn rất"),
  fi: words("että ovat olla mutta kun niin myös hän joka jotka tämä sen ole kuin hyvin minä"),
  ru: words("что это из его она они мы были был быть если только которые который когда чтобы очень вы"),
  uk: words("що це як він вона вони є або якщо які який коли щоб було бути й і але під дуже"),
  bg: words("са се че това като със който която които към във тези бъде съм много си"),
  ar: words("في على أن إلى هذا هذه التي الذي كان عن أو هو هي ذلك لم قد بين عند"),
  fa: words("است که این را برای آن از به در می هم یک بود های خود تا شما هستند"),
  ur: words("ہے کے کی میں اور سے کا کو ہیں پر نے یہ کہ ایک بھی اس وہ تھا جو لیے نہیں"),
  hi: words("है के में और से हैं यह कि भी इस वह था जो लिए नहीं आप रहा बहुत"),
  mr: words("आहे आणि च्या हे ते आहेत त्या मध्ये होते नाही मी तर हा किंवा खूप आम्ही"),
  ne: words("छ र हो छन् पनि गर्न मा भएको गरेको यो लागि तपाईं थियो हुन्छ मेरो हाम्रो धेरै"),
} as const satisfies Partial<Record<Language, ReadonlySet<string>>>;

type Shared = keyof typeof SMALL_WORDS;

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
    const small = language in SMALL_WORDS ? SMALL_WORDS[language as Shared] : null;
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
  const own = SMALL_WORDS[target as Shared];
  return own.has(word) || !Object.values(SMALL_WORDS).some((other) => other !== own && other.has(word));
}

const SEGMENTERS = new Intl.Segmenter("und", { granularity: "word" });

/** Words in lower case, without what belongs to no language. */
function wordsOf(text: string): readonly string[] {
  const plain = text
    .normalize("NFC")
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
