/**
 * Sets of real numbers: intervals, points, unions, intersections, differences, and what inequalities of one unknown leave.
 * Two of them are compared at every end point of either and between neighbouring ones, so it does not matter how they are cut.
 */
import { type Fixed, fromRational, UNIT } from "../number/fixed.ts";
import { compareRationals, type Rational } from "../number/rational.ts";
import { constant, type Expression, mapChildren, negative, type Of, type Sign, sum } from "../read/expression.ts";
import { evaluate } from "./evaluate.ts";
import { rationalValue, structureKey, Undefined } from "./normal-form.ts";
import { type Comparison, compareScalars, infinitySign, no, type Tolerance, yes } from "./scalar.ts";
import { solveLinear } from "./solve.ts";

/** The set an expression is, in intervals, points and operations on them; null where it is none. */
export function asRegion(a: Expression): Expression | null {
  switch (a.kind) {
    case "interval":
    case "set":
      return a;
    case "tuple":
      return a.items.length === 2 && a.brackets === "(" ? openInterval(a.items[0]!, a.items[1]!) : null;
    case "setOperation": {
      const items = a.items.map(asRegion);
      return items.every((item) => item !== null) ? { ...a, items } : null;
    }
    case "relation":
      return relationRegion(a);
    case "list": {
      if (!a.items.every(({ kind }) => kind === "relation")) return null;
      const items = a.items.map(asRegion);
      if (items.some((item) => item === null)) return null;
      return {
        kind: "setOperation",
        operation: a.joint ? "intersection" : "union",
        items: items as readonly Expression[],
      };
    }
    default:
      return null;
  }
}

/** Whether two sets as `asRegion` gives them hold the same numbers. @throws TooHard */
export function compareRegions(gold: Expression, answer: Expression, tolerance: Tolerance): Comparison {
  const ends = new EndPoints(tolerance);
  const complete = [gold, answer].every((one) => collectEnds(one, ends));
  if (!complete) {
    return structureKey(gold) === structureKey(answer)
      ? yes("the same set as written")
      : compareParts(gold, answer, tolerance);
  }
  for (let place = -1; place <= 2 * ends.count - 1; place++) {
    const [inGold, inAnswer] = [holds(gold, place, ends), holds(answer, place, ends)];
    if (inGold === inAnswer) continue;
    return no(
      `the answer ${inAnswer ? "holds" : "leaves out"} ${ends.name(place)}, gold ${inGold ? "holds it" : "does not"}`,
    );
  }
  return yes("the same set of numbers");
}

const openInterval = (low: Expression, high: Expression): Expression => ({
  kind: "interval",
  low,
  high,
  closedLow: false,
  closedHigh: false,
});

/** The numbers a chain of inequalities of one unknown leaves; null where it is none. x \in S is S. */
export function relationRegion({ sides, signs }: Of<"relation">): Expression | null {
  if (signs.length === 1 && signs[0] === "in") return asRegion(sides[1]!);
  const parts: Expression[] = [];
  for (const [i, sign] of signs.entries()) {
    const part = ORDER.has(sign) ? solveInequality(sides[i]!, sign, sides[i + 1]!) : null;
    if (part === null) return null;
    parts.push(part);
  }
  if (parts.length === 0) return null;
  return parts.length === 1 ? parts[0]! : { kind: "setOperation", operation: "intersection", items: parts };
}

const ORDER: ReadonlySet<Sign> = new Set(["<", ">", "<=", ">=", "!="]);

const INFINITY: Expression = constant("infinity");

/** left < right solved for the one name in it; of |x| < a for x. */
function solveInequality(left: Expression, sign: Sign, right: Expression): Expression | null {
  const solved = solveLinear(sum([left, negative(right)]));
  if (solved === null) return null;
  const { unknown, value, slopeIsNegative } = solved;
  if (sign === "!=") {
    return { kind: "setOperation", operation: "difference", items: [REALS, { kind: "set", items: [value] }] };
  }
  const upward = (sign === ">" || sign === ">=") !== slopeIsNegative;
  const closed = sign === "<=" || sign === ">=";
  const ray: Expression = upward
    ? { kind: "interval", low: value, high: INFINITY, closedLow: closed, closedHigh: false }
    : { kind: "interval", low: negative(INFINITY), high: value, closedLow: false, closedHigh: closed };
  if (unknown.kind !== "call" || unknown.name !== "abs") return ray;
  const inner = unknown.args[0]!;
  if (inner.kind !== "symbol") return ray;
  // |x| in a ray: x there, or its opposite
  return {
    kind: "setOperation",
    operation: upward ? "union" : "intersection",
    items: [ray, mirrored(ray)],
  };
}

const REALS: Expression = openInterval(negative(INFINITY), INFINITY);

function mirrored(a: Expression): Expression {
  if (a.kind !== "interval") return mapChildren(a, mirrored);
  return {
    kind: "interval",
    low: opposite(a.high),
    high: opposite(a.low),
    closedLow: a.closedHigh,
    closedHigh: a.closedLow,
  };
}

const opposite = (a: Expression): Expression =>
  a.kind === "product" && a.factors.length === 2 && infinitySign(a) === -1 ? a.factors[1]! : negative(a);

interface EndPoint {
  readonly tree: Expression;
  readonly exact: Rational | null;
  readonly value: Fixed;
}

