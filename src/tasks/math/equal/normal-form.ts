/** One form for each formula: a quotient of two expanded polynomials, exact wherever arithmetic can be exact. */
import { integerRoot } from "../number/fixed.ts";
import {
  absolute,
  isWhole,
  negate,
  ONE,
  power as powerRational,
  type Rational,
  rational,
  toText,
} from "../number/rational.ts";
import { type Expression, mapChildren, number, product, sum } from "../read/expression.ts";
import { spend, TooHard } from "../work.ts";
import { foldCall } from "./fold.ts";
import {
  addPolynomials,
  constantOf,
  constantPolynomial,
  IMAGINARY,
  type Monomial,
  multiplyPolynomials,
  type Polynomial,
  polynomialKey,
  primeAtom,
  raisedMonomial,
  scale,
  singleTerm,
  termPolynomial,
  UNIT_POLYNOMIAL,
} from "./polynomial.ts";

export interface Form {
  readonly top: Polynomial;
  /** The unit polynomial, or one of several terms: single terms go into the top with negative exponents. */
  readonly bottom: Polynomial;
  /** Holds parts taken as they are (functions, roots of sums): then different forms may still be the same number. */
  readonly opaque: boolean;
}

/** A value that is no number: a division by zero, an infinity in a sum. */
export class Undefined extends Error {
  override readonly name = "Undefined";
}

/** @throws Undefined, TooHard */
export function normalForm(a: Expression): Form {
  spend(1);
  switch (a.kind) {
    case "number":
      return exact(constantPolynomial(a.value));
    case "constant":
      if (a.name === "infinity") throw new Undefined("infinity is no number");
      return exact(termPolynomial(ONE, [[a.name === "i" ? IMAGINARY : a.name === "e" ? "e!" : "pi!", ONE]]));
    case "symbol":
      return exact(termPolynomial(ONE, [[a.name, ONE]]));
    case "sum":
      return a.terms.map(normalForm).reduce(addForms);
    case "product":
      return a.factors.map(normalForm).reduce(multiplyForms);
    case "percent":
      return multiplyForms(normalForm(a.value), exact(constantPolynomial(rational(1n, 100n))));
    case "quantity":
      return normalForm(a.value);
    case "power":
      return powerForm(normalForm(a.base), normalForm(a.exponent));
    case "call":
      return callForm(a);
    default:
      return atom(structureKey(a));
  }
}

/** The value of a formula that is a fraction of whole numbers, null for any other. @throws Undefined, TooHard */
export function rationalValue(a: Expression): Rational | null {
  if (a.kind === "number") return a.value;
  const { top, bottom } = normalForm(a);
  return bottom === UNIT_POLYNOMIAL ? constantOf(top) : null;
}

/** Whether two forms are the same: true, false, or null where opaque parts leave it open. */
export function sameForms(a: Form, b: Form): boolean | null {
  const left = multiplyPolynomials(a.top, b.bottom);
  const right = multiplyPolynomials(b.top, a.bottom);
  const difference = addPolynomials(left, scale(right, rational(-1n)));
  if (difference.size === 0) return true;
  return a.opaque || b.opaque ? null : false;
}

/** a - b, over a common denominator. */
export const subtractForms = (a: Form, b: Form): Form => addForms(a, { ...b, top: scale(b.top, rational(-1n)) });

/** The same text for formulas with the same form. Calls are told apart by it. */
export function formKey({ top, bottom }: Form): string {
  return bottom === UNIT_POLYNOMIAL ? polynomialKey(top) : `(${polynomialKey(top)})/(${polynomialKey(bottom)})`;
}

/** Every occurrence of a symbol replaced. */
function substitute(a: Expression, name: string, value: Expression): Expression {
  spend(1);
  if (a.kind === "symbol") return a.name === name ? value : a;
  return mapChildren(a, (part) => substitute(part, name, value));
}

const exact = (top: Polynomial): Form => ({ top, bottom: UNIT_POLYNOMIAL, opaque: false });

