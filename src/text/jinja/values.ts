// Python's values as a template sees them, with Python's truth, equality, order and writing: chat templates are written for
// Jinja2, and what they print must be what Jinja2 prints.

import type { Budget } from "./budget.ts";
import { TemplateRuntimeError } from "./errors.ts";

/** None is null, str a string, int a number, list an array, dict a Map; the rest are the classes below. */
export type Value =
  | null
  | boolean
  | number
  | string
  | Value[]
  | Dict
  | Float
  | Tuple
  | Undefined
  | Namespace
  | Callable
  | View
  | Lazy
  | LoopState;

export type Dict = Map<Value, Value>;

/** A float: 1.0 is written otherwise than 1. */
export class Float {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

export class Tuple {
  readonly items: readonly Value[];
  constructor(items: readonly Value[]) {
    this.items = items;
  }
}

/** What a name, attribute or index that is not there gives: prints as nothing, and fails where it is worked with. */
export class Undefined {
  readonly message: string;
  constructor(message: string) {
    this.message = message;
  }
}

export class Namespace {
  readonly values = new Map<string, Value>();
}

export type CallArguments = { readonly positional: readonly Value[]; readonly named: ReadonlyMap<string, Value> };

export class Callable {
  readonly name: string;
  readonly call: (args: CallArguments) => Value;
  constructor(name: string, call: (args: CallArguments) => Value) {
    this.name = name;
    this.call = call;
  }
}

/** A callable that a template made. */
export class Macro extends Callable {}

/** dict.items(), keys(), values(). */
export class View {
  readonly kind: "dict_items" | "dict_keys" | "dict_values";
  readonly items: readonly Value[];
  constructor(kind: View["kind"], items: readonly Value[]) {
    this.kind = kind;
    this.items = items;
  }
}

/** What filters such as map and select give: it can be gone through, but has no length. */
export class Lazy {
  readonly items: readonly Value[];
  constructor(items: readonly Value[]) {
    this.items = items;
  }
}

/** `loop` inside a for loop. */
export class LoopState {
  readonly items: readonly Value[];
  /** Counts rounds from 0. */
  index = 0;
  /** Counts loops inside each other from 1. */
  readonly depth: number;
  readonly changed: Callable;
  /** Goes through more items with the loop's own body (recursive loops). */
  readonly again: Callable | null;
  constructor(items: readonly Value[], depth: number, changed: Callable, again: Callable | null) {
    this.items = items;
    this.depth = depth;
    this.changed = changed;
    this.again = again;
  }
}

export const fail = (message: string): TemplateRuntimeError => new TemplateRuntimeError(message);

/** JSON-like JavaScript values to a template's: a number with a fraction is a float, any other an int. */
export function fromJavaScript(value: unknown, depth = 0): Value {
  if (depth > 200) throw fail("the variables nest deeper than 200 levels");
  if (value === null || typeof value === "boolean" || typeof value === "string") return value;
  if (typeof value === "number") return Number.isInteger(value) ? value : new Float(value);
  if (typeof value === "bigint") return Number(value);
  if (value === undefined) return new Undefined("a variable is undefined");
  if (value instanceof Float || value instanceof Tuple || value instanceof Callable || value instanceof Undefined)
    return value;
  if (Array.isArray(value)) return value.map((one) => fromJavaScript(one, depth + 1));
  if (value instanceof Map)
    return new Map([...value].map(([key, one]) => [fromJavaScript(key), fromJavaScript(one, depth + 1)]));
  if (typeof value === "object") {
    const entries = Object.entries(value).filter(([, one]) => one !== undefined);
    return new Map(entries.map(([key, one]): [Value, Value] => [key, fromJavaScript(one, depth + 1)]));
  }
  throw fail(`a ${typeof value} cannot be a template's variable`);
}

/**
 * Parses JSON as Python does: 1.0 stays a float, which a template prints as 1.0. What comes out is for a template's variables:
 * floats are Float objects. @throws SyntaxError
 */
export function parseJson(json: string): unknown {
  const keepFloat = (_: string, value: unknown, context?: { readonly source?: string }): unknown =>
    typeof value === "number" && /[.eE]/.test(context?.source ?? "") ? new Float(value) : value;
  return JSON.parse(json, keepFloat as (key: string, value: unknown) => unknown);
}

/** Python's name of a value's type, for messages. */
export function typeName(value: Value): string {
  if (value === null) return "NoneType";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "number") return "int";
  if (typeof value === "string") return "str";
  if (Array.isArray(value)) return "list";
  if (value instanceof Map) return "dict";
  if (value instanceof Float) return "float";
  if (value instanceof Tuple) return "tuple";
  if (value instanceof Undefined) return "Undefined";
  if (value instanceof Namespace) return "Namespace";
  if (value instanceof View) return value.kind;
  if (value instanceof Lazy) return "generator";
  if (value instanceof LoopState) return "LoopContext";
  return "function";
}

