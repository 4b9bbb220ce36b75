/** Whether two formulas are the same number or the same function: exactly where possible, else to fifty digits at several points. */
import { type Complex, minus, modulus } from "../number/complex.ts";
import { BITS, type Fixed, magnitude, toNumber, UNIT } from "../number/fixed.ts";
import { type Rational, same } from "../number/rational.ts";
import { type Expression, some, symbolsOf } from "../read/expression.ts";
import { agreement, DEFAULT_PRECISION, shortText, shownOf } from "./approximate.ts";
import { evaluate, type Point } from "./evaluate.ts";
import { type Form, normalForm, rationalValue, sameForms, Undefined } from "./normal-form.ts";

export interface Comparison {
  readonly equal: boolean;
  /** In words. */
  readonly reason: string;
}

export interface Tolerance {
  /** Digits a decimal must have right where it stands for another number; 6 unless stated. */
  readonly precision?: number;
}

export const yes = (reason: string): Comparison => ({ equal: true, reason });
export const no = (reason: string): Comparison => ({ equal: false, reason });

/** Compares two formulas. @throws TooHard */
export function compareScalars(
  gold: Expression,
  answer: Expression,
  { precision = DEFAULT_PRECISION }: Tolerance = {},
): Comparison {
  const infinite = compareInfinities(gold, answer);
  if (infinite !== null) return infinite;
  try {
    return compareFinite(gold, answer, precision);
  } catch (error) {
    if (error instanceof Undefined) return no(`cannot be compared: ${error.message}`);
    if (error instanceof RangeError) return no(`cannot be compared: ${error.message}`);
    throw error;
  }
}

function compareFinite(gold: Expression, answer: Expression, precision: number): Comparison {
  const [goldForm, answerForm] = [normalForm(gold), normalForm(answer)];
  const [g, a] = [constantValue(gold, goldForm), constantValue(answer, answerForm)];
  if (g !== null && a !== null) {
    if (same(g, a)) return yes(sameNumber(gold, answer, g));
    const near = agreement({ value: g, shown: shownOf(gold) }, { value: a, shown: shownOf(answer) }, precision);
    if (near !== null) return yes(near);
    return no(`${shortText(a)} is not ${shortText(g)}`);
  }
  const decided = sameForms(goldForm, answerForm);
  if (decided === true) return yes("the same formula when expanded");
  const [goldNames, answerNames] = [symbolsOf(gold), symbolsOf(answer)];
  if (goldNames.length === 0 && answerNames.length === 0)
    return compareConstants(gold, answer, { g, a, decided }, precision);
  const decimal = hasDecimal(gold) || hasDecimal(answer);
  if (decided === false && !decimal) return no(differentFormulas(goldNames, answerNames));
  return compareFunctions(gold, answer, decimal ? precision : null);
}

const constantValue = (a: Expression, form: Form): Rational | null =>
  form.top.size === 0 || (form.top.size === 1 && form.top.has("")) ? rationalValue(a) : null;

function sameNumber(gold: Expression, answer: Expression, value: Rational): string {
  if (value.bottom === 1n && gold.kind === "number" && answer.kind === "number") {
    return `both are ${shortText(value)}`;
  }
  return value.bottom === 1n ? `both come to ${shortText(value)}` : `equal rationals, both ${shortText(value)}`;
}

/** Numbers without variables, at least one of them no fraction. */
function compareConstants(
  gold: Expression,
  answer: Expression,
  exact: { readonly g: Rational | null; readonly a: Rational | null; readonly decided: false | null },
  precision: number,
): Comparison {
  const [inGold, inAnswer] = [evaluate(gold, 0), evaluate(answer, 0)];
  if (inGold === null || inAnswer === null) return no("one of the two has no value");
  const [x, y] = [inGold.value, inAnswer.value];
  if (inGold.invented || inAnswer.invented) {
    return close(x, y) ? yes("the same formula wherever evaluated") : no("not shown to be the same number");
  }
  if (exact.decided === null && close(x, y)) return yes(`both are ${decimal(x)}, to fifty digits`);
  if (x.im === 0n && y.im === 0n) {
    const [g, a] = [exact.g ?? { top: x.re, bottom: UNIT }, exact.a ?? { top: y.re, bottom: UNIT }];
    const near = agreement({ value: g, shown: shownOf(gold) }, { value: a, shown: shownOf(answer) }, precision);
    if (near !== null) return yes(near);
  }
  const [shownX, shownY] = [decimal(x), decimal(y)];
  return no(shownX === shownY ? `they differ behind ${shownX}` : `${shownY} is not ${shownX}`);
}

