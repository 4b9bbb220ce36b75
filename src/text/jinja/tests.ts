// Jinja2's tests (`x is defined`).

import { Bound } from "./arguments.ts";
import type { Budget } from "./budget.ts";
import { type CallArguments, Callable, equal, Float, fail, isIterable, isNumber, iterate, LoopState, lookUp, numberOf, order, sequenceOf, Tuple, text, typeName, Undefined, type Value, View } from "./values.ts"; // biome-ignore format: a list

export type Test = (value: Value, args: CallArguments, budget: Budget) => boolean;

const plain =
  (name: string, test: (value: Value) => boolean): Test =>
  (value, args) => {
    new Bound(`the test ${name}`, args, []);
    return test(value);
  };
const compared =
  (operator: string, holds: (sign: number) => boolean): Test =>
  (value, args, budget) =>
    holds(order(value, new Bound("the test", args, ["other"]).value("other"), operator, budget));
const same: Test = (value, args, budget) => equal(value, new Bound("the test", args, ["other"]).value("other"), budget);
const different: Test = (value, args, budget) => !same(value, args, budget);
const integer = (value: Value): number => {
  if (isNumber(value)) return numberOf(value);
  throw fail(
    value instanceof Undefined ? value.message : `unsupported operand type(s) for %: '${typeName(value)}' and 'int'`,
  );
};
const less = compared("<", (sign) => sign < 0);
const lessOrEqual = compared("<=", (sign) => sign <= 0);
const greater = compared(">", (sign) => sign > 0);
const greaterOrEqual = compared(">=", (sign) => sign >= 0);
const modulo = (value: number, by: number): number => ((value % by) + by) % by;

/** By name. `filter` and `test` need the tables of names and are added where those are known. */
export const TESTS: Map<string, Test> = new Map<string, Test>([
  ["defined", plain("defined", (value) => !(value instanceof Undefined))],
  ["undefined", plain("undefined", (value) => value instanceof Undefined)],
  ["none", plain("none", (value) => value === null)],
  ["boolean", plain("boolean", (value) => typeof value === "boolean")],
  ["true", plain("true", (value) => value === true)],
  ["false", plain("false", (value) => value === false)],
  ["integer", plain("integer", (value) => typeof value === "number")],
  ["float", plain("float", (value) => value instanceof Float)],
  ["number", plain("number", isNumber)],
  ["string", plain("string", (value) => typeof value === "string")],
  ["mapping", plain("mapping", (value) => value instanceof Map)],
  ["iterable", plain("iterable", isIterable)],
  ["sequence", plain("sequence", (value) => typeof value === "string" || Array.isArray(value) || value instanceof Map || value instanceof Tuple || value instanceof Undefined)],
  ["callable", plain("callable", (value) => value instanceof Callable || (value instanceof LoopState && value.again !== null))],
  ["escaped", plain("escaped", () => false)],
  ["odd", plain("odd", (value) => modulo(integer(value), 2) === 1)],
  ["even", plain("even", (value) => modulo(integer(value), 2) === 0)],
  ["divisibleby", (value, args) => {
    const by = numberOf(new Bound("the test divisibleby", args, ["num"]).number("num"));
    if (by === 0) throw fail("integer modulo by zero");
    return modulo(integer(value), by) === 0;
  }],
  ["lower", (value, _, budget) => isCased(text(value, budget), "lower")],
  ["upper", (value, _, budget) => isCased(text(value, budget), "upper")],
  ["sameas", (value, args) => value === new Bound("the test sameas", args, ["other"]).value("other")],
  ["in", (value, args, budget) => contains(new Bound("the test in", args, ["seq"]).value("seq"), value, budget)],
  ...["eq", "equalto", "=="].map((name): [string, Test] => [name, same]),
  ...["ne", "!="].map((name): [string, Test] => [name, different]),
  ...["lt", "lessthan", "<"].map((name): [string, Test] => [name, less]),
  ...["le", "<="].map((name): [string, Test] => [name, lessOrEqual]),
  ...["gt", "greaterthan", ">"].map((name): [string, Test] => [name, greater]),
  ...["ge", ">="].map((name): [string, Test] => [name, greaterOrEqual]),
]); // biome-ignore format: one test an entry

function isCased(written: string, kind: "lower" | "upper"): boolean {
  const changed = kind === "lower" ? written.toLowerCase() : written.toUpperCase();
  return written === changed && written.toLowerCase() !== written.toUpperCase();
}

/** `value in container`. @throws TemplateRuntimeError where Python has no such question */
export function contains(container: Value, value: Value, budget: Budget): boolean {
  if (typeof container === "string") {
    budget.text(container);
    if (typeof value === "string") return container.includes(value);
    if (value instanceof Undefined) throw fail(value.message);
    throw fail(`'in <string>' requires string as left operand, not ${typeName(value)}`);
  }
  if (container instanceof Map) return lookUp(container, value) !== undefined;
  if (container instanceof View || sequenceOf(container) !== null || container instanceof Undefined) {
    return iterate(container, budget).some((one) => equal(one, value, budget));
  }
  throw fail(`argument of type '${typeName(container)}' is not iterable`);
}
