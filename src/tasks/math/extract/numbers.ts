/** Numbers in running text, where a letter before them makes them part of a name. */

export interface Found {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Every number with its sign, marks between thousands, fraction and per cent sign. Linear in the length of the text. */
export function numbersIn(text: string): readonly Found[] {
  return Array.from(text.matchAll(NUMBER), (match) => {
    const start = match.index + match[1]!.length;
    return { start, end: match.index + match[0].length, text: match[2]! };
  });
}

const WHOLE = String.raw`(?:\d{1,3}(?:[ ,]\d{3})+(?!\d)(?:\.\d+)?|\d+(?:[.,]\d+)?|\.\d+)`;
const NUMBER = new RegExp(
  String.raw`(^|[\s=(\[*:~"'≈<>])(?:[$€£¥₹]|\\\$)?([-+\u2212]?${WHOLE}(?:[eE][+-]?\d+)?(?:\s?\/\s?\d+(?![\d.,]\d)| \d+\/\d+)?(?:\s?(?:%|per ?cent(?:age)?\b|pct\b))?)`,
  "gmi",
);