const atom = (key: string, exponent: Rational = ONE): Form => ({
  top: termPolynomial(ONE, [[key, exponent]]),
  bottom: UNIT_POLYNOMIAL,
  opaque: true,
});

function addForms(a: Form, b: Form): Form {
  const opaque = a.opaque || b.opaque;
  if (a.bottom === b.bottom) return quotient(addPolynomials(a.top, b.top), a.bottom, opaque);
  const top = addPolynomials(multiplyPolynomials(a.top, b.bottom), multiplyPolynomials(b.top, a.bottom));
  return quotient(top, multiplyPolynomials(a.bottom, b.bottom), opaque);
}

const multiplyForms = (a: Form, b: Form): Form =>
  quotient(multiplyPolynomials(a.top, b.top), multiplyPolynomials(a.bottom, b.bottom), a.opaque || b.opaque);

function quotient(top: Polynomial, bottom: Polynomial, opaque: boolean): Form {
  if (bottom === UNIT_POLYNOMIAL) return { top, bottom, opaque };
  if (bottom.size === 0) throw new Undefined("a division by zero");
  const single = singleTerm(bottom);
  if (single === null) return { top, bottom, opaque };
  const inverse = termPolynomial(
    rational(single.coefficient.bottom, single.coefficient.top),
    raisedMonomial(single.monomial, rational(-1n)),
  );
  return { top: multiplyPolynomials(top, inverse), bottom: UNIT_POLYNOMIAL, opaque };
}

/** Sums to higher powers than this are not expanded. */
const HIGHEST_EXPANDED = 24n;

function powerForm(base: Form, exponent: Form): Form {
  const value = exponent.bottom === UNIT_POLYNOMIAL ? constantOf(exponent.top) : null;
  if (value === null) return symbolicPower(base, exponent);
  if (value.top === 0n) return exact(UNIT_POLYNOMIAL);
  if (base.top.size === 0) {
    if (value.top < 0n) throw new Undefined("a division by zero");
    return base;
  }
  const single = base.bottom === UNIT_POLYNOMIAL ? singleTerm(base.top) : null;
  if (single !== null) {
    const raised = raisedTerm(single.coefficient, single.monomial, value);
    if (raised !== null) return { ...raised, opaque: raised.opaque || base.opaque };
  } else if (isWhole(value) && absolute(value).top <= HIGHEST_EXPANDED) {
    let result = exact(UNIT_POLYNOMIAL);
    for (let i = absolute(value).top; i > 0n; i--) result = multiplyForms(result, base);
    return value.top > 0n ? result : quotient(result.bottom, result.top, result.opaque);
  }
  return atom(`(${formKey(base)})`, value);
}

/** A single term to a power; null where roots of it are not those of its parts. */
function raisedTerm(coefficient: Rational, monomial: Monomial, exponent: Rational): Form | null {
  const number = rationalPower(coefficient, exponent);
  if (number === null) return null;
  if (!isWhole(exponent) && exponent.bottom % 2n === 0n) {
    const unsure = monomial.filter(([name]) => name[0] !== "#" && name !== "pi!" && name !== "e!");
    const plain = unsure.every(([name, own]) => name !== IMAGINARY && own.top % 2n !== 0n);
    if (unsure.length > 1 || !plain || (unsure.length === 1 && coefficient.top < 0n)) return null;
  } else if (!isWhole(exponent) && monomial.some(([name]) => name === IMAGINARY)) {
    return null;
  }
  const top = multiplyPolynomials(number.top, termPolynomial(ONE, raisedMonomial(monomial, exponent)));
  return { ...number, top };
}

