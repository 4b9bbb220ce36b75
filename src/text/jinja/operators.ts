// Python's arithmetic.

import type { Budget } from "./budget.ts";
import { formatPercent } from "./format.ts";
import { Float, fail, isNumber, numberOf, Tuple, typeName, Undefined, type Value } from "./values.ts";

/** `left operator right`. @throws TemplateRuntimeError where the types do not go together */
export function binary(operator: string, left: Value, right: Value, budget: Budget): Value {
  if (left instanceof Undefined) throw fail(left.message);
  if (operator === "%" && typeof left === "string") return formatPercent(left, right, budget);
  if (right instanceof Undefined) throw fail(right.message);
  if (isNumber(left) && isNumber(right)) return arithmetic(operator, left, right);
  if (operator === "+") {
    if (typeof left === "string" && typeof right === "string") {
      budget.size(left.length + right.length);
      return left + right;
    }
    if (Array.isArray(left) && Array.isArray(right)) {
      budget.size(left.length + right.length);
      budget.step(left.length + right.length);
      return [...left, ...right];
    }
    if (left instanceof Tuple && right instanceof Tuple) return new Tuple([...left.items, ...right.items]);
    if (typeof left === "string") throw fail(`can only concatenate str (not "${typeName(right)}") to str`);
  }
  if (operator === "*") {
    if (isWhole(left)) return repeated(right, numberOf(left), budget) ?? unsupported(operator, left, right);
    if (isWhole(right)) return repeated(left, numberOf(right), budget) ?? unsupported(operator, left, right);
  }
  return unsupported(operator, left, right);
}

const isWhole = (value: Value): value is number | boolean => typeof value === "number" || typeof value === "boolean";

function unsupported(operator: string, left: Value, right: Value): never {
  throw fail(`unsupported operand type(s) for ${operator}: '${typeName(left)}' and '${typeName(right)}'`);
}

function repeated(value: Value, times: number, budget: Budget): Value | null {
  const count = Math.max(0, times);
  if (typeof value === "string") {
    budget.size(value.length * count);
    return value.repeat(count);
  }
  const items = Array.isArray(value) ? value : value instanceof Tuple ? value.items : null;
  if (items === null) return null;
  budget.size(items.length * count);
  budget.step(items.length * count);
  const all = Array.from({ length: count }, () => items).flat();
  return value instanceof Tuple ? new Tuple(all) : all;
}

function arithmetic(operator: string, left: number | boolean | Float, right: number | boolean | Float): Value {
  const a = numberOf(left);
  const b = numberOf(right);
  const isFloat = left instanceof Float || right instanceof Float;
  const number = (value: number): Value => (isFloat ? new Float(value) : value === 0 ? 0 : value);
  switch (operator) {
    case "+":
      return number(a + b);
    case "-":
      return number(a - b);
    case "*":
      return number(a * b);
    case "/":
      if (b === 0) throw fail("division by zero");
      return new Float(a / b);
    case "//":
      if (b === 0) throw fail("integer division or modulo by zero");
      return number(Math.floor(a / b));
    case "%":
      if (b === 0) throw fail("integer modulo by zero");
      return number(a - b * Math.floor(a / b));
    default: {
      if (a === 0 && b < 0) throw fail("0.0 cannot be raised to a negative power");
      const power = a ** b;
      if (!Number.isFinite(power)) throw fail("the power is too large");
      return b < 0 ? new Float(power) : number(power);
    }
  }
}
