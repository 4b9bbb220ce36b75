/** What a mathematical answer can be once it is read: one tree for numbers, formulas, sets, intervals, relations and words. */
import { MINUS_ONE, ONE, type Rational, rational } from "../number/rational.ts";

/** How many digits a decimal was written with: behind the point, and significant ones (leading zeros do not count). */
export interface Shown {
  readonly decimals: number;
  readonly significant: number;
}

export type Constant = "pi" | "e" | "i" | "infinity";

/** `~` is an approximation, `in` membership. */
export type Sign = "=" | "!=" | "<" | ">" | "<=" | ">=" | "~" | "in";

export type Expression =
  | { readonly kind: "number"; readonly value: Rational; readonly shown?: Shown }
  | { readonly kind: "constant"; readonly name: Constant }
  | { readonly kind: "symbol"; readonly name: string }
  | { readonly kind: "sum"; readonly terms: readonly Expression[] }
  | { readonly kind: "product"; readonly factors: readonly Expression[] }
  | { readonly kind: "power"; readonly base: Expression; readonly exponent: Expression }
  | { readonly kind: "call"; readonly name: string; readonly args: readonly Expression[] }
  /** Plus or minus a value; `flipped` for \mp, whose sign is the opposite one. */
  | { readonly kind: "plusMinus"; readonly value: Expression; readonly flipped: boolean }
  | { readonly kind: "percent"; readonly value: Expression }
  | { readonly kind: "quantity"; readonly value: Expression; readonly unit: string }
  /** A numeral in a stated base. */
  | { readonly kind: "based"; readonly digits: string; readonly base: number }
  /** `brackets`: "(" where it may also be an open interval, "[" for a list in square brackets, "<" for a vector. */
  | { readonly kind: "tuple"; readonly items: readonly Expression[]; readonly brackets: "(" | "[" | "<" }
  | { readonly kind: "set"; readonly items: readonly Expression[] }
  /** Several answers without brackets; `joint` where every part holds at once ("and" between relations). */
  | { readonly kind: "list"; readonly items: readonly Expression[]; readonly joint: boolean }
  | {
      readonly kind: "interval";
      readonly low: Expression;
      readonly high: Expression;
      readonly closedLow: boolean;
      readonly closedHigh: boolean;
    }
  | {
      readonly kind: "setOperation";
      readonly operation: "union" | "intersection" | "difference";
      readonly items: readonly Expression[];
    }
  | { readonly kind: "matrix"; readonly rows: readonly (readonly Expression[])[] }
  | { readonly kind: "ratio"; readonly items: readonly Expression[] }
  /** A chain: signs[i] stands between sides[i] and sides[i + 1]. */
  | { readonly kind: "relation"; readonly sides: readonly Expression[]; readonly signs: readonly Sign[] }
  | { readonly kind: "text"; readonly text: string };

export type Of<K extends Expression["kind"]> = Extract<Expression, { kind: K }>;

export const number = (value: Rational | bigint | number): Expression => ({
  kind: "number",
  value: typeof value === "object" ? value : rational(BigInt(value)),
});
export const symbol = (name: string): Expression => ({ kind: "symbol", name });
export const constant = (name: Constant): Expression => ({ kind: "constant", name });
export const call = (name: string, ...args: readonly Expression[]): Expression => ({ kind: "call", name, args });
export const power = (base: Expression, exponent: Expression): Expression => ({ kind: "power", base, exponent });
export const reciprocal = (a: Expression): Expression => power(a, number(MINUS_ONE));
export const text = (words: string): Expression => ({ kind: "text", text: words });

/** -3 stays a number; all else is a product with -1. */
export function negative(a: Expression): Expression {
  if (a.kind === "number") return { ...a, value: { top: -a.value.top, bottom: a.value.bottom } };
  if (a.kind === "percent" || a.kind === "quantity") return { ...a, value: negative(a.value) };
  return { kind: "product", factors: [number(MINUS_ONE), a] };
}

export const sum = (terms: readonly Expression[]): Expression =>
  terms.length === 1 ? terms[0]! : { kind: "sum", terms };
export const product = (factors: readonly Expression[]): Expression =>
  factors.length === 0 ? number(ONE) : factors.length === 1 ? factors[0]! : { kind: "product", factors };

/** The parts a tree is made of. */
export function children(a: Expression): readonly Expression[] {
  switch (a.kind) {
    case "sum":
      return a.terms;
    case "product":
      return a.factors;
    case "power":
      return [a.base, a.exponent];
    case "call":
      return a.args;
    case "plusMinus":
    case "percent":
    case "quantity":
      return [a.value];
    case "tuple":
    case "set":
    case "list":
    case "setOperation":
    case "ratio":
      return a.items;
    case "interval":
      return [a.low, a.high];
    case "matrix":
      return a.rows.flat();
    case "relation":
      return a.sides;
    default:
      return [];
  }
}

/** The same tree with each of its parts changed. */
export function mapChildren(a: Expression, change: (part: Expression) => Expression): Expression {
  switch (a.kind) {
    case "sum":
      return { ...a, terms: a.terms.map(change) };
    case "product":
      return { ...a, factors: a.factors.map(change) };
    case "power":
      return { ...a, base: change(a.base), exponent: change(a.exponent) };
    case "call":
      return { ...a, args: a.args.map(change) };
    case "plusMinus":
    case "percent":
    case "quantity":
      return { ...a, value: change(a.value) };
    case "tuple":
    case "set":
    case "list":
    case "setOperation":
    case "ratio":
      return { ...a, items: a.items.map(change) };
    case "interval":
      return { ...a, low: change(a.low), high: change(a.high) };
    case "matrix":
      return { ...a, rows: a.rows.map((row) => row.map(change)) };
    case "relation":
      return { ...a, sides: a.sides.map(change) };
    default:
      return a;
  }
}

/** Whether some part of the tree, itself included, is as asked. */
export function some(a: Expression, test: (part: Expression) => boolean): boolean {
  return test(a) || children(a).some((part) => some(part, test));
}

/** The names of all symbols, sorted. */
export function symbolsOf(a: Expression): readonly string[] {
  const names = new Set<string>();
  const visit = (part: Expression): void => {
    if (part.kind === "symbol") names.add(part.name);
    for (const child of children(part)) visit(child);
  };
  visit(a);
  return [...names].sort();
}
