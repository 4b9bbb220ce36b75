import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { UserError } from "../error.ts";
import { taskNamed } from "../tasks/catalogue.ts";
import { sample } from "../tasks/sample.ts";
import { scoreLine } from "./tasks.ts";

/** Runs the command in a process of its own, as a shell would. */
function reckon(
  args: readonly string[],
  input = "",
): { readonly status: number | null; readonly stdout: string; readonly stderr: string } {
  const program = `
    import { Command } from "commander";
    import { register } from ${JSON.stringify(new URL("tasks.ts", import.meta.url).href)};
    import { reportError } from ${JSON.stringify(new URL("output.ts", import.meta.url).href)};
    const program = new Command("reckon").exitOverride().configureOutput({ outputError: () => {} });
    register(program);
    try { await program.parseAsync(${JSON.stringify(args)}, { from: "user" }); }
    catch (error) { process.exitCode = reportError(error, { json: false }); }`;
  const cwd = fileURLToPath(new URL("../..", import.meta.url));
  return spawnSync(process.execPath, ["--input-type=module", "-e", program], { input, encoding: "utf8", cwd });
}

const lines = (text: string): Record<string, unknown>[] =>
  text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

test("sampled entries go back in as scored ones: own answers 1, others 0", () => {
  const sampled = reckon([
    "tasks",
    "sample",
    "countdown",
    "--seed",
    "7",
    "--count",
    "3",
    "--level",
    "2",
    "--split",
    "held-out",
  ]);
  assert.equal(sampled.status, 0, sampled.stderr);
  const entries = lines(sampled.stdout);
  assert.equal(entries.length, 3);
  for (const { task, level, seed, split } of entries)
    assert.deepEqual([task, level, seed, split], ["countdown", 2, 7, "held-out"]);
  const rows = entries.flatMap((entry) => [
    { entry, response: entry.answer },
    { entry, response: `<think>hm</think>${entry.answer}` },
    { entry, response: "1+1" },
    { entry, response: `<think>hm</think>${entry.answer}`, ended: false },
  ]);
  const scored = reckon(["tasks", "score", "countdown"], `${rows.map((row) => JSON.stringify(row)).join("\n")}\n\n`);
  assert.equal(scored.status, 0, scored.stderr);
  assert.deepEqual(
    lines(scored.stdout).map(({ score }) => score),
    [1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0],
  );
  assert.deepEqual(lines(scored.stdout)[1], {
    score: 1,
    parts: { accuracy: 1, format: 1 },
    reason: lines(scored.stdout)[1]!.reason,
  });
});

test("the list names every task, for people and for programs", () => {
  const table = reckon(["tasks", "list"]).stdout;
  const { tasks } = JSON.parse(reckon(["tasks", "list", "--json"]).stdout) as { tasks: { name: string }[] };
  assert.equal(tasks.length, 13);
  for (const { name } of tasks) assert.ok(table.includes(name));
});

test("wrong use ends with 2 and one sentence", () => {
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [["tasks", "sample", "sudoku"], /^reckon: no task is named "sudoku"; there are chain-sum, .*requests\n$/],
    [["tasks", "sample", "sorting", "--level", "9"], /^reckon: sorting has levels 1 to 3, not 9\n$/],
    [["tasks", "sample", "sorting", "--split", "test"], /^reckon: --split must be train or held-out, not "test"\n$/],
  ];
  for (const [args, sentence] of cases) {
    const { status, stdout, stderr } = reckon(args);
    assert.deepEqual([status, stdout], [2, ""]);
    assert.match(stderr, sentence);
  }
});

test("a malformed line is refused with its number and what is wrong with it", () => {
  const task = taskNamed("countdown");
  const entry = sample(task, { seed: 1, index: 0, level: 1, split: "train" });
  const refused = (value: unknown, sentence: RegExp) =>
    assert.throws(
      () => scoreLine(task, typeof value === "string" ? value : JSON.stringify(value), 12),
      (error) =>
        error instanceof UserError &&
        error.exitCode === 1 &&
        error.message.startsWith("line 12 of the input: ") &&
        sentence.test(error.message),
    );
  refused("{", /not JSON/);
  refused([], /expected object/);
  refused({ entry }, /response/);
  refused({ entry: { ...entry, answer: undefined }, response: "1" }, /entry\.answer/);
  refused({ entry: { ...entry, data: { numbers: [1] } }, response: "1" }, /entry\.data\.numbers/);
  refused({ entry: { ...entry, task: "sorting" }, response: "1" }, /of the task sorting, not countdown/);
  refused({ entry: { ...entry, answer: "1+1" }, response: "1" }, /own answer is wrong/);
  assert.equal(scoreLine(task, JSON.stringify({ entry, response: entry.answer }), 1).score, 1);
});
