/** Arithmetic expressions read and evaluated exactly, in fractions of big integers: no eval, no rounding, a bounded depth and length. */

/** A fraction in lowest terms with a positive denominator. */
export interface Fraction {
  readonly top: bigint;
  readonly bottom: bigint;
}

export interface Evaluated {
  readonly value: Fraction;
  /** Every number as written, in order. */
  readonly numbers: readonly bigint[];
}

/** Longer texts are refused before they are read. */
export const LONGEST_EXPRESSION = 300;

const DEEPEST = 40;

/** Thrown inside this file only; carries the sentence that `evaluate` returns. */
class Refusal extends Error {}

/**
 * Evaluates + - * / with parentheses and signs, over whole numbers.
 * @returns the exact value, or a sentence that says what is wrong with the text.
 */
export function evaluate(text: string): Evaluated | string {
  if (text.length > LONGEST_EXPRESSION) return `the expression is longer than ${LONGEST_EXPRESSION} characters`;
  const reader = new Reader(text);
  try {
    const value = reader.sum(0);
    reader.end();
    return { value, numbers: reader.numbers };
  } catch (error) {
    if (error instanceof Refusal) return error.message;
    throw error;
  }
}

export const isWhole = (value: Fraction, whole: bigint): boolean => value.bottom === 1n && value.top === whole;

export const show = ({ top, bottom }: Fraction): string => (bottom === 1n ? `${top}` : `${top}/${bottom}`);

export const equal = (a: Fraction, b: Fraction): boolean => a.top === b.top && a.bottom === b.bottom;

/** Recursive descent: sum = product {(+|-) product}, product = factor {(*|/) factor}, factor = [+|-] factor | number | ( sum ). */
class Reader {
  readonly numbers: bigint[] = [];
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  sum(depth: number): Fraction {
    let value = this.#product(depth);
    for (;;) {
      const sign = this.#take("+-");
      if (sign === "") return value;
      const next = this.#product(depth);
      const other = value.bottom * (sign === "+" ? next.top : -next.top);
      value = reduced(value.top * next.bottom + other, value.bottom * next.bottom);
    }
  }

  end(): void {
    const rest = this.#peek();
    if (rest !== "") throw new Refusal(`"${rest}" at character ${this.#at + 1} does not belong in the expression`);
  }

  #product(depth: number): Fraction {
    let value = this.#factor(depth);
    for (;;) {
      const sign = this.#take("*/");
      if (sign === "") return value;
      const next = this.#factor(depth);
      if (sign === "/" && next.top === 0n) throw new Refusal("the expression divides by zero");
      value =
        sign === "*"
          ? reduced(value.top * next.top, value.bottom * next.bottom)
          : reduced(value.top * next.bottom, value.bottom * next.top);
    }
  }

  #factor(depth: number): Fraction {
    if (depth > DEEPEST) throw new Refusal(`the expression is nested deeper than ${DEEPEST}`);
    const sign = this.#take("+-");
    if (sign !== "") {
      const value = this.#factor(depth + 1);
      return sign === "+" ? value : { top: -value.top, bottom: value.bottom };
    }
    if (this.#take("(") !== "") {
      const value = this.sum(depth + 1);
      if (this.#take(")") === "") throw new Refusal("a parenthesis is not closed");
      return value;
    }
    return { top: this.#number(), bottom: 1n };
  }

  #number(): bigint {
    const first = this.#peek();
    if (!isDigit(first)) {
      throw new Refusal(first === "" ? "the expression ends too early" : `"${first}" stands where a number should`);
    }
    const start = this.#at;
    while (isDigit(this.#text[this.#at] ?? "")) this.#at++;
    const number = BigInt(this.#text.slice(start, this.#at));
    this.numbers.push(number);
    return number;
  }

  /** The next character that is not white space, "" at the end. */
  #peek(): string {
    while (this.#text[this.#at] === " " || this.#text[this.#at] === "\t") this.#at++;
    return this.#text[this.#at] ?? "";
  }

  #take(choices: string): string {
    const next = this.#peek();
    if (next === "" || !choices.includes(next)) return "";
    this.#at++;
    return next;
  }
}

const isDigit = (character: string): boolean => character >= "0" && character <= "9";

function reduced(top: bigint, bottom: bigint): Fraction {
  let [a, b] = [top < 0n ? -top : top, bottom < 0n ? -bottom : bottom];
  while (b !== 0n) [a, b] = [b, a % b];
  const divisor = (a === 0n ? 1n : a) * (bottom < 0n ? -1n : 1n);
  return { top: top / divisor, bottom: bottom / divisor };
}
