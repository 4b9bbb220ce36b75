/** Comma-separated values as RFC 4180 has them: quoted cells may hold commas, line ends and doubled quotes. */

export interface CsvRow {
  readonly cells: readonly string[];
  /** Line the row begins in, from 1. */
  readonly line: number;
}

/** Rows, the head included; empty lines are left out. @param fail makes the error for a quote that never closes or text behind one */
export function parseCsv(text: string, fail: (line: number, what: string) => Error): CsvRow[] {
  const rows: CsvRow[] = [];
  let cells: string[] = [];
  let [line, begun, at] = [1, 1, 0];
  const endRow = (): void => {
    if (cells.length > 1 || cells[0] !== "") rows.push({ cells, line: begun });
    cells = [];
  };
  while (at < text.length) {
    if (cells.length === 0) begun = line;
    if (text[at] === '"') {
      let cell = "";
      for (;;) {
        const close = text.indexOf('"', at + 1);
        if (close < 0) throw fail(line, "a quote is opened and never closed");
        const piece = text.slice(at + 1, close);
        line += piece.split("\n").length - 1;
        cell += piece;
        at = close + 1;
        if (text[at] !== '"') break;
        cell += '"';
      }
      if (at < text.length && !/[,\r\n]/.test(text[at]!)) throw fail(line, "text stands behind a closing quote");
      cells.push(cell);
    } else {
      let end = at;
      while (end < text.length && text[end] !== "," && text[end] !== "\n") end++;
      cells.push(text.slice(at, end).replace(/\r$/, ""));
      at = end;
    }
    if (text[at] === "\r") at++;
    if (text[at] === ",") {
      at++;
      if (at < text.length) continue;
      cells.push(""); // the text ends with a comma
    } else if (text[at] === "\n") {
      line++;
      at++;
    }
    endRow();
  }
  return rows;
}