export const isNumber = (value: Value): value is number | boolean | Float =>
  typeof value === "number" || typeof value === "boolean" || value instanceof Float;

/** The number of an int, bool or float. */
export const numberOf = (value: number | boolean | Float): number =>
  typeof value === "number" ? value : value instanceof Float ? value.value : value ? 1 : 0;

/** The elements of a list, tuple or what filters give; null where it is none of these. */
export function sequenceOf(value: Value): readonly Value[] | null {
  if (Array.isArray(value)) return value;
  if (value instanceof Tuple || value instanceof View || value instanceof Lazy) return value.items;
  return null;
}

/** What a for loop goes through; undefined things are empty. @throws TemplateRuntimeError where it cannot be gone through */
export function iterate(value: Value, budget: Budget): readonly Value[] {
  const items = sequenceOf(value);
  if (items !== null) {
    budget.step(items.length >> 3);
    return items;
  }
  if (typeof value === "string") {
    budget.step(value.length >> 3);
    return Array.from(value);
  }
  if (value instanceof Map) {
    budget.step(value.size >> 3);
    return [...value.keys()];
  }
  if (value instanceof Undefined) return [];
  throw fail(`'${typeName(value)}' object is not iterable`);
}

export const isIterable = (value: Value): boolean =>
  sequenceOf(value) !== null || typeof value === "string" || value instanceof Map || value instanceof Undefined;

/** len(). @throws TemplateRuntimeError where it has none */
export function lengthOf(value: Value, budget: Budget): number {
  if (typeof value === "string") {
    budget.text(value);
    return codePoints(value);
  }
  if (value instanceof Map) return value.size;
  if (value instanceof Undefined) return 0;
  const items = value instanceof Lazy ? null : sequenceOf(value);
  if (items === null) throw fail(`object of type '${typeName(value)}' has no len()`);
  return items.length;
}

/** Python counts characters where JavaScript counts UTF-16 units. */
export function codePoints(text: string): number {
  let pairs = 0;
  for (let i = 0; i < text.length - 1; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0xd800 && unit < 0xdc00 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) {
      pairs++;
      i++;
    }
  }
  return text.length - pairs;
}

export function truth(value: Value): boolean {
  if (value === null || value instanceof Undefined) return false;
  if (isNumber(value)) return numberOf(value) !== 0;
  if (typeof value === "string") return value !== "";
  if (value instanceof Map) return value.size > 0;
  if (Array.isArray(value)) return value.length > 0;
  if (value instanceof Tuple || value instanceof View) return value.items.length > 0;
  return true;
}

export function equal(a: Value, b: Value, budget: Budget): boolean {
  budget.step();
  if (typeof a === "string") budget.text(a);
  if (a === b) return true;
  if (isNumber(a) && isNumber(b)) return numberOf(a) === numberOf(b);
  if (a instanceof Undefined && b instanceof Undefined) return true;
  if (a instanceof Map && b instanceof Map) {
    if (a.size !== b.size) return false;
    for (const [key, value] of a) {
      const other = lookUp(b, key);
      if (other === undefined || !equal(value, other, budget)) return false;
    }
    return true;
  }
  const [x, y] = [sequenceOf(a), sequenceOf(b)];
  if (x === null || y === null || typeName(a) !== typeName(b) || a instanceof Lazy) return false;
  return x.length === y.length && x.every((one, i) => equal(one, y[i], budget));
}

/** A dict's value; undefined where the key is not in it. */
export function lookUp(dict: Dict, key: Value): Value | undefined {
  const direct = dict.get(key);
  if (direct !== undefined || typeof key === "string" || key === null) return direct;
  if (isNumber(key)) {
    // 1, 1.0 and True are one key
    for (const [one, value] of dict) if (isNumber(one) && numberOf(one) === numberOf(key)) return value;
    return undefined;
  }
  if (key instanceof Tuple) {
    for (const [one, value] of dict) {
      if (
        one instanceof Tuple &&
        one.items.length === key.items.length &&
        one.items.every((x, i) => x === key.items[i])
      ) {
        return value;
      }
    }
    return undefined;
  }
  if (Array.isArray(key) || key instanceof Map) throw fail(`unhashable type: '${typeName(key)}'`);
  return undefined;
}

/** A dict of pairs; of equal keys (1 and True are such) the first stays, with the last value. */
export function dictOf(pairs: Iterable<readonly [Value, Value]>): Dict {
  const dict: Dict = new Map();
  for (const [key, value] of pairs) {
    const same = isNumber(key) ? [...dict.keys()].find((one) => isNumber(one) && numberOf(one) === numberOf(key)) : key;
    dict.set(same === undefined ? key : same, value);
  }
  return dict;
}

