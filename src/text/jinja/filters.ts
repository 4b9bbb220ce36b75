// Jinja2's filters (`x | join(", ")`), and transformers' tojson.

import { Bound } from "./arguments.ts";
import type { Budget } from "./budget.ts";
import type { Filter } from "./filter.ts";
import { formatPercent } from "./format.ts";
import { LIST_FILTERS } from "./list-filters.ts";
import { onlyAttributeOf } from "./members.ts";
import { pad } from "./pad.ts";
import { capitalize, replaceText, splitLines, strip } from "./strings.ts";
import { toJson } from "./to-json.ts";
import { type CallArguments, codePoints, Float, fail, isNumber, iterate, lengthOf, numberOf, Tuple, text, truth, typeName, Undefined, type Value } from "./values.ts"; // biome-ignore format: a list

/** A filter on the text of its value. */
const onText =
  (run: (text: string, args: CallArguments, budget: Budget) => Value): Filter =>
  (value, args, { budget }) => {
    const one = text(value, budget);
    budget.text(one);
    return run(one, args, budget);
  };
const defaulting: Filter = (value, args) => {
  const bound = new Bound("default()", args, ["default_value", "boolean"]);
  const missing = value instanceof Undefined || (bound.flag("boolean") && !truth(value));
  return missing ? bound.valueOr("default_value", "") : value;
};
const escapeHtml = (one: string): string =>
  one.replace(/[&<>"']/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;" })[c]!);

