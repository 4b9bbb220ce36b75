/** What an equation says of a name: solving for it where it stands to the first power, and equations that say the same. */
import { type Fixed, fromRational } from "../number/fixed.ts";
import { type Rational, rational } from "../number/rational.ts";
import { children, type Expression, mapChildren, number, product, reciprocal, some, sum } from "../read/expression.ts";
import { evaluate } from "./evaluate.ts";
import { formKey, normalForm, rationalValue, subtractForms } from "./normal-form.ts";
import { type Polynomial, polynomialKey, scale } from "./polynomial.ts";

export interface Solved {
  /** What was solved for: a symbol, or an application such as f(x) or |x|. */
  readonly unknown: Expression;
  readonly value: Expression;
  readonly slopeIsNegative: boolean;
}

/** The value of the one unknown for which a formula is zero, where it stands to the first power with a number before it. */
export function solveLinear(a: Expression): Solved | null {
  const unknowns = unknownsOf(a);
  if (unknowns.length !== 1) return null;
  const [unknown] = unknowns;
  const at = (value: Expression): Expression => replaced(a, unknown!, value);
  // a(0) = offset, a(1) - a(0) = slope, and a(2) shows whether it is a line
  const [offset, one, two] = [at(number(0)), at(number(1)), at(number(2))];
  const slope = difference(one, offset);
  const bend = subtractForms(normalForm(difference(two, one)), normalForm(slope));
  if (bend.top.size !== 0) return null;
  const sign = signOf(slope);
  if (sign === 0) return null;
  return {
    unknown: unknown!,
    value: simplest(product([number(-1), offset, reciprocal(slope)])),
    slopeIsNegative: sign < 0,
  };
}

/** Whether lhs = rhs and another equation hold for the same values: their differences are multiples of each other by a number. */
export function sameEquations(
  gold: readonly [Expression, Expression],
  answer: readonly [Expression, Expression],
): boolean {
  const [g, a] = [gold, answer].map(([left, right]) => subtractForms(normalForm(left!), normalForm(right!)).top);
  return proportion(g!, a!) !== null;
}

/** The number that makes b of a, null where there is none. */
export function proportion(a: Polynomial, b: Polynomial): Rational | null {
  if (a.size !== b.size || a.size === 0) return null;
  const [key, first] = a.entries().next().value!;
  const other = b.get(key);
  if (other === undefined) return null;
  const factor = rational(
    other.coefficient.top * first.coefficient.bottom,
    other.coefficient.bottom * first.coefficient.top,
  );
  return polynomialKey(scale(a, factor)) === polynomialKey(b) ? factor : null;
}

/** The symbols and applications of unknown functions in a formula, the latter as a whole. */
function unknownsOf(a: Expression): readonly Expression[] {
  const found = new Map<string, Expression>();
  const visit = (part: Expression): void => {
    if (part.kind === "symbol") {
      found.set(part.name, part);
    } else if (part.kind === "call" && !KNOWN.has(part.name)) {
      found.set(formKey(normalForm(part)), part);
    } else {
      for (const child of children(part)) visit(child);
    }
  };
  visit(a);
  return [...found.values()];
}

const KNOWN = new Set("sin cos tan ln log exp floor ceil factorial binomial max min gcd lcm mod sgn sqrt".split(" "));

function replaced(a: Expression, unknown: Expression, value: Expression): Expression {
  const same =
    unknown.kind === "symbol"
      ? a.kind === "symbol" && a.name === unknown.name
      : a.kind === "call" &&
        unknown.kind === "call" &&
        a.name === unknown.name &&
        formKey(normalForm(a)) === formKey(normalForm(unknown));
  return same ? value : mapChildren(a, (part) => replaced(part, unknown, value));
}

const difference = (a: Expression, b: Expression): Expression => sum([a, product([number(-1), b])]);

/** A fraction where it is one, else the tree as it is. */
function simplest(a: Expression): Expression {
  const decimal = some(a, (part) => part.kind === "number" && part.shown !== undefined);
  const value = decimal ? null : rationalValue(a);
  return value === null ? a : number(value);
}

function signOf(a: Expression): number {
  const exact = rationalValue(a);
  if (exact !== null) return exact.top > 0n ? 1 : exact.top < 0n ? -1 : 0;
  const value = evaluate(a, 0)?.value.re ?? 0n;
  return value > TINY ? 1 : value < -TINY ? -1 : 0;
}

const TINY: Fixed = fromRational({ top: 1n, bottom: 10n ** 60n });
