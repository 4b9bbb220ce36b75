/** Reads what LaTeX writes with a command: fractions, roots, functions, big operators, accents and matrices. */
import { rational } from "../number/rational.ts";
import { bracketed, until } from "./brackets.ts";
import { type Cursor, named } from "./cursor.ts";
import { call, type Expression, mapChildren, number, power, product, reciprocal, symbol } from "./expression.ts";
import { NotMath } from "./lexer.ts";
import { INVERSE, TRIGONOMETRIC } from "./words.ts";

/** The argument of a command: a group in braces, or one value; of a number only its first digit where `digitOnly`. */
export function argument(cursor: Cursor, digitOnly = false): Expression {
  if (cursor.is("{")) return bracketed(cursor);
  if (digitOnly && cursor.isType("number") && /^\d+$/.test(cursor.peek().text)) {
    return number(BigInt(cursor.digit()));
  }
  return cursor.nested(() => cursor.grammar.primary(cursor));
}

/** The value that starts with the command that is next. @throws NotMath for one that starts no value */
export function command(cursor: Cursor): Expression {
  const token = cursor.next();
  const name = token.text;
  if (name.startsWith("begin{")) return environment(cursor, name.slice(6, -1));
  switch (name) {
    case "frac":
    case "dfrac":
    case "tfrac":
    case "cfrac":
      return fraction(cursor);
    case "sqrt":
      return root(cursor);
    case "binom":
    case "dbinom":
    case "tbinom":
      return call("binomial", argument(cursor, true), argument(cursor, true));
    case "sum":
    case "prod":
    case "int":
    case "lim":
      return bigOperator(cursor, name);
    case "lfloor":
      return call("floor", closedBy(cursor, "rfloor"));
    case "lceil":
      return call("ceil", closedBy(cursor, "rceil"));
    case "lvert":
    case "lVert":
      return call("abs", closedBy(cursor, name === "lvert" ? "rvert" : "rVert"));
    case "langle":
      return { kind: "tuple", items: until(cursor, (one) => one.isCommand("rangle")), brackets: "<" };
    case "emptyset":
    case "varnothing":
      return { kind: "set", items: [] };
    case "overset":
      argument(cursor);
      return argument(cursor);
    case "pm":
    case "mp":
      throw new NotMath(`${named(token)} out of place`);
    case "overline":
    case "vec":
    case "hat":
    case "bar":
    case "tilde":
    case "dot":
    case "ddot":
    case "widehat":
    case "widetilde":
    case "overrightarrow":
    case "overleftarrow":
      return call(`\\${name}`, argument(cursor));
    default:
      if (REFUSED.has(name)) throw new NotMath(`\\${name} where a value should stand`);
      return symbol(`\\${name}`);
  }
}

/** \frac of two arguments; \frac{dy}{dx} is a derivative, not a quotient whose d cancels. */
function fraction(cursor: Cursor): Expression {
  const [top, bottom] = [argument(cursor, true), argument(cursor, true)];
  if (startsWithD(top) && startsWithD(bottom)) return call("derivative", top, bottom);
  return product([top, reciprocal(bottom)]);
}

function startsWithD(a: Expression): boolean {
  const first = a.kind === "product" ? a.factors[0]! : a;
  const base = first.kind === "power" ? first.base : first;
  return (a.kind === "product" || base !== first) && base.kind === "symbol" && /^(d|\\partial)$/.test(base.name);
}

function root(cursor: Cursor): Expression {
  let degree: Expression = number(2);
  if (cursor.take("[")) {
    degree = cursor.grammar.sum(cursor);
    cursor.expect("]");
  }
  const inner = cursor.is("{") ? argument(cursor) : cursor.nested(() => cursor.grammar.primary(cursor));
  return power(inner, degree.kind === "number" ? number(rational(1n, degree.value.top)) : reciprocal(degree));
}

/** \sin x, \sin^2 x, \log_2 8, \max(a, b). */
export function functionCall(cursor: Cursor): Expression {
  let name = cursor.next().text;
  let raisedTo: Expression | null = null;
  let base: Expression | null = null;
  for (;;) {
    if (cursor.is("_")) {
      cursor.next();
      base = argument(cursor);
    } else if (cursor.is("^") && raisedTo === null) {
      cursor.next();
      raisedTo = cursor.grammar.exponent(cursor);
    } else {
      break;
    }
  }
  const inverse = INVERSE.get(name);
  if (raisedTo?.kind === "number" && raisedTo.value.top === -1n && inverse !== undefined) {
    name = inverse;
    raisedTo = null;
  }
  const trigonometric = TRIGONOMETRIC.has(name) ? 1 : 0;
  cursor.trigonometric += trigonometric;
  const args = functionArguments(cursor);
  cursor.trigonometric -= trigonometric;
  const value = call(name, ...args, ...(base === null ? [] : [base]));
  return raisedTo === null ? value : power(value, raisedTo);
}

