/** Texts made to be slow, deep or huge end with a verdict, by their own bounds or by the worker's clock. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Verifier, verifySafely } from "./safely.ts";
import { verify } from "./verify.ts";

const LONG = 1_000_000;

const HOSTILE: Readonly<Record<string, string>> = {
  "a tower of powers": "10^{10^{10}}",
  "a tower in plain text": "10^10^10",
  "a million parentheses": "(".repeat(LONG),
  "a million braces": "{".repeat(LONG),
  "a million braces in a box": `\\boxed{${"{".repeat(LONG)}`,
  "boxes within boxes": "\\boxed{".repeat(200_000),
  "many boxes": "\\boxed{1} and ".repeat(70_000),
  "a tower of factorials": "((((9!)!)!)!)!",
  "exponentials of exponentials": "e^{e^{e^{e^{10}}}}",
  "fractions a hundred and fifty deep": `${"\\frac{1}{".repeat(150)}2${"}".repeat(150)}`,
  "a sum to expand": "(a+b+c+d+e+f+g+h)^{20}",
  "a million digits": "9".repeat(LONG),
  "sums of sums": "\\sum_{k=1}^{199}\\sum_{j=1}^{199}\\sum_{i=1}^{199} ijk",
  "a million dollar signs": "$".repeat(LONG),
  "a million spaces": `answer${" ".repeat(LONG)}:`,
  "half a million numbers": "1 ".repeat(LONG / 2),
  "a million backslashes": "\\".repeat(LONG),
  "thinking without end": `<think>${"1 ".repeat(LONG / 2)}`,
  "a long product": `\\boxed{${"99999999*".repeat(400)}9}`,
  "a decimal of thousands of digits": `1.${"3".repeat(3_000)}`,
  "a huge exponent": "1e999999",
  "a power modulo": "2^{1000000} \\bmod 7",
  "lone surrogates": "\ud83d".repeat(100_000),
};

test("hostile answers and hostile golds are judged wrong, each with a reason, within the bound on work", () => {
  for (const [name, text] of Object.entries(HOSTILE)) {
    for (const verdict of [verify("5", text), verify(text, "5")]) {
      assert.equal(verdict.correct, false, name);
      assert.notEqual(verdict.reason, "", name);
    }
  }
});

test("a worker that takes too long is killed, its answer judged 'timeout', and the ones around it judged all the same", async () => {
  const verifier = new Verifier({ budgetMs: 150 });
  const endless = HOSTILE["sums of sums"]!;
  const verdicts = await Promise.all([
    verifier.verify("1/2", "0.5"),
    verifier.verify("5", endless, { work: Number.POSITIVE_INFINITY }),
    verifier.verify("2", "3"),
    verifier.verify("5", endless, { work: Number.POSITIVE_INFINITY }),
    verifier.verify("7", "x = 7"),
  ]);
  assert.deepEqual(
    verdicts.map(({ correct }) => correct),
    [true, false, false, false, true],
  );
  assert.match(verdicts[1].reason, /^timeout/);
  assert.match(verdicts[3].reason, /^timeout/);
  assert.equal(verdicts[2].reason, "3 is not 2");
  await verifier.close();
  await assert.rejects(verifier.verify("1", "1"), /closed/);
});

test("many are judged in order, alone and by the shared worker", async () => {
  const verifier = new Verifier();
  const items = Array.from({ length: 700 }, (_, i) => ({
    gold: String(i),
    answer: i % 7 === 0 ? "-1" : `\\boxed{${i}}`,
  }));
  let i = 0;
  for await (const { correct, answer } of verifier.verifyAll(items)) {
    assert.equal(correct, i % 7 !== 0);
    assert.equal(answer, i % 7 === 0 ? "-1" : String(i));
    i++;
  }
  assert.equal(i, items.length);
  await verifier.close();
  assert.equal((await verifySafely("1/3", "\\frac{2}{6}")).correct, true);
});
