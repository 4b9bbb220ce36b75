import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), "reckon-verify-"));
after(() => fs.rmSync(scratch, { recursive: true, force: true }));

const main = path.join(import.meta.dirname, "main.ts");
const reckon = (args: readonly string[], input = "") =>
  spawnSync(process.execPath, [main, "verify", ...args], { encoding: "utf8", input });

test("one answer is judged with its reason, in words and as JSON", () => {
  const told = reckon(["--gold", "1/2", "--answer", "It is $0.5$."]);
  assert.deepEqual([told.stdout, told.status], ["correct: equal rationals, both 0.5\n", 0]);
  const { ms, ...verdict } = JSON.parse(
    reckon(["--gold", "\\frac{1}{2}", "--json"], "<think>hm</think>\\boxed{0.6}").stdout,
  );
  assert.deepEqual(verdict, { correct: false, reason: "0.6 is not 0.5", gold: "\\frac{1}{2}", answer: "0.6" });
  assert.equal(typeof ms, "number");
});

test("a batch is judged in the order of its lines, hostile ones among them", () => {
  const file = path.join(scratch, "batch.jsonl");
  const rows = [
    { id: "a", gold: "2", answer: "\\boxed{2}" },
    { id: 7, gold: 3, answer: "(".repeat(100_000) },
    { gold: "10^{10^{10}}", answer: "5" },
    { id: "d", gold: "x=4", answer: "4" },
    { id: "e", gold: "4", answer: null },
  ];
  fs.writeFileSync(file, rows.map((row) => JSON.stringify(row)).join("\n\n"));
  const { stdout, status } = reckon(["--batch", file, "--json"]);
  assert.equal(status, 0);
  const lines = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    lines.map(({ id, correct }) => [id, correct]),
    [
      ["a", true],
      [7, false],
      [null, false],
      ["d", true],
      ["e", false],
    ],
  );
  for (const line of lines) assert.deepEqual(Object.keys(line), ["id", "correct", "reason", "ms"]);
});

test("what is wrong is one sentence with an exit code, before anything is judged", () => {
  const file = path.join(scratch, "wrong.jsonl");
  fs.writeFileSync(file, '{"id":1,"gold":"1","answer":"1"}\n{"id":2,"gold":"1"}\n');
  const notText = path.join(scratch, "not-text.jsonl");
  fs.writeFileSync(notText, '{"id":1,"gold":"1","answer":{"text":"1"}}\n');
  for (const [args, code, said] of [
    [["--answer", "5"], 2, /--gold is missing/],
    [["--gold", "5", "--batch", file], 2, /leave out --gold/],
    [["--batch", file], 1, /line 2 lacks answer/],
    [["--batch", notText], 1, /line 1 has no text as answer, but \{"text":"1"\};/],
    [["--batch", path.join(scratch, "none")], 1, /cannot be read/],
    [["--gold", "5", "--answer", "5", "--budget", "0"], 2, /--budget/],
  ] as const) {
    const { status, stdout, stderr } = reckon(args);
    assert.deepEqual([status, stdout], [code, ""], stderr);
    assert.match(stderr, said);
    assert.equal(stderr.trim().split("\n").length, 1);
  }
});
