/** Reads arithmetic and algebra: sums, products with and without signs, powers, and what stands behind a value. */
import { rational } from "../number/rational.ts";
import { bracketed } from "./brackets.ts";
import { argument, command, functionCall } from "./commands.ts";
import { type Cursor, named } from "./cursor.ts";
import {
  call,
  constant,
  type Expression,
  negative,
  number,
  power,
  product,
  reciprocal,
  sum as sumOf,
  symbol,
  text,
} from "./expression.ts";
import { isValueEnd, NotMath } from "./lexer.ts";
import { baseBehind, based, FRACTIONS, mixedNumber, numeral } from "./numerals.ts";
import { unitName } from "./units.ts";

/** term {(+ | - | \pm | \mp) term} */
export function sum(cursor: Cursor): Expression {
  return cursor.nested(() => {
    const terms: Expression[] = [];
    let unit = "";
    for (;;) {
      const sign = signAhead(cursor);
      if (sign === null && terms.length > 0) break;
      if (sign !== null) cursor.next();
      let value = cursor.grammar.term(cursor);
      if (value.kind === "quantity") {
        unit = value.unit;
        value = value.value;
      }
      terms.push(signed(sign ?? "+", value));
    }
    const total = sumOf(terms);
    return unit === "" ? total : { kind: "quantity", value: total, unit };
  });
}

function signAhead(cursor: Cursor): string | null {
  if (cursor.is("+")) return "+";
  if (cursor.is("-")) return "-";
  if (cursor.isCommand("pm")) return "pm";
  return cursor.isCommand("mp") ? "mp" : null;
}

function signed(sign: string, value: Expression): Expression {
  if (sign === "+") return value;
  return sign === "-" ? negative(value) : { kind: "plusMinus", value, flipped: sign === "mp" };
}

/** factor {[* | /] factor} with a unit behind it. */
export function term(cursor: Cursor): Expression {
  let factors: Expression[] = [factor(cursor)];
  let unit = "";
  for (;;) {
    if (isTimes(cursor)) {
      cursor.next();
      if (cursor.isType("text") && unit !== "") unit += ` ${cursor.next().text}`;
      else factors.push(factor(cursor));
    } else if (cursor.is("/") || cursor.isCommand("div")) {
      cursor.next();
      if (cursor.isType("text")) unit += `/${readUnit(cursor)}`;
      else factors.push(reciprocal(factor(cursor)));
    } else if (cursor.isCommand("bmod") || cursor.isCommand("mod")) {
      cursor.next();
      factors = [call("mod", product(factors), factor(cursor))];
    } else if (cursor.isType("currency") && isValueEnd(cursor.previous!)) {
      unit = CURRENCY_NAMES.get(cursor.next().text) ?? "";
    } else if (cursor.isType("text")) {
      const based = cursor.peek().text === "base" ? baseBehind(cursor, factors) : null;
      if (based !== null) return based;
      unit = `${unit} ${readUnit(cursor)}`.trim();
    } else if (takeDegree(cursor)) {
      unit = "degree"; // where it stands after a space or a closed group
    } else if (cursor.is("{") && cursor.is("}", 1)) {
      cursor.skip(2);
    } else if (startsFactor(cursor, factors.at(-1)!)) {
      if (isWord(factors.at(-1)!)) throw new NotMath("a word beside a value");
      const mixed = mixedNumber(cursor, factors.at(-1)!);
      if (mixed !== null) factors[factors.length - 1] = mixed;
      else factors.push(factor(cursor));
    } else {
      break;
    }
  }
  const last = factors.at(-1)!;
  const lifted: Expression =
    last.kind === "percent" && factors.length > 1
      ? { kind: "percent", value: product([...factors.slice(0, -1), last.value]) }
      : product(factors);
  if (lifted.kind === "quantity" || unit === "") return lifted;
  return { kind: "quantity", value: lifted, unit: unitName(unit) };
}

/** power with signs in front, as in 2 * -3. */
export function factor(cursor: Cursor): Expression {
  return cursor.nested(() => {
    const sign = signAhead(cursor);
    if (sign === null) return raised(cursor);
    cursor.next();
    return signed(sign, factor(cursor));
  });
}

