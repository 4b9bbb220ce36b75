import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { findRun, listRuns, readRun, summarizeRun } from "./run-reader.ts";

const scratch = mkdtempSync(join(tmpdir(), "reckon-runs-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

const makeRun = (root: string, name: string, files: Readonly<Record<string, string>>, time: number = 1000): string => {
  const path = join(scratch, root, name);
  mkdirSync(path, { recursive: true });
  for (const [file, text] of Object.entries(files)) {
    writeFileSync(join(path, file), text);
    utimesSync(join(path, file), time, time);
  }
  return path;
};

test("a torn last line is left out and counted; the line before it is the last", () => {
  const path = makeRun("torn", "a", { "metrics.jsonl": '{"step":1,"loss":2}\n{"step":2,"loss":1}\n{"step":3,"lo' });
  const run = readRun(path);
  assert.deepEqual(run.metrics, [
    { step: 1, loss: 2 },
    { step: 2, loss: 1 },
  ]);
  assert.equal(run.tornLines, 1);
  assert.deepEqual(run.last, { step: 2, loss: 1 });
});

test("the last row of a long history is found from the file's end, however long the rows", () => {
  const rows = Array.from({ length: 3000 }, (_, step) => JSON.stringify({ step, note: "é".repeat(step % 50) }));
  const long = makeRun("long", "a", { "metrics.jsonl": `${rows.join("\n")}\n` });
  assert.equal(summarizeRun(long).last?.step, 2999);
  const wide = JSON.stringify({ step: 1, wide: "x".repeat(300_000) });
  const path = makeRun("long", "b", {
    "metrics.jsonl": `{"step":0}\n${wide}\n{"step":2,"torn":"${"y".repeat(20_000)}`,
  });
  assert.equal(summarizeRun(path).last?.step, 1);
});

test("a run that has just begun, or whose files are damaged, still reads", () => {
  const empty = readRun(makeRun("young", "a", { "config.json": "{", "metrics.jsonl": "" }));
  assert.deepEqual(
    [empty.config, empty.report, empty.last, empty.metrics.length, empty.tornLines],
    [null, null, null, 0, 0],
  );
});

test("runs are listed last changed first; other folders are no runs; a missing root has none", () => {
  makeRun("list", "old", { "config.json": "{}" }, 1000);
  makeRun("list", "new", { "config.json": "{}" }, 2000);
  makeRun("list", "other", { "notes.txt": "" });
  assert.deepEqual(
    listRuns(join(scratch, "list")).map((run) => [run.name, run.updated]),
    [
      ["new", 2000],
      ["old", 1000],
    ],
  );
  assert.deepEqual(listRuns(join(scratch, "nowhere")), []);
});

test("only finished checkpoints count", () => {
  const path = makeRun("checkpoints", "a", { "config.json": "{}" });
  for (const name of ["000020", "000010", ".000030.tmp", "000030.partial"]) {
    mkdirSync(join(path, "checkpoints", name), { recursive: true });
  }
  assert.deepEqual(summarizeRun(path).checkpoints, ["000010", "000020"]);
});

test("a run is found by its name or by its path, and a wrong name lists the right ones", () => {
  const path = makeRun("find", "mine", { "config.json": "{}" });
  const root = join(scratch, "find");
  assert.equal(findRun("mine", root), path);
  assert.equal(findRun(path, "nowhere"), path);
  assert.throws(() => findRun("yours", root), { exitCode: 1, param: "yours", message: /has mine/ });
});
