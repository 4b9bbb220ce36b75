// Python's methods of str. Places and lengths count characters (code points), white space is Unicode's.

import { Bound } from "./arguments.ts";
import type { Budget } from "./budget.ts";
import { formatBraces } from "./format.ts";
import { pad } from "./pad.ts";
import { type CallArguments, codePoints, fail, iterate, Tuple, typeName, type Value } from "./values.ts";

/** What Python's str.strip() and str.split() take for white space. */
const SPACE = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const SPACES = new RegExp(`[${SPACE}]+`);
const LEADING = new RegExp(`^[${SPACE}]+`);
const ALL_SPACE = new RegExp(`^[${SPACE}]+$`);
const SPACE_CHARACTERS: ReadonlySet<string> = new Set(
  Array.from({ length: 0x3001 }, (_, code) => String.fromCharCode(code)).filter((one) => ALL_SPACE.test(one)),
);
const LINE_ENDS = "\\n\\r\\v\\f\\x1c-\\x1e\\x85\\u2028\\u2029";
const LINE = new RegExp(`\\r\\n|[${LINE_ENDS}]`);

/** str.strip and its sides; `characters` null: white space. */
export function strip(text: string, characters: string | null, left: boolean, right: boolean): string {
  const set = characters === null ? null : new Set(Array.from(characters));
  const gone = (character: string): boolean => (set ?? SPACE_CHARACTERS).has(character);
  const all = set === null || text.length === codePoints(text) ? text : Array.from(text);
  let from = 0;
  let to = all.length;
  if (left) while (from < to && gone(all[from])) from++;
  if (right) while (to > from && gone(all[to - 1])) to--;
  return typeof all === "string" ? all.slice(from, to) : all.slice(from, to).join("");
}

/** str.splitlines(). */
export function splitLines(text: string, keep = false): string[] {
  const lines: string[] = [];
  let rest = text;
  while (rest !== "") {
    const end = LINE.exec(rest);
    if (end === null) {
      lines.push(rest);
      break;
    }
    const after = end.index + end[0].length;
    lines.push(rest.slice(0, keep ? after : end.index));
    rest = rest.slice(after);
  }
  return lines;
}

/** str.replace. */
export function replaceText(text: string, old: string, by: string, count: number, budget: Budget): string {
  if (old === "") {
    const characters = Array.from(text);
    const most = count < 0 ? characters.length + 1 : Math.min(count, characters.length + 1);
    budget.size(text.length + most * by.length);
    return characters.map((one, i) => (i < most ? by + one : one)).join("") + (most > characters.length ? by : "");
  }
  const parts = text.split(old);
  const most = count < 0 ? parts.length - 1 : Math.min(count, parts.length - 1);
  budget.size(text.length + most * by.length);
  return (
    parts.slice(0, most + 1).join(by) +
    parts
      .slice(most + 1)
      .map((one) => old + one)
      .join("")
  );
}

export const capitalize = (text: string): string => {
  const [first = "", ...rest] = Array.from(text);
  return first.toUpperCase() + rest.join("").toLowerCase();
};

type Method = (text: string, args: CallArguments, budget: Budget) => Value;

const cased = (text: string, kind: "upper" | "lower"): boolean =>
  (kind === "upper" ? text === text.toUpperCase() : text === text.toLowerCase()) &&
  text.toLowerCase() !== text.toUpperCase();
const none =
  (name: string, run: (text: string) => Value): Method =>
  (text, args) => {
    new Bound(name, args, []);
    return run(text);
  };
const every =
  (pattern: RegExp) =>
  (text: string): boolean =>
    text !== "" && pattern.test(text);