/** Values with nothing between them, up to the next function, as the argument of one: 2x in \\sin 2x \\cos y. */
export function functionTerm(cursor: Cursor): Expression {
  const sign = signAhead(cursor);
  if (sign !== null) cursor.next();
  const factors = [raised(cursor)];
  while (!cursor.isType("function") && startsFactor(cursor, factors.at(-1)!)) factors.push(raised(cursor));
  return signed(sign ?? "+", product(factors));
}

/** A value with everything behind it that binds tighter than a product: exponents, factorials, per cent, degrees. */
function raised(cursor: Cursor): Expression {
  let value = primary(cursor);
  for (;;) {
    if (cursor.is("!")) {
      cursor.next();
      value = call(cursor.take("!") ? "doubleFactorial" : "factorial", value);
    } else if (cursor.isType("percent")) {
      cursor.next();
      value = { kind: "percent", value };
    } else if (cursor.is("'")) {
      cursor.next();
      value = value.kind === "symbol" ? symbol(`${value.name}'`) : value;
    } else if (takeDegree(cursor)) {
      value = degrees(cursor, value);
    } else if (cursor.is("_") && value.kind === "call" && value.name.startsWith("\\")) {
      cursor.next();
      value = call(`${value.name}_`, ...value.args, argument(cursor)); // \\dot{x}_0
    } else if (cursor.is("^")) {
      cursor.next();
      const primes = primesAhead(cursor);
      if (primes !== null) value = value.kind === "symbol" ? symbol(value.name + primes) : value;
      else value = power(value, exponent(cursor));
    } else {
      return value;
    }
  }
}

/** What follows ^: a group, or one value with its sign and its own exponent. */
export function exponent(cursor: Cursor): Expression {
  if (cursor.is("{")) return argument(cursor);
  const sign = signAhead(cursor);
  if (sign !== null) cursor.next();
  const base = primary(cursor);
  const value = cursor.take("^") ? power(base, exponent(cursor)) : base;
  return signed(sign ?? "+", value);
}

/** Takes ^\circ, ^{\circ} or \degree if it is next. */
function takeDegree(cursor: Cursor): boolean {
  if (cursor.isCommand("degree")) {
    cursor.next();
    return true;
  }
  if (!cursor.is("^")) return false;
  const braced = cursor.is("{", 1) ? 1 : 0;
  if (!cursor.isCommand("circ", 1 + braced)) return false;
  if (braced === 1 && !cursor.is("}", 3)) return false;
  cursor.skip(2 + 2 * braced);
  return true;
}

/** Degrees turn the argument of a sine into radians; elsewhere they are a unit. */
const degrees = (cursor: Cursor, value: Expression): Expression =>
  cursor.trigonometric > 0
    ? product([value, constant("pi"), number(rational(1n, 180n))])
    : { kind: "quantity", value, unit: "degree" };

/** Takes {\prime\prime} or \prime if it is next: a mark on a name, or minutes and seconds behind a number. */
function primesAhead(cursor: Cursor): string | null {
  const braced = cursor.is("{") ? 1 : 0;
  let count = 0;
  while (cursor.isCommand("prime", braced + count)) count++;
  if (count === 0 || (braced === 1 && !cursor.is("}", 1 + count))) return null;
  cursor.skip(count + 2 * braced);
  return "'".repeat(count);
}

export function primary(cursor: Cursor): Expression {
  const token = cursor.peek();
  switch (token.type) {
    case "number":
      return numeral(cursor);
    case "numeral":
      return based(cursor);
    case "letter":
      cursor.next();
      return variable(cursor, token.text);
    case "word":
      cursor.next();
      return symbol(token.text);
    case "constant":
      cursor.next();
      return constant(token.text as "pi");
    case "function":
      return functionCall(cursor);
    case "command":
      return command(cursor);
    case "currency": {
      cursor.next();
      const value = raised(cursor);
      return { kind: "quantity", value, unit: CURRENCY_NAMES.get(token.text) ?? "money" };
    }
    case "text":
      cursor.next();
      if (startsFactor(cursor, text("")) && !/^(approx|about|roughly|around|rs\b|us\b)/i.test(token.text)) {
        throw new NotMath(`words before ${named(cursor.peek())}`);
      }
      return startsFactor(cursor, text("")) ? raised(cursor) : text(token.text);
    case "punctuation":
      return bracketed(cursor);
    default:
      throw new NotMath(`${named(token)} where a value should stand`);
  }
}