/** A number to a fraction: primes to fractions, i for the root of -1. Odd roots of negative numbers are the real ones. */
function rationalPower(base: Rational, exponent: Rational): Form | null {
  if (isWhole(exponent)) {
    const value = powerRational(base, exponent.top);
    return value === null ? atom(`(${toText(base)})`, exponent) : exact(constantPolynomial(value));
  }
  let result: Form = exact(UNIT_POLYNOMIAL);
  if (base.top < 0n) {
    const odd = exponent.top % 2n !== 0n;
    if (exponent.bottom % 2n === 1n) result = exact(constantPolynomial(rational(odd ? -1n : 1n)));
    else if (exponent.bottom === 2n) result = exact(termPolynomial(ONE, [[IMAGINARY, rational(exponent.top)]]));
    else return null;
  }
  const top = rootOf(absolute(base).top, exponent);
  const bottom = rootOf(base.bottom, negate(exponent));
  return multiplyForms(result, multiplyForms(top, bottom));
}

/** Trial division up to here; a rest below its square is a prime. */
const LARGEST_TRIAL = 1_000n;

/** n^exponent for a whole n > 0, by its prime factors. */
function rootOf(n: bigint, exponent: Rational): Form {
  const monomial: (readonly [string, Rational])[] = [];
  let opaque = false;
  let rest = n;
  for (const [prime, count] of smallFactors(n)) {
    monomial.push([primeAtom(prime), rational(exponent.top * count, exponent.bottom)]);
    rest /= prime ** count;
  }
  if (rest > 1n) {
    const root = integerRoot(rest);
    const squared = root * root === rest;
    const [base, times] = squared ? [root, 2n] : [rest, 1n];
    opaque = base > LARGEST_TRIAL * LARGEST_TRIAL;
    monomial.push([primeAtom(base), rational(exponent.top * times, exponent.bottom)]);
  }
  monomial.sort(([a], [b]) => (a < b ? -1 : 1));
  return { ...exact(termPolynomial(ONE, monomial)), opaque };
}

function* smallFactors(n: bigint): Iterable<readonly [prime: bigint, count: bigint]> {
  let rest = n;
  for (let prime = 2n; prime <= LARGEST_TRIAL && prime * prime <= rest; prime += prime === 2n ? 1n : 2n) {
    spend(rest > 1n << 64n ? 1 : 0);
    let count = 0n;
    while (rest % prime === 0n) {
      rest /= prime;
      count++;
    }
    if (count > 0n) yield [prime, count];
  }
  if (rest > 1n && rest <= LARGEST_TRIAL * LARGEST_TRIAL) yield [rest, 1n];
}

/** 2^(n+1) as 2 * 2^n: each term of the exponent makes an atom of its own. */
function symbolicPower(base: Form, exponent: Form): Form {
  const number = base.bottom === UNIT_POLYNOMIAL ? constantOf(base.top) : null;
  if (exponent.bottom !== UNIT_POLYNOMIAL || (number !== null && number.top <= 0n)) {
    return atom(`pow(${formKey(base)}|${formKey(exponent)})`);
  }
  if (number !== null && number.top === number.bottom) return exact(UNIT_POLYNOMIAL);
  const primes = number !== null && isWhole(number) && number.top < 1n << 64n ? [...smallFactors(number.top)] : [];
  const factored = primes.reduce((all, [prime, count]) => all * prime ** count, 1n) === number?.top;
  const parts = factored
    ? primes.map(([prime, count]) => [`${prime}`, count] as const)
    : [[formKey(base), 1n] as const];
  let result: Form = exact(UNIT_POLYNOMIAL);
  for (const { coefficient, monomial } of exponent.top.values()) {
    const key = polynomialKey(termPolynomial(ONE, monomial));
    const factor =
      monomial.length === 0
        ? powerForm(base, exact(constantPolynomial(coefficient)))
        : parts
            .map(([name, times]) => atom(`pow(${name}|${key})`, rational(coefficient.top * times, coefficient.bottom)))
            .reduce(multiplyForms);
    result = multiplyForms(result, factor);
  }
  return { ...result, opaque: true };
}

/** A finite sum of more terms than this is taken as it is. */
const MOST_SUMMANDS = 200n;

