/** Cuts a growing Markdown text where blocks surely end, so that all but the last piece never change again. */

import { closesFence } from "./blocks.ts";

/** Pieces that joined give the text; cut at empty lines outside fences and formulas, before unindented text. */
export function splitBlocks(text: string): string[] {
  const pieces: string[] = [];
  let piece = "";
  let fence: string | null = null;
  const lines = text.split("\n");
  for (const [at, line] of lines.entries()) {
    const mark = /^ {0,3}(`{3,}|~{3,}|\$\$|\\\[)/.exec(line)?.[1];
    if (fence !== null) {
      const closed = fence === "$$" || fence === "\\]" ? line.includes(fence) : closesFence(line, fence);
      if (closed) fence = null;
    } else if (mark === "$$" || mark === "\\[") {
      const close = mark === "$$" ? "$$" : "\\]";
      if (!line.slice(line.indexOf(mark) + 2).includes(close)) fence = close;
    } else if (mark !== undefined) fence = mark;
    // A list may go on after an empty line, so it is cut only where something else begins.
    const goesOn = /^(\s|[-*+]\s|\d{1,9}[.)]\s)/.test(lines[at + 1] ?? "");
    piece += at < lines.length - 1 ? `${line}\n` : line;
    if (line.trim() === "" && fence === null && !goesOn && piece.trim() !== "") {
      pieces.push(piece);
      piece = "";
    }
  }
  if (piece !== "") pieces.push(piece);
  return pieces;
}
