/**
 * How IFEval counts words, capital words and sentences. Each function walks the text once, so that no response, however made, takes
 * longer than its length.
 */

/** Runs of letters, digits and underscores, as Python's `\w+` finds them. */
export const countWords = (text: string): number => [...text.matchAll(/[\p{L}\p{N}_]+/gu)].length;

/**
 * Words all of whose letters are capitals. A word with hyphens, stops or an ampersand within is one; "I'M" is two, I and 'M, as NLTK's
 * tokenizer has it.
 */
export function countCapitalWords(text: string): number {
  const tokens = text
    .replace(/(?<=\p{L})N['’]T\b/gu, " N'T ")
    .replace(/(?<=\p{L})['’](S|M|D|LL|RE|VE)\b/gu, " '$1 ")
    .split(/[\s,;:?!"“”()[\]{}<>@#$%&]+|--+/u);
  return tokens.filter(isUpper).length;
}

/** Has capitals, and no small letters (Python's `isupper`). */
export const isUpper = (text: string): boolean => /\p{Lu}/u.test(text) && !/[\p{Ll}\p{Lt}]/u.test(text);

/** Has small letters, and no capitals (Python's `islower`). */
export const isLower = (text: string): boolean => /\p{Ll}/u.test(text) && !/[\p{Lu}\p{Lt}]/u.test(text);

/** Stops behind these end no sentence: titles, months and what stands before a name or a number. */
const ABBREVIATIONS = new Set(
  (
    "mr mrs ms dr st prof gen rep sen gov capt col lt sgt maj rev hon pres jr sr inc ltd co corp bros vs etc e.g i.e cf al approx dept est fig no vol pp ed eds " +
    "jan feb mar apr jun jul aug sep sept oct nov dec mon tue wed thu fri sat sun ave blvd rd a.m p.m u.s u.k u.n ph.d b.c a.d p.s p.p.s"
  ).split(" "),
);

/** After these a capital begins a new sentence all the same. */
const CAN_END = new Set("jr sr inc ltd co corp bros etc al a.m p.m u.s u.k u.n ph.d b.c a.d".split(" "));

/**
 * Sentences, by the rules of NLTK's Punkt with a list of abbreviations in place of its trained model: "?" and "!" before white space
 * always end one, a stop where what follows does not go on in small letters; line ends alone end none.
 */
export function countSentences(text: string): number {
  const tokens = text.split(/\s+/).filter((token) => token !== "");
  let ends = 0;
  let open = false;
  for (const [i, token] of tokens.entries()) {
    open = true;
    if (endsSentence(token, tokens[i + 1])) {
      ends++;
      open = false;
    }
  }
  return ends + (open ? 1 : 0);
}

function endsSentence(token: string, next: string | undefined): boolean {
  const bare = token.slice(0, token.length - closing(token));
  const last = bare.at(-1);
  if (last === "?" || last === "!") return true;
  if (last !== ".") return false;
  const begins = next === undefined ? "" : (/[\p{L}\p{N}]/u.exec(next.slice(0, 20))?.[0] ?? "");
  const goesOn = /\p{Ll}/u.test(begins);
  if (bare.endsWith("..")) return !goesOn;
  const word = bare
    .slice(0, -1)
    .slice(-24)
    .replace(/^[^\p{L}\p{N}]+/u, "");
  if (/^\p{Lu}$/u.test(word)) return next === undefined; // an initial
  if (/^[\p{N},.]+$/u.test(word)) return !goesOn; // "3. then" goes on, the number of a list stands alone
  const lower = word.toLowerCase();
  if (ABBREVIATIONS.has(lower)) return next === undefined || (CAN_END.has(lower) && /\p{Lu}/u.test(begins));
  return true;
}

/** How many quotes, brackets and asterisks close a token behind its stop. */
function closing(token: string): number {
  let count = 0;
  while (count < token.length && `"'”’)]}*_»`.includes(token[token.length - 1 - count]!)) count++;
  return count;
}