/** The finite ends of intervals and the single points, in order; equal ones once. */
class EndPoints {
  readonly #points: EndPoint[] = [];
  readonly #tolerance: Tolerance;

  constructor(tolerance: Tolerance) {
    this.#tolerance = tolerance;
  }

  get count(): number {
    return this.#points.length;
  }

  /** @returns false for an end that is no real number */
  add(tree: Expression): boolean {
    if (infinitySign(tree) !== 0) return true;
    if (this.place(tree) !== null) return true;
    const point = endPoint(tree);
    if (point === null) return false;
    const after = this.#points.findIndex((other) => isBelow(point, other));
    this.#points.splice(after === -1 ? this.#points.length : after, 0, point);
    return true;
  }

  /** Places count in twos: the i-th point stands at 2i, what lies between it and the next at 2i + 1, below all of them at -1. */
  place(tree: Expression): number | null {
    const infinite = infinitySign(tree);
    if (infinite !== 0) return infinite * Number.POSITIVE_INFINITY;
    const at = this.#points.findIndex((point) => this.#same(point.tree, tree));
    return at === -1 ? null : 2 * at;
  }

  name(place: number): string {
    if (this.#points.length === 0) return "all numbers";
    const text = (i: number): string => {
      const { value, exact } = this.#points[i]!;
      return exact !== null && exact.bottom === 1n
        ? String(exact.top)
        : String(Number((Number(value >> 320n) / 2 ** 64).toPrecision(6)));
    };
    if (place % 2 === 0) return text(place / 2);
    if (place === -1) return `numbers below ${text(0)}`;
    const i = (place - 1) / 2;
    return i === this.#points.length - 1 ? `numbers above ${text(i)}` : `numbers between ${text(i)} and ${text(i + 1)}`;
  }

  #same(a: Expression, b: Expression): boolean {
    return compareScalars(a, b, this.#tolerance).equal || compareScalars(b, a, this.#tolerance).equal;
  }
}

function endPoint(tree: Expression): EndPoint | null {
  try {
    const exact = SCALARS.has(tree.kind) ? rationalValue(tree) : null;
    if (exact !== null) return { tree, exact, value: fromRational(exact) };
  } catch (error) {
    if (error instanceof Undefined || error instanceof RangeError) return null;
    throw error;
  }
  const [here, there] = [evaluate(tree, 0), evaluate(tree, 1)];
  if (here === null || there === null || here.value.im !== 0n || here.invented) return null;
  const apart = here.value.re - there.value.re;
  if (apart > UNIT >> 200n || apart < -(UNIT >> 200n)) return null; // it depends on a variable
  return { tree, exact: null, value: here.value.re };
}

const isBelow = (a: EndPoint, b: EndPoint): boolean =>
  a.exact !== null && b.exact !== null ? compareRationals(a.exact, b.exact) < 0 : a.value < b.value;

const SCALARS = new Set<Expression["kind"]>([
  "number",
  "sum",
  "product",
  "power",
  "percent",
  "quantity",
  "call",
  "constant",
]);

/** @returns false where an end is no number */
function collectEnds(a: Expression, ends: EndPoints): boolean {
  if (a.kind === "interval") return ends.add(a.low) && ends.add(a.high);
  if (a.kind === "set") return a.items.every((item) => ends.add(item));
  return a.kind === "setOperation" && a.items.every((item) => collectEnds(item, ends));
}

function holds(a: Expression, place: number, ends: EndPoints): boolean {
  if (a.kind === "set") return a.items.some((item) => ends.place(item) === place);
  if (a.kind === "setOperation") {
    const [first, ...rest] = a.items.map((item) => holds(item, place, ends));
    if (a.operation === "union") return first! || rest.includes(true);
    return a.operation === "intersection" ? first! && !rest.includes(false) : first! && !rest.includes(true);
  }
  if (a.kind !== "interval") return false;
  const [low, high] = [ends.place(a.low)!, ends.place(a.high)!];
  return (a.closedLow ? place >= low : place > low) && (a.closedHigh ? place <= high : place < high);
}

/** Sets with variables in them: part by part, unions in any order. */
function compareParts(gold: Expression, answer: Expression, tolerance: Tolerance): Comparison {
  if (gold.kind === "interval" && answer.kind === "interval") {
    if (gold.closedLow !== answer.closedLow || gold.closedHigh !== answer.closedHigh) {
      return no("the intervals differ in which ends belong to them");
    }
    const low = compareScalars(gold.low, answer.low, tolerance);
    const high = low.equal ? compareScalars(gold.high, answer.high, tolerance) : low;
    return high.equal
      ? yes("the ends of the intervals are equal")
      : no(`an end of the interval differs: ${high.reason}`);
  }
  if (gold.kind !== "setOperation" || answer.kind !== "setOperation" || gold.operation !== answer.operation) {
    return no("different sets");
  }
  if (gold.items.length !== answer.items.length) return no("unions of different numbers of sets");
  const left = [...answer.items];
  for (const item of gold.items) {
    const at = left.findIndex((other) => compareParts(item, other, tolerance).equal);
    if (at === -1) return no("different sets");
    left.splice(at, 1);
  }
  return yes("the same sets, part by part");
}

/** A set of one number, for reading x = 3 as a set. */
export const single = (value: Expression): Expression => ({ kind: "set", items: [value] });