/** Negative, zero or positive. @throws TemplateRuntimeError where Python has no order */
export function order(a: Value, b: Value, operator: string, budget: Budget): number {
  budget.step();
  if (isNumber(a) && isNumber(b)) return numberOf(a) - numberOf(b);
  if (typeof a === "string" && typeof b === "string") {
    budget.text(a);
    return compareText(a, b);
  }
  for (const one of [a, b]) if (one instanceof Undefined) throw fail(one.message);
  const [x, y] = [sequenceOf(a), sequenceOf(b)];
  if (x !== null && y !== null && typeName(a) === typeName(b)) {
    for (let i = 0; i < Math.min(x.length, y.length); i++) {
      if (!equal(x[i], y[i], budget)) return order(x[i], y[i], operator, budget);
    }
    return x.length - y.length;
  }
  throw fail(`'${operator}' not supported between instances of '${typeName(a)}' and '${typeName(b)}'`);
}

/** By code points: UTF-16 would put U+FFFF before U+10000 otherwise. */
function compareText(a: string, b: string): number {
  if (a === b) return 0;
  let i = 0;
  while (i < a.length && i < b.length && a[i] === b[i]) i++;
  const surrogate = (unit: number): boolean => unit >= 0xd800 && unit < 0xe000;
  const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
  if (Number.isNaN(x)) return -1;
  if (Number.isNaN(y)) return 1;
  return surrogate(x) === surrogate(y) ? x - y : surrogate(x) ? 1 : -1;
}

/** str(). */
export function text(value: Value, budget: Budget): string {
  if (typeof value === "string") return value;
  if (value instanceof Undefined) return "";
  return repr(value, budget);
}

/** repr(). */
export function repr(value: Value, budget: Budget): string {
  budget.step();
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "number") return integerText(value);
  if (value instanceof Float) return floatText(value.value);
  if (typeof value === "string") {
    budget.text(value);
    return quoted(value);
  }
  if (value instanceof Undefined) return "Undefined";
  const inner = (items: readonly Value[]): string =>
    budget.join(
      items.map((one) => repr(one, budget)),
      ", ",
    );
  if (Array.isArray(value)) return `[${inner(value)}]`;
  if (value instanceof Tuple) return value.items.length === 1 ? `(${inner(value.items)},)` : `(${inner(value.items)})`;
  if (value instanceof Map) return dictText(value, budget);
  if (value instanceof View) return `${value.kind}([${inner(value.items)}])`;
  if (value instanceof Namespace) return `<Namespace ${dictText(value.values, budget)}>`;
  return value instanceof Macro ? `<Macro ${quoted(value.name)}>` : `<${typeName(value)}>`;
}

const dictText = (dict: ReadonlyMap<Value, Value>, budget: Budget): string =>
  `{${budget.join(
    [...dict].map(([key, one]) => `${repr(key, budget)}: ${repr(one, budget)}`),
    ", ",
  )}}`;

const integerText = (value: number): string => (Math.abs(value) < 1e21 ? String(value) : BigInt(value).toString());

/** Python's shortest writing of a float. */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (Object.is(value, -0)) return "-0.0";
  const [digits, exponent] = value.toExponential().split("e");
  const power = Number(exponent);
  if (power < -4 || power >= 16) {
    const size = Math.abs(power);
    return `${digits}e${power < 0 ? "-" : "+"}${size < 10 ? "0" : ""}${size}`;
  }
  const plain = power >= 0 ? String(value) : value.toFixed(Math.max(digits.replace(/[-.]/g, "").length - 1 - power, 0));
  return plain.includes(".") ? plain : `${plain}.0`;
}

/** Python's repr of a text: single quotes unless only they occur in it, what does not print escaped. */
function quoted(value: string): string {
  const quote = value.includes("'") && !value.includes('"') ? '"' : "'";
  let written = quote;
  for (const character of value) {
    const code = character.codePointAt(0)!;
    if (character === quote || character === "\\") written += `\\${character}`;
    else if (character === "\n") written += "\\n";
    else if (character === "\r") written += "\\r";
    else if (character === "\t") written += "\\t";
    else if (code < 0x20 || (code >= 0x7f && code < 0xa1) || code === 0xad) written += `\\x${hex(code, 2)}`;
    else if (code > 0xff && !isPrintable(character))
      written += code > 0xffff ? `\\U${hex(code, 8)}` : `\\u${hex(code, 4)}`;
    else written += character;
  }
  return written + quote;
}

const isPrintable = (character: string): boolean => !/[\p{C}\p{Zl}\p{Zp}\p{Zs}]/u.test(character);
const hex = (code: number, width: number): string => code.toString(16).padStart(width, "0");
