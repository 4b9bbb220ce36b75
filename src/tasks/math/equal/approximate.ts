/** When a decimal that stands for another number is near enough to it. */
import {
  absolute,
  atPlaces,
  compareRationals,
  divide,
  type Rational,
  rational,
  same,
  subtract,
  toDouble,
  toText,
} from "../number/rational.ts";
import type { Expression, Shown } from "../read/expression.ts";

/** Digits that an approximate answer must have right unless stated otherwise. */
export const DEFAULT_PRECISION = 6;

/** A decimal with fewer significant digits than this is taken as exact, not as something rounded. */
const FEWEST_ROUNDED = 3;

/** The digits a decimal was written with, also in 4.5 * 10^33; null for anything else. */
export function shownOf(a: Expression): Shown | null {
  if (a.kind === "number") return a.shown ?? null;
  if (a.kind === "quantity" || a.kind === "percent") return shownOf(a.value);
  if (a.kind !== "product") return null;
  let shown: Shown | null = null;
  let shift = 0;
  for (const factor of a.factors) {
    if (factor.kind === "number" && factor.shown !== undefined && shown === null) {
      shown = factor.shown;
    } else if (factor.kind === "power" && isTen(factor.base) && factor.exponent.kind === "number") {
      shift += Number(factor.exponent.value.top);
    } else if (!(factor.kind === "number" && factor.value.top === -1n)) {
      return null;
    }
  }
  return shown === null ? null : { ...shown, decimals: shown.decimals - shift };
}

const isTen = (a: Expression): boolean => a.kind === "number" && a.value.top === 10n && a.value.bottom === 1n;

export interface Approximation {
  readonly value: Rational;
  readonly shown: Shown | null;
}

/**
 * Why an answer that differs from the gold one is still that number to the digits shown, as a sentence; null where it is not:
 * an answer of at least `precision` digits is the gold value rounded or cut off; a gold decimal of at least three digits is
 * the answer rounded to as many; or the two differ only behind `precision` digits, as after floating-point arithmetic.
 */
export function agreement(gold: Approximation, answer: Approximation, precision: number): string | null {
  const { shown } = answer;
  const [g, a] = [shortText(gold.value), shortText(answer.value)];
  if (shown !== null && showsEnough(shown, precision) && Math.abs(shown.decimals) <= 1_000) {
    const [rounded, cut] = [atPlaces(gold.value, shown.decimals, "round"), atPlaces(gold.value, shown.decimals, "cut")];
    if (same(rounded, answer.value)) return `${a} is ${g} rounded to ${places(shown)}`;
    if (same(cut, answer.value)) return `${a} is ${g} cut off after ${places(shown)}`;
  }
  const own = gold.shown;
  if (own !== null && own.significant >= FEWEST_ROUNDED && Math.abs(own.decimals) <= 1_000) {
    const finer = shown === null || shown.decimals > own.decimals;
    if (finer && same(atPlaces(answer.value, own.decimals, "round"), gold.value)) {
      return `${a} rounds to ${g}, the ${places(own)} that gold gives`;
    }
  }
  const bothExact = shown === null && own === null;
  if (
    !bothExact &&
    (shown === null || showsEnough(shown, precision)) &&
    differLittle(gold.value, answer.value, precision)
  ) {
    return `${a} is ${g} to ${precision} digits`;
  }
  return null;
}

const showsEnough = ({ decimals, significant }: Shown, precision: number): boolean =>
  significant >= precision || (decimals >= precision && significant >= precision - 1);

const places = ({ decimals, significant }: Shown): string =>
  decimals > 0 && decimals < 40 ? `${decimals} decimal${decimals === 1 ? "" : "s"}` : `${significant} digits`;

/** Equal at `precision` decimals and within as many digits of each other. */
function differLittle(a: Rational, b: Rational, precision: number): boolean {
  if (a.top === 0n || !same(atPlaces(a, precision, "round"), atPlaces(b, precision, "round"))) return false;
  const relative = absolute(divide(subtract(a, b), a));
  return compareRationals(relative, rational(1n, 10n ** BigInt(precision))) <= 0;
}

/** A value as a reason shows it: a whole number, a short decimal or fraction as it is, else twelve digits. */
export function shortText(a: Rational): string {
  const number = toDouble(a);
  const decimal = String(number);
  if (a.bottom !== 1n && decimal.length <= 16 && /^-?\d+\.\d+$/.test(decimal) && isDecimal(a.bottom)) return decimal;
  const text = toText(a);
  if (text.length <= 24) return text;
  return Number.isFinite(number) && number !== 0 ? `${Number(number.toPrecision(12))}...` : `${text.slice(0, 20)}...`;
}

/** Whether a fraction with this denominator has an end as a decimal of a few digits. */
const isDecimal = (bottom: bigint): boolean => 10n ** 15n % bottom === 0n;
