/** Answers that name what they give: x = 3, f(x) = ..., (x, y) = (1, 2), and relations as such. */
import type { Expression, Of } from "../read/expression.ts";
import { structureKey } from "./normal-form.ts";

/** A value under a name. */
export interface Named {
  readonly name: Expression;
  readonly value: Expression;
}

/** The value a chain of equalities ends with: the side before an approximation, unless that only names what is approximated. */
export function lastSide({ sides, signs }: Of<"relation">): Expression {
  const approximate = signs.indexOf("~");
  if (approximate === -1 || (approximate === 0 && isName(sides[0]!))) return sides.at(-1)!;
  return sides[approximate]!;
}

/** Whether only = and approximations stand in it. */
export const isEquality = ({ signs }: Of<"relation">): boolean => signs.every((sign) => sign === "=" || sign === "~");

/**
 * name = value, where the left side names a quantity (x, AB, f(x), |AB|, NO/BO, (p, q)) instead of computing one. Only the
 * last side of a chain is the value.
 */
export function asNamed(a: Expression): Named | null {
  if (a.kind !== "relation" || !isEquality(a)) return null;
  const name = a.sides.find((side) => isName(side) && side !== a.sides.at(-1));
  return name === undefined || !(isName(a.sides[0]!) || a.sides.length > 2) ? null : { name, value: lastSide(a) };
}

/** Whether a formula only names something: letters, side by side, over each other or applied, without sums and numbers. */
function isName(a: Expression): boolean {
  switch (a.kind) {
    case "symbol":
    case "text":
      return true;
    case "constant":
      return a.name === "i" || a.name === "e"; // letters too
    case "product":
      return a.factors.every(isName);
    case "power":
      return a.exponent.kind === "number" && a.exponent.value.top === -1n && isName(a.base);
    case "call":
      return !COMPUTED.has(a.name) && (a.name.endsWith("_") || a.name !== "abs" || a.args.every(isName));
    case "tuple":
    case "ratio":
      return a.items.every(isName);
    default:
      return false;
  }
}

const COMPUTED = new Set(
  "sin cos tan cot sec csc ln log exp floor ceil factorial binomial max min gcd lcm mod sum prod int lim det".split(
    " ",
  ),
);

/** Whether two names can mean the same thing: the same, or the same function of something. */
export function sameName(a: Expression, b: Expression): boolean {
  if (a.kind === "call" && b.kind === "call" && a.name === b.name && !a.name.endsWith("_")) return true;
  return nameKey(a) === nameKey(b);
}

const nameKey = (a: Expression): string => structureKey(a).toLowerCase();

/** The letters a name starts with: roots x_1 and x_2 share one, and their order does not matter. */
export const nameHead = (a: Expression): string =>
  a.kind === "symbol" || a.kind === "call" ? a.name.split("_")[0]! : nameKey(a);
