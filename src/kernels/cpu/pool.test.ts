/** The pool: no part of a kernel is lost or run twice, a trap is reported, and workers never keep a process alive. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { syncBuiltinESMExports } from "node:module";
import { test } from "node:test";
import threads, { type Worker } from "node:worker_threads";
import { AXPY } from "./assembly/operations.ts";
import { startPool } from "./pool.ts";

for (const threads of [1, 2, 5])
  test(`every part of many small dispatches runs exactly once on ${threads} threads`, async () => {
    const pool = await startPool(threads);
    pool.memory.grow(1);
    const [length, times] = [160, 5000];
    const [x, y] = [pool.heap, pool.heap + length * 4].map(
      (at) => new Float32Array(pool.memory.buffer, at, length),
    ) as [Float32Array, Float32Array];
    x.fill(1);
    for (let i = 0; i < times; i++) {
      pool.int[0] = x.byteOffset;
      pool.int[1] = y.byteOffset;
      pool.int[2] = length;
      pool.float[3] = 1;
      pool.run(AXPY, i % 3 > 0);
      // Now and then long enough for the workers to fall asleep.
      if (i % 1000 === 0) await new Promise((resolve) => setTimeout(resolve, 2));
    }
    assert.ok(y.every((value) => value === times));
    await pool.close();
  });

test("a kernel that traps is named, and the pool runs nothing after it", async () => {
  const pool = await startPool(2);
  assert.throws(() => pool.run(9999, true), /CPU kernel 9999 stopped/);
  assert.throws(() => pool.run(AXPY, false), /CPU kernel 9999 stopped/);
  await pool.close();
});

test("a worker that ends from outside is noticed: nothing runs on the pool after it", async () => {
  const started: Worker[] = [];
  const { Worker: Plain } = threads;
  threads.Worker = class extends Plain {
    constructor(...args: ConstructorParameters<typeof Plain>) {
      super(...args);
      started.push(this);
    }
  };
  syncBuiltinESMExports();
  const pool = await startPool(3).finally(() => {
    threads.Worker = Plain;
    syncBuiltinESMExports();
  });
  await started[0].terminate();
  assert.throws(() => pool.run(AXPY, true), /CPU kernel thread ended/);
  await pool.close();
});

test("a process ends by itself while workers wait for work", () => {
  const script = `import { cpuDevice } from ${JSON.stringify(new URL("./device.ts", import.meta.url).href)};
    const device = await cpuDevice({ threads: 3 });
    device.fill(device.f32(100_000), 1);
    console.log("done");`;
  const child = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
    timeout: 20_000,
    encoding: "utf8",
  });
  assert.equal(child.stdout.trim(), "done");
  assert.equal(child.status, 0, child.stderr);
});
