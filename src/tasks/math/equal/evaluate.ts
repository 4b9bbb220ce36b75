/**
 * The value of a formula to a hundred digits at a point, its variables standing for numbers that depend on their names alone.
 * Two formulas that agree to fifty digits at several points are taken for the same.
 */
import {
  arccos,
  arcsin,
  arctan,
  type Complex,
  cos,
  cosh,
  divide,
  exp,
  I,
  isReal,
  ln,
  minus,
  modulus,
  multiply,
  ONE,
  opposite,
  plus,
  pow,
  real,
  sin,
  sinh,
  sqrt,
  wholePower,
} from "../number/complex.ts";
import { BITS, fromRational, PI, UNIT } from "../number/fixed.ts";
import { isWhole, type Rational, rational } from "../number/rational.ts";
import type { Expression } from "../read/expression.ts";
import { spend } from "../work.ts";
import { foldCall } from "./fold.ts";
import { rationalValue, Undefined } from "./normal-form.ts";

/** Where variables stand: all above one, all between zero and one, all below zero. */
export type Point = 0 | 1 | 2;

export interface Evaluated {
  readonly value: Complex;
  /** A root or logarithm of a negative number was taken on the way. */
  readonly leftReals: boolean;
  /** It holds a function not known here, for whose value another number stands. */
  readonly invented: boolean;
}

/** @returns null where the formula has no value there. @throws TooHard */
export function evaluate(a: Expression, point: Point): Evaluated | null {
  const evaluator = new Evaluator(point);
  try {
    const value = evaluator.value(a);
    return { value, leftReals: evaluator.leftReals, invented: evaluator.invented };
  } catch (error) {
    if (error instanceof RangeError || error instanceof Undefined) return null;
    throw error;
  }
}

class Evaluator {
  readonly #point: Point;
  leftReals = false;
  invented = false;

  constructor(point: Point) {
    this.#point = point;
  }

  value(a: Expression): Complex {
    spend(2);
    switch (a.kind) {
      case "number":
        return real(fromRational(a.value));
      case "constant":
        if (a.name === "infinity") throw new Undefined("infinity is no number");
        return a.name === "pi" ? real(PI) : a.name === "e" ? exp(ONE) : I;
      case "symbol":
        return real(sample(a.name, this.#point));
      case "sum":
        return a.terms.map((term) => this.value(term)).reduce(plus);
      case "product":
        return a.factors.map((factor) => this.value(factor)).reduce(multiply);
      case "percent":
        return divide(this.value(a.value), real(100n * UNIT));
      case "quantity":
        return this.value(a.value);
      case "power":
        return this.#power(a.base, a.exponent);
      case "call":
        return this.#call(a.name, a.args);
      default:
        throw new Undefined(`a ${a.kind} is no number`);
    }
  }

  #power(base: Expression, exponent: Expression): Complex {
    const fraction = SIMPLE.has(exponent.kind) ? rationalValue(exponent) : null;
    const value = this.value(base);
    if (fraction === null) {
      if (!isReal(value) || value.re < 0n) this.leftReals = true;
      return pow(value, this.value(exponent));
    }
    if (isWhole(fraction) && fraction.top < 1n << 20n && fraction.top > -(1n << 20n)) {
      return wholePower(value, fraction.top);
    }
    if (isReal(value) && value.re < 0n) {
      if (fraction.bottom % 2n === 1n) {
        // the real root, as for the cube root of -8
        const size = pow(real(-value.re), real(fromRational(fraction)));
        return fraction.top % 2n === 0n ? size : opposite(size);
      }
      this.leftReals = true;
    }
    return fraction.bottom === 2n && fraction.top === 1n ? sqrt(value) : pow(value, real(fromRational(fraction)));
  }

  #call(name: string, args: readonly Expression[]): Complex {
    const known = FUNCTIONS.get(name);
    if (known !== undefined && args.length === 1) {
      const value = this.value(args[0]!);
      const result = known(value);
      if (isReal(value) && !isReal(result)) this.leftReals = true;
      return result;
    }
    if (name === "log" && args.length <= 2) {
      const [value, base] = [this.value(args[0]!), args[1] === undefined ? real(10n * UNIT) : this.value(args[1])];
      if (value.re < 0n || base.re < 0n) this.leftReals = true;
      return divide(ln(value), ln(base));
    }
    const exactly = args.map((arg) => this.#exact(arg));
    const folded = exactly.every((value) => value !== null) ? foldCall(name, exactly) : null;
    if (folded !== null) return real(fromRational(folded));
    if (STEPS.has(name) && args.length === 1) {
      const { re } = this.value(args[0]!);
      return real(fromRational(foldCall(name, [rational(re, UNIT)])!));
    }
    // a function nobody defined here: any value will do that depends on its name and arguments
    this.invented = true;
    const values = args.map((arg) =>
      NUMERIC.has(arg.kind) ? digest(this.value(arg)) : JSON.stringify(arg, plainText),
    );
    return real(sample(`${name}(${values.join(",")})`, this.#point));
  }

  #exact(a: Expression): Rational | null {
    if (!SIMPLE.has(a.kind)) return null;
    return rationalValue(a);
  }
}

const plainText = (_: string, value: unknown): unknown => (typeof value === "bigint" ? String(value) : value);

/** Fifty digits of a value as text. */
const digest = ({ re, im }: Complex): string => `${(re + ROUND) >> DROP},${(im + ROUND) >> DROP}`;
const DROP = BITS - 168n;
const ROUND = 1n << (DROP - 1n);

/** A number for a name: the same for the same name, unlike for others. */
function sample(name: string, point: Point): bigint {
  let hash = 0xcbf29ce484222325n ^ BigInt(point);
  for (let i = 0; i < name.length; i++) hash = ((hash ^ BigInt(name.charCodeAt(i))) * 0x100000001b3n) & MASK;
  hash = ((hash ^ (hash >> 32n)) * 0x9e3779b97f4a7c15n) & MASK;
  const share = (hash << BITS) >> 64n; // between 0 and 1
  if (point === 0) return UNIT + 2n * share;
  return point === 1 ? UNIT / 8n + (3n * share) / 4n : -(UNIT / 4n) - 2n * share;
}

const MASK = (1n << 64n) - 1n;

const SIMPLE = new Set<Expression["kind"]>(["number", "sum", "product", "power", "percent", "call"]);
const NUMERIC = new Set<Expression["kind"]>([...SIMPLE, "constant", "symbol", "quantity"]);
const STEPS = new Set(["floor", "ceil", "sgn"]);

const inverse = (a: Complex): Complex => divide(ONE, a);

const FUNCTIONS: ReadonlyMap<string, (a: Complex) => Complex> = new Map<string, (a: Complex) => Complex>([
  ["sin", sin],
  ["cos", cos],
  ["tan", (a) => divide(sin(a), cos(a))],
  ["cot", (a) => divide(cos(a), sin(a))],
  ["sec", (a) => inverse(cos(a))],
  ["csc", (a) => inverse(sin(a))],
  ["arcsin", arcsin],
  ["arccos", arccos],
  ["arctan", arctan],
  ["arccot", (a) => minus(real(PI >> 1n), arctan(a))],
  ["arcsec", (a) => arccos(inverse(a))],
  ["arccsc", (a) => arcsin(inverse(a))],
  ["sinh", sinh],
  ["cosh", cosh],
  ["tanh", (a) => divide(sinh(a), cosh(a))],
  ["coth", (a) => divide(cosh(a), sinh(a))],
  ["exp", exp],
  ["ln", ln],
  ["abs", (a) => real(modulus(a))],
]);
