import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ALL, taskNamed } from "./catalogue.ts";
import { sample } from "./sample.ts";
import { score, scoreText } from "./score.ts";

const product = { task: "products", answer: "1776", data: { a: 37, b: 48 } };
const ended = { ended: true };

test("a closed thought, the right answer and an end earn both parts", () => {
  assert.deepEqual(score(product, "37*40=1480</think>1776", ended), {
    score: 1,
    parts: { accuracy: 1, format: 1 },
    reason: "1776 is right",
  });
  assert.deepEqual(score(product, "<think>hm</think>\n1776\n", ended).parts, { accuracy: 1, format: 1 });
  assert.deepEqual(score(product, "</think>1775", ended), {
    score: 0,
    parts: { accuracy: 0, format: 1 },
    reason: "expected 1776, got 1775",
  });
});

test("the form is lost by a thought left open, closed twice or opened again, by no answer and by a cut", () => {
  const parts = (response: string, end = true) => score(product, response, { ended: end }).parts;
  assert.deepEqual(parts("1776"), { accuracy: 0, format: 0 });
  assert.deepEqual(parts("a</think>b</think>1776"), { accuracy: 1, format: 0 });
  assert.deepEqual(parts("a<think>b</think>1776"), { accuracy: 1, format: 0 });
  assert.deepEqual(parts("a</think> "), { accuracy: 0, format: 0 });
  assert.deepEqual(parts("a</think>1776", false), { accuracy: 0, format: 0 });
});

test("a text without think tags is a bare answer without form, unless it was cut off", () => {
  assert.deepEqual(scoreText(product, "1776", ended).parts, { accuracy: 1, format: 0 });
  assert.deepEqual(scoreText(product, "1776", { ended: false }).parts, { accuracy: 0, format: 0 });
  assert.deepEqual(scoreText(product, "<think>x</think>1776", ended).parts, { accuracy: 1, format: 1 });
});

test("formatting around an answer is read, anything else beside it is not", () => {
  const judge = (answer: string) => score(product, `</think>${answer}`, ended).score;
  for (const answer of [
    "1776",
    " 1776 ",
    "1,776",
    "+1776",
    "1776.",
    "1776.00",
    "$1776$",
    "**1776**",
    "\\boxed{1776}",
    "$\\boxed{1776}$",
    "The answer is 1776.",
    "Answer: **1776**",
    "01776",
  ]) {
    assert.equal(judge(answer), 1, answer);
  }
  for (const answer of [
    "1776 apples",
    "17 76",
    "1776 1776",
    "-1776",
    "1776.5",
    "17,76",
    "1776!",
    "1775 or 1776",
    "37*48",
    "x=1776",
    "=1776",
    "1.776e3",
    "0x6f0",
    "１７７６",
  ]) {
    assert.equal(judge(answer), 0, answer);
  }
});

const judged = (task: string, answer: string, data: unknown, text: string) =>
  score({ task, answer, data }, `</think>${text}`, ended).score;

test("an equation's solution may name its variable", () => {
  const solve = (text: string) => judged("linear-equations", "-5", { a: 3, b: 7, c: 0, d: -8 }, text);
  assert.deepEqual(["-5", "x=-5", "x = -5", "y=-5", "x=5", "x", "x="].map(solve), [1, 1, 1, 0, 0, 0, 0]);
});

test("lists may be parted by commas or spaces, in brackets or not", () => {
  const sort = (text: string) => judged("sorting", "3 12 45", { numbers: [12, 3, 45], descending: false }, text);
  assert.deepEqual(
    ["3 12 45", "3, 12, 45", "[3,12,45]", "3 45 12", "3 12", "3 12 45 45", "3 12 x"].map(sort),
    [1, 1, 1, 0, 0, 0, 0],
  );
});

test("binary may have leading zeros and its prefix, but no digit of another base", () => {
  const convert = (text: string) => judged("base-conversion", "1011", { number: 11, base: 2, direction: "to" }, text);
  assert.deepEqual(["1011", "0b1011", "00001011", "1012", "11", "0b"].map(convert), [1, 1, 1, 0, 0, 0]);
  const hex = (text: string) => judged("base-conversion", "b5", { number: 181, base: 16, direction: "to" }, text);
  assert.deepEqual(["b5", "B5", "0xb5", "181"].map(hex), [1, 1, 1, 0]);
});

