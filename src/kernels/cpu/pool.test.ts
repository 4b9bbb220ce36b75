/** The pool: no part of a kernel is lost or run twice, a trap is reported, and workers never keep a process alive. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { AXPY, PEAK } from "./assembly/operations.ts";
import { startPool } from "./pool.ts";
import { DIES_IN_A_KERNEL, withWorkers } from "./test-workers.ts";

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
  const { result: pool, started } = await withWorkers(() => startPool(3));
  await started[0].terminate();
  assert.throws(() => pool.run(AXPY, true), /CPU kernel thread ended/);
  assert.match((await pool.lost).message, /CPU kernel thread ended/);
  await pool.close();
});

test("a worker that ends while it holds a part of a kernel is noticed by the thread that waits for the part", async () => {
  const { result: pool } = await withWorkers(() => startPool(2), DIES_IN_A_KERNEL);
  pool.int[0] = 100_000;
  pool.int[1] = pool.heap;
  pool.memory.grow(1);
  assert.throws(() => {
    for (;;) pool.run(PEAK, true); // the worker may be late for the first ones
  }, /CPU kernel thread ended/);
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
