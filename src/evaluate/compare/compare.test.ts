import assert from "node:assert/strict";
import { test } from "node:test";
import type { ItemResult, Response } from "../item.ts";
import { compare, pairsOf } from "./compare.ts";
import { mcnemar } from "./mcnemar.ts";

const result = (id: string, ...accuracies: number[]): ItemResult => ({
  item: { id, group: "all", variant: null, question: id, prompt: id, gold: "1" },
  responses: accuracies.map(
    (accuracy): Response => ({ accuracy, format: 1, reason: "", text: "", tokens: 1, thinking: 0, finish: "stop" }),
  ),
});

test("McNemar's exact p is the binomial sum", () => {
  assert.equal(mcnemar(0, 0), 1);
  assert.equal(mcnemar(3, 3), 1);
  assert.ok(Math.abs(mcnemar(0, 5) - 2 / 32) < 1e-15);
  assert.ok(Math.abs(mcnemar(9, 1) - (2 * 11) / 1024) < 1e-15);
  assert.equal(mcnemar(1, 9), mcnemar(9, 1));
  // 2 * sum(comb(400, i) for i in range(151)) / 2**400 in Python's integers
  assert.ok(Math.abs(mcnemar(150, 250) / 6.531819212838427e-7 - 1) < 1e-9, String(mcnemar(150, 250)));
});

test("a comparison counts what flipped, and its interval is the difference's", () => {
  const first = Array.from({ length: 100 }, (_, i) => result(`q${i}`, i < 40 ? 1 : 0));
  const second = Array.from({ length: 100 }, (_, i) => result(`q${i}`, i >= 5 && i < 60 ? 1 : 0));
  const comparison = compare(pairsOf(first, second, ["a", "b"]), [0, 0], 3);
  const { p, ...counts } = comparison.mcnemar;
  assert.deepEqual(counts, { first_only: 5, second_only: 20, both: 35, neither: 40 });
  assert.equal(p, mcnemar(5, 20));
  assert.deepEqual([comparison.accuracy, comparison.flipped.length], [[0.4, 0.55], 25]);
  assert.ok(Math.abs(comparison.difference - 0.15) < 1e-12);
  const { low, high } = comparison.difference_interval;
  const half = 1.96 * Math.sqrt((0.25 - 0.15 ** 2) / 100);
  assert.ok(Math.abs(low - (0.15 - half)) < 0.02 && Math.abs(high - (0.15 + half)) < 0.02, `${low} ${high}`);
  assert.ok(comparison.bootstrap_p < 0.05);
  assert.deepEqual(compare(pairsOf(first, second, ["a", "b"]), [0, 0], 3), comparison);
});

test("a model against itself differs by nothing", () => {
  const own = [result("a", 1, 0, 1), result("b", 0, 0, 1)];
  const {
    difference,
    difference_interval,
    bootstrap_p,
    mcnemar: test,
    flipped,
  } = compare(pairsOf(own, own, ["a", "b"]), [0, 0], 1);
  assert.deepEqual([difference, difference_interval, bootstrap_p, test.p, flipped], [0, { low: 0, high: 0 }, 1, 1, []]);
});

test("questions are paired by their ids; none in common, or other gold answers, are refused", () => {
  const [one, two] = [
    [result("a", 1), result("b", 1)],
    [result("b", 0), result("c", 1)],
  ];
  assert.deepEqual(
    pairsOf(one, two, ["x", "y"]).map(({ first }) => first.item.id),
    ["b"],
  );
  assert.throws(() => pairsOf([result("a", 1)], [result("c", 1)], ["x.jsonl", "y.jsonl"]), {
    exitCode: 2,
    message: /x\.jsonl and y\.jsonl have no question in common/,
  });
  const other = { ...result("b", 1), item: { ...result("b").item, gold: "2" } };
  assert.throws(() => pairsOf(one, [other], ["x", "y"]), { message: /different gold answers to b \(1 and 2\)/ });
});
