import assert from "node:assert/strict";
import test from "node:test";
import { turns } from "./samples.ts";

function first(count: number, families: readonly string[], weights: Readonly<Record<string, number>>): string[] {
  const turn = turns({ families, levels: [1], weights });
  return Array.from({ length: count }, () => {
    const { family, asked } = turn.next().value!;
    return `${family}${asked}`;
  });
}

test("families of one weight take turns, each counting its own questions", () => {
  assert.deepEqual(first(7, ["a", "b", "c"], {}), ["a0", "b0", "c0", "a1", "b1", "c1", "a2"]);
});

test("a family's share of the questions is its share of the weights, from the beginning", () => {
  const asked = first(700, ["a", "b", "c"], { b: 4, c: 2 });
  assert.deepEqual(asked.slice(0, 7), ["b0", "c0", "b1", "a0", "b2", "c1", "b3"]);
  const counts = ["a", "b", "c"].map((family) => asked.filter((one) => one.startsWith(family)).length);
  assert.deepEqual(counts, [100, 400, 200]);
  assert.deepEqual(first(3, ["a", "b"], { a: 0 }), ["b0", "b1", "b2"]);
});

test("families that are all left out are refused", () => {
  assert.throws(() => turns({ families: ["a"], levels: [1], weights: { a: 0 } }).next(), {
    exitCode: 2,
    message: /weight above 0/,
  });
});
