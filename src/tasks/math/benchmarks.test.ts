/** Gold answers of real benchmarks against their own solutions, and R1's own responses. */
import assert from "node:assert/strict";
import fs from "node:fs";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { readTestJson, testData } from "../../checkpoint/test-data.ts";
import { read } from "./read/answer.ts";
import { closingBrace } from "./read/lexer.ts";
import { verify } from "./verify.ts";

const math500 = testData("benchmarks/math500.test.jsonl.gz");
const gsm8k = testData("benchmarks/gsm8k.test.jsonl.gz");
const minerva = testData("benchmarks/minerva_math.test.jsonl.gz");
const traces = testData("traces/rasbt.r1_openrouter_math_samples.json");

const lines = (file: string): Record<string, string>[] =>
  gunzipSync(fs.readFileSync(file))
    .toString("utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

test("every gold answer of MATH-500 is found in its own solution, and equals itself in a box", {
  skip: math500.skip,
}, () => {
  const rows = lines(math500.file);
  const wrong = rows.filter(({ answer, solution }) => !verify(answer!, solution!).correct);
  assert.deepEqual(
    wrong.map((row) => row.unique_id),
    [],
  );
  for (const { answer } of rows) assert.ok(verify(answer!, `Thus $\\boxed{${answer}}$.`).correct, answer);
});

test("no gold answer of MATH-500 is taken for another that means something else", { skip: math500.skip }, () => {
  const answers = [...new Set(lines(math500.file).map(({ answer }) => answer!))].filter((_, i) => i % 3 === 0);
  const pairs = answers.flatMap((gold) =>
    answers.filter((answer) => answer !== gold && verify(gold, answer).correct).map((answer) => `${gold} <- ${answer}`),
  );
  assert.deepEqual(pairs, ["1,-2 <- (-2,1)"]); // the same two values
});

test("every gold answer of GSM8K's test is found behind its ####", { skip: gsm8k.skip }, () => {
  for (const { answer } of lines(gsm8k.file)) {
    const gold = answer!.split("####")[1]!.trim();
    const verdict = verify(gold, answer!);
    assert.ok(verdict.correct, JSON.stringify(verdict));
  }
});

test("every gold answer of Minerva is found in its solution and reads as mathematics", { skip: minerva.skip }, () => {
  for (const { solution } of lines(minerva.file)) {
    const open = solution!.lastIndexOf("\\boxed{") + "\\boxed".length;
    const gold = solution!.slice(open + 1, closingBrace(solution!, open));
    assert.equal(read(gold).failure, null, gold);
    assert.ok(verify(gold, solution!).correct, gold);
  }
});

test("R1's responses in the traces are right, as their gold answers say", { skip: traces.skip }, () => {
  type Trace = { readonly gtruth_answer: string; readonly message_thinking: string; readonly message_content: string };
  for (const { gtruth_answer, message_thinking, message_content } of readTestJson<Trace[]>(
    "traces/rasbt.r1_openrouter_math_samples.json",
  )) {
    assert.ok(verify(gtruth_answer, `<think>${message_thinking}</think>${message_content}`).correct);
  }
});
