/** The answers in \boxed{...}: the last one, with those before it that belong to the same answer. */
import { closingBrace } from "../read/lexer.ts";

export interface Boxes {
  /** The contents, first to last, equal ones once. */
  readonly contents: readonly string[];
  /** The character behind the last one. */
  readonly end: number;
}

interface Box {
  readonly start: number;
  readonly end: number;
  readonly content: string;
}

/** More boxes than this make no one answer. */
const MOST = 20;

/** Content beyond this many characters is not looked for. */
const LONGEST = 4_000;

/** The last boxes of a text, null where there is none. */
export function lastBoxes(text: string): Boxes | null {
  const boxes: Box[] = [];
  let before = text.length;
  while (boxes.length < MOST) {
    const start = lastCommand(text, before);
    if (start === -1) break;
    before = start;
    const box = boxAt(text, start);
    if (box === null) continue;
    const [following] = boxes;
    if (following !== undefined && (box.end > following.start || !belongTogether(text.slice(box.end, following.start))))
      break;
    boxes.unshift(box);
  }
  if (boxes.length === 0) return null;
  const contents = [...new Set(boxes.map(({ content }) => content.trim()))];
  return { contents, end: boxes.at(-1)!.end };
}

function lastCommand(text: string, before: number): number {
  if (before <= 0) return -1;
  return Math.max(...COMMANDS.map((command) => text.lastIndexOf(command, before - 1)));
}

const COMMANDS = ["\\boxed", "\\fbox", "\\framebox"];

/** The box whose command starts there; null where nothing is in it. An unclosed one reaches to the end of its line. */
function boxAt(text: string, start: number): Box | null {
  OPENING.lastIndex = start;
  const opening = OPENING.exec(text);
  if (opening === null) {
    SHORT.lastIndex = start; // \boxed 5
    const short = SHORT.exec(text);
    return short === null ? null : { start, end: SHORT.lastIndex, content: short[1]! };
  }
  const open = OPENING.lastIndex - 1;
  const window = text.slice(open, open + LONGEST);
  const close = closingBrace(window, 0);
  const closed = close < window.length;
  const line = window.indexOf("\n");
  const end = closed || line === -1 ? close : line;
  const content = window.slice(1, end);
  return content.replace(/[{}$\s]/g, "") === "" ? null : { start, end: open + end + (closed ? 1 : 0), content };
}

const OPENING = /\\(?:boxed|fbox|framebox)\s*\{/y;
const SHORT = /\\(?:boxed|fbox)\s+(\S{1,20})/y;

/**
 * Whether two boxes with this between them are parts of one answer: nothing but commas, signs and a rule drawn of signs, or a
 * few words with "and" or "or". "\boxed{4} no wait \boxed{5}" is one answer after another.
 */
function belongTogether(between: string): boolean {
  if (between.length > 90) return false;
  const bare = between
    .replace(/\\+$|\\text[a-z]*|\\mbox|\\q?quad|\\[()[\],;:! \\]|[${}&]/g, " ")
    .replace(/\s+/g, " ")
    .trim();
  if (/^(?:[,;|]|([+*=~#_-])\1{2,}|\s)*$/.test(bare)) return true;
  if (!/(?:^|[\s,;])(?:and|or)(?:\s|$)/i.test(bare) && !/^,.*=$/.test(bare)) return false;
  if (/[.!?:](?:\s|$)|\b(?:wait|but|no|not|so|actually|then|thus|therefore|hence|is|are|was)\b/i.test(bare))
    return false;
  return bare.split(" ").length <= 8;
}
