/** Complex numbers over 115-digit reals, with the functions of school and calculus. */
import {
  angle,
  cosineAndSine,
  exponential,
  type Fixed,
  logarithm,
  magnitude,
  over,
  PI,
  squareRoot,
  times,
  UNIT,
} from "./fixed.ts";

export interface Complex {
  readonly re: Fixed;
  readonly im: Fixed;
}

export const real = (re: Fixed): Complex => ({ re, im: 0n });
export const ONE: Complex = real(UNIT);
export const I: Complex = { re: 0n, im: UNIT };

export const isReal = (a: Complex): boolean => a.im === 0n;

export const plus = (a: Complex, b: Complex): Complex => ({ re: a.re + b.re, im: a.im + b.im });
export const minus = (a: Complex, b: Complex): Complex => ({ re: a.re - b.re, im: a.im - b.im });
export const opposite = (a: Complex): Complex => ({ re: -a.re, im: -a.im });

export function multiply(a: Complex, b: Complex): Complex {
  if (isReal(a) && isReal(b)) return real(times(a.re, b.re));
  return { re: times(a.re, b.re) - times(a.im, b.im), im: times(a.re, b.im) + times(a.im, b.re) };
}

/** @throws RangeError for a zero divisor */
export function divide(a: Complex, b: Complex): Complex {
  if (isReal(b)) return { re: over(a.re, b.re), im: a.im === 0n ? 0n : over(a.im, b.re) };
  const norm = times(b.re, b.re) + times(b.im, b.im);
  const top = multiply(a, { re: b.re, im: -b.im });
  return { re: over(top.re, norm), im: over(top.im, norm) };
}

/** |a| */
export function modulus(a: Complex): Fixed {
  if (isReal(a)) return magnitude(a.re);
  return squareRoot(times(a.re, a.re) + times(a.im, a.im));
}

export function exp(a: Complex): Complex {
  const size = exponential(a.re);
  if (isReal(a)) return real(size);
  const [cosine, sine] = cosineAndSine(a.im);
  return { re: times(size, cosine), im: times(size, sine) };
}

/** The principal logarithm. @throws RangeError for 0 */
export function ln(a: Complex): Complex {
  const size = modulus(a);
  if (size === 0n) throw new RangeError("the logarithm of zero");
  if (isReal(a) && a.re > 0n) return real(logarithm(a.re));
  return { re: logarithm(size), im: angle(a.im, a.re) };
}

/** The principal square root. */
export function sqrt(a: Complex): Complex {
  if (isReal(a)) return a.re >= 0n ? real(squareRoot(a.re)) : { re: 0n, im: squareRoot(-a.re) };
  const size = modulus(a);
  const re = squareRoot((size + a.re) >> 1n);
  const im = squareRoot((size - a.re) >> 1n);
  return { re, im: a.im < 0n ? -im : im };
}

/** a to a whole power. @throws RangeError for zero to a negative one */
export function wholePower(a: Complex, exponent: bigint): Complex {
  if (exponent < 0n) return divide(ONE, wholePower(a, -exponent));
  let [result, square] = [ONE, a];
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) result = multiply(result, square);
    if (rest > 1n) square = multiply(square, square);
  }
  return result;
}

/** a^b by its principal value. @throws RangeError for zero to a power that is not positive */
export function pow(a: Complex, b: Complex): Complex {
  if (a.re === 0n && a.im === 0n) {
    if (b.re > 0n) return a;
    throw new RangeError("zero to a power that is not positive");
  }
  return exp(multiply(b, ln(a)));
}

export function cos(a: Complex): Complex {
  if (isReal(a)) return real(cosineAndSine(a.re)[0]);
  const [up, down] = [exp(multiply(I, a)), exp(opposite(multiply(I, a)))];
  return half(plus(up, down));
}

export function sin(a: Complex): Complex {
  if (isReal(a)) return real(cosineAndSine(a.re)[1]);
  const [up, down] = [exp(multiply(I, a)), exp(opposite(multiply(I, a)))];
  return half(divide(minus(up, down), I));
}

export const cosh = (a: Complex): Complex => half(plus(exp(a), exp(opposite(a))));
export const sinh = (a: Complex): Complex => half(minus(exp(a), exp(opposite(a))));

/** The angle whose sine is a: -i ln(ia + sqrt(1 - a^2)). */
export function arcsin(a: Complex): Complex {
  const root = sqrt(minus(ONE, multiply(a, a)));
  const result = opposite(multiply(I, ln(plus(multiply(I, a), root))));
  return isReal(a) && magnitude(a.re) <= UNIT ? real(result.re) : result;
}

export const arccos = (a: Complex): Complex => minus(real(PI >> 1n), arcsin(a));

/** The angle whose tangent is a. */
export function arctan(a: Complex): Complex {
  if (isReal(a)) return real(angle(a.re, UNIT));
  const turned = multiply(I, a);
  return half(divide(minus(ln(plus(ONE, turned)), ln(minus(ONE, turned))), I));
}

const half = (a: Complex): Complex => ({ re: a.re >> 1n, im: a.im >> 1n });
