import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { saveTinyModel } from "../generate/tiny-models.ts";
import { referenceDevice } from "../kernels/reference/device.ts";
import { familyTable } from "./eval/result.ts";
import { commands, runCommand } from "./main.ts";

const place = mkdtempSync(path.join(tmpdir(), "reckon-eval-cli-"));
const model = path.join(place, "tiny");
before(() => saveTinyModel(model, referenceDevice()));
after(() => rmSync(place, { recursive: true }));

const run = (...args: string[]) => runCommand(args, commands);

/** What a command prints on standard output, in a process of its own. */
function printed(...args: string[]): string {
  const main = fileURLToPath(new URL("./main.ts", import.meta.url));
  const child = spawnSync(process.execPath, ["--disable-warning=ExperimentalWarning", main, ...args], {
    encoding: "utf8",
  });
  assert.equal(child.status, 0, child.stderr);
  return child.stdout;
}

test("eval --json prints one row, and --out holds a line for every question as asked", () => {
  const out = path.join(place, "items.jsonl");
  const text = printed(
    ...["eval", "--benchmark", "held-out", "--model", model, "--limit", "2", "--wordings", "0,2", "--families"],
    ...["sorting,digit-sums", "--max-tokens", "4", "--threads", "1", "--out", out, "--json"],
  );
  const row = JSON.parse(text);
  assert.deepEqual([row.benchmark, row.model, row.n, row.items], ["held-out", "tiny", 8, out]);
  assert.deepEqual(Object.keys(row.by_wording), ["0", "2"]);
  assert.equal(readFileSync(out, "utf8").trim().split("\n").length, 8);
});

test("a wrong benchmark, wording list or temperature is a usage error that names its flag", async () => {
  await assert.rejects(run("eval", "--benchmark", "gsm9k"), { exitCode: 2, param: "--benchmark" });
  const held = ["eval", "--benchmark", "held-out", "--model", model];
  await assert.rejects(run(...held, "--wordings", "first"), { exitCode: 2, param: "--wordings" });
  await assert.rejects(run(...held, "--samples", "4", "--temperature", "0"), { exitCode: 2, param: "--temperature" });
  await assert.rejects(run("export", "--model", model, "--to", "x.gguf", "--type", "Q9_0"), { exitCode: 2 });
  await assert.rejects(run("export", "--model", model, "--to", "x", "--type", "F16"), { exitCode: 2, message: /GGUF/ });
});

test("export --json tells where the folder is, its size and its hash", () => {
  const to = path.join(place, "exported");
  const row = JSON.parse(printed("export", "--model", model, "--to", to, "--dtype", "bf16", "--json"));
  assert.deepEqual([row.path, row.sha256.length, row.bytes > 1000], [to, 64, true]);
});

test("the table has a row a family, a column a wording, and the mean last", () => {
  const lengths = { thinking: 3, thinkingRight: 3, thinkingWrong: 3 };
  const none: ReadonlyMap<number, number> = new Map();
  const figures = {
    n: 1,
    accuracy: 0.5,
    format: 1,
    truncated: 0,
    ...lengths,
    pass: none,
    cons: none,
    parts: new Map(),
  };
  const variants = { "0": figures, "1": { ...figures, accuracy: 1 } };
  const table = familyTable({
    ...figures,
    stderr: 0,
    interval: { low: 0, high: 1 },
    labels: {},
    variants,
    groups: [{ ...figures, group: "sorting", variants }],
  });
  assert.deepEqual(
    table.split("\n").map((line) => line.split(/ {2,}/)),
    [
      ["family", "wording 0", "wording 1", "all", "thinking"],
      ["sorting", "0.500", "1.000", "0.500", "3.0"],
      ["mean", "0.500", "1.000", "0.500", "3.0"],
    ],
  );
});
