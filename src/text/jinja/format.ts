// Python's two ways to put values into a text: `"%s" % value` and `"{}".format(value)`.

import type { Budget } from "./budget.ts";
import { pad } from "./pad.ts";
import { type CallArguments, Float, fail, floatText, isNumber, lookUp, numberOf, repr, Tuple, text, typeName, type Value } from "./values.ts"; // biome-ignore format: a list

/** `template % values`. @throws TemplateRuntimeError */
export function formatPercent(template: string, values: Value, budget: Budget): string {
  const items = values instanceof Tuple ? values.items : [values];
  let used = 0;
  const pattern = /%(?:\(([^()]{0,200})\))?([-+ 0#]*)(\d+|\*)?(?:\.(\d+))?([a-zA-Z%])/g;
  const result = template.replace(
    pattern,
    (_, key: string | undefined, flags: string, width, precision, kind: string) => {
      if (kind === "%") return "%";
      let value: Value | undefined;
      if (key !== undefined) value = values instanceof Map ? lookUp(values, key) : undefined;
      else value = items[used++];
      if (value === undefined) throw fail(key === undefined ? "not enough arguments for format string" : `'${key}'`);
      const written = onePercent(value, kind, precision === undefined ? null : Number(precision), flags, budget);
      const wide = Number(width ?? 0);
      if (flags.includes("-")) return pad(written, wide, " ", "left", budget);
      if (flags.includes("0") && "dfFeEgGxX".includes(kind)) {
        const sign = /^[+-]/.exec(written)?.[0] ?? "";
        return sign + pad(written.slice(sign.length), wide - sign.length, "0", "right", budget);
      }
      return pad(written, wide, " ", "right", budget);
    },
  );
  if (used < items.length && !(values instanceof Map))
    throw fail("not all arguments converted during string formatting");
  return budget.join([result], "");
}

function onePercent(value: Value, kind: string, precision: number | null, flags: string, budget: Budget): string {
  if (kind === "s" || kind === "r") {
    const whole = kind === "s" ? text(value, budget) : repr(value, budget);
    return precision === null ? whole : Array.from(whole).slice(0, precision).join("");
  }
  if (!"diufFeEgGxXo".includes(kind)) throw fail(`unsupported format character '${kind}'`);
  if (!isNumber(value)) throw fail(`%${kind} format: a real number is required, not ${typeName(value)}`);
  const number = numberOf(value);
  const sign = number >= 0 ? (flags.includes("+") ? "+" : flags.includes(" ") ? " " : "") : "";
  return sign + numberAs(number, "iu".includes(kind) ? "d" : kind, precision);
}

function numberAs(number: number, kind: string, precision: number | null): string {
  switch (kind) {
    case "d":
      return String(Math.trunc(number));
    case "x":
      return Math.trunc(number).toString(16);
    case "X":
      return Math.trunc(number).toString(16).toUpperCase();
    case "o":
      return Math.trunc(number).toString(8);
    case "f":
    case "F":
      return number.toFixed(Math.min(precision ?? 6, 100));
    case "e":
    case "E": {
      const written = number.toExponential(Math.min(precision ?? 6, 100)).replace(/e([+-])(\d)$/, "e$10$2");
      return kind === "E" ? written.toUpperCase() : written;
    }
    default: {
      const digits = Math.max(1, Math.min(precision ?? 6, 100));
      const power = number === 0 ? 0 : Number(number.toExponential(digits - 1).split("e")[1]);
      const plain =
        power < -4 || power >= digits
          ? number.toExponential(digits - 1).replace(/e([+-])(\d)$/, "e$10$2")
          : number.toFixed(digits - 1 - power);
      return plain.includes(".") ? plain.replace(/\.?0+(?=e|$)/, "") : plain;
    }
  }
}

/** `template.format(...)`: fields by place or name, with the common format specifications. @throws TemplateRuntimeError */
export function formatBraces(template: string, args: CallArguments, budget: Budget): string {
  let next = 0;
  let numbered: boolean | null = null;
  const result = template.replace(/\{\{|\}\}|\{([^{}]*)\}|[{}]/g, (whole, field: string | undefined) => {
    if (whole === "{{") return "{";
    if (whole === "}}") return "}";
    if (field === undefined) throw fail("Single '{' or '}' encountered in format string");
    const [, path = "", conversion, spec = ""] = /^([^!:]*)(?:!([rs]))?(?::([\s\S]*))?$/.exec(field) ?? [];
    const [name, ...rest] = path.split(/[.[\]]+/).filter((part, i) => i === 0 || part !== "");
    const place = name === "" ? next++ : Number(name);
    if (Number.isInteger(place)) {
      if (numbered !== null && numbered !== (name !== ""))
        throw fail("cannot switch between automatic and manual field numbering");
      numbered = name !== "";
    }
    let value = Number.isInteger(place) ? args.positional[place] : args.named.get(name);
    if (value === undefined)
      throw fail(Number.isInteger(place) ? "Replacement index out of range for positional args tuple" : `'${name}'`);
    for (const part of rest) {
      const inner: Value | undefined =
        value instanceof Map ? lookUp(value, part) : Array.isArray(value) ? value[Number(part)] : undefined;
      if (inner === undefined) throw fail(`'${part}'`);
      value = inner;
    }
    return withSpec(conversion === "r" ? repr(value, budget) : value, spec, budget);
  });
  return budget.join([result], "");
}

function withSpec(value: Value, spec: string, budget: Budget): string {
  if (spec === "") return text(value, budget);
  const match = /^(?:([\s\S])?([<>^=]))?([-+ ])?(#)?(0)?(\d+)?(,|_)?(?:\.(\d+))?([a-zA-Z%])?$/u.exec(spec);
  if (match === null) throw fail(`Invalid format specifier '${spec}'`);
  const [, fill = match[5] === "0" ? "0" : " ", align, sign = "-", , zero, width = "0", group, precision, kind] = match;
  let written: string;
  if (isNumber(value)) {
    const number = numberOf(value);
    const digits = precision === undefined ? null : Number(precision);
    if (kind === "%") written = `${(number * 100).toFixed(digits ?? 6)}%`;
    else if (kind !== undefined) written = numberAs(number, kind, digits);
    else if (digits !== null) written = numberAs(number, "g", digits);
    else written = value instanceof Float ? floatText(number) : String(number);
    if (group !== undefined) written = written.replace(/^(-?\d+)/, (whole) => whole.replace(/\B(?=(\d{3})+$)/g, group));
    if (number >= 0 && sign !== "-") written = sign + written;
  } else {
    written = text(value, budget);
    if (precision !== undefined) written = Array.from(written).slice(0, Number(precision)).join("");
  }
  const side = align ?? (isNumber(value) ? (zero === "0" ? "=" : ">") : "<");
  if (side === "=") {
    const front = /^[+-]/.exec(written)?.[0] ?? "";
    return front + pad(written.slice(front.length), Number(width) - front.length, fill, "right", budget);
  }
  if (side === "^") {
    budget.size(Number(width));
    const missing = Math.max(0, Number(width) - written.length);
    return fill.repeat(missing >> 1) + written + fill.repeat(missing - (missing >> 1));
  }
  return pad(written, Number(width), fill, side === "<" ? "left" : "right", budget);
}
