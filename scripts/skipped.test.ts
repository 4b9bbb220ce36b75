import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

const scratch = mkdtempSync(join(tmpdir(), "reckon-skipped-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

const reporter = fileURLToPath(new URL("./skipped.mjs", import.meta.url));

const run = (text: string, environment: NodeJS.ProcessEnv) => {
  const file = join(scratch, "a.test.mjs");
  writeFileSync(file, `import { test } from "node:test";\n${text}`);
  const { NODE_TEST_CONTEXT: _, RECKON_CI: __, ...env } = process.env;
  const args = ["--test", `--test-reporter=${reporter}`, "--test-reporter-destination=stdout", file];
  return spawnSync(process.execPath, args, { encoding: "utf8", env: { ...env, ...environment } });
};

const wantsData = 'test("weights", { skip: "../shared/data is absent" }, () => {});';
const wantsTool = 'test("browser", { skip: "chromium is absent" }, () => {});';

test("a skipped test is named with its reason, and the run passes", () => {
  const end = run(wantsData + wantsTool, {});
  assert.equal(end.status, 0);
  assert.match(end.stdout, /^skipped: weights \(\.\.\/shared\/data is absent\)$/m);
  assert.match(end.stdout, /^skipped: browser \(chromium is absent\)$/m);
});

test("under RECKON_CI only the shared data may be absent", () => {
  assert.equal(run(wantsData, { RECKON_CI: "1" }).status, 0);
  const end = run(wantsData + wantsTool, { RECKON_CI: "1" });
  assert.equal(end.status, 1);
  assert.match(end.stdout, /^NOT ALLOWED: skipped: browser/m);
});

test("a run without skips says nothing", () => {
  assert.equal(run('test("fine", () => {});', { RECKON_CI: "1" }).stdout, "");
});
