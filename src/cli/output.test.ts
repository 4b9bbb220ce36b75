import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { UserError, usageError } from "../error.ts";
import { describeError, Interrupted, wantsJson } from "./output.ts";

const output = JSON.stringify(new URL("./output.ts", import.meta.url).href);
const error = JSON.stringify(new URL("../error.ts", import.meta.url).href);

/** Runs a few lines of a program that uses output.ts, in a process of its own. */
const program = (lines: string): string[] => [
  "--disable-warning=ExperimentalWarning",
  "--input-type=module-typescript",
  "-e",
  `import { guardProcess, note, print, printJson, reportError } from ${output};
import { UserError } from ${error};
${lines}`,
];

const run = (lines: string, debug: string = "") =>
  spawnSync(process.execPath, program(lines), { encoding: "utf8", env: { ...process.env, RECKON_DEBUG: debug } });

test("an error is one sentence on standard error, with --json also an object on standard output", () => {
  const thrown = 'new UserError("the disk is full; free some", { param: "--out" })';
  const plain = run(`process.exitCode = reportError(${thrown}, { json: false });`);
  assert.deepEqual([plain.status, plain.stdout, plain.stderr], [1, "", "reckon: the disk is full; free some\n"]);
  const json = run(`process.exitCode = reportError(${thrown}, { json: true });`);
  assert.deepEqual(JSON.parse(json.stdout), {
    error: { message: "the disk is full; free some", type: "failed", param: "--out" },
  });
  assert.equal(json.stderr, plain.stderr);
});

test("a stack is shown under RECKON_DEBUG=1 only, causes included", () => {
  const lines = 'reportError(new UserError("no", { cause: new RangeError("deep") }), { json: false });';
  assert.equal(run(lines).stderr, "reckon: no\n");
  assert.match(run(lines, "1").stderr, /UserError: no\n {4}at [\s\S]*caused by RangeError: deep/);
});

test("an error nobody caught, thrown or rejected, ends as a sentence with code 1", () => {
  for (const lines of [
    'throw new TypeError("oops");',
    'await Promise.reject(new TypeError("oops"));',
    'setTimeout(() => { throw new TypeError("oops"); });',
  ]) {
    const end = run(`guardProcess(true); ${lines}`);
    assert.equal(end.status, 1);
    assert.match(end.stderr, /^reckon: an error inside Reckon.*TypeError: oops.*\n$/);
    assert.equal(JSON.parse(end.stdout).error.type, "internal_error");
  }
});

test("a reader that goes away ends the program quietly", async () => {
  const child = spawn(process.execPath, program("guardProcess(false); setInterval(() => print('x'.repeat(1e5)), 1);"));
  let errors = "";
  child.stderr.on("data", (chunk) => {
    errors += chunk;
  });
  child.stdout.once("data", () => child.stdout.destroy());
  const code = await new Promise((resolve) => child.once("close", resolve));
  assert.deepEqual([code, errors], [0, ""]);
});

test("every kind of error has its exit code and its machine name", () => {
  const codes = [usageError("u", "--x"), new UserError("f"), new Interrupted("SIGINT"), new Interrupted("SIGTERM"), 7];
  assert.deepEqual(
    codes.map((value) => [describeError(value).exitCode, describeError(value).type]),
    [
      [2, "usage_error"],
      [1, "failed"],
      [130, "interrupted"],
      [143, "interrupted"],
      [1, "internal_error"],
    ],
  );
});

test("work that an interrupt aborted counts as interrupted, whoever threw", () => {
  const abort = new DOMException("aborted", "AbortError");
  Object.defineProperty(abort, "cause", { value: new Interrupted("SIGINT") });
  assert.equal(describeError(abort).exitCode, 130);
});

test("a system error says which file and what is wrong with it", () => {
  try {
    readFileSync("/no/such/file");
  } catch (thrown) {
    const report = describeError(thrown);
    assert.deepEqual([report.message, report.param], ["/no/such/file: no such file or folder", "/no/such/file"]);
    return;
  }
  assert.fail("it was read");
});

test("a word after -- is no flag", () => {
  assert.equal(wantsJson(["ask", "--json"]), true);
  assert.equal(wantsJson(["ask", "--", "--json"]), false);
});
