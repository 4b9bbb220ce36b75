import assert from "node:assert/strict";
import { test } from "node:test";
import { readTestJson, testData } from "../../checkpoint/test-data.ts";
import { verifyCountdown, verifyGame24 } from "./countdown.ts";
import { verifyExactText } from "./exact-text.ts";
import { type Format, tagShare, verifyFormat } from "./format.ts";
import { verifyFuzzyText } from "./fuzzy-text.ts";
import { jsonVerifier } from "./json-schema.ts";
import { languageConsistency, languageOf } from "./language.ts";
import { verifyChoice } from "./multiple-choice.ts";

test("a choice is found however it is named: by letter, in a box, by its option's text", () => {
  const options = ["4 m/s", "5 m/s", "6 m/s"];
  for (const response of [
    "B",
    "(B)",
    "B) 5 m/s",
    "\\boxed{\\text{B}}",
    "The answer is (B).",
    "**Answer: B**",
    "5 m/s",
  ]) {
    assert.equal(verifyChoice(response, "B", options).score, 1, response);
  }
  for (const response of ["A", "The correct option is C.", "6 m/s", "D", "", "I do not know", "<think>B"]) {
    assert.equal(verifyChoice(response, "(B)", options).score, 0, response);
  }
  assert.match(verifyChoice("D", "B", options).reason, /no option D/);
});

test("exact text is the same words; fuzzy text earns the share it has in common", () => {
  assert.equal(verifyExactText("The answer is **Neil Armstrong**.", "neil armstrong").score, 1);
  assert.equal(verifyExactText("\\boxed{\\text{Paris}}", ["Lyon", "Paris"]).score, 1);
  assert.equal(verifyExactText("paris", "Paris", { caseSensitive: true }).score, 0);
  assert.equal(verifyExactText("Paris, France", "Paris").score, 0);
  assert.equal(verifyFuzzyText("\\boxed{\\text{the red car}}", "the blue car").score, 2 / 3);
  assert.equal(verifyFuzzyText("\\boxed{\\text{kitten}}", "sitting", { by: "characters" }).score, 1 - 3 / 7);
  assert.equal(verifyFuzzyText("\\boxed{\\text{the red car}}", "the blue car", { threshold: 0.9 }).score, 0);
  assert.equal(verifyFuzzyText("", "gold").score, 0);
});

test("countdown takes any expression that uses each number once and makes the target, in plain text and LaTeX", () => {
  const puzzle = { numbers: [8, 2, 4], target: 24 };
  for (const response of [
    "(8-2)*4",
    "\\boxed{(8-2)\\times 4}",
    "<answer>(8-2)*4 = 24</answer>",
    "The answer is 4 * (8 - 2).",
  ]) {
    assert.equal(verifyCountdown(response, puzzle).score, 1, response);
  }
  for (const response of ["8*2+4", "8*4-2*4", "24", "(8-2)*4 = 25", "", "2**3*3"]) {
    assert.equal(verifyCountdown(response, puzzle).score, 0, response);
  }
  assert.equal(verifyGame24("\\boxed{\\frac{8}{3-\\frac{8}{3}}}", [3, 3, 8, 8]).score, 1);
  assert.equal(verifyCountdown("8+2+4", puzzle, { partial: 0.1 }).score, 0.1);
  assert.equal(verifyCountdown("no idea", puzzle, { partial: 0.1 }).score, 0);
});

test("JSON is found alone, in a fence or in words, and judged by its schema", () => {
  const schema = {
    type: "object",
    properties: { n: { type: "integer" } },
    required: ["n"],
    additionalProperties: false,
  };
  const judge = jsonVerifier(schema);
  for (const response of ['{"n": 3}', 'Here:\n```json\n{"n": 3}\n```', '<think>hm {</think>It is {"n": 3}.']) {
    assert.equal(judge(response).score, 1, response);
  }
  assert.match(judge('{"n": 3.5}').reason, /\/n must be integer/);
  assert.match(judge('{"m": 3}').reason, /must have required property 'n'/);
  assert.match(judge('{"n": }').reason, /not JSON/);
  assert.equal(judge("no braces").score, 0);
  assert.equal(jsonVerifier(schema, { alone: true })('It is {"n": 3}').score, 0);
  assert.throws(() => jsonVerifier({ type: "nonsense" }));
});

test("a form is kept or the first fault is named", () => {
  const judge = (text: string, format: Format, startsInThink = false): number =>
    verifyFormat(text, format, { startsInThink }).score;
  assert.equal(judge("<think>a</think>b", "think"), 1);
  assert.equal(judge("a</think>b", "think"), 0);
  assert.equal(judge("a</think>b", "think", true), 1);
  assert.equal(judge("<think>a</think>b", "think", true), 1);
  assert.equal(judge("<think>a</think>", "think"), 0);
  assert.equal(judge("<think>a<think>b</think>c", "think"), 0);
  assert.equal(judge("<think>a</think>b</think>", "think"), 0);
  assert.equal(judge("<think>a</think>\\boxed{1}", "boxed"), 1);
  assert.equal(judge("<think>\\boxed{1}</think>b", "boxed"), 0);
  assert.equal(judge("<think>\na\n</think>\n<answer>\nb\n</answer>", "think-answer"), 1);
  assert.equal(judge("<think>a</think><answer>b</answer>", "think-answer"), 0);
  assert.equal(verifyFormat("x", "think").reason, "it does not start with <think>");
  assert.equal(tagShare("<think>\na\n</think>\n<answer>\nb\n</answer>"), 1);
  assert.equal(tagShare("<think>\na\n</think>\nb"), 0.5);
});

test("language consistency is the share of words of the language asked for; formulas and code are of none", () => {
  assert.equal(languageConsistency("Let us see: $x^2 = 4$ so `let x = 2` is one of two.", "en").score, 1);
  assert.equal(languageConsistency("我们先计算 $3+4$ 的值。", "zh").score, 1);
  const mixed = languageConsistency("First we compute the sum 然后我们得到答案", "en");
  assert.ok(mixed.score > 0.4 && mixed.score < 0.9, mixed.reason);
  assert.ok(languageConsistency("Wir rechnen die Summe aus und sind dann fertig.", "de").score === 1);
  assert.ok(languageConsistency("Wir rechnen, and then we have the answer.", "de").score < 0.6);
  assert.equal(languageConsistency("1 + 1 = 2", "en").score, 0);
  assert.deepEqual(
    ["How many apples are there?", "Сколько яблок осталось?", "Combien de pommes sont dans les boîtes ?", "12"].map(
      languageOf,
    ),
    ["en", "ru", "fr", null],
  );
});

const star = testData("traces/star1.r1_safety.json.gz");

test("R1's safety traces keep the form, and think in English but for one that does not", { skip: star.skip }, () => {
  const traces = readTestJson<{ readonly response: string }[]>("traces/star1.r1_safety.json.gz");
  assert.equal(traces.filter(({ response }) => verifyFormat(response, "think").score === 1).length, traces.length);
  const shares = traces.map(
    ({ response }) => languageConsistency(response.slice(0, response.indexOf("</think>")), "en").score,
  );
  assert.ok(shares.reduce((sum, share) => sum + share, 0) / shares.length > 0.998);
  assert.deepEqual(shares.filter((share) => share < 0.9).length, 1);
});