/** Formulas with variables: equal at every point where both are defined. With `digits`, only to so many digits. */
function compareFunctions(gold: Expression, answer: Expression, digits: number | null): Comparison {
  const complex = isComplex(gold) || isComplex(answer);
  let agreeing = 0;
  for (const point of [0, 1, 2] as const satisfies readonly Point[]) {
    const [x, y] = [evaluate(gold, point), evaluate(answer, point)];
    if (x === null || y === null || (!complex && (x.leftReals || y.leftReals))) continue;
    if (digits === null ? !close(x.value, y.value) : !closeTo(x.value, y.value, digits)) {
      const known = !x.invented && !y.invented;
      return no(
        known ? "different formulas: they differ where both are evaluated" : "not shown to be the same formula",
      );
    }
    agreeing++;
  }
  if (agreeing === 0) return no("the formulas have no point in common where they can be compared");
  return yes(
    digits === null
      ? "the same value to fifty digits wherever evaluated"
      : `the same value to ${digits} digits wherever evaluated`,
  );
}

function differentFormulas(gold: readonly string[], answer: readonly string[]): string {
  const [missing] = gold.filter((name) => !answer.includes(name));
  const [extra] = answer.filter((name) => !gold.includes(name));
  if (missing !== undefined && gold.length > 0)
    return `different formulas: the answer does not depend on ${bare(missing)}`;
  if (extra !== undefined) return `different formulas: the answer depends on ${bare(extra)}, gold does not`;
  return "different formulas when expanded";
}

const bare = (name: string): string => name.replace(/^\\/, "");

/** Within 10^-50 of each other, relative to their size. */
function close(x: Complex, y: Complex): boolean {
  const size = larger(modulus(x), modulus(y));
  return modulus(minus(x, y)) <= (size >> 166n) + (1n << (BITS - 300n));
}

function closeTo(x: Complex, y: Complex, digits: number): boolean {
  return modulus(minus(x, y)) * 10n ** BigInt(digits) <= larger(modulus(x), modulus(y));
}

const larger = (a: Fixed, b: Fixed): Fixed => (a > b ? a : b);

const isComplex = (a: Expression): boolean => some(a, (part) => part.kind === "constant" && part.name === "i");

const hasDecimal = (a: Expression): boolean => some(a, (part) => part.kind === "number" && part.shown !== undefined);

/** Infinities are equal by their signs, and unlike any number; null where neither is one. */
function compareInfinities(gold: Expression, answer: Expression): Comparison | null {
  const [g, a] = [infinitySign(gold), infinitySign(answer)];
  if (g === 0 && a === 0) return null;
  if (g === a) return yes("both are infinite");
  return no(g !== 0 && a !== 0 ? "the infinities have different signs" : "one is infinite, the other is not");
}

/** 1 for infinity, -1 for its opposite, 0 for anything else. */
export function infinitySign(a: Expression): -1 | 0 | 1 {
  if (a.kind === "constant") return a.name === "infinity" ? 1 : 0;
  if (a.kind !== "product" || a.factors.length !== 2) return 0;
  const [sign, value] = a.factors;
  if (sign!.kind !== "number" || sign!.value.top !== -1n) return 0;
  return infinitySign(value!) === 1 ? -1 : 0;
}

/** Twelve digits, for a reason. */
function decimal({ re, im }: Complex): string {
  const text = (value: Fixed): string => String(Number(toNumber(value).toPrecision(12)));
  if (im === 0n || magnitude(im) < 1n << (BITS - 300n)) return text(re);
  const imaginary = `${im < 0n ? "-" : "+"} ${text(magnitude(im))}i`;
  return re === 0n ? imaginary.replace(" ", "").replace("+", "") : `${text(re)} ${imaginary}`;
}
