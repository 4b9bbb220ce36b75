/**
 * Real numbers to 115 digits behind the point, as whole multiples of 2^-384: enough that two values which agree to 50 digits
 * are taken for equal. Every function loses a few of the last digits, never one of the first hundred.
 */
import { spend, TooHard } from "../work.ts";
import { bitLength, type Rational, toDouble } from "./rational.ts";

/** A value times 2^BITS. */
export type Fixed = bigint;

export const BITS = 384n;
export const UNIT: Fixed = 1n << BITS;

/** Values with more bits than this in front of the point are refused. */
const LARGEST = 6_000;

export const fromRational = ({ top, bottom }: Rational): Fixed => checked((top << BITS) / bottom);

export const toNumber = (a: Fixed): number => toDouble({ top: a, bottom: UNIT });

export const times = (a: Fixed, b: Fixed): Fixed => checked((a * b) >> BITS);

/** @throws RangeError for a zero divisor */
export function over(a: Fixed, b: Fixed): Fixed {
  if (b === 0n) throw new RangeError("division by zero");
  return checked((a << BITS) / b);
}

export const magnitude = (a: Fixed): Fixed => (a < 0n ? -a : a);

/** @throws TooHard for a value with thousands of digits */
function checked(a: Fixed): Fixed {
  spend(1);
  if (a > HUGE || a < -HUGE) throw new TooHard("a value in it has thousands of digits");
  return a;
}

const HUGE: Fixed = 1n << (BITS + BigInt(LARGEST));

/** The square root of a value of at least 0. */
export function squareRoot(a: Fixed): Fixed {
  if (a <= 0n) return 0n;
  spend(10);
  return integerRoot(a << BITS);
}

/** The largest whole number whose square is at most n. */
export function integerRoot(n: bigint): bigint {
  if (n < 2n) return n;
  let x = 1n << BigInt((bitLength(n) >> 1) + 2);
  for (;;) {
    const next = (x + n / x) >> 1n;
    if (next >= x) return x;
    x = next;
  }
}

/** e^a. @throws TooHard where that is too large */
export function exponential(a: Fixed): Fixed {
  spend(60);
  const twos = a / LN2 - (a < 0n ? 1n : 0n);
  if (twos > BigInt(LARGEST)) throw new TooHard("a power in it has thousands of digits");
  if (twos < -BITS) return 0n;
  // e^a = 2^twos * (e^(rest / 2^HALVINGS))^(2^HALVINGS)
  const rest = (a - twos * LN2) >> HALVINGS;
  let term = UNIT;
  let total = UNIT;
  for (let n = 1n; term !== 0n; n++) {
    term = ((term * rest) >> BITS) / n;
    total += term;
  }
  for (let i = 0n; i < HALVINGS; i++) total = (total * total) >> BITS;
  return twos >= 0n ? checked(total << twos) : total >> -twos;
}

const HALVINGS = 12n;

/** The natural logarithm of a value above 0, by Halley's method from a double's guess. */
export function logarithm(a: Fixed): Fixed {
  const twos = BigInt(bitLength(a)) - BITS; // a is 2^twos times a value between 1/16 and 1
  const mantissa = twos >= 0n ? a >> twos : a << -twos;
  let y = fromNumber(Math.log(toNumber(mantissa)));
  for (let i = 0; i < 3; i++) {
    const power = exponential(y);
    y += 2n * over(mantissa - power, mantissa + power);
  }
  return y + twos * LN2;
}

/** [cos a, sin a]. @throws TooHard for an angle too large to be reduced */
export function cosineAndSine(a: Fixed): readonly [cosine: Fixed, sine: Fixed] {
  spend(80);
  const quarter = PI >> 1n;
  const turns = (2n * a + quarter) / (2n * quarter) - (2n * a + quarter < 0n ? 1n : 0n);
  const rest = a - turns * quarter;
  const square = (rest * rest) >> BITS;
  let [cosine, sine, term] = [UNIT, rest, UNIT];
  for (let n = 1n; term !== 0n; n += 2n) {
    term = -((term * square) >> BITS) / (n * (n + 1n));
    cosine += term;
    sine += ((term * rest) >> BITS) / (n + 2n);
  }
  switch (Number(((turns % 4n) + 4n) % 4n)) {
    case 0:
      return [cosine, sine];
    case 1:
      return [-sine, cosine];
    case 2:
      return [-cosine, -sine];
    default:
      return [sine, -cosine];
  }
}

/** The angle whose tangent is a, between -pi/2 and pi/2. */
export function arcTangent(a: Fixed): Fixed {
  spend(80);
  if (a < 0n) return -arcTangent(-a);
  if (a > UNIT) return (PI >> 1n) - arcTangent(over(UNIT, a));
  let x = a;
  for (let i = 0; i < 6; i++) x = over(x, UNIT + squareRoot(UNIT + ((x * x) >> BITS)));
  return arcTangentSeries(x) << 6n;
}

/** The angle of the point (x, y), between -pi and pi. */
export function angle(y: Fixed, x: Fixed): Fixed {
  if (x > 0n) return arcTangent(over(y, x));
  if (x < 0n) return arcTangent(over(y, x)) + (y >= 0n ? PI : -PI);
  return y > 0n ? PI >> 1n : y < 0n ? -(PI >> 1n) : 0n;
}

export const fromNumber = (a: number): Fixed => {
  // a double is 53 bits and an exponent: both parts are exact
  const bits = a === 0 ? 0 : Math.floor(Math.log2(Math.abs(a))) - 60;
  const mantissa = BigInt(Math.round(a / 2 ** bits));
  const shift = BITS + BigInt(bits);
  return shift >= 0n ? mantissa << shift : mantissa >> -shift;
};

function arcTangentSeries(x: Fixed): Fixed {
  const square = (x * x) >> BITS;
  let [term, total] = [x, x];
  for (let n = 3n; term !== 0n; n += 2n) {
    term = -((term * square) >> BITS);
    total += term / n;
  }
  return total;
}

/** Machin's formula: pi/4 = 4 atan(1/5) - atan(1/239). */
export const PI: Fixed = (4n * arcTangentSeries(UNIT / 5n) - arcTangentSeries(UNIT / 239n)) << 2n;

/** ln 2 = 2 atanh(1/3) = the sum of 2 / ((2k + 1) 3^(2k + 1)). */
export const LN2: Fixed = (() => {
  let [term, total] = [(2n * UNIT) / 3n, 0n];
  for (let n = 1n; term !== 0n; n += 2n) {
    total += term / n;
    term /= 9n;
  }
  return total;
})();