test("9.8 is larger than 9.11, with or without zeros behind it", () => {
  const compare = (text: string) => judged("comparison", "9.8", { numbers: ["9.11", "9.8"], want: "larger" }, text);
  assert.deepEqual(["9.8", "9.80", "9.11", "9,8", "98"].map(compare), [1, 1, 0, 0, 0]);
});

test("countdown accepts every correct expression and no other", () => {
  const make = (text: string) => judged("countdown", "(8*3)-5", { numbers: [3, 8, 5], target: 19 }, text);
  const good = [
    "(8*3)-5",
    "8*3-5",
    "3*8-5",
    "-5+3*8",
    "((3))*8-5",
    "8 * 3 - 5 = 19",
    "$3*8-5$",
    "8/(1/3)-5".replace("1/3", "3/3") && "3×8−5",
  ];
  for (const text of good) assert.equal(make(text), 1, text);
  const bad = [
    "19",
    "8*3-5=20",
    "8*3-5=19=19",
    "8+3+5",
    "8*3-5+0",
    "8*3-5*1",
    "8*3",
    "8*3-5)",
    "(8*3-5",
    "8**3-5",
    "8*3-5 yes",
    "eval(1)",
    "8//3-5",
    "8/(3-3)-5",
    "38-19",
    "24-5",
  ];
  for (const text of bad) assert.equal(make(text), 0, text);
  assert.equal(judged("countdown", "x", { numbers: [8, 3, 3], target: 8 }, "8/3*3"), 1);
});

test("a million characters of anything are judged within milliseconds", () => {
  const texts = ["9", " ", "(", "-", "1,", "a ", "</think>", "<think>", "\\boxed{", "*", "$", "\n", "0b1"].map(
    (piece) => piece.repeat(1_000_000 / piece.length),
  );
  const entries = ALL.map((task) => sample(task, { seed: 1, index: 0, level: 1, split: "train" }));
  const start = process.cpuUsage();
  for (const entry of entries) for (const text of texts) assert.equal(score(entry, `</think>${text}`, ended).score, 0);
  const { user, system } = process.cpuUsage(start);
  const each = (user + system) / 1000 / (entries.length * texts.length);
  assert.ok(each < 10, `${each} ms each`);
});

test("no text makes a verifier throw", () => {
  const entries = ALL.map((task) => sample(task, { seed: 2, index: 0, level: 2, split: "train" }));
  const junk = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(..."0123456789+-*/()=., xb\n$\\{}<>") }));
  fc.assert(
    fc.property(junk, (text) => {
      for (const entry of entries) {
        const { score: given, reason } = score(entry, `</think>${text}`, ended);
        assert.ok(given === 0 || given === 1);
        assert.ok(reason.length > 0 && reason.length < 200);
      }
    }),
    { numRuns: 300 },
  );
});

test("scoring an entry of an unknown task is refused", () => {
  assert.throws(() => score({ ...product, task: "nim" }, "</think>1", ended), /no task is named "nim"/);
  assert.equal(taskNamed("products").name, "products");
});

test("outputs that game a verifier or the form earn no accuracy, whatever the family", () => {
  for (const task of ALL) {
    const entry = sample(task, { seed: 3, index: 0, level: 1, split: "train" });
    const gold = entry.answer;
    const gamed = [
      `${gold}`, // right, but thinking never ends
      `${gold}</think>`, // the answer inside the thinking alone
      `</think>${entry.prompt}`, // the question for an answer
      `</think>${gold} or not ${gold}`,
      `</think>The answer is one of 0 1 2 3 4 5 6 7 8 9 ${gold}`,
      `</think>${gold}</think>`, // closed again behind it
      `</think>${gold}\n${gold}x`,
      `</think>\\boxed{${gold}} \\boxed{0}`,
      `</think><answer></answer>`,
      `</think>correct`,
      `</think>score: 1`,
    ];
    for (const response of gamed)
      assert.equal(score(entry, response, { ended: true }).score, 0, `${task.name}: ${response}`);
    assert.equal(score(entry, `</think>${gold}`, { ended: false }).score, 0, `${task.name}: cut off`);
  }
  const entry = sample(ALL[0]!, { seed: 3, index: 0, level: 1, split: "train" });
  for (const response of [
    "",
    "</think>",
    "<think></think>",
    "</think></think>1",
    "<think>1</think><think>2</think>3",
    "1",
  ])
    assert.equal(score(entry, response, { ended: true }).parts.format, 0, response);
});
