import assert from "node:assert/strict";
import { test } from "node:test";
import { majorityIsRight, summarize } from "./accuracy.ts";
import type { Item, ItemResult, Response } from "./ask-all.ts";

const item = (group: string, question: string, variant: string | null = null): Item => ({
  id: `${question}/${variant}`,
  group,
  variant,
  question,
  prompt: question,
  gold: "1",
  judge: () => ({ accuracy: 0, format: 0, reason: "" }),
});

const response = (accuracy: number, answer = accuracy === 1 ? "1" : "2"): Response => {
  const text = `thoughts</think>${answer}`;
  return { accuracy, format: 1, reason: "", text, tokens: 4, thinking: 2, finish: "stop" };
};

const result = (of: Item, ...accuracies: number[]): ItemResult => ({
  item: of,
  responses: accuracies.map((accuracy) => response(accuracy)),
});

test("each group counts the same in the mean, however many questions it has", () => {
  const results = [result(item("a", "a0"), 1), result(item("b", "b0"), 0), result(item("b", "b1"), 0)];
  const summary = summarize({ results, samples: 1 });
  assert.deepEqual([summary.accuracy, summary.n, summary.any, summary.majority], [0.5, 3, null, null]);
});

test("the standard error of one answer each is the binomial one", () => {
  const results = [1, 1, 1, 0].map((accuracy, i) => result(item("a", `q${i}`), accuracy));
  assert.equal(summarize({ results, samples: 1 }).stderr, Math.sqrt((0.75 * 0.25) / 4));
});

test("asking a question in four wordings does not make the standard error smaller where they agree", () => {
  const once = [1, 0, 1, 0].map((accuracy, i) => result(item("a", `q${i}`, "0"), accuracy));
  const often = [1, 0, 1, 0].flatMap((accuracy, i) =>
    ["0", "1", "2", "3"].map((variant) => result(item("a", `q${i}`, variant), accuracy)),
  );
  const [few, many] = [once, often].map((results) => summarize({ results, samples: 1 }));
  assert.equal(many!.stderr, few!.stderr);
  assert.deepEqual([many!.n, Object.keys(many!.variants)], [16, ["0", "1", "2", "3"]]);
});

test("with several answers each, one right one is enough for pass@k and most of them for the majority", () => {
  const results = [
    result(item("a", "q0"), 1, 0, 0),
    result(item("a", "q1"), 1, 1, 0),
    result(item("a", "q2"), 0, 0, 0),
  ];
  const summary = summarize({ results, samples: 3 });
  assert.deepEqual([summary.accuracy, summary.any, summary.majority], [3 / 9, 2 / 3, 1 / 3]);
});

test("an answer that never came does not win the vote", () => {
  const silent: Response = { ...response(0), text: "thinking on and on" };
  assert.equal(majorityIsRight({ responses: [silent, silent, response(1)] }), 1);
});
