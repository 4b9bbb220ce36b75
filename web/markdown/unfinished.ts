/**
 * The end of a Markdown text that is still being written: a mark whose partner has not come yet is given one, or left out, so that what
 * is shown does not jump from marks to what they mean. Fences and formulas on lines of their own need none (blocks.ts).
 */
import { cells, closesFence, FENCE, MATH_OPEN } from "./blocks.ts";

/** The last piece of a text, with its open marks closed. */
export function finished(piece: string): string {
  const lines = piece.split("\n");
  const open = openBlock(lines);
  const last = lines.at(-1)!;
  const before = (): string => lines.slice(0, -1).join("\n");
  if (open === "$$" || open === "\\]") return open.startsWith(last.trim()) && last.trim() !== "" ? before() : piece;
  if (open !== null) return last.trim() !== "" && open.startsWith(last.trim()) ? before() : piece;
  // The first marks of a fence.
  if (/^\s*(`{1,2}|~{1,2}|\$)$/.test(last)) return before();
  const from = beginning(lines);
  const text = piece.slice(0, from) + finishedInline(piece.slice(from));
  return finishedTable(text.split("\n")) ?? text;
}

/** What would close the fence or formula that is open at the end, or null. */
function openBlock(lines: readonly string[]): string | null {
  let close: string | null = null;
  for (const line of lines) {
    const text = line.trimStart();
    if (close === "$$" || close === "\\]") close = text.includes(close) ? null : close;
    else if (close !== null) close = closesFence(text, close) ? null : close;
    else if (MATH_OPEN.test(text)) {
      const end = text.startsWith("$$") ? "$$" : "\\]";
      close = text.slice(2).includes(end) ? null : end;
    } else close = FENCE.exec(text)?.[1] ?? null;
  }
  return close;
}

/** A head without its rule, or with a part of it, is a table already. */
function finishedTable(lines: readonly string[]): string | null {
  const last = lines.at(-1)!;
  if (!/^\s*\|/.test(last)) return null;
  const rule = (head: string): string =>
    `|${cells(head)
      .map(() => "-|")
      .join("")}`;
  const above = lines.at(-2) ?? "";
  const isHead = (line: string): boolean => /^\s*\|.*[^|\s]/.test(line) && !/^[\s|:-]*$/.test(line);
  if (/^[\s|:-]*$/.test(last)) {
    // A lone bar, under a head the beginning of the rule.
    if (isHead(above) && !/^\s*\|/.test(lines.at(-3) ?? "")) return [...lines.slice(0, -1), rule(above)].join("\n");
    return last.trim() === "|" ? lines.slice(0, -1).join("\n") : null;
  }
  return /^\s*\|/.test(above) ? null : `${lines.join("\n")}\n${rule(last)}`;
}

/** Where the text begins that the last marks may belong to: a paragraph, a list's item, a heading, a line of a quote, a cell. */
function beginning(lines: readonly string[]): number {
  let at = lines.length - 1;
  const begins = (line: string): RegExpExecArray | null =>
    /^\s*(?:>\s?)*(?:(?:[-*+]|\d{1,9}[.)])\s+|#{1,6}\s+|>\s?|\|)?/.exec(line);
  while (at > 0 && begins(lines[at])![0].trim() === "" && lines[at - 1].trim() !== "") at--;
  const head = lines.slice(0, at).reduce((sum, line) => sum + line.length + 1, 0);
  const mark = lines[at].trimStart().startsWith("|") ? lines[at].lastIndexOf("|") + 1 : begins(lines[at])![0].length;
  return head + mark;
}

const PAIRS = ["**", "~~", "*", "_"] as const;

function finishedInline(source: string): string {
  const open: { mark: string; at: number }[] = [];
  let at = 0;
  while (at < source.length) {
    const rest = source.slice(at);
    const code = /^`+/.exec(rest)?.[0];
    if (code !== undefined) {
      const end = partner(rest, code);
      if (end < 0) return closed(source, [...open, { mark: code, at }]);
      at += end;
      continue;
    }
    if (rest.startsWith("\\(")) {
      const end = rest.indexOf("\\)");
      if (end < 0) return closed(source, [...open, { mark: "\\(", at }]);
      at += end + 2;
      continue;
    }
    if (rest[0] === "\\") {
      at += 2;
      continue;
    }
    if (rest[0] === "$" && !/^\$[\s$]/.test(rest)) {
      const end = /^\$(?![\s\d]+[,.\s])((?:\\.|[^$\\\n])+?)(?<!\s)\$(?!\d)/.exec(rest)?.[0].length;
      // Half a formula and not a price: something in it is written in no price.
      if (end === undefined && /[\\^_{}=]/.test(rest.split("\n", 1)[0]) && !rest.includes("\n"))
        return closed(source, [...open, { mark: "$", at }]);
      at += end ?? 1;
      continue;
    }
    const half = /^!?\[[^\]\n]{0,500}\]\([^()\n]*$/.exec(rest)?.[0];
    // The address has not all come: the words stand there without it.
    if (half !== undefined) return closed(source.slice(0, at) + half.replace(/^!?\[([^\]]*)\][\s\S]*$/, "$1"), open);
    const mark = PAIRS.find((one) => rest.startsWith(one));
    if (mark === undefined) {
      at++;
      continue;
    }
    step(source, at, mark, open);
    at += mark.length;
  }
  return closed(source, open);
}

/** Opens or closes an emphasis, as parseInline would take it. */
function step(source: string, at: number, mark: string, open: { mark: string; at: number }[]): void {
  const [before, after] = [source[at - 1] ?? "", source[at + mark.length] ?? ""];
  const wordly = /[\w)]/.test(before) && /[\w(]/.test(after);
  const held = open.findLastIndex((one) => one.mark === mark);
  if (held >= 0 && /\S/.test(before)) open.splice(held);
  else if (held < 0 && !/\s/.test(after) && !(wordly && mark !== "~~") && !(mark === "_" && /\w/.test(before)))
    open.push({ mark, at });
}

/** Where a run of backticks ends that closes another, or -1. */
function partner(rest: string, code: string): number {
  for (const { 0: run, index } of rest.matchAll(/`+/g)) if (index > 0 && run === code) return index + run.length;
  return -1;
}

function closed(source: string, open: readonly { mark: string; at: number }[]): string {
  // What a backslash means comes with the next sign.
  let text = source.replace(/(?<!\\)\\$/, "").trimEnd();
  const inner = open.at(-1);
  // The first sign of a partner of two.
  if ((inner?.mark === "**" || inner?.mark === "~~") && text.length > inner.at + 2 && text.endsWith(inner.mark[0])) {
    text = text.slice(0, -1).trimEnd();
  }
  for (const { mark, at } of open.toReversed()) {
    if (text.length <= at + mark.length) text = text.slice(0, at).trimEnd();
    else text += mark === "\\(" ? "\\)" : mark;
  }
  return text;
}
