/** An expression as a short line of plain text, for reasons people read. */
import { toText } from "../number/rational.ts";
import type { Expression } from "./expression.ts";

const LONGEST = 60;

/** "sqrt(2)/3", cut to a length that fits a log line. */
export function brief(a: Expression): string {
  const text = show(a, 0);
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 3)}...` : text;
}

/** `binding`: 0 as a whole, 1 within a product, 2 as a base or exponent; looser parts get parentheses. */
function show(a: Expression, binding: 0 | 1 | 2): string {
  const all = (items: readonly Expression[], between = ", "): string =>
    items.map((item) => show(item, 0)).join(between);
  const inner = (text: string, own: 0 | 1): string => (own < binding ? `(${text})` : text);
  switch (a.kind) {
    case "number":
      return a.value.bottom === 1n && a.value.top >= 0n ? String(a.value.top) : inner(decimal(a), 1);
    case "constant":
      return a.name;
    case "symbol":
      return a.name.replace(/^\\/, "");
    case "sum":
      return inner(
        a.terms
          .map((term) => show(term, 0))
          .join(" + ")
          .replaceAll("+ -", "- "),
        0,
      );
    case "product":
      return inner(productText(a.factors), 1);
    case "power":
      return isReciprocal(a) ? inner(`1/${show(a.base, 2)}`, 1) : powerText(a);
    case "call":
      return `${a.name.replace(/^\\/, "")}(${all(a.args)})`;
    case "plusMinus":
      return `±${show(a.value, 1)}`;
    case "percent":
      return `${show(a.value, 1)}%`;
    case "quantity":
      return `${show(a.value, 1)} ${a.unit}`;
    case "based":
      return `${a.digits}_${a.base}`;
    case "tuple":
      return `(${all(a.items)})`;
    case "set":
      return `{${all(a.items)}}`;
    case "list":
      return all(a.items);
    case "interval":
      return `${a.closedLow ? "[" : "("}${show(a.low, 0)}, ${show(a.high, 0)}${a.closedHigh ? "]" : ")"}`;
    case "setOperation":
      return all(a.items, { union: " ∪ ", intersection: " ∩ ", difference: " \\ " }[a.operation]);
    case "matrix":
      return `[${a.rows.map((row) => all(row)).join("; ")}]`;
    case "ratio":
      return all(a.items, ":");
    case "relation":
      return a.sides.map((side, i) => show(side, 0) + (a.signs[i] === undefined ? "" : ` ${a.signs[i]} `)).join("");
    case "text":
      return a.text;
  }
}

function decimal(a: Extract<Expression, { kind: "number" }>): string {
  if (a.shown === undefined || a.shown.decimals > 20 || a.shown.decimals < 0) return toText(a.value);
  return (Number(a.value.top) / Number(a.value.bottom)).toFixed(a.shown.decimals);
}

function productText(factors: readonly Expression[]): string {
  const [first, ...rest] = factors;
  const minus = rest.length > 0 && first!.kind === "number" && first!.value.top === -1n && first!.value.bottom === 1n;
  let text = minus ? "-" : show(first!, 1);
  for (const [i, factor] of rest.entries()) {
    if (factor.kind === "power" && isReciprocal(factor)) text += `/${show(factor.base, 2)}`;
    else text += (minus && i === 0 ? "" : "*") + show(factor, 1);
  }
  return text;
}

const isReciprocal = (a: Extract<Expression, { kind: "power" }>): boolean =>
  a.exponent.kind === "number" && a.exponent.value.top === -1n && a.exponent.value.bottom === 1n;

function powerText(a: Extract<Expression, { kind: "power" }>): string {
  const { exponent } = a;
  if (exponent.kind === "number" && exponent.value.top === 1n && exponent.value.bottom === 2n)
    return `sqrt(${show(a.base, 0)})`;
  return `${show(a.base, 2)}^${show(exponent, 2)}`;
}
