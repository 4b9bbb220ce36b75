/** The CPU device's memory: zeroed, reused, flat over steps, and clear about its end. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import fc from "fast-check";
import { UserError } from "../../error.ts";
import type { F32 } from "../kernels.ts";
import { cpuDevice } from "./device.ts";

const device = await cpuDevice({ threads: 2 });
after(() => device.close());

test("buffers are zero, do not overlap, start on a cache line and can be reused in any order", async () => {
  const sizes = fc.array(fc.tuple(fc.integer({ min: 0, max: 5000 }), fc.nat()), { minLength: 1, maxLength: 60 });
  const before = device.usage().bytes;
  await fc.assert(
    fc.property(sizes, (steps) => {
      const held: { buffer: F32; mark: number }[] = [];
      steps.forEach(([length, choice], step) => {
        if (choice % 3 === 0 && held.length > 0) device.free(held.splice(choice % held.length, 1)[0]!.buffer);
        const buffer = device.f32(length);
        assert.equal(buffer.handle % 64, 0);
        assert.ok(buffer.host!.every((value) => value === 0));
        buffer.host!.fill(step + 1);
        held.push({ buffer, mark: step + 1 });
      });
      for (const { buffer, mark } of held) assert.ok(buffer.host!.every((value) => value === mark));
      for (const { buffer } of held) device.free(buffer);
    }),
    { numRuns: 60 },
  );
  assert.equal(device.usage().bytes, before);
});

test("memory is flat over steps that take and release the same scratch, kernels' own included", () => {
  const [inner, columns] = [33, 65];
  const w = device.parameter(inner * columns);
  const step = () => {
    const mark = device.mark();
    const x = device.scratchF32(2000 * inner);
    const y = device.scratchF32(2000 * columns);
    const dw = device.scratchF32(inner * columns);
    device.linear(x, w, y, 2000, inner, columns, inner, false);
    device.linear(x, dw, y, 2000, inner, columns, inner, false);
    device.linearGradWeight(y, x, dw, 2000, inner, columns, inner);
    device.changed(w);
    device.scratchF32(3_000_000);
    device.release(mark);
  };
  step();
  const held = device.usage();
  for (let i = 0; i < 200; i++) step();
  assert.deepEqual(device.usage(), held);
  device.free(w);
});

test("views made before the memory grew show the same memory after", async () => {
  const small = device.f32(8);
  const view = small.host!;
  const large = device.f32(30_000_000);
  device.fill(small, 3);
  assert.deepEqual([...view], [3, 3, 3, 3, 3, 3, 3, 3]);
  device.free(large);
  device.free(small);
});

test("a slice shares its buffer's memory, and reading copies it", async () => {
  const buffer = device.i32(10);
  const slice = device.slice(buffer, 4, 3);
  device.write(slice, [1, 2, 3]);
  const copy = await device.read(buffer);
  assert.deepEqual([...copy], [0, 0, 0, 0, 1, 2, 3, 0, 0, 0]);
  device.write(slice, [9], 2);
  assert.equal(copy[6], 3);
  assert.throws(() => device.slice(buffer, 8, 3), /slice \[8, 11\) of 10/);
  assert.throws(() => device.write(slice, [1, 2], 2), RangeError);
  assert.throws(() => device.free(slice), /cannot be freed/);
  device.free(buffer);
});

test("more memory than 4 GiB is refused with one clear sentence, and the device goes on working", () => {
  assert.throws(
    () => device.f32(2 ** 30),
    (error) => error instanceof UserError && error.exitCode === 1 && /at most 4 GiB/.test(error.message),
  );
  const buffer = device.f32(4);
  assert.deepEqual([...buffer.host!], [0, 0, 0, 0]);
  device.free(buffer);
});

test("a bad number of threads is refused with one clear sentence", async () => {
  for (const threads of [0, -1, 1.5, 65, Number.NaN])
    await assert.rejects(
      cpuDevice({ threads }),
      (error) => error instanceof UserError && /1 to 64/.test(error.message),
    );
});
