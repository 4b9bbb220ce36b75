import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { testData } from "../../checkpoint/test-data.ts";
import type { Item } from "../item.ts";
import { readBenchmarkFile } from "./records.ts";
import { openBenchmark } from "./registry.ts";

const place = fs.mkdtempSync(path.join(tmpdir(), "reckon-code-"));
after(() => fs.rmSync(place, { recursive: true }));
const { file: folder, skip } = testData("benchmarks");
const real = (name: string): readonly Item[] =>
  openBenchmark(name, { seed: 1 }, { workingFolder: place, checkout: place, folder }).items;
const records = (file: string) => readBenchmarkFile(path.join(folder, file)).records.map(({ fields }) => fields);
const judged = async (item: Item, answer: string) => item.judge(`<think>hm</think>\n${answer}`, true);
const block = (code: string, label = "python"): string => `So:\n\`\`\`${label}\n${code}\n\`\`\`\n`;

test("HumanEval's own solutions pass, whole and as completions; without their last line they do not", {
  skip,
}, async () => {
  const items = real("humaneval");
  const all = records("humaneval.jsonl.gz");
  // among them functions with helpers before them, and imports
  const some = [0, 32, 38, 115];
  const verdicts = await Promise.all(
    some.flatMap((i) => {
      const solution = String(all[i].canonical_solution);
      const head = String(all[i].prompt);
      return [block(head + solution), solution, block(`${head}    return None\n`)].map((text) =>
        judged(items[i], text),
      );
    }),
  );
  assert.deepEqual(
    verdicts.map((one) => one.accuracy),
    some.flatMap(() => [1, 1, 0]),
    JSON.stringify(verdicts),
  );
  assert.match(items[0].prompt, /^Complete this Python function\..*\n\n```python\nfrom typing import List\n/);
});

test("MBPP's own solutions pass, with classes the tests speak of; a constant does not", { skip }, async () => {
  const items = real("mbpp");
  const all = new Map(records("mbpp.jsonl.gz").map((one) => [`mbpp/${one.task_id}`, String(one.code)]));
  const some = [0, 100, 250].map((i) => items[i]);
  const verdicts = await Promise.all(
    some.flatMap((item) => [judged(item, block(all.get(item.id)!)), judged(item, block("x = 1"))]),
  );
  assert.deepEqual(
    verdicts.map((one) => one.accuracy),
    [1, 0, 1, 0, 1, 0],
    JSON.stringify(verdicts),
  );
  assert.equal(items[0].id, "mbpp/11");
});

test("MultiPL-E's functions are judged by its own tests, in JavaScript and with types", { skip }, async () => {
  const solutions: Record<string, string> = {
    HumanEval_23_strlen: "return string.length;",
    HumanEval_53_add: "return x + y;",
    HumanEval_42_incr_list: "return l.map((e) => e + 1);",
  };
  for (const [name, label] of [
    ["humaneval-js", "javascript"],
    ["humaneval-ts", "typescript"],
  ]) {
    const items = real(name).filter(({ id }) => id in solutions);
    assert.equal(items.length, 3);
    const verdicts = await Promise.all(
      items.flatMap((item) => {
        const head = /```\w+\n([\s\S]*)\n```$/.exec(item.prompt)![1];
        const whole = (body: string): string => block(`${head}\n  ${body}\n}`, label);
        return [judged(item, whole(solutions[item.id])), judged(item, whole("return 0;"))];
      }),
    );
    assert.deepEqual(
      verdicts.map((one) => one.accuracy),
      [1, 0, 1, 0, 1, 0],
      JSON.stringify(verdicts),
    );
  }
});

test("a response without code, or whose thinking never ends, is wrong with its reason", { skip }, async () => {
  const [item] = real("humaneval");
  assert.match((await item.judge("<think>def f", false)).reason, /the thinking never ends/);
  assert.match((await judged(item, "")).reason, /no code stands behind the thinking/);
  assert.match((await judged(item, "I would sort the list first.")).reason, /SyntaxError|IndentationError/);
});

test("a record that is none of its benchmark is one sentence naming file and line", () => {
  const file = path.join(place, "mbpp.jsonl");
  fs.writeFileSync(file, '{"text":"t","code":"c","task_id":11,"test_list":"assert"}\n');
  const open = () => openBenchmark(file, { seed: 1 }, { workingFolder: place, checkout: place });
  assert.throws(open, /mbpp\.jsonl.*1.*"test_list" is not a list of assertions/);
});