function callForm(a: Extract<Expression, { kind: "call" }>): Form {
  const { name, args } = a;
  if (name === "exp" && args.length === 1) {
    return powerForm(exact(termPolynomial(ONE, [["e!", ONE]])), normalForm(args[0]!));
  }
  if (name === "det" && args[0]!.kind === "matrix") return normalForm(determinant(args[0]!.rows));
  if ((name === "sum" || name === "prod") && args.length === 4) {
    const expanded = expandSeries(name, args as readonly [Expression, Expression, Expression, Expression]);
    return expanded === null ? atom(structureKey(a)) : normalForm(expanded);
  }
  const values = args.map((arg) => (arg.kind === "constant" && arg.name === "infinity" ? null : safeRational(arg)));
  if (values.every((value) => value !== null)) {
    const folded = foldCall(name, values);
    if (folded !== null) return exact(constantPolynomial(folded));
  }
  return atom(structureKey(a));
}

function safeRational(a: Expression): Rational | null {
  return SCALARS.has(a.kind) ? rationalValue(a) : null;
}

const SCALARS = new Set<Expression["kind"]>(["number", "sum", "product", "power", "percent", "quantity", "call"]);

/** The terms of a sum whose bounds are whole numbers; null where they are not, or too many. */
function expandSeries(
  name: "sum" | "prod",
  [variable, from, to, body]: readonly [Expression, Expression, Expression, Expression],
): Expression | null {
  const [low, high] = [from, to].map((bound) => safeRational(bound));
  if (variable.kind !== "symbol" || !low || !high || !isWhole(low) || !isWhole(high)) return null;
  if (high.top - low.top >= MOST_SUMMANDS) return null;
  const terms: Expression[] = [];
  for (let k = low.top; k <= high.top; k++) terms.push(substitute(body, variable.name, number(k)));
  if (terms.length === 0) return number(name === "sum" ? 0 : 1);
  return name === "sum" ? sum(terms) : product(terms);
}

/** By the first column; up to 5 by 5. */
function determinant(rows: readonly (readonly Expression[])[]): Expression {
  if (rows.length !== rows[0]!.length) throw new Undefined("the determinant of a matrix that is not square");
  if (rows.length > 5) throw new TooHard("a determinant of more than five rows");
  if (rows.length === 1) return rows[0]![0]!;
  return sum(
    rows.map(([first], skipped) => {
      const minor = rows.filter((_, i) => i !== skipped).map((row) => row.slice(1));
      return product([number(skipped % 2 === 0 ? 1 : -1), first!, determinant(minor)]);
    }),
  );
}

/** The same text for trees that are the same but for the order of sums and products in them and the name of a counting variable. */
export function structureKey(a: Expression): string {
  spend(1);
  switch (a.kind) {
    case "call": {
      const [variable] = a.args;
      if ((a.name === "sum" || a.name === "prod") && a.args.length === 4 && variable!.kind === "symbol") {
        const [low, high, body] = a.args.slice(1) as [Expression, Expression, Expression];
        const renamed = substitute(body, variable!.name, { kind: "symbol", name: "§" });
        return `${a.name}[${structureKey(low)},${structureKey(high)},${structureKey(renamed)}]`;
      }
      return `${a.name}[${a.args.map(structureKey).join(",")}]`;
    }
    case "number":
    case "symbol":
    case "sum":
    case "product":
    case "power":
    case "percent":
      return formKey(normalForm(a));
    case "constant":
      return a.name;
    case "text":
      return JSON.stringify(a.text);
    case "based":
      return `${a.digits}_${a.base}`;
    case "set":
    case "list":
      return `${a.kind}{${a.items.map(structureKey).sort().join(",")}}`;
    case "matrix":
      return `[${a.rows.map((row) => row.map(structureKey).join(",")).join(";")}]`;
    case "relation":
      return a.sides.map((side, i) => `${structureKey(side)}${a.signs[i] ?? ""}`).join("");
    default: {
      const keys: string[] = [];
      mapChildren(a, (part) => {
        keys.push(structureKey(part));
        return part;
      });
      return `${a.kind}(${keys.join(",")})`;
    }
  }
}
