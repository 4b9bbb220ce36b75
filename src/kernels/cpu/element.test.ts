/** Element kernels against the reference, the same bits on any thread count, and the accuracy of the vector exponential. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import fc from "fast-check";
import { assertSameBits, compareKernel, type KernelCall, outputsOf, sameBits } from "../compare.ts";
import type { Device } from "../kernels.ts";
import { referenceDevice } from "../reference/device.ts";
import { EXP } from "./assembly/operations.ts";
import { cpuDevice } from "./device.ts";
import { type Build, startPool } from "./pool.ts";

const reference = referenceDevice();
const relaxed = await Promise.all([
  ...[1, 2, 3].map((threads) => cpuDevice({ threads })),
  cpuDevice({ threads: 2, build: "relaxed" }),
]);
const plain = await Promise.all([1, 2].map((threads) => cpuDevice({ threads, build: "plain" })));
after(() => Promise.all([...relaxed, ...plain].map((device) => device.close())));

// Mostly short, for the tails; sometimes past the sizes that are shared among threads.
const length = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 100 }) },
  { weight: 1, arbitrary: fc.integer({ min: 32_000, max: 40_000 }) },
);
const shape = fc.record({
  n: length,
  rows: fc.oneof({ weight: 3, arbitrary: fc.integer({ min: 1, max: 40 }) }, fc.integer({ min: 300, max: 400 })),
  width: fc.integer({ min: 1, max: 130 }),
  padding: fc.integer({ min: 0, max: 3 }),
  heads: fc.integer({ min: 1, max: 4 }),
  half: fc.integer({ min: 1, max: 11 }),
  yes: fc.boolean(),
  other: fc.boolean(),
  alpha: fc.float({ min: -3, max: 3, noNaN: true }),
  seed: fc.integer({ min: 0, max: 1e6 }),
});
type Shape = typeof shape extends fc.Arbitrary<infer T> ? T : never;

const kernels: Record<string, (s: Shape) => KernelCall> = {
  fill: (s) => (d, i) => {
    const x = i.output(s.n);
    d.fill(x, s.yes ? s.alpha : 0);
    return [x];
  },
  copy: (s) => (d, i) => {
    const y = i.output(s.n);
    d.copy(i.f32(s.n), y);
    return [y];
  },
  copyStrided: (s) => (d, i) => {
    // (rows, heads, half) to (heads, rows, half), both inside wider rows
    const [from, to] = [s.half + s.padding, s.half + (s.seed % 3)];
    const y = i.f32(s.heads * s.rows * to);
    const x = i.f32(s.rows * s.heads * from);
    d.copyStrided(x, y, s.rows, s.heads, s.half, s.heads * from, from, to, s.rows * to);
    return [y];
  },
  add: (s) => (d, i) => {
    const [a, b] = [i.f32(s.n), i.f32(s.n)];
    const out = s.yes ? a : i.output(s.n);
    d.add(a, b, out);
    return [out, b];
  },
  axpy: (s) => (d, i) => {
    const y = i.f32(s.n);
    d.axpy(s.alpha, i.f32(s.n), y);
    return [y];
  },
  scale: (s) => (d, i) => {
    const x = i.f32(s.n);
    d.scale(x, s.alpha);
    return [x];
  },
  sumSquares: (s) => (d, i) => {
    const out = i.f32(3);
    d.sumSquares(i.f32(s.n), out, s.seed % 3);
    return [out];
  },
  rmsNorm: (s) => (d, i) => {
    const [strideX, strideY] = [s.width + s.padding, s.width + (s.seed % 3)];
    const y = i.output(s.rows * strideY);
    d.rmsNorm(i.f32(s.rows * strideX), i.f32(s.width), y, s.rows, s.width, 1e-5, strideX, strideY);
    return [y];
  },
  rmsNormGrad: (s) => (d, i) => {
    // From width 2 on: at 1 every row's gradient is the difference of two equal numbers.
    const width = s.width + 1;
    const [strideX, strideDy] = [width + s.padding, width + (s.seed % 3)];
    const [dy, x, w] = [i.f32(s.rows * strideDy), i.f32(s.rows * strideX), i.f32(width)];
    // One row of dx more, which stays as it is: the scale to judge by where a row's gradient cancels to almost nothing.
    const [dx, dw] = [i.f32((s.rows + 1) * strideX), i.f32(width)];
    d.rmsNormGrad(dy, x, w, dx, dw, s.rows, width, 1e-5, strideX, strideDy, s.yes);
    return [dx, dw];
  },
  rope: (s) => (d, i) => {
    const [dim, positions] = [2 * s.half, 50];
    const strideHead = dim + s.padding;
    const strideRow = strideHead * s.heads + (s.seed % 2);
    const x = i.f32(s.rows * strideRow);
    const angle = (at: number) => (Math.floor(at / dim) * 0.3) / 2 ** (Math.floor((at % dim) / 2) / s.half);
    const table = i.floats(
      Array.from({ length: positions * dim }, (_, at) => (at % 2 === 0 ? Math.cos(angle(at)) : Math.sin(angle(at)))),
    );
    d.rope(x, table, i.i32(s.rows, positions), s.rows, s.heads, strideRow, strideHead, dim, s.yes, s.other);
    return [x];
  },
  addBias: (s) => (d, i) => {
    const y = i.f32(s.rows * s.width);
    d.addBias(y, i.f32(s.width), s.rows, s.width);
    return [y];
  },
  biasGrad: (s) => (d, i) => {
    const db = i.f32(s.width);
    d.biasGrad(i.f32(s.rows * s.width), db, s.rows, s.width);
    return [db];
  },
  swiglu: (s) => (d, i) => {
    const y = i.output(s.n);
    d.swiglu(i.f32(s.n, 4), i.f32(s.n), y);
    return [y];
  },
  swigluGrad: (s) => (d, i) => {
    const [dgate, dup] = [i.output(s.n), i.output(s.n)];
    d.swigluGrad(i.f32(s.n), i.f32(s.n, 4), i.f32(s.n), dgate, dup);
    return [dgate, dup];
  },
  embedding: (s) => (d, i) => {
    const y = i.output(s.rows * s.width);
    d.embedding(i.f32(17 * s.width), i.i32(s.rows, 17), y, s.rows, s.width);
    return [y];
  },
  embeddingGrad: (s) => (d, i) => {
    const dtable = i.f32(17 * s.width);
    d.embeddingGrad(i.f32(s.rows * s.width), i.i32(s.rows, 17), dtable, s.rows, s.width);
    return [dtable];
  },
};

for (const [name, call] of Object.entries(kernels))
  test(`${name} agrees with the reference and gives the same bits on any thread count, in both builds`, async () => {
    await fc.assert(
      fc.asyncProperty(shape, async (s) => {
        for (const device of [relaxed[0]!, relaxed[2]!, plain[1]!])
          await compareKernel(reference, device, s.seed, call(s), 3e-6);
        await sameBits(relaxed, s.seed, call(s));
        await sameBits(plain, s.seed, call(s));
      }),
      { numRuns: 12 },
    );
  });

test("an element gives the same bits wherever it lies and whatever lies beside it", async () => {
  const run = (device: Device, start: number, count: number) =>
    outputsOf(device, 3, (d, i) => {
      const [x, y, z] = [i.f32(103, 5), i.output(103), i.output(103)];
      const part = (b: typeof x) => d.slice(b, start, count);
      d.swiglu(part(x), part(x), part(y));
      d.swigluGrad(part(x), part(x), part(x), part(z), part(z));
      return [y, z];
    });
  const whole = await run(relaxed[1]!, 0, 103);
  for (const at of [0, 1, 50, 101, 102]) {
    const alone = await run(relaxed[1]!, at, 1);
    whole.forEach((values, output) => {
      assertSameBits(alone[output]!.subarray(at, at + 1), values.subarray(at, at + 1), `output ${output} at ${at}`);
    });
  }
});

test("a row of rmsNorm gives the same bits alone and in a batch", async () => {
  const [rows, width] = [9, 45];
  const run = (first: number, count: number) =>
    outputsOf(relaxed[1]!, 8, (d, i) => {
      const [x, w, y] = [i.f32(rows * width), i.f32(width), i.output(rows * width)];
      const part = (b: typeof x) => d.slice(b, first * width, count * width);
      d.rmsNorm(part(x), w, part(y), count, width, 1e-6, width, width);
      return [y];
    });
  const whole = (await run(0, rows))[0]!;
  for (let r = 0; r < rows; r++)
    assertSameBits(
      (await run(r, 1))[0]!.subarray(r * width, (r + 1) * width),
      whole.subarray(r * width, (r + 1) * width),
    );
});

test("NaN and infinity show in a sum of squares", async () => {
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e30]) {
    const [x, out] = [relaxed[1]!.f32(70_000), relaxed[1]!.f32(1)];
    relaxed[1]!.write(x, [bad], 69_999);
    relaxed[1]!.sumSquares(x, out, 0);
    assert.ok(!Number.isFinite((await relaxed[1]!.read(out))[0]));
    relaxed[1]!.free(x);
    relaxed[1]!.free(out);
  }
});

for (const build of ["relaxed", "plain"] satisfies Build[])
  test(`exp is within 2 units in the last place over its whole range (${build} build)`, async () => {
    const pool = await startPool(1, build);
    const count = 16384;
    pool.memory.grow(4);
    const [x, y] = [pool.heap, pool.heap + count * 4];
    const [inputs, outputs] = [x, y].map((at) => new Float32Array(pool.memory.buffer, at, count)) as [
      Float32Array,
      Float32Array,
    ];
    const run = (soft = false) => {
      pool.int.set([x, y, count, Number(soft)]);
      pool.run(EXP, false);
    };
    for (const [low, high] of [
      [-104, -87],
      [-87, 88.7],
      [-1, 1],
      [-20, 0],
    ] as const) {
      inputs.forEach((_, i) => {
        inputs[i] = low + ((high - low) * (i + Math.random())) / count;
      });
      run();
      outputs.forEach((value, i) => {
        const truth = Math.exp(inputs[i]!);
        const ulp = 2 ** Math.max(-149, Math.floor(Math.log2(truth)) - 23);
        assert.ok(Math.abs(value - truth) <= 2 * ulp, `exp(${inputs[i]}) is ${value}, not ${truth}`);
      });
      run(true);
      outputs.forEach((value, i) => {
        const truth = Math.exp(inputs[i]!);
        const ulp = 2 ** (Math.floor(Math.log2(truth)) - 23);
        if (inputs[i]! < -87.6) assert.ok(value === 0 || Math.abs(value - truth) < 2 ** -126);
        else if (inputs[i]! <= 88)
          assert.ok(Math.abs(value - truth) <= 2 * ulp, `soft exp(${inputs[i]}) is ${value}, not ${truth}`);
      });
    }
    const edges = [Number.NEGATIVE_INFINITY, -3e38, -105, 0, -0, 89, 3e38, Number.POSITIVE_INFINITY, Number.NaN];
    inputs.set(edges);
    run();
    const infinite = Number.POSITIVE_INFINITY;
    assert.deepEqual([...outputs.subarray(0, edges.length)], [0, 0, 0, 1, 1, infinite, infinite, infinite, Number.NaN]);
    run(true);
    assert.deepEqual([...outputs.subarray(0, 5), outputs[8]], [0, 0, 0, 1, 1, Number.NaN]);
    await pool.close();
  });