/** What a function applies to: a group in brackets, else the product that follows up to the next function or sign. */
function functionArguments(cursor: Cursor): readonly Expression[] {
  if (cursor.is("(") || cursor.is("{") || cursor.is("[")) {
    const inner = bracketed(cursor);
    return inner.kind === "tuple" || inner.kind === "list" ? inner.items : [inner];
  }
  return [cursor.nested(() => cursor.grammar.functionTerm(cursor))];
}

/** \sum_{k=1}^{n} k^2 as a call of (variable, low, high, body); an integral or limit as one of its bounds and its body. */
function bigOperator(cursor: Cursor, name: string): Expression {
  let low: Expression | null = null;
  let high: Expression | null = null;
  for (;;) {
    if (cursor.take("_")) low = cursor.is("{") ? bounds(cursor) : argument(cursor, true);
    else if (cursor.take("^")) high = cursor.is("{") ? argument(cursor) : argument(cursor, true);
    else break;
  }
  const body = cursor.nested(() => (name === "int" ? cursor.grammar.sum(cursor) : cursor.grammar.term(cursor)));
  const from = low?.kind === "relation" && low.signs.join() === "=" ? low.sides : null;
  if ((name === "sum" || name === "prod") && from !== null && high !== null) {
    const [index, start] = from as readonly [Expression, Expression];
    if (index.kind === "symbol") return call(name, index, start, high, body);
    if (index.kind === "constant" && index.name === "i") return call(name, symbol("i"), start, high, counting(body));
  }
  return call(name, ...[low, high].filter((bound) => bound !== null), body);
}

/** An i that counts is not the imaginary unit. */
const counting = (a: Expression): Expression =>
  a.kind === "constant" && a.name === "i" ? symbol("i") : mapChildren(a, counting);

/** {k=1} or {x \to 0}. */
function bounds(cursor: Cursor): Expression {
  cursor.expect("{");
  const first = cursor.grammar.item(cursor);
  if (cursor.isCommand("to") || cursor.isCommand("rightarrow")) {
    cursor.next();
    const limit = cursor.grammar.item(cursor);
    cursor.expect("}");
    return { kind: "tuple", items: [first, limit], brackets: "<" };
  }
  cursor.expect("}");
  return first;
}

function closedBy(cursor: Cursor, end: string): Expression {
  const inner = cursor.grammar.sum(cursor);
  if (!cursor.isCommand(end)) throw new NotMath(`${named(cursor.peek())} where \\${end} should stand`);
  cursor.next();
  return inner;
}

const MATRICES = new Set([
  "matrix",
  "pmatrix",
  "bmatrix",
  "Bmatrix",
  "vmatrix",
  "smallmatrix",
  "array",
  "psmallmatrix",
]);

/** The rows between \begin and \end. */
function environment(cursor: Cursor, name: string): Expression {
  if (!MATRICES.has(name)) throw new NotMath(`a ${name} environment`);
  if (name === "array" && cursor.is("{")) {
    while (!cursor.isType("end") && !cursor.take("}")) cursor.next(); // {cc|c}
  }
  const rows: Expression[][] = [[]];
  const end = `end{${name}}`;
  while (!cursor.isCommand(end)) {
    if (cursor.isType("end")) throw new NotMath(`\\begin{${name}} is not ended`);
    if (cursor.take("\\\\") || cursor.isCommand("cr")) {
      if (cursor.isCommand("cr")) cursor.next();
      rows.push([]);
    } else if (cursor.isCommand("hline")) {
      cursor.next();
    } else {
      rows.at(-1)!.push(cursor.nested(() => cursor.grammar.item(cursor)));
      if (!cursor.take("&") && !cursor.is("\\\\") && !cursor.isCommand(end) && !cursor.isCommand("cr")) {
        throw new NotMath(`${named(cursor.peek())} in a matrix`);
      }
    }
  }
  cursor.next();
  const full = rows.filter((row) => row.length > 0);
  const width = full[0]?.length ?? 0;
  if (width === 0 || full.some((row) => row.length !== width))
    throw new NotMath("a matrix with rows of unequal length");
  const matrix: Expression = { kind: "matrix", rows: full };
  return name === "vmatrix" ? call("det", matrix) : matrix;
}

/** Commands that stand between or behind values. */
const REFUSED = new Set(
  (
    "rfloor rceil rvert rVert rangle cdot times div cup cap setminus backslash le leq ge geq lt gt ne neq approx equiv " +
    "in notin to rightarrow Rightarrow implies iff mid choose over hline bmod pmod circ prime degree"
  ).split(" "),
);
