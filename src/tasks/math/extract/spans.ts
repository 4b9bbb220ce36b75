/** Finds the mathematics in running text: what stands in dollar signs and LaTeX's brackets, and bare fractions. */

export interface Span {
  /** First character of the delimiters, and the one behind them. */
  readonly start: number;
  readonly end: number;
  /** Between the delimiters. */
  readonly content: string;
}

/** Every span in order, none inside another. Linear in the length of the text. */
export function spansOf(text: string): readonly Span[] {
  const spans: Span[] = [];
  let at = 0;
  OPENING.lastIndex = 0;
  for (;;) {
    OPENING.lastIndex = at;
    const match = OPENING.exec(text);
    if (match === null) return spans;
    const span = spanAt(text, match.index, match[0]);
    if (span === null) {
      at = match.index + match[0].length;
    } else {
      spans.push(span);
      at = span.end;
    }
  }
}

const OPENING = /\\\\|\\\$|\$\$|\$|\\\[|\\\(|-?\\[dt]?frac\{/g;

function spanAt(text: string, start: number, opening: string): Span | null {
  switch (opening) {
    case "\\\\":
    case "\\$":
      return null;
    case "$$":
      return closed(text, start, 2, "$$", false);
    case "\\[":
      return closed(text, start, 2, "\\]", false);
    case "\\(":
      return closed(text, start, 2, "\\)", false);
    case "$": {
      const span = closed(text, start, 1, "$", true);
      return span !== null && isMath(span.content) ? span : null;
    }
    default: {
      FRACTION.lastIndex = start;
      const fraction = FRACTION.exec(text)?.[0];
      return fraction === undefined ? null : { start, end: start + fraction.length, content: fraction };
    }
  }
}

const FRACTION = /-?\\[dt]?frac\{[^{}\n]{1,60}\}\{[^{}\n]{1,60}\}/y;

/** Longer formulas are taken for delimiters that do not belong together. */
const LONGEST = 4_000;

function closed(text: string, start: number, width: number, closing: string, oneLine: boolean): Span | null {
  let at = start + width;
  for (;;) {
    const end = text.indexOf(closing, at);
    if (end === -1 || end - start > LONGEST) return null;
    if (closing[0] === "$" && text[end - 1] === "\\") {
      at = end + 1; // \$ is a sign of money
      continue;
    }
    const content = text.slice(start + width, end);
    if (content.trim() === "" || (oneLine && content.includes("\n"))) return null;
    return { start, end: end + closing.length, content };
  }
}

/** "$5 and earned another $" lies between two amounts of money. */
const isMath = (content: string): boolean =>
  !/[A-Za-z]{3,}\s+[A-Za-z]{2,}/.test(
    content.replace(/\\(?:text|mbox|textbf|textrm|mathrm)\s*\{[^{}]*\}|\\[a-zA-Z]+/g, ""),
  );

/** The text with every span blanked out, its length kept. */
export function masked(text: string, spans: readonly Span[]): string {
  let out = "";
  let at = 0;
  for (const { start, end } of spans) {
    out += text.slice(at, start) + " ".repeat(end - start);
    at = end;
  }
  return out + text.slice(at);
}

/** Of aligned lines the last one: there the computation ends. Matrices stay. */
export function lastLine(content: string): string {
  if (!/\\begin\{(?:align|aligned|gather|gathered|split|eqnarray|multline|equation)\*?\}/.test(content)) return content;
  const bare = content.replace(
    /\\(?:begin|end)\{(?:align|aligned|gather|gathered|split|eqnarray|multline|equation)\*?\}/g,
    " ",
  );
  const lines = bare.split(/\\\\|\\ &/).filter((line) => line.replace(/[&\s.]/g, "") !== "");
  return (lines.at(-1) ?? bare).replaceAll("&", " ").trim();
}
