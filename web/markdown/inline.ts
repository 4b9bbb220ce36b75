/** The marks inside a line of Markdown, as a tree. Nothing here makes HTML: what is not understood stays text. */

export type Inline =
  | { readonly kind: "text" | "code" | "math"; readonly text: string }
  | { readonly kind: "break" }
  | { readonly kind: "strong" | "em" | "del"; readonly children: readonly Inline[] }
  | { readonly kind: "link"; readonly href: string; readonly children: readonly Inline[] };

const RULES: readonly [RegExp, (match: RegExpExecArray, depth: number) => Inline | null][] = [
  [/^(`+)([\s\S]*?[^`])\1(?!`)/, (m) => ({ kind: "code", text: m[2].trim() })],
  [/^\\\(([\s\S]+?)\\\)/, (m) => ({ kind: "math", text: m[1] })],
  [/^\$(?![\s\d]+[,.\s])((?:\\.|[^$\\\n])+?)(?<!\s)\$(?!\d)/, (m) => ({ kind: "math", text: m[1] })],
  [/^\\([\\`*_{}[\]()#+\-.!|~$<>])/, (m) => ({ kind: "text", text: m[1] })],
  [/^\*\*(?=\S)([\s\S]*?\S)\*\*(?!\*)/, (m, depth) => ({ kind: "strong", children: parseInline(m[1], depth + 1) })],
  [/^\*(?=[^\s*])([\s\S]*?[^\s*])\*(?!\*)/, (m, depth) => ({ kind: "em", children: parseInline(m[1], depth + 1) })],
  [/^_(?=[^\s_])([\s\S]*?[^\s_])_(?!\w)/, (m, depth) => ({ kind: "em", children: parseInline(m[1], depth + 1) })],
  [/^~~(?=\S)([\s\S]*?\S)~~/, (m, depth) => ({ kind: "del", children: parseInline(m[1], depth + 1) })],
  // A picture is fetched by nobody: it is shown as a link to itself.
  [/^!?\[([^\]\n]{0,500})\]\(\s*<?([^\s()<>]{1,2000})>?(?:\s+"[^"\n]*")?\s*\)/, link],
  [/^https?:\/\/[^\s<>()"'\]]{1,2000}[^\s<>()"'\].,;:!?]/, (m) => link(["", m[0], m[0]], 8)],
  [/^ {2,}\n|^\\\n/, () => ({ kind: "break" })],
];

const STARTS = /[\\`*_~![$]|https?:| {2,}\n/g;

/** Marks nested deeper than this stay text, and so does a line with very many: hostile text costs no more than long text. */
const DEEPEST = 8;
const MOST_TRIES = 4000;

export function parseInline(source: string, depth = 0): Inline[] {
  const parts: Inline[] = [];
  let text = "";
  const flush = (): void => {
    if (text !== "") parts.push({ kind: "text", text });
    text = "";
  };
  let at = 0;
  for (let tries = 0; at < source.length; tries++) {
    STARTS.lastIndex = at;
    const next = depth < DEEPEST && tries < MOST_TRIES ? (STARTS.exec(source)?.index ?? source.length) : source.length;
    text += source.slice(at, next);
    at = next;
    if (at >= source.length) break;
    const found = matchAt(source, at, depth);
    if (found === null) {
      text += source[at++];
      continue;
    }
    flush();
    parts.push(found.part);
    at += found.length;
  }
  flush();
  return parts;
}

function matchAt(source: string, at: number, depth: number): { part: Inline; length: number } | null {
  if (source[at] === "_" && /\w/.test(source[at - 1] ?? "")) return null;
  // 37*48 is a product, not the beginning of emphasis.
  if (source[at] === "*" && /[\w)]/.test(source[at - 1] ?? "") && /[\w(]/.test(source[at + 1] ?? "")) return null;
  const rest = source.slice(at, at + 5000);
  for (const [pattern, make] of RULES) {
    const match = pattern.exec(rest);
    const part = match && make(match, depth);
    if (part) return { part, length: match[0].length };
  }
  return null;
}

function link(match: readonly string[], depth: number): Inline | null {
  const [, label, address] = match;
  return /^(https?:\/\/|mailto:)/i.test(address)
    ? {
        kind: "link",
        href: address,
        children: label === "" ? [{ kind: "text", text: address }] : parseInline(label, depth + 1),
      }
    : null;
}
