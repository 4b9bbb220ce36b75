import assert from "node:assert/strict";
import { test } from "node:test";
import { curveOf, summarize } from "./accuracy.ts";
import type { ItemResult, Question, Response } from "./item.ts";
import { consensusAtK } from "./metrics/consensus.ts";
import { tallyOf } from "./metrics/tally.ts";

const item = (group: string, question: string, variant: string | null = null): Question => ({
  id: `${question}/${variant}`,
  group,
  variant,
  question,
  prompt: question,
  gold: "1",
});

const response = (accuracy: number, answer = accuracy === 1 ? "1" : "2"): Response => {
  const text = `thoughts</think>${answer}`;
  return { accuracy, format: 1, reason: "", text, tokens: 4, thinking: 2, finish: "stop" };
};

const result = (of: Question, ...accuracies: number[]): ItemResult => ({
  item: of,
  responses: accuracies.map((accuracy) => response(accuracy)),
});

test("each group counts the same in the mean, however many questions it has", () => {
  const results = [result(item("a", "a0"), 1), result(item("b", "b0"), 0), result(item("b", "b1"), 0)];
  const summary = summarize({ results, samples: 1 });
  assert.deepEqual([summary.accuracy, summary.n, summary.pass.size, summary.cons.size], [0.5, 3, 0, 0]);
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
  assert.deepEqual([summary.accuracy, summary.pass.get(3), summary.cons.get(3)], [3 / 9, 2 / 3, 1 / 3]);
});

test("an answer that never came has no vote, and neither has a null one", () => {
  const silent: Response = { ...response(0), text: "thinking on and on" };
  const none: Response = { ...response(0), answer: null };
  assert.equal(consensusAtK(tallyOf([silent, silent, none, response(1)]), 4), 1);
});

test("right answers are one class however written, wrong ones by their normalised text or by what is said to be the same", () => {
  const said = (accuracy: number, answer: string): Response => ({ ...response(accuracy), answer });
  const responses = [
    said(1, "1/2"),
    said(1, "0.5"),
    said(0, "1,000"),
    said(0, "1000."),
    said(0, "\\frac{2}{3}"),
    said(0, "2/3"),
  ];
  assert.deepEqual(tallyOf(responses), { right: 2, wrong: [2, 1, 1], silent: 0 });
  const fraction = (text: string) => text.replace(/\\frac\{(\d+)\}\{(\d+)\}/, "$1/$2");
  const tally = tallyOf(responses, (a, b) => fraction(a) === fraction(b));
  assert.deepEqual(tally, { right: 2, wrong: [2, 2], silent: 0 });
});

test("accuracy by label stands beside the groups, values in the order of their numbers", () => {
  const labelled = (question: string, level: string, accuracy: number): ItemResult =>
    result({ ...item("a", question), labels: { level } }, accuracy);
  const { labels } = summarize({
    results: [labelled("p", "10", 1), labelled("q", "2", 0), labelled("r", "2", 1)],
    samples: 1,
  });
  assert.deepEqual(
    Object.entries(labels.level!).map(([value, { n, accuracy }]) => [value, n, accuracy]),
    [
      ["2", 2, 0.5],
      ["10", 1, 1],
    ],
  );
});

test("thinking is told apart for right and wrong answers, and unknown lengths are left out", () => {
  const think = (accuracy: number, thinking: number): Response => ({ ...response(accuracy), thinking });
  const results = [
    { item: item("a", "q"), responses: [think(1, 10), think(0, 30), think(0, 50), think(0, Number.NaN)] },
  ];
  const { thinking, thinkingRight, thinkingWrong } = summarize({ results, samples: 1 });
  assert.deepEqual([thinking, thinkingRight, thinkingWrong], [30, 10, 40]);
});

test("the curve goes over powers of two to the fewest answers an item has, from pass@1 on", () => {
  const results = [result(item("a", "q"), 1, 1, 0, 0, 0), result(item("a", "r"), 0, 1, 1, 1, 1, 1)];
  const curve = curveOf(results);
  assert.deepEqual(
    curve.map(({ k }) => k),
    [1, 2, 4, 5],
  );
  assert.ok(Math.abs(curve[0]!.pass - (2 / 5 + 5 / 6) / 2) < 1e-12);
  assert.deepEqual(curveOf([result(item("a", "q"), 1)]), []);
});
