/** Matrix products against the reference, and the promise that a row's bits depend on nothing but the row. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import fc from "fast-check";
import { assertSameBits, compareKernel, outputsOf, sameBits } from "../compare.ts";
import type { Device, F32, I32 } from "../kernels.ts";
import { referenceDevice } from "../reference/device.ts";
import { cpuDevice } from "./device.ts";

const reference = referenceDevice();
const devices: readonly Device[] = await Promise.all([
  cpuDevice({ threads: 1 }),
  cpuDevice({ threads: 2 }),
  cpuDevice({ threads: 3 }),
  cpuDevice({ threads: 2, build: "relaxed" }), // where the best build is the wide one, its bits must be the same
]);
const plain: readonly Device[] = await Promise.all([
  cpuDevice({ threads: 1, build: "plain" }),
  cpuDevice({ threads: 2, build: "plain" }),
]);
const [one, two, three] = devices as [Device, Device, Device];
after(() => Promise.all([...devices, ...plain].map((device) => device.close())));

// Small sizes for the tails of every block, and some that fill tiles, slices of the sum and threads.
const size = (largest: number) =>
  fc.oneof({ weight: 3, arbitrary: fc.integer({ min: 1, max: 20 }) }, fc.integer({ min: 1, max: largest }));
const shape = fc.record({
  rows: size(230),
  inner: size(150),
  columns: size(150),
  padding: fc.integer({ min: 0, max: 3 }),
  accumulate: fc.boolean(),
  kept: fc.boolean(),
  seed: fc.integer({ min: 0, max: 1e6 }),
});
type Shape = typeof shape extends fc.Arbitrary<infer T> ? T : never;

const products: Record<string, (s: Shape) => Parameters<typeof compareKernel>[3]> = {
  linear: (s) => (device, inputs) => {
    const stride = s.inner + s.padding;
    const x = inputs.f32(s.rows * stride);
    const w = s.kept ? inputs.parameter(s.columns * s.inner) : inputs.f32(s.columns * s.inner);
    const y = s.accumulate ? inputs.f32(s.rows * s.columns) : inputs.output(s.rows * s.columns);
    device.linear(x, w, y, s.rows, s.inner, s.columns, stride, s.accumulate);
    return [y];
  },
  linearGradInput: (s) => (device, inputs) => {
    const stride = s.inner + s.padding;
    const dy = inputs.f32(s.rows * s.columns);
    const w = s.kept ? inputs.parameter(s.columns * s.inner) : inputs.f32(s.columns * s.inner);
    const dx = inputs.f32(s.rows * stride);
    device.linearGradInput(dy, w, dx, s.rows, s.inner, s.columns, stride, s.accumulate);
    return [dx];
  },
  linearGradWeight: (s) => (device, inputs) => {
    const stride = s.inner + s.padding;
    const dy = inputs.f32(s.rows * s.columns);
    const x = inputs.f32(s.rows * stride);
    const dw = inputs.f32(s.columns * s.inner);
    device.linearGradWeight(dy, x, dw, s.rows, s.inner, s.columns, stride);
    return [dw];
  },
};

for (const [name, call] of Object.entries(products)) {
  test(`${name} agrees with the reference on any shape, stride and thread count, in both builds`, async () => {
    await fc.assert(
      fc.asyncProperty(shape, async (s) => {
        for (const device of [...devices, ...plain]) await compareKernel(reference, device, s.seed, call(s));
      }),
      { numRuns: 25 },
    );
  });
  test(`${name} gives the same bits on any thread count`, async () => {
    await fc.assert(
      fc.asyncProperty(shape, async (s) => {
        await sameBits(devices, s.seed, call(s));
        await sameBits(plain, s.seed, call(s));
      }),
      { numRuns: 25 },
    );
  });
}

test("a sum longer than one slice continues the same accumulator: the bits of a plain loop of multiply-adds", async () => {
  // With the plain build a loop of rounded products and sums is exactly what each output must be.
  const [rows, inner, columns] = [7, 1100, 9];
  const [y, x, w] = (await outputsOf(plain[1]!, 5, (device, inputs) => {
    const x = inputs.f32(rows * inner);
    const w = inputs.parameter(columns * inner);
    const y = inputs.output(rows * columns);
    device.linear(x, w, y, rows, inner, columns, inner, false);
    return [y, x, w];
  })) as [Float32Array, Float32Array, Float32Array];
  const expected = new Float32Array(rows * columns);
  for (let r = 0; r < rows; r++)
    for (let n = 0; n < columns; n++) {
      let sum = 0;
      for (let k = 0; k < inner; k++) sum = Math.fround(sum + Math.fround(x[r * inner + k]! * w[n * inner + k]!));
      expected[r * columns + n] = sum;
    }
  assertSameBits(y, expected);
});

test("a row gives the same bits alone, in any batch and on any thread", async () => {
  await fc.assert(
    fc.asyncProperty(shape, async (s) => {
      const [inner, columns, rows] = [s.inner, s.columns, s.rows];
      const run = (device: Device, only: number | null, transposed: boolean) =>
        outputsOf(device, s.seed, (d, inputs) => {
          const [from, to] = transposed ? [columns, inner] : [inner, columns];
          const x = inputs.f32(rows * from);
          const w = inputs.parameter(columns * inner);
          const y = inputs.output(rows * to);
          const [first, count] = only === null ? [0, rows] : [only, 1];
          const [a, c] = [d.slice(x, first * from, count * from), d.slice(y, first * to, count * to)];
          if (transposed) d.linearGradInput(a, w, c, count, inner, columns, inner, false);
          else d.linear(a, w, c, count, inner, columns, inner, false);
          return [y];
        });
      for (const transposed of [false, true]) {
        const width = transposed ? inner : columns;
        const whole = (await run(three, null, transposed))[0]!;
        for (const row of [0, s.seed % rows, rows - 1]) {
          const alone = (await run(one, row, transposed))[0]!;
          assertSameBits(
            alone.subarray(row * width, (row + 1) * width),
            whole.subarray(row * width, (row + 1) * width),
            `row ${row} of ${rows}`,
          );
        }
      }
    }),
    { numRuns: 40 },
  );
});

const groupedShape = fc.record({
  sizes: fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 220 })), {
    minLength: 1,
    maxLength: 7,
  }),
  inner: size(70),
  columns: size(70),
  accumulate: fc.boolean(),
  seed: fc.integer({ min: 0, max: 1e6 }),
});

test("grouped products agree with the reference, and with single products of each group bit for bit", async () => {
  await fc.assert(
    fc.asyncProperty(groupedShape, async ({ sizes, inner, columns, accumulate, seed }) => {
      const starts = [0];
      for (const count of sizes) starts.push(starts.at(-1)! + count);
      const [groups, rows] = [sizes.length, starts.at(-1)!];
      type Make = Parameters<Parameters<typeof compareKernel>[3]>[1];
      const all =
        (run: (d: Device, b: { x: F32; dy: F32; w: F32; y: F32; dx: F32; dw: F32; offsets: I32 }) => void) =>
        (d: Device, inputs: Make) => {
          const b = {
            x: inputs.f32(rows * inner),
            dy: inputs.f32(rows * columns),
            w: inputs.parameter(groups * columns * inner),
            y: inputs.output(rows * columns),
            dx: inputs.f32(rows * inner),
            dw: inputs.f32(groups * columns * inner),
            offsets: inputs.ints(starts),
          };
          run(d, b);
          return [b.y, b.dx, b.dw];
        };
      const grouped = all((d, { x, dy, w, y, dx, dw, offsets }) => {
        d.groupedLinear(x, w, y, offsets, groups, rows, inner, columns);
        d.groupedLinearGradInput(dy, w, dx, offsets, groups, rows, inner, columns, accumulate);
        d.groupedLinearGradWeight(dy, x, dw, offsets, groups, rows, inner, columns);
      });
      const single = all((d, { x, dy, w, y, dx, dw }) => {
        const matrix = columns * inner;
        for (let g = 0; g < groups; g++) {
          const [at, n] = [starts[g]!, sizes[g]!];
          const part = (buffer: F32, width: number) => d.slice(buffer, at * width, n * width);
          const weight = d.slice(w, g * matrix, matrix);
          d.linear(part(x, inner), weight, part(y, columns), n, inner, columns, inner, false);
          d.linearGradInput(part(dy, columns), weight, part(dx, inner), n, inner, columns, inner, accumulate);
          d.linearGradWeight(
            part(dy, columns),
            part(x, inner),
            d.slice(dw, g * matrix, matrix),
            n,
            inner,
            columns,
            inner,
          );
        }
      });
      for (const device of [one, two, three, plain[1]!]) await compareKernel(reference, device, seed, grouped);
      await sameBits(devices, seed, grouped);
      const [together, apart] = [await outputsOf(two, seed, grouped), await outputsOf(one, seed, single)];
      together.forEach((values, i) => {
        assertSameBits(values, apart[i]!, `output ${i}`);
      });
    }),
    { numRuns: 25 },
  );
});

test("a parameter's packed copy follows its values: after write, and after changed on it or a slice of it", async () => {
  const [inner, columns] = [5, 6];
  const w = two.parameter(2 * columns * inner);
  const second = two.slice(w, columns * inner, columns * inner);
  const x = two.f32(inner);
  const y = two.f32(columns);
  two.write(x, [1, 0, 0, 0, 0]);
  const first = async () => {
    two.linear(x, second, y, 1, inner, columns, inner, false);
    return (await two.read(y))[0];
  };
  assert.equal(await first(), 0);
  two.write(second, [3]);
  assert.equal(await first(), 3);
  second.host![0] = 5;
  two.changed(w);
  assert.equal(await first(), 5);
  second.host![0] = 6;
  two.changed(second);
  assert.equal(await first(), 6);
  two.free(w);
});