/** The methods of str by name; `join` and `format` see more than texts. */
export const STRING_METHODS: ReadonlyMap<string, Method> = new Map<string, Method>([
  ["upper", none("upper()", (text) => text.toUpperCase())],
  ["lower", none("lower()", (text) => text.toLowerCase())],
  ["casefold", none("casefold()", (text) => text.toLowerCase().replaceAll("ß", "ss"))],
  ["capitalize", none("capitalize()", capitalize)],
  ["title", none("title()", (text) => text.replace(/\p{L}+/gu, capitalize))],
  ["swapcase", none("swapcase()", (text) => Array.from(text, (c) => (c === c.toUpperCase() ? c.toLowerCase() : c.toUpperCase())).join(""))],
  ["strip", (text, args) => strip(text, new Bound("strip()", args, ["chars"]).optionalText("chars"), true, true)],
  ["lstrip", (text, args) => strip(text, new Bound("lstrip()", args, ["chars"]).optionalText("chars"), true, false)],
  ["rstrip", (text, args) => strip(text, new Bound("rstrip()", args, ["chars"]).optionalText("chars"), false, true)],
  ["startswith", (text, args) => affix(text, args, "startswith()", (one, of) => of.startsWith(one))],
  ["endswith", (text, args) => affix(text, args, "endswith()", (one, of) => of.endsWith(one))],
  ["split", (text, args, budget) => split(text, args, budget)],
  ["rsplit", (text, args, budget) => rsplit(text, args, budget)],
  ["splitlines", (text, args) => splitLines(text, new Bound("splitlines()", args, ["keepends"]).flag("keepends"))],
  ["partition", (text, args) => partition(text, new Bound("partition()", args, ["sep"]).text("sep"), false)],
  ["rpartition", (text, args) => partition(text, new Bound("rpartition()", args, ["sep"]).text("sep"), true)],
  ["replace", (text, args, budget) => {
    const bound = new Bound("replace()", args, ["old", "new", "count"]);
    return replaceText(text, bound.text("old"), bound.text("new"), bound.integer("count", -1), budget);
  }],
  ["join", (text, args, budget) => {
    const items = iterate(new Bound("join()", args, ["iterable"]).value("iterable"), budget);
    const wrong = items.findIndex((one) => typeof one !== "string");
    if (wrong >= 0) throw fail(`sequence item ${wrong}: expected str instance, ${typeName(items[wrong])} found`);
    return budget.join(items as string[], text);
  }],
  ["format", (text, args, budget) => formatBraces(text, args, budget)],
  ["find", (text, args) => find(text, args, "find()", false)],
  ["rfind", (text, args) => find(text, args, "rfind()", true)],
  ["index", (text, args) => found(find(text, args, "index()", false))],
  ["rindex", (text, args) => found(find(text, args, "rindex()", true))],
  ["count", (text, args) => {
    const sub = new Bound("count()", args, ["sub"]).text("sub");
    return sub === "" ? codePoints(text) + 1 : text.split(sub).length - 1;
  }],
  ["removeprefix", (text, args) => {
    const prefix = new Bound("removeprefix()", args, ["prefix"]).text("prefix");
    return text.startsWith(prefix) ? text.slice(prefix.length) : text;
  }],
  ["removesuffix", (text, args) => {
    const suffix = new Bound("removesuffix()", args, ["suffix"]).text("suffix");
    return suffix !== "" && text.endsWith(suffix) ? text.slice(0, -suffix.length) : text;
  }],
  ["center", (text, args, budget) => padded(text, args, "center()", budget, "center")],
  ["ljust", (text, args, budget) => padded(text, args, "ljust()", budget, "left")],
  ["rjust", (text, args, budget) => padded(text, args, "rjust()", budget, "right")],
  ["zfill", (text, args, budget) => {
    const width = new Bound("zfill()", args, ["width"]).integer("width");
    budget.size(width);
    const sign = /^[+-]/.exec(text)?.[0] ?? "";
    return sign + "0".repeat(Math.max(0, width - codePoints(text))) + text.slice(sign.length);
  }],
  ["isdigit", none("isdigit()", every(/^[\p{Nd}²³¹⁰-⁹₀-₉]+$/u))],
  ["isdecimal", none("isdecimal()", every(/^\p{Nd}+$/u))],
  ["isnumeric", none("isnumeric()", every(/^\p{N}+$/u))],
  ["isalpha", none("isalpha()", every(/^\p{L}+$/u))],
  ["isalnum", none("isalnum()", every(/^[\p{L}\p{N}]+$/u))],
  ["isascii", none("isascii()", (text) => !/[\u0080-\uffff]/.test(text))],
  ["isspace", none("isspace()", (text) => ALL_SPACE.test(text))],
  ["isupper", none("isupper()", (text) => cased(text, "upper"))],
  ["islower", none("islower()", (text) => cased(text, "lower"))],
  ["isidentifier", none("isidentifier()", every(/^[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{M}\p{Nd}\p{Pc}]*$/u))],
]); // biome-ignore format: one method an entry

