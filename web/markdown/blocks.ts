/** Markdown's blocks, as a list. Made for text that is still being written: a fence or formula without its end goes to the end. */

export type Block =
  | { readonly kind: "paragraph" | "math"; readonly text: string }
  | { readonly kind: "heading"; readonly level: number; readonly text: string }
  | { readonly kind: "code"; readonly language: string; readonly text: string }
  | { readonly kind: "rule" }
  | { readonly kind: "quote"; readonly blocks: readonly Block[] }
  | { readonly kind: "list"; readonly start: number | null; readonly items: readonly (readonly Block[])[] }
  | { readonly kind: "table"; readonly head: readonly string[]; readonly rows: readonly (readonly string[])[] };

export const FENCE = /^ {0,3}(`{3,}|~{3,})\s*([\w+#.-]*)/;
const ITEM = /^( {0,3})([-*+]|\d{1,9}[.)])(\s+|$)/;
const TABLE_RULE = /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/;
export const MATH_OPEN = /^\s*(\$\$|\\\[)/;
const DEEPEST = 6;

export function parseBlocks(source: string, depth = 0): Block[] {
  const lines = source.replaceAll("\r\n", "\n").split("\n");
  const blocks: Block[] = [];
  let at = 0;
  while (at < lines.length) {
    if (lines[at].trim() === "") {
      at++;
      continue;
    }
    const [block, next] = readBlock(lines, at, depth);
    blocks.push(block);
    at = next;
  }
  return blocks;
}

function readBlock(lines: readonly string[], at: number, depth: number): [Block, number] {
  const line = lines[at];
  const fence = FENCE.exec(line);
  if (fence) return readFence(lines, at, fence[1], fence[2]);
  if (MATH_OPEN.test(line)) return readMath(lines, at);
  const heading = /^ {0,3}(#{1,6})\s+(.*?)\s*#*\s*$/.exec(line);
  if (heading) return [{ kind: "heading", level: heading[1].length, text: heading[2] }, at + 1];
  if (/^ {0,3}([-*_])(\s*\1){2,}\s*$/.test(line)) return [{ kind: "rule" }, at + 1];
  if (/^ {0,3}>/.test(line) && depth < DEEPEST) {
    const end = endOf(lines, at, (one) => /^ {0,3}>/.test(one));
    const inner = lines.slice(at, end).map((one) => one.replace(/^ {0,3}> ?/, ""));
    return [{ kind: "quote", blocks: parseBlocks(inner.join("\n"), depth + 1) }, end];
  }
  if (ITEM.test(line) && depth < DEEPEST) return readList(lines, at, depth);
  if (isTable(lines, at)) {
    const end = endOf(lines, at + 2, (one) => one.includes("|"));
    return [{ kind: "table", head: cells(line), rows: lines.slice(at + 2, end).map(cells) }, end];
  }
  let end = at + 1;
  while (end < lines.length && lines[end].trim() !== "" && !startsBlock(lines[end]) && !isTable(lines, end)) end++;
  return [{ kind: "paragraph", text: lines.slice(at, end).join("\n") }, end];
}

const isTable = (lines: readonly string[], at: number): boolean =>
  lines[at].includes("|") && TABLE_RULE.test(lines[at + 1] ?? "") && lines[at + 1].includes("-");

const startsBlock = (line: string): boolean =>
  FENCE.test(line) || MATH_OPEN.test(line) || /^ {0,3}(#{1,6}\s|>)/.test(line) || /^ {0,3}([-*+]|1[.)])\s/.test(line);

function endOf(lines: readonly string[], from: number, goesOn: (line: string) => boolean): number {
  let end = from;
  while (end < lines.length && goesOn(lines[end])) end++;
  return end;
}

function readFence(lines: readonly string[], at: number, mark: string, language: string): [Block, number] {
  const end = endOf(lines, at + 1, (one) => !closesFence(one, mark));
  const indent = lines[at].search(/\S/);
  const body = lines.slice(at + 1, end).map((one) => unindent(one, indent));
  return [{ kind: "code", language, text: body.join("\n") }, end + 1];
}

/** Whether a line ends a fence: at least its marks, nothing else, and no deeper than a fence may stand. */
export function closesFence(line: string, mark: string): boolean {
  const text = line.replace(/^ {0,3}/, "").trimEnd();
  return text.startsWith(mark) && text.replaceAll(mark[0], "") === "";
}

function readMath(lines: readonly string[], at: number): [Block, number] {
  const open = MATH_OPEN.exec(lines[at])!;
  const close = open[1] === "$$" ? "$$" : "\\]";
  const first = lines[at].slice(open[0].length);
  const inFirst = first.indexOf(close);
  if (inFirst >= 0) {
    const rest = first.slice(inFirst + 2).trim();
    // What follows a formula on its line makes the line a paragraph with the formula in it.
    if (rest !== "")
      return [{ kind: "paragraph", text: `\\(${first.slice(0, inFirst)}\\)${first.slice(inFirst + 2)}` }, at + 1];
    return [{ kind: "math", text: first.slice(0, inFirst) }, at + 1];
  }
  const end = endOf(lines, at + 1, (one) => !one.includes(close));
  const last = (lines[end] ?? "").split(close)[0];
  return [{ kind: "math", text: [first, ...lines.slice(at + 1, end), last].join("\n") }, end + 1];
}

function readList(lines: readonly string[], at: number, depth: number): [Block, number] {
  const ordered = /\d/.test(ITEM.exec(lines[at])![2]);
  const items: Block[][] = [];
  const start = Number.parseInt(ITEM.exec(lines[at])![2], 10);
  let next = at;
  for (;;) {
    const mark = ITEM.exec(lines[next] ?? "");
    if (mark === null || /\d/.test(mark[2]) !== ordered) break;
    const width = mark[1].length + mark[2].length + 1;
    const indented = (one: string): boolean => one.trim() === "" || one.startsWith(" ".repeat(Math.min(width, 2)));
    let end = endOf(lines, next + 1, indented);
    while (end > next + 1 && lines[end - 1].trim() === "" && !ITEM.test(lines[end] ?? "")) end--;
    const body = [lines[next].slice(mark[0].length), ...lines.slice(next + 1, end).map((one) => unindent(one, width))];
    items.push(parseBlocks(body.join("\n"), depth + 1));
    next = end;
  }
  return [{ kind: "list", start: ordered ? start : null, items }, next];
}

const unindent = (line: string, width: number): string => line.replace(new RegExp(`^ {0,${width}}`), "");

export function cells(line: string): string[] {
  return line
    .trim()
    .replace(/^\||\|$/g, "")
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll("\\|", "|"));
}
