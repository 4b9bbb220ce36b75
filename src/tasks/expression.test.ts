import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { evaluate, LONGEST_EXPRESSION, show } from "./expression.ts";

const value = (text: string): string => {
  const result = evaluate(text);
  return typeof result === "string" ? `refused: ${result}` : show(result.value);
};

test("products bind tighter than sums, and equals go from the left", () => {
  assert.deepEqual(["2+3*4", "(2+3)*4", "8-3-2", "8/4/2", "2-(3-4)", "-2*-3", "7/2", "6/4", "1/3+1/6"].map(value), [
    "14",
    "20",
    "3",
    "1",
    "3",
    "6",
    "7/2",
    "3/2",
    "1/2",
  ]);
});

test("the numbers are reported as written, in order", () => {
  assert.deepEqual(evaluate("(12-3)*012"), { value: { top: 108n, bottom: 1n }, numbers: [12n, 3n, 12n] });
});

test("what is no expression is refused in words", () => {
  for (const text of [
    "",
    "1+",
    "(1",
    "1)",
    "1 2",
    "a",
    "1/0",
    "1/(2-2)",
    "2**3",
    "1.5",
    "()",
    `${"(".repeat(60)}1${")".repeat(60)}`,
    "1".repeat(LONGEST_EXPRESSION + 1),
  ]) {
    assert.match(value(text), /^refused: /, text);
  }
});

test("exact values agree with floating point on random expressions", () => {
  // where the divisor is near zero rounding decides, so there is nothing to compare: not a number
  const apply: Readonly<Record<string, (a: number, b: number) => number>> = {
    "+": (a, b) => a + b,
    "-": (a, b) => a - b,
    "*": (a, b) => a * b,
    "/": (a, b) => (Math.abs(b) < 1e-3 ? Number.NaN : a / b),
  };
  interface Tree {
    readonly text: string;
    readonly number: number;
  }
  const join = (a: fc.Arbitrary<Tree>): fc.Arbitrary<Tree> =>
    fc
      .tuple(a, fc.constantFrom(...Object.keys(apply)), a)
      .map(([x, sign, y]) => ({ text: `(${x.text}${sign}${y.text})`, number: apply[sign]!(x.number, y.number) }));
  const leaf = fc.nat(9).map((n) => ({ text: String(n), number: n }));
  fc.assert(
    fc.property(join(fc.oneof(leaf, join(fc.oneof(leaf, join(leaf))))), ({ text, number }) => {
      const result = evaluate(text);
      if (Number.isNaN(number)) return;
      assert.ok(typeof result !== "string", `${text}: ${result}`);
      const exact = Number(result.value.top) / Number(result.value.bottom);
      assert.ok(Math.abs(exact - number) <= 1e-6 * Math.max(1, Math.abs(exact)), text);
    }),
    { numRuns: 500 },
  );
});
