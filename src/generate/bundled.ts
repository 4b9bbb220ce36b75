/** What the bundled model is, told to people: its card (models/reckon-nano/README.md) has the figures. */

/** One sentence for a page's first view: what it can be asked, and that nothing else will do. */
export const BUNDLED_ABOUT =
  "reckon-nano is very small: it was taught sums, products, remainders, equations, sorting, comparing, counting letters, digit sums, " +
  "binary numbers, Roman numerals, times of day, sums in English and German words and making a number from others, and nothing else.";

/** It never saw a conversation: an earlier question, or a system prompt, misleads it. */
export const BUNDLED_ONE_QUESTION = true;
