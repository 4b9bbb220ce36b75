/** Functions of exact numbers whose value is an exact number. */
import {
  absolute,
  add,
  compareRationals,
  divide,
  floor,
  greatestDivisor,
  isWhole,
  multiply,
  ONE,
  type Rational,
  rational,
  subtract,
} from "../number/rational.ts";
import { spend } from "../work.ts";

/** Factorials beyond this are left as they are. */
const LARGEST_FACTORIAL = 3_000n;

/** The function's value; null where it is not exact, too large, or the function is not known. */
export function foldCall(name: string, args: readonly Rational[]): Rational | null {
  const [a, b] = args as readonly [Rational, Rational | undefined];
  if (args.length === 0) return null;
  if (args.length === 1) return foldOne(name, a);
  switch (name) {
    case "binomial":
      return isWhole(a) && isWhole(b!) ? binomial(a.top, b!.top) : null;
    case "mod":
      return b!.top === 0n ? null : subtract(a, multiply(b!, rational(floor(divide(a, b!)))));
    case "gcd":
    case "lcm":
      return args.every(isWhole) ? rational(args.map(({ top }) => top).reduce(name === "gcd" ? gcd : lcm)) : null;
    case "max":
      return args.reduce((x, y) => (compareRationals(x, y) >= 0 ? x : y));
    case "min":
      return args.reduce((x, y) => (compareRationals(x, y) <= 0 ? x : y));
    default:
      return null;
  }
}

function foldOne(name: string, a: Rational): Rational | null {
  switch (name) {
    case "abs":
      return absolute(a);
    case "floor":
      return rational(floor(a));
    case "ceil":
      return rational(-floor({ top: -a.top, bottom: a.bottom }));
    case "sgn":
      return rational(a.top > 0n ? 1n : a.top < 0n ? -1n : 0n);
    case "factorial":
      return isWhole(a) ? factorial(a.top, 1n) : null;
    case "doubleFactorial":
      return isWhole(a) ? factorial(a.top, 2n) : null;
    default:
      return null;
  }
}

function factorial(n: bigint, step: bigint): Rational | null {
  if (n < 0n || n > LARGEST_FACTORIAL) return null;
  spend(Number(n));
  let value = 1n;
  for (let k = n; k > 1n; k -= step) value *= k;
  return rational(value);
}

function binomial(n: bigint, k: bigint): Rational | null {
  if (n < 0n || n > 100_000n || k < 0n) return null;
  const chosen = k > n - k ? n - k : k;
  if (chosen < 0n) return rational(0n);
  if (chosen > 1_000n) return null;
  spend(Number(chosen));
  let value = ONE;
  for (let i = 1n; i <= chosen; i++) value = rational((value.top * (n - chosen + i)) / i);
  return add(value, rational(0n));
}

const gcd = (a: bigint, b: bigint): bigint => greatestDivisor(a, b);
const lcm = (a: bigint, b: bigint): bigint => {
  const product = a * b;
  return (product < 0n ? -product : product) / greatestDivisor(a, b);
};
