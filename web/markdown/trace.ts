/** A text of thinking: shown as it was written, but for its formulas. Cut into pieces, so that all but the last never change again. */

export interface TracePart {
  readonly kind: "text" | "math" | "display";
  readonly text: string;
}

/** A piece ends at the first line end after so many characters, outside of formulas; at the latest after the second number. */
const ENOUGH = 1200;
const MOST = 4000;

/** Pieces that joined give the text. */
export function splitTrace(text: string): string[] {
  const pieces: string[] = [];
  let [from, at] = [0, 0];
  let close: string | null = null;
  while (at < text.length) {
    const next = text.indexOf("\n", at);
    const end = Math.min(next < 0 ? text.length : next + 1, from + MOST);
    close = openFormula(text.slice(at, end), close);
    at = end;
    if ((at - from >= ENOUGH && close === null && next >= 0) || at - from >= MOST) {
      pieces.push(text.slice(from, at));
      [from, close] = [at, null];
    }
  }
  if (from < text.length) pieces.push(text.slice(from));
  return pieces;
}

/** What closes the formula that is open at a line's end, or null. */
function openFormula(line: string, before: string | null): string | null {
  let close = before;
  for (const [mark] of line.matchAll(/\$\$|\\\[|\\\]/g)) {
    if (close === null) close = mark === "$$" ? "$$" : mark === "\\[" ? "\\]" : null;
    else if (mark === close) close = null;
  }
  return close;
}

/** A formula that opens again before it closes is none: so a text of nothing but openings costs no more than another. */
const FORMULA =
  /\$\$([\s\S]{1,3000}?)\$\$|\\\[((?:(?!\\\[)[\s\S]){1,3000}?)\\\]|\\\(((?:(?!\\\()[\s\S]){1,1000}?)\\\)|\$(?![\s\d]+[,.\s])((?:\\.|[^$\\\n]){1,500}?)(?<!\s)\$(?!\d)/g;

/** The formulas of a piece and the text between them. */
export function parseTrace(piece: string): TracePart[] {
  const parts: TracePart[] = [];
  let from = 0;
  let displayed = false;
  /** A displayed formula stands on lines of its own: those before and after it would be empty. */
  const addText = (text: string, beforeDisplay: boolean): void => {
    const after = displayed ? text.replace(/^\n+/, "") : text;
    const shown = beforeDisplay ? after.replace(/\n+$/, "") : after;
    if (shown !== "") parts.push({ kind: "text", text: shown });
  };
  for (const match of piece.matchAll(FORMULA)) {
    const display = match[1] ?? match[2];
    addText(piece.slice(from, match.index), display !== undefined);
    displayed = display !== undefined;
    parts.push(
      display === undefined ? { kind: "math", text: match[3] ?? match[4] } : { kind: "display", text: display },
    );
    from = match.index + match[0].length;
  }
  addText(piece.slice(from), false);
  return parts;
}