/** A letter with its subscript, as a variable; applied where an argument in parentheses follows directly. */
function variable(cursor: Cursor, letter: string): Expression {
  if (letter === "\\mathbb{R}") return REALS;
  let name = letter;
  let index: Expression | null = null;
  if (cursor.is("_")) {
    cursor.next();
    const plain = cursor.is("{") ? cursor.peek(1) : cursor.peek();
    const closed = !cursor.is("{") || cursor.is("}", 2);
    if (closed && (plain.type === "number" || plain.type === "text" || plain.type === "word")) {
      cursor.skip(cursor.is("{") ? 3 : 1);
      name = `${letter}_${plain.text}`;
    } else {
      index = argument(cursor);
    }
  }
  while (cursor.take("'")) name += "'";
  const subscripted = index === null ? null : call(`${name}_`, index);
  if (cursor.is("(") && !cursor.peek().spaced && isApplication(cursor, name)) {
    const inner = bracketed(cursor);
    const args = inner.kind === "tuple" ? inner.items : [inner];
    return subscripted === null ? call(name, ...args) : call(`${name}_`, index!, ...args);
  }
  if (subscripted !== null) return subscripted;
  if (name === "i") return constant("i");
  return name === "e" ? constant("e") : symbol(name);
}

const FUNCTION_NAMES = new Set(["f", "g", "h", "F", "G", "H"]);

/** f(x+1) is an application, x(x+1) a product; W(n) and P(3) are applications since nobody writes such products. */
function isApplication(cursor: Cursor, name: string): boolean {
  if (FUNCTION_NAMES.has(name[0]!) || name.endsWith("'")) return true;
  const signs = cursor.is("-", 1) ? 1 : 0;
  const inner = cursor.peek(1 + signs);
  if (!cursor.is(")", 2 + signs)) return false;
  return inner.type === "letter" || (inner.type === "number" && name[0] === name[0]!.toUpperCase());
}

/** A name of several letters, as a word is read. */
export const isWord = (a: Expression): boolean => a.kind === "symbol" && /^[A-Za-z]{2,}$/.test(a.name);

/** Whether a factor can start here without a sign before it. */
function startsFactor(cursor: Cursor, before: Expression): boolean {
  const { type, text: sign, spaced } = cursor.peek();
  switch (type) {
    case "number":
    case "numeral":
      return cursor.previous?.type !== "number" && cursor.previous?.type !== "numeral";
    case "word":
      if (before.kind === "text") return false;
      throw new NotMath(`the word ${sign} beside a value`);
    case "letter":
      return !(spaced && /^u$/i.test(sign) && (before.kind === "interval" || before.kind === "tuple"));
    case "constant":
    case "function":
      return true;
    case "command":
      return FACTOR_COMMANDS.has(sign) || sign.startsWith("begin{");
    case "punctuation":
      if (sign === "|") return cursor.bars === 0;
      return sign === "(" || sign === "[" || sign === "{" || sign === "\\{";
    default:
      return false;
  }
}

function isTimes(cursor: Cursor): boolean {
  const { type, text: sign } = cursor.peek();
  if (type === "punctuation") return sign === "*";
  return type === "command" && (sign === "cdot" || sign === "times" || sign === "ast" || sign === "bullet");
}

/** Words and their exponents: \text{cm}^2, m s^{-1}. */
function readUnit(cursor: Cursor): string {
  let unit = cursor.isType("text") ? cursor.next().text : "";
  for (;;) {
    if (cursor.is("^") && !cursor.isCommand("circ", 1)) {
      cursor.next();
      const raised = exponent(cursor);
      unit += raised.kind === "number" ? `^${raised.value.top}` : "^?";
    } else if (cursor.isType("text")) {
      unit += ` ${cursor.next().text}`;
    } else {
      return unit;
    }
  }
}

const REALS: Expression = {
  kind: "interval",
  low: negative(constant("infinity")),
  high: constant("infinity"),
  closedLow: false,
  closedHigh: false,
};

const CURRENCY_NAMES: ReadonlyMap<string, string> = new Map([
  ["$", "dollar"],
  ["€", "euro"],
  ["£", "gbp"],
  ["¢", "cent"],
]);

const FACTOR_COMMANDS = new Set([
  ...FRACTIONS,
  ..."sqrt binom dbinom tbinom overline vec hat bar tilde dot ddot widehat widetilde lfloor lceil lvert lVert vert".split(
    " ",
  ),
  ..."langle sum prod int lim emptyset varnothing ldots dots cdots overrightarrow".split(" "),
]);