/** By name. */
export const FILTERS: ReadonlyMap<string, Filter> = new Map<string, Filter>([
  ...LIST_FILTERS,
  ["default", defaulting],
  ["d", defaulting],
  ["tojson", (value, args, { budget }) => {
    const bound = new Bound("tojson()", args, ["ensure_ascii", "indent", "separators", "sort_keys"]);
    const indent = bound.valueOr("indent", null);
    if (indent !== null && typeof indent !== "number" && typeof indent !== "string") throw fail("tojson(): 'indent' must be int");
    return toJson(value, { indent, ensureAscii: bound.flag("ensure_ascii"), separators: separatorsOf(bound.get("separators"), budget), sortKeys: bound.flag("sort_keys") }, budget);
  }],
  ["string", (value, args, { budget }) => {
    new Bound("string()", args, []);
    return text(value, budget);
  }],
  ["safe", onText((one) => one)],
  ["e", onText(escapeHtml)],
  ["escape", onText(escapeHtml)],
  ["forceescape", onText(escapeHtml)],
  ["upper", onText((one) => one.toUpperCase())],
  ["lower", onText((one) => one.toLowerCase())],
  ["capitalize", onText(capitalize)],
  ["title", onText((one) => one.split(/([-\s({[<]+)/).map((word) => capitalize(word)).join(""))],
  ["trim", onText((one, args) => strip(one, new Bound("trim()", args, ["chars"]).optionalText("chars"), true, true))],
  ["replace", onText((one, args, budget) => {
    const bound = new Bound("replace()", args, ["old", "new", "count"]);
    const count = bound.optionalInteger("count") ?? -1;
    return replaceText(one, text(bound.value("old"), budget), text(bound.value("new"), budget), count, budget);
  })],
  ["indent", onText((one, args, budget) => indent(one, new Bound("indent()", args, ["width", "first", "blank"]), budget))],
  ["center", onText((one, args, budget) => pad(one, new Bound("center()", args, ["width"]).integer("width", 80), " ", "center", budget))],
  ["wordcount", onText((one) => one.match(/[\p{L}\p{N}\p{M}\p{Pc}]+/gu)?.length ?? 0)],
  ["truncate", onText((one, args) => truncate(one, new Bound("truncate()", args, ["length", "killwords", "end", "leeway"])))],
  ["striptags", onText((one) => withoutTags(one))],
  ["urlencode", onText((one) => encodeURIComponent(one.toWellFormed()).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`).replaceAll("%2F", "/"))],
  ["format", (value, args, { budget }) => {
    const values = args.named.size > 0 ? new Map<Value, Value>(args.named) : new Tuple(args.positional);
    return formatPercent(text(value, budget), values, budget);
  }],
  ["int", (value, args) => toInteger(value, new Bound("int()", args, ["default", "base"]))],
  ["float", (value, args) => {
    const number = isNumber(value) ? numberOf(value) : parseFloatText(value);
    return number === null ? new Bound("float()", args, ["default"]).valueOr("default", new Float(0)) : new Float(number);
  }],
  ["abs", (value) => {
    if (!isNumber(value)) throw fail(`bad operand type for abs(): '${typeName(value)}'`);
    const size = Math.abs(numberOf(value));
    return value instanceof Float ? new Float(size) : size;
  }],
  ["round", (value, args) => round(value, new Bound("round()", args, ["precision", "method"]))],
  ["length", (value, _, { budget }) => lengthOf(value, budget)],
  ["count", (value, _, { budget }) => lengthOf(value, budget)],
  ["attr", (value, args, { budget }) => onlyAttributeOf(value, new Bound("attr()", args, ["name"]).text("name"), budget)],
  ["items", (value) => {
    if (value instanceof Undefined) return [];
    if (!(value instanceof Map)) throw fail("Can only get item pairs from a mapping.");
    return [...value].map((pair) => new Tuple(pair));
  }],
  ["pprint", (value, _, { budget }) => text(value, budget)],
]); // biome-ignore format: one filter an entry

/** Markup taken out, white space in a row as one blank. */
function withoutTags(one: string): string {
  let kept = "";
  let at = 0;
  while (at < one.length) {
    const open = one.indexOf("<", at);
    const [mark, skip] = one.startsWith("<!--", open) ? ["-->", 4] : [">", 1];
    const close = open < 0 ? -1 : one.indexOf(mark, open + skip);
    if (close < 0) break;
    kept += one.slice(at, open);
    at = close + mark.length;
  }
  return strip(kept + one.slice(at), null, true, true).replace(/\s+/g, " ");
}

function separatorsOf(value: Value | undefined, budget: Budget): readonly [string, string] | null {
  if (value === undefined || value === null) return null;
  const [item, colon, ...more] = iterate(value, budget);
  if (typeof item !== "string" || typeof colon !== "string" || more.length > 0)
    throw fail("tojson(): 'separators' must be two texts");
  return [item, colon];
}

function indent(one: string, bound: Bound, budget: Budget): string {
  const width = bound.valueOr("width", 4);
  if (typeof width !== "string" && typeof width !== "number") throw fail("indent(): 'width' must be int or str");
  if (typeof width === "number") budget.size(width);
  const by = typeof width === "string" ? width : " ".repeat(Math.max(0, width));
  const lines = splitLines(`${one}\n`);
  budget.size(one.length + lines.length * by.length);
  const blank = bound.flag("blank");
  const written = lines.map((line, i) => (i === 0 || (line === "" && !blank) ? line : by + line)).join("\n");
  return bound.flag("first") ? by + written : written;
}

function truncate(one: string, bound: Bound): string {
  const length = bound.integer("length", 255);
  const end = bound.text("end", "...");
  const leeway = bound.integer("leeway", 5);
  if (length < codePoints(end)) throw fail(`expected length >= ${codePoints(end)}, got ${length}`);
  const characters = Array.from(one);
  if (characters.length <= length + leeway) return one;
  const kept = characters.slice(0, length - codePoints(end)).join("");
  if (bound.flag("killwords")) return kept + end;
  const space = kept.lastIndexOf(" ");
  return (space < 0 ? kept : kept.slice(0, space)) + end;
}

function parseFloatText(value: Value): number | null {
  if (typeof value !== "string") return null;
  const trimmed = strip(value, null, true, true).replace(/(?<=\d)_(?=\d)/g, "");
  if (/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(trimmed)) return Number(trimmed);
  const [, sign, word] = /^([+-]?)(inf|infinity|nan)$/i.exec(trimmed) ?? [];
  if (word === undefined) return null;
  return (sign === "-" ? -1 : 1) * (word.toLowerCase() === "nan" ? Number.NaN : Number.POSITIVE_INFINITY);
}

function toInteger(value: Value, bound: Bound): Value {
  const otherwise = bound.valueOr("default", 0);
  const base = bound.integer("base", 10);
  if (isNumber(value)) return Number.isFinite(numberOf(value)) ? Math.trunc(numberOf(value)) : otherwise;
  if (typeof value !== "string") return otherwise;
  const digits = strip(value, null, true, true)
    .replace(/(?<=\w)_(?=\w)/g, "")
    .toLowerCase();
  const [, sign, prefix, number] = /^([+-]?)(0[xob])?([0-9a-z]+)$/.exec(digits) ?? [];
  const prefixBase = prefix === undefined ? base : { "0x": 16, "0o": 8, "0b": 2 }[prefix]!;
  const fits = number !== undefined && prefixBase === base && [...number].every((c) => Number.parseInt(c, 36) < base);
  if (fits) return (sign === "-" ? -1 : 1) * Number.parseInt(number, base);
  const float = parseFloatText(value);
  return float === null || !Number.isFinite(float) ? otherwise : Math.trunc(float);
}

function round(value: Value, bound: Bound): Value {
  if (!isNumber(value)) throw fail(`round(): a number is required, not ${typeName(value)}`);
  const precision = bound.integer("precision", 0);
  const method = bound.text("method", "common");
  const scale = 10 ** precision;
  const number = numberOf(value);
  if (method === "ceil") return new Float(Math.ceil(number * scale) / scale);
  if (method === "floor") return new Float(Math.floor(number * scale) / scale);
  if (method !== "common") throw fail("method must be common, ceil or floor");
  const rounded = roundHalfEven(number, precision);
  return value instanceof Float ? new Float(rounded) : rounded;
}

/** Python's round(): the decimal writing decides, halves that are exact go to the even neighbour. */
function roundHalfEven(number: number, precision: number): number {
  if (precision < 0 || precision > 20) {
    const scale = 10 ** precision;
    return Math.round(number * scale) / scale;
  }
  if (precision === 0) {
    const low = Math.floor(number);
    const rest = number - low;
    return rest < 0.5 || (rest === 0.5 && low % 2 === 0) ? low : low + 1;
  }
  return Number(number.toFixed(precision));
}