function affix(text: string, args: CallArguments, name: string, test: (one: string, of: string) => boolean): boolean {
  const bound = new Bound(name, args, ["prefix", "start", "end"]);
  const [start, end] = [bound.optionalInteger("start"), bound.optionalInteger("end")];
  const of =
    start === null && end === null
      ? text
      : Array.from(text)
          .slice(start ?? 0, end ?? undefined)
          .join("");
  const value = bound.value("prefix");
  const choices = value instanceof Tuple ? value.items : [value];
  return choices.some((one) => {
    if (typeof one === "string") return test(one, of);
    throw fail(`${name.slice(0, -2)} first arg must be str or a tuple of str, not ${typeName(one)}`);
  });
}

function split(text: string, args: CallArguments, budget: Budget): Value {
  const bound = new Bound("split()", args, ["sep", "maxsplit"]);
  const separator = bound.optionalText("sep");
  const most = bound.integer("maxsplit", -1);
  budget.step(text.length >> 3);
  if (separator === "") throw fail("empty separator");
  if (separator !== null) {
    const parts = text.split(separator);
    return most < 0 || parts.length <= most + 1 ? parts : [...parts.slice(0, most), parts.slice(most).join(separator)];
  }
  const words: string[] = [];
  let rest = text.replace(LEADING, "");
  while (rest !== "" && (most < 0 || words.length < most)) {
    const space = SPACES.exec(rest);
    words.push(space === null ? rest : rest.slice(0, space.index));
    rest = space === null ? "" : rest.slice(space.index + space[0].length);
  }
  if (rest !== "") words.push(strip(rest, null, false, true));
  return words;
}

function rsplit(text: string, args: CallArguments, budget: Budget): Value {
  const bound = new Bound("rsplit()", args, ["sep", "maxsplit"]);
  const separator = bound.optionalText("sep");
  const most = bound.integer("maxsplit", -1);
  if (separator === "") throw fail("empty separator");
  const all = split(text, { positional: [separator], named: new Map() }, budget) as string[];
  if (most < 0 || all.length <= most + 1) return all;
  if (separator !== null) return [all.slice(0, all.length - most).join(separator), ...all.slice(all.length - most)];
  let rest = strip(text, null, false, true);
  const words: string[] = [];
  for (let i = 0; i < most; i++) {
    const word = all[all.length - 1 - i];
    words.unshift(word);
    rest = strip(rest.slice(0, rest.length - word.length), null, false, true);
  }
  return [rest, ...words];
}

function partition(text: string, separator: string, last: boolean): Tuple {
  if (separator === "") throw fail("empty separator");
  const at = last ? text.lastIndexOf(separator) : text.indexOf(separator);
  if (at < 0) return new Tuple(last ? ["", "", text] : [text, "", ""]);
  return new Tuple([text.slice(0, at), separator, text.slice(at + separator.length)]);
}

function find(text: string, args: CallArguments, name: string, last: boolean): number {
  const bound = new Bound(name, args, ["sub", "start", "end"]);
  const sub = bound.text("sub");
  const all = Array.from(text);
  const place = (given: number | null, otherwise: number): number =>
    given === null ? otherwise : given < 0 ? Math.max(0, all.length + given) : Math.min(given, all.length);
  const start = place(bound.optionalInteger("start"), 0);
  const within = all.slice(start, place(bound.optionalInteger("end"), all.length)).join("");
  const at = last ? within.lastIndexOf(sub) : within.indexOf(sub);
  return at < 0 ? -1 : start + codePoints(within.slice(0, at));
}

function found(at: number): number {
  if (at < 0) throw fail("substring not found");
  return at;
}

function padded(
  text: string,
  args: CallArguments,
  name: string,
  budget: Budget,
  side: "left" | "right" | "center",
): string {
  const bound = new Bound(name, args, ["width", "fillchar"]);
  const fill = bound.text("fillchar", " ");
  if (codePoints(fill) !== 1) throw fail("The fill character must be exactly one character long");
  return pad(text, bound.integer("width"), fill, side, budget);
}
