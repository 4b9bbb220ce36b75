// The filter tojson as transformers defines it for chat templates: Python's json.dumps, with non-ASCII characters as they are.

import type { Budget } from "./budget.ts";
import { Float, fail, floatText, Tuple, typeName, type Value } from "./values.ts";

export interface JsonOptions {
  /** Blanks an indent, or the indent itself; null: all on one line. */
  readonly indent: number | string | null;
  readonly ensureAscii: boolean;
  /** Between items, between key and value; null: Python's default. */
  readonly separators: readonly [string, string] | null;
  readonly sortKeys: boolean;
}

/** json.dumps. @throws TemplateRuntimeError where a value has no JSON */
export function toJson(value: Value, options: JsonOptions, budget: Budget): string {
  const { indent } = options;
  const unit = indent === null ? null : typeof indent === "string" ? indent : " ".repeat(Math.max(0, indent));
  const [item, colon] = options.separators ?? [unit === null ? ", " : ",", ": "];
  const list = (parts: readonly string[], open: string, close: string, depth: number): string => {
    if (parts.length === 0) return open + close;
    if (unit === null) return open + budget.join(parts, item) + close;
    budget.size(unit.length * (depth + 1) * parts.length);
    const line = `\n${unit.repeat(depth + 1)}`;
    return `${open}${line}${budget.join(parts, item + line)}\n${unit.repeat(depth)}${close}`;
  };
  const write = (one: Value, depth: number): string => {
    budget.step();
    if (one === null || typeof one === "boolean" || one instanceof Float || typeof one === "number") return scalar(one);
    if (typeof one === "string") {
      budget.text(one);
      return quote(one, options.ensureAscii);
    }
    if (Array.isArray(one) || one instanceof Tuple) {
      const items = Array.isArray(one) ? one : one.items;
      return list(
        items.map((x) => write(x, depth + 1)),
        "[",
        "]",
        depth,
      );
    }
    if (one instanceof Map) {
      let entries = [...one].map(([key, x]) => [keyText(key), x] as const);
      if (options.sortKeys) entries = entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
      const parts = entries.map(([key, x]) => quote(key, options.ensureAscii) + colon + write(x, depth + 1));
      return list(parts, "{", "}", depth);
    }
    throw fail(`Object of type ${typeName(one)} is not JSON serializable`);
  };
  return write(value, 0);
}

function scalar(value: null | boolean | number | Float): string {
  if (!(value instanceof Float)) return String(value);
  const { value: number } = value;
  if (Number.isNaN(number)) return "NaN";
  if (!Number.isFinite(number)) return number > 0 ? "Infinity" : "-Infinity";
  return floatText(number);
}

function keyText(key: Value): string {
  if (typeof key === "string") return key;
  if (key === null || typeof key === "boolean" || typeof key === "number" || key instanceof Float) return scalar(key);
  throw fail(`keys must be str, int, float, bool or None, not ${typeName(key)}`);
}

const quote = (value: string, ascii: boolean): string => {
  // Python leaves half surrogate pairs as they are, JSON.stringify never does
  const parts = value.isWellFormed() ? [value] : value.split(/(\p{Cs})/u);
  const written = `"${parts.map((part, i) => (i % 2 === 0 ? JSON.stringify(part).slice(1, -1) : part)).join("")}"`;
  if (!ascii) return written;
  return written.replace(/[\x7f-\uffff]/g, (unit) =>
    unit === "\x7f" ? unit : `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
};
