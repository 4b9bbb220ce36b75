import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

const folder = mkdtempSync(join(tmpdir(), "reckon-child-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const childModule = new URL("./child.mjs", import.meta.url).href;
const parent = join(folder, "parent.mjs");
writeFileSync(
  parent,
  `import { endLike, runChild } from ${JSON.stringify(childModule)};
endLike(await runChild(process.execPath, process.argv.slice(2)));`,
);

/** Counts the signals it gets for a while after the first, then ends with code 40 + count. */
const counter = join(folder, "counter.mjs");
writeFileSync(
  counter,
  `let count = 0;
const seen = () => { if (count++ === 0) setTimeout(() => process.exit(40 + count), 300); };
process.on("SIGINT", seen).on("SIGTERM", seen);
console.log("ready");
setTimeout(() => process.exit(99), 20000);`,
);

interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
}

const watch = (child: ChildProcess, onReady: () => void): Promise<End> =>
  new Promise((resolve) => {
    let output = "";
    let ready = false;
    child.stdout?.on("data", (chunk) => {
      output += chunk;
      if (!ready && output.includes("ready")) {
        ready = true;
        onReady();
      }
    });
    child.once("close", (code, signal) => resolve({ code, signal, output }));
  });

const start = (...args: string[]): ChildProcess =>
  spawn(process.execPath, [parent, ...args], { stdio: ["ignore", "pipe", "inherit"] });

test("the child's exit code becomes the parent's", async () => {
  for (const code of [0, 1, 2, 37]) {
    const end = await watch(start("-e", `process.exit(${code})`), () => {});
    assert.equal(end.code, code);
  }
});

test("a child killed by a signal makes the parent die by the same signal", async () => {
  const end = await watch(start("-e", "process.kill(process.pid, 'SIGKILL'); setTimeout(() => {}, 9000)"), () => {});
  assert.deepEqual([end.code, end.signal], [null, "SIGKILL"]);
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  test(`kill -${signal} of the parent reaches the child once, and its answer is the exit code`, async () => {
    // detached: its own session, without the terminal this test may be run from.
    const child = spawn(process.execPath, [parent, counter], { stdio: ["ignore", "pipe", "inherit"], detached: true });
    const end = await watch(child, () => child.kill(signal));
    assert.equal(end.code, 41);
  });
}

test("Ctrl-C on a terminal reaches the child once", {
  skip: process.platform !== "linux" && "needs Linux's script(1)",
}, async () => {
  const command = `exec ${[process.execPath, parent, counter].map((part) => `'${part}'`).join(" ")}`;
  const terminal = spawn("script", ["-qec", command, "/dev/null"], { stdio: ["pipe", "pipe", "inherit"] });
  const end = await watch(terminal, () => terminal.stdin?.write("\x03"));
  assert.equal(end.code, 41, end.output);
});
