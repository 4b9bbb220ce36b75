/**
 * The two surface languages of the bilingual families, English and German, and what reinforcement learning rewards about them: the
 * share of a text's words that are of the language asked for (DeepSeek-R1, 2.3.2), and the word-for-word translation by which mixed
 * thinking is made readable. Words are the number words and a few of courtesy; German is spelled without umlauts, as in a telegram.
 */

export type Language = "en" | "de";

export const LANGUAGES: readonly Language[] = ["en", "de"];

const EN_SMALL =
  "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split(
    " ",
  );
const EN_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split(" ");
const DE_SMALL =
  "null eins zwei drei vier fuenf sechs sieben acht neun zehn elf zwoelf dreizehn vierzehn fuenfzehn sechzehn siebzehn achtzehn neunzehn".split(
    " ",
  );
const DE_TENS = "zwanzig dreissig vierzig fuenfzig sechzig siebzig achtzig neunzig".split(" ");

/** A whole number from 0 to 99 in words, without a space: "twenty-seven", "siebenundzwanzig". */
export function numberWord(value: number, language: Language): string {
  if (!Number.isInteger(value) || value < 0 || value > 99) throw new RangeError(`no number word for ${value}`);
  const [small, tens] = language === "en" ? [EN_SMALL, EN_TENS] : [DE_SMALL, DE_TENS];
  if (value < 20) return small[value]!;
  const [ten, unit] = [tens[Math.floor(value / 10) - 2]!, value % 10];
  if (unit === 0) return ten;
  if (language === "en") return `${ten}-${small[unit]!}`;
  return `${unit === 1 ? "ein" : small[unit]!}und${ten}`;
}

/** Pairs of words that mean the same: numbers, then what the replies of the requests family are made of. */
const PAIRS: readonly (readonly [en: string, de: string])[] = [
  ...Array.from({ length: 100 }, (_, value) => [numberWord(value, "en"), numberWord(value, "de")] as const),
  ["hello", "hallo"],
  ["thank", "danke"],
  ["you", "dir"],
  ["sorry", "leider"],
  ["not", "nicht"],
  ["nice", "schoen"],
  ["to", "zu"],
  ["see", "sehen"],
  ["kind", "lieb"],
  ["very", "sehr"],
  ["will", "werde"],
  ["do", "tun"],
  ["that", "das"],
  ["is", "ist"],
  ["a", "ein"],
  ["fool", "narr"],
  ["go", "geh"],
  ["away", "weg"],
];

const MEANINGS: Readonly<Record<Language, ReadonlyMap<string, string>>> = {
  en: new Map(PAIRS),
  de: new Map(PAIRS.map(([en, de]) => [de, en])),
};

const WORD = /[A-Za-z]+(?:-[A-Za-z]+)?/g;

const other = (language: Language): Language => (language === "en" ? "de" : "en");

/** The language a word belongs to; null for names and whatever else is of neither. */
export function languageOf(word: string): Language | null {
  const lower = word.toLowerCase();
  return LANGUAGES.find((language) => MEANINGS[language].has(lower)) ?? null;
}

/**
 * The share of a text's words of either language that are of `language`. A text without such words earns 0: a model must not win this
 * reward by not thinking.
 */
export function languageConsistency(text: string, language: Language): number {
  const spoken = (text.match(WORD) ?? []).map(languageOf).filter((one) => one !== null);
  return spoken.length === 0 ? 0 : spoken.filter((one) => one === language).length / spoken.length;
}

/** The text with every word of the other language put into `language`. */
export function translated(text: string, language: Language): string {
  const meanings = MEANINGS[other(language)];
  return text.replace(WORD, (word) => {
    const meaning = meanings.get(word.toLowerCase());
    if (meaning === undefined) return word;
    return word[0] === word[0]!.toUpperCase() ? meaning[0]!.toUpperCase() + meaning.slice(1) : meaning;
  });
}
