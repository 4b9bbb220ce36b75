/**
 * Sums of products of powers, with exact fractions as coefficients and as exponents. What is raised are atoms: variables, pi, e, i,
 * primes (so that the square root of 12 is 2 * 3^(1/2)) and whatever else is taken as it is. Two such sums are the same
 * function exactly when they have the same terms, as long as all atoms are of the first kinds.
 */
import {
  add as addRational,
  floor,
  isWhole,
  multiply as multiplyRational,
  ONE,
  power as powerRational,
  type Rational,
  rational,
  subtract,
  toText,
} from "../number/rational.ts";
import { spend, TooHard } from "../work.ts";

/** Atoms with their exponents, sorted by name; none twice, no exponent zero. */
export type Monomial = readonly (readonly [atom: string, exponent: Rational])[];

export interface Term {
  readonly coefficient: Rational;
  readonly monomial: Monomial;
}

/** Terms by the text of their monomials; no coefficient is zero. */
export type Polynomial = ReadonlyMap<string, Term>;

/** More terms than any answer has when expanded. */
const MOST_TERMS = 400;

/** The imaginary unit as an atom. */
export const IMAGINARY = "i!";

/** A prime as an atom. */
export const primeAtom = (prime: bigint): string => `#${prime}`;

export const constantPolynomial = (value: Rational): Polynomial =>
  value.top === 0n ? new Map() : new Map([["", { coefficient: value, monomial: [] }]]);

export const UNIT_POLYNOMIAL: Polynomial = constantPolynomial(ONE);

/** The coefficient of a polynomial without atoms, null for another. */
export function constantOf(a: Polynomial): Rational | null {
  if (a.size === 0) return { top: 0n, bottom: 1n };
  const only = a.get("");
  return a.size === 1 && only !== undefined ? only.coefficient : null;
}

/** The only term, null where there are none or several. */
export const singleTerm = (a: Polynomial): Term | null => (a.size === 1 ? a.values().next().value! : null);

export function addPolynomials(a: Polynomial, b: Polynomial): Polynomial {
  const sum = new Map(a);
  for (const [key, term] of b) accumulate(sum, key, term);
  return limited(sum);
}

export function scale(a: Polynomial, factor: Rational): Polynomial {
  if (factor.top === 0n) return new Map();
  const scaled = new Map<string, Term>();
  for (const [key, { coefficient, monomial }] of a) {
    scaled.set(key, { coefficient: multiplyRational(coefficient, factor), monomial });
  }
  return scaled;
}

export function multiplyPolynomials(a: Polynomial, b: Polynomial): Polynomial {
  if (a === UNIT_POLYNOMIAL) return b;
  if (b === UNIT_POLYNOMIAL) return a;
  spend(a.size * b.size);
  const result = new Map<string, Term>();
  for (const x of a.values()) {
    for (const y of b.values()) {
      const term = settled(multiplyRational(x.coefficient, y.coefficient), joined(x.monomial, y.monomial));
      accumulate(result, keyOf(term.monomial), term);
    }
    limited(result);
  }
  return result;
}

/** A polynomial of one term, its i and its primes brought into their standard form. */
export function termPolynomial(coefficient: Rational, monomial: Monomial): Polynomial {
  const term = settled(coefficient, monomial);
  return new Map([[keyOf(term.monomial), term]]);
}

/** The same text for the same polynomial. */
export const polynomialKey = (a: Polynomial): string =>
  [...a.entries()]
    .map(([key, { coefficient }]) => `${toText(coefficient)}*${key}`)
    .sort()
    .join("+");

/** Multiplies each exponent. */
export const raisedMonomial = (monomial: Monomial, exponent: Rational): Monomial =>
  monomial.map(([atom, own]) => [atom, multiplyRational(own, exponent)] as const);

/** Exponents of equal atoms added up. */
export function joined(a: Monomial, b: Monomial): Monomial {
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  const result: (readonly [string, Rational])[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const [x, y] = [a[i], b[j]];
    if (y === undefined || (x !== undefined && x[0] < y[0])) {
      result.push(x!);
      i++;
    } else if (x === undefined || y[0] < x[0]) {
      result.push(y);
      j++;
    } else {
      const exponent = addRational(x[1], y[1]);
      if (exponent.top !== 0n) result.push([x[0], exponent]);
      i++;
      j++;
    }
  }
  return result;
}

export const keyOf = (monomial: Monomial): string =>
  monomial.map(([atom, exponent]) => (exponent === ONE ? atom : `${atom}^${toText(exponent)}`)).join("·");

/** i squared becomes -1, and whole powers of primes go into the coefficient. */
function settled(coefficient: Rational, monomial: Monomial): Term {
  if (!monomial.some(([atom]) => atom === IMAGINARY || atom[0] === "#")) {
    return { coefficient, monomial: monomial.map(canonicalExponent) };
  }
  let factor = coefficient;
  const rest: (readonly [string, Rational])[] = [];
  for (const [atom, exponent] of monomial) {
    if (atom === IMAGINARY && isWhole(exponent)) {
      const turns = Number(((exponent.top % 4n) + 4n) % 4n);
      if (turns >= 2) factor = { top: -factor.top, bottom: factor.bottom };
      if (turns % 2 === 1) rest.push([atom, ONE]);
    } else if (atom[0] === "#" && (exponent.top < 0n || exponent.top >= exponent.bottom)) {
      const whole = floor(exponent);
      const power = powerRational(rational(BigInt(atom.slice(1))), whole);
      if (power === null) throw new TooHard("a power in it has thousands of digits");
      factor = multiplyRational(factor, power);
      const left = subtract(exponent, rational(whole));
      if (left.top !== 0n) rest.push([atom, left]);
    } else {
      rest.push(canonicalExponent([atom, exponent]));
    }
  }
  return { coefficient: factor, monomial: rest };
}

// `keyOf` tells exponent 1 by identity, which is cheaper than by value
const canonicalExponent = (power: readonly [string, Rational]): readonly [string, Rational] =>
  power[1] !== ONE && power[1].top === 1n && power[1].bottom === 1n ? [power[0], ONE] : power;

function accumulate(sum: Map<string, Term>, key: string, term: Term): void {
  const before = sum.get(key);
  if (before === undefined) {
    if (term.coefficient.top !== 0n) sum.set(key, term);
    return;
  }
  const coefficient = addRational(before.coefficient, term.coefficient);
  if (coefficient.top === 0n) sum.delete(key);
  else sum.set(key, { coefficient, monomial: before.monomial });
}

function limited(a: Map<string, Term>): Map<string, Term> {
  if (a.size > MOST_TERMS) throw new TooHard(`it has more than ${MOST_TERMS} terms when expanded`);
  return a;
}
