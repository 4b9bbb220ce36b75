/** Exact fractions of big integers, and decimals as the digits that were written. */
import { spend, TooHard } from "../work.ts";

/** In lowest terms; the denominator is positive. */
export interface Rational {
  readonly top: bigint;
  readonly bottom: bigint;
}

/** Powers beyond this many bits are left as powers. */
const LONGEST_BITS = 40_000;

export const ONE: Rational = { top: 1n, bottom: 1n };
export const MINUS_ONE: Rational = { top: -1n, bottom: 1n };

/** top / bottom in lowest terms. @throws RangeError for a zero denominator */
export function rational(top: bigint, bottom = 1n): Rational {
  if (bottom === 1n) return { top, bottom };
  if (bottom === 0n) throw new RangeError("division by zero");
  const divisor = greatestDivisor(top, bottom) * (bottom < 0n ? -1n : 1n);
  return { top: top / divisor, bottom: bottom / divisor };
}

export const add = (a: Rational, b: Rational): Rational =>
  a.bottom === 1n && b.bottom === 1n
    ? { top: a.top + b.top, bottom: 1n }
    : rational(a.top * b.bottom + b.top * a.bottom, a.bottom * b.bottom);

export const multiply = (a: Rational, b: Rational): Rational => rational(a.top * b.top, a.bottom * b.bottom);

/** @throws RangeError for a zero divisor */
export const divide = (a: Rational, b: Rational): Rational => rational(a.top * b.bottom, a.bottom * b.top);

export const negate = (a: Rational): Rational => ({ top: -a.top, bottom: a.bottom });

export const subtract = (a: Rational, b: Rational): Rational => add(a, negate(b));

export const same = (a: Rational, b: Rational): boolean => a.top === b.top && a.bottom === b.bottom;

export const isWhole = (a: Rational): boolean => a.bottom === 1n;

/** Below zero, zero or above it, as a is to b. */
export function compareRationals(a: Rational, b: Rational): number {
  const difference = a.top * b.bottom - b.top * a.bottom;
  return difference === 0n ? 0 : difference < 0n ? -1 : 1;
}

export const absolute = (a: Rational): Rational => (a.top < 0n ? negate(a) : a);

/** a to a whole power, null where the result would be longer than LONGEST_BITS. @throws RangeError for zero to a negative power */
export function power(a: Rational, exponent: bigint): Rational | null {
  const size = exponent < 0n ? -exponent : exponent;
  if (a.bottom === 1n && (a.top === 1n || a.top === -1n)) return size % 2n === 0n ? ONE : a;
  if (a.top === 0n && size > 0n && exponent > 0n) return a;
  if (size * BigInt(Math.max(bitLength(a.top), bitLength(a.bottom))) > BigInt(LONGEST_BITS)) return null;
  spend(1 + Number(size >> 4n));
  if (exponent < 0n) return rational(a.bottom ** size, a.top ** size);
  return { top: a.top ** size, bottom: a.bottom ** size };
}

/** The digits of a decimal as written. @throws TooHard where there are thousands of them behind the point */
export function fromDecimal(whole: string, fraction: string, exponent = 0): Rational {
  if (whole.length > 12_000 || fraction.length > 1_000 || Math.abs(exponent) > 5_000) {
    throw new TooHard("a number has too many digits");
  }
  const digits = BigInt(whole + fraction);
  const scale = exponent - fraction.length;
  return scale >= 0 ? { top: digits * 10n ** BigInt(scale), bottom: 1n } : rational(digits, 10n ** BigInt(-scale));
}

/** a at `decimals` places behind the point, the rest cut off or rounded (half away from zero). Negative places count before the point. */
export function atPlaces(a: Rational, decimals: number, how: "cut" | "round"): Rational {
  const scale = 10n ** BigInt(Math.abs(decimals));
  const scaled = decimals >= 0 ? multiply(a, { top: scale, bottom: 1n }) : rational(a.top, a.bottom * scale);
  const size = absolute(scaled);
  const doubled = how === "round" ? (2n * size.top + size.bottom) / (2n * size.bottom) : size.top / size.bottom;
  const whole = scaled.top < 0n ? -doubled : doubled;
  return decimals >= 0 ? rational(whole, scale) : { top: whole * scale, bottom: 1n };
}

/** Floor of a. */
export function floor(a: Rational): bigint {
  const quotient = a.top / a.bottom;
  return a.top % a.bottom !== 0n && a.top < 0n ? quotient - 1n : quotient;
}

/** "3", "-7/2". */
export const toText = (a: Rational): string => (a.bottom === 1n ? `${a.top}` : `${a.top}/${a.bottom}`);

/** The nearest double, for sorting and first guesses. */
export function toDouble(a: Rational): number {
  const shift = Math.max(0, Math.max(bitLength(a.top), bitLength(a.bottom)) - 1_000);
  if (shift === 0) return Number(a.top) / Number(a.bottom);
  const [top, bottom] = [bitLength(a.top), bitLength(a.bottom)];
  const scale = BigInt(Math.abs(64 - (top - bottom)));
  const mantissa = 64 - (top - bottom) >= 0 ? (a.top << scale) / a.bottom : a.top / (a.bottom << scale);
  return Number(mantissa) * 2 ** (top - bottom - 64);
}

/** Bits of |a|, within 3 of the exact count. */
export function bitLength(a: bigint): number {
  if (a === 0n) return 0;
  return a.toString(16).length * 4;
}

export function greatestDivisor(a: bigint, b: bigint): bigint {
  let [x, y] = [a < 0n ? -a : a, b < 0n ? -b : b];
  if (x > 0xffffffffffffffffffffn || y > 0xffffffffffffffffffffn) spend(Math.min(bitLength(x), bitLength(y)) >> 3);
  while (y !== 0n) [x, y] = [y, x % y];
  return x === 0n ? 1n : x;
}
