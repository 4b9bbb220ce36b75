/** Weights of few bits against the reference, and the promise that a row's bits depend on nothing but the row. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import fc from "fast-check";
import { dequantize } from "../blocks/dequantize.ts";
import { blockBytes, blockInfo, type GgmlType } from "../blocks/types.ts";
import { assertSameBits, compareKernel, type Inputs, outputsOf, sameBits } from "../compare.ts";
import type { Device, QuantMatrix } from "../kernels.ts";
import { activationCodes, QUANT_FORMATS } from "../quant-activations.ts";
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
const [one] = devices as [Device];
after(() => Promise.all([...devices, ...plain].map((device) => device.close())));

interface Case {
  readonly format: GgmlType;
  readonly groups: number;
  readonly outputs: number;
  readonly blocks: number;
  readonly rows: number;
  readonly seed: number;
}

const cases = fc.record<Case>({
  format: fc.constantFrom(...QUANT_FORMATS),
  groups: fc.constant(1),
  outputs: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(64, 97)),
  blocks: fc.integer({ min: 1, max: 3 }),
  rows: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 110 })),
  seed: fc.integer({ min: 0, max: 1e6 }),
});

const inputsOf = ({ format, blocks }: Case): number => blocks * (blockInfo(format).elements === 256 ? 256 : 96);

/** Random blocks whose codes are all that can stand in a file, with scales of usual size. */
function randomBlocks(format: GgmlType, count: number, inputs: Inputs): Uint8Array {
  const { elements, bytes } = blockInfo(format);
  const data = new Uint8Array(blockBytes(format, count));
  for (let i = 0; i < data.length; i++) data[i] = inputs.uniform() * 256;
  if (format === "F16" || format === "BF16") {
    const [floats, view] = [new Float32Array(1), new DataView(data.buffer)];
    for (let i = 0; i < count; i++) {
      floats[0] = (inputs.uniform() - 0.5) * (inputs.uniform() < 0.1 ? 1e-4 : 0.2);
      if (format === "F16") view.setFloat16(2 * i, floats[0], true);
      else view.setUint16(2 * i, new Uint32Array(floats.buffer)[0]! >>> 16, true);
    }
    return data;
  }
  const halves = HALVES[format] ?? [];
  const view = new DataView(data.buffer);
  for (let block = 0; block < count / elements; block++)
    for (const at of halves) {
      const sign = format.startsWith("Q4_") || format.startsWith("Q5_") ? Math.sign(inputs.uniform() - 0.3) : 1;
      const tiny = inputs.uniform() < 0.05;
      view.setFloat16(block * bytes + at, sign * (tiny ? 3e-7 : 0.002 + 0.02 * inputs.uniform()), true);
    }
  if (format === "MXFP4")
    for (let block = 0; block < count / 32; block++) data[block * 17] = 115 + inputs.uniform() * 8;
  return data;
}

/** Where halves stand in a block. */
const HALVES: { readonly [format in GgmlType]?: readonly number[] } = {
  ...{ Q4_0: [0], Q4_1: [0, 2], Q5_0: [0], Q5_1: [0, 2], Q8_0: [0], IQ4_NL: [0] },
  ...{ Q2_K: [80, 82], Q3_K: [108], Q4_K: [0, 2], Q5_K: [0, 2], Q6_K: [208], IQ4_XS: [0], TQ1_0: [52], TQ2_0: [64] },
};

function matrix(device: Device, c: Case, inputs: Inputs): QuantMatrix {
  const count = c.groups * c.outputs * inputsOf(c);
  return device.quantized(c.format, c.groups, c.outputs, inputsOf(c), randomBlocks(c.format, count, inputs));
}

const linear =
  (c: Case): Parameters<typeof compareKernel>[3] =>
  (device, inputs) => {
    const width = inputsOf(c);
    const w = matrix(device, c, inputs);
    const x = inputs.f32(c.rows * (width + 4));
    const y = inputs.output(c.rows * c.outputs);
    device.linearQuantized(x, w, y, c.rows, width + 4);
    device.freeQuantized(w);
    return [y];
  };

for (const format of QUANT_FORMATS)
  test(`${format} products agree with the reference on any shape and thread count, in every build`, async () => {
    await fc.assert(
      fc.asyncProperty(cases, async (c) => {
        for (const device of [...devices, ...plain])
          await compareKernel(reference, device, c.seed, linear({ ...c, format }));
      }),
      { numRuns: 3 },
    );
  });

test("products with weights of few bits give the same bits on any thread count, wide or not", async () => {
  await fc.assert(
    fc.asyncProperty(cases, async (c) => {
      await sameBits(devices, c.seed, linear(c));
      await sameBits(plain, c.seed, linear(c));
    }),
    { numRuns: 25 },
  );
});

test("a row gives the same bits alone and in any batch", async () => {
  await fc.assert(
    fc.asyncProperty(cases, fc.integer({ min: 0, max: 1000 }), async (c, pick) => {
      const width = inputsOf(c);
      const only = pick % c.rows;
      for (const device of [one, plain[1]!]) {
        const [all, alone] = (await outputsOf(device, c.seed, (d, inputs) => {
          const w = matrix(d, c, inputs);
          const x = inputs.f32(c.rows * width);
          const [y, z] = [inputs.output(c.rows * c.outputs), inputs.output(c.outputs)];
          d.linearQuantized(x, w, y, c.rows, width);
          d.linearQuantized(d.slice(x, only * width, width), w, z, 1, width);
          d.freeQuantized(w);
          return [y, z];
        })) as [Float32Array, Float32Array];
        assertSameBits(alone, all.subarray(only * c.outputs, (only + 1) * c.outputs), JSON.stringify(c));
      }
    }),
    { numRuns: 25 },
  );
});

test("grouped products agree with the reference and with each group by itself", async () => {
  const sizes = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 130 })), { minLength: 1, maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(cases, sizes, async (c, counts) => {
      const rows = counts.reduce((sum, count) => sum + count, 0);
      const offsets = [0];
      for (const count of counts) offsets.push(offsets.at(-1)! + count);
      const width = inputsOf(c);
      const grouped: Parameters<typeof compareKernel>[3] = (device, inputs) => {
        const w = matrix(device, { ...c, groups: counts.length }, inputs);
        const x = inputs.f32(Math.max(1, rows * width));
        const y = inputs.output(Math.max(1, rows * c.outputs));
        device.groupedLinearQuantized(x, w, y, inputs.ints(offsets), rows);
        device.freeQuantized(w);
        return [y];
      };
      await compareKernel(reference, one, c.seed, grouped);
      await sameBits(devices, c.seed, grouped);
    }),
    { numRuns: 12 },
  );
});

test("an embedding is what the blocks stand for, bit for bit", async () => {
  for (const format of QUANT_FORMATS) {
    const c: Case = { format, groups: 1, outputs: 21, blocks: 2, rows: 1, seed: 7 };
    const width = inputsOf(c);
    const expected = new Float32Array(c.outputs * width);
    for (const device of [devices[1]!, plain[0]!]) {
      const [y] = await outputsOf(device, c.seed, (d, inputs) => {
        const blocks = randomBlocks(format, c.outputs * width, inputs);
        dequantize(format, blocks, expected);
        const w = d.quantized(format, 1, c.outputs, width, blocks);
        const out = inputs.output(c.outputs * width);
        d.embeddingQuantized(
          w,
          inputs.ints(Array.from({ length: c.outputs }, (_, i) => c.outputs - 1 - i)),
          out,
          c.outputs,
        );
        d.freeQuantized(w);
        return [out];
      });
      for (let r = 0; r < c.outputs; r++)
        assertSameBits(
          y!.subarray(r * width, (r + 1) * width),
          expected.subarray((c.outputs - 1 - r) * width, (c.outputs - r) * width),
          `${format} row ${r}`,
        );
    }
  }
});

test("rounded activations cost about 0.6% of the result against weights of up to 6 bits, 0.003% against 8", async () => {
  for (const format of QUANT_FORMATS) {
    const c: Case = { format, groups: 1, outputs: 48, blocks: format === "Q8_0" ? 6 : 3, rows: 20, seed: 11 };
    const width = inputsOf(c);
    let exact = new Float32Array(0);
    const [y] = (await outputsOf(one, c.seed, (d, inputs) => {
      const blocks = randomBlocks(format, c.outputs * width, inputs);
      const weight = new Float32Array(c.outputs * width);
      dequantize(format, blocks, weight);
      const x = inputs.f32(c.rows * width);
      const out = inputs.output(c.rows * c.outputs);
      exact = Float32Array.from({ length: out.length }, (_, i) => {
        let sum = 0;
        for (let k = 0; k < width; k++)
          sum += x.host![Math.floor(i / c.outputs) * width + k]! * weight[(i % c.outputs) * width + k]!;
        return sum;
      });
      const w = d.quantized(format, 1, c.outputs, width, blocks);
      d.linearQuantized(x, w, out, c.rows, width);
      d.freeQuantized(w);
      return [out];
    })) as [Float32Array];
    const rms = (values: Float32Array) => Math.sqrt(values.reduce((sum, v) => sum + v * v, 0) / values.length);
    const error = rms(y.map((value, i) => value - exact[i]!)) / rms(exact);
    const codes = activationCodes(format);
    const rounding = codes === null ? 1e-6 : codes.largest === 127 ? 0.01 : 5e-5;
    const allowed = rounding * (format === "Q4_1" || format === "Q5_1" ? 3 : 1);
    assert.ok(error < allowed, `${format}: ${error}`);
  }
});

test("weights of 16 bits give the bits that the same weights give as floats", async () => {
  for (const format of ["BF16", "F16"] as const)
    for (const [rows, outputs, inputs] of [
      [1, 70, 40],
      [1, 33, 1100],
      [13, 50, 530],
      [100, 17, 24],
    ] as const)
      for (const device of [one, devices[1]!, devices[3]!, plain[1]!]) {
        const [y, expected] = (await outputsOf(device, 5, (d, make) => {
          const blocks = randomBlocks(format, outputs * inputs, make);
          const [x, w] = [make.f32(rows * inputs), d.parameter(outputs * inputs)];
          dequantize(format, blocks, w.host!);
          d.changed(w);
          const matrix = d.quantized(format, 1, outputs, inputs, blocks);
          const [out, same] = [make.output(rows * outputs), make.output(rows * outputs)];
          d.linearQuantized(x, matrix, out, rows, inputs);
          d.linear(x, w, same, rows, inputs, outputs, inputs, false);
          d.freeQuantized(matrix);
          d.free(w);
          return [out, same];
        })) as [Float32Array, Float32Array];
        assertSameBits(y, expected, `${format} ${rows} x ${inputs} -> ${outputs}`);
      }
});

test("scales past 64, and rows too long for a thread's own memory, are computed as well", async () => {
  // among the first rows that are read, and among the last, when the others are packed already
  const callWith =
    (large: number): Parameters<typeof compareKernel>[3] =>
    (device, inputs) => {
      const width = 32 * 2000;
      const blocks = randomBlocks("Q4_1", 17 * width, inputs);
      new DataView(blocks.buffer).setFloat16(20 * large, 1000, true);
      const w = device.quantized("Q4_1", 1, 17, width, blocks);
      const [x, y] = [inputs.f32(width), inputs.output(17)];
      device.linearQuantized(x, w, y, 1, width);
      device.freeQuantized(w);
      return [y];
    };
  for (const device of [one, plain[0]!])
    for (const large of [5, 17 * 2000 - 1]) await compareKernel(reference, device, 3, callWith(large));
});

test("not-a-number and infinity in a row show in all it gives, and nowhere else; tiny numbers count as zero", async () => {
  for (const format of ["Q4_1", "Q8_0", "Q6_K"] as const)
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, 1e-38]) {
      const c: Case = { format, groups: 1, outputs: 16, blocks: 1, rows: 5, seed: 1 };
      const width = inputsOf(c);
      const [y] = (await outputsOf(one, 1, (d, inputs) => {
        const w = matrix(d, c, inputs);
        const x = inputs.f32(c.rows * width);
        if (value === 1e-38) x.host!.fill(value, 2 * width, 3 * width);
        else x.host![2 * width + 33] = value;
        const out = inputs.output(c.rows * c.outputs);
        d.linearQuantized(x, w, out, c.rows, width);
        d.freeQuantized(w);
        return [out];
      })) as [Float32Array];
      y.forEach((out, i) => {
        const ours = Math.floor(i / c.outputs) === 2;
        assert.ok(
          ours ? (value === 1e-38 ? out === 0 : !Number.isFinite(out)) : Number.isFinite(out),
          `${format} ${value} ${i}`,
        );
      });
    }
});

test("a scale or a weight that is no number is refused by the CPU, which could not show it", () => {
  const blocks = new Uint8Array(2 * 20);
  new DataView(blocks.buffer).setFloat16(20 + 2, Number.NaN, true);
  assert.throws(
    () => one.quantized("Q4_1", 1, 1, 64, blocks),
    /^UserError: A weight in Q4_1 holds infinity or not-a-number/,
  );
});

test("blocks that do not fit are refused in one sentence, on both devices", () => {
  for (const device of [one, reference]) {
    const refuse = (format: string, outputs: number, inputs: number, bytes: number, message: RegExp) =>
      assert.throws(() => device.quantized(format as GgmlType, 1, outputs, inputs, new Uint8Array(bytes)), message);
    refuse("Q4_1", 3, 48, 90, /^UserError: Q4_1 weights have a multiple of 32 inputs, not 48\.$/);
    refuse("Q6_K", 3, 128, 315, /^UserError: Q6_K weights have a multiple of 256 inputs, not 128\.$/);
    refuse("Q8_0", 2, 64, 135, /^UserError: A 2 x 64 weight in Q8_0 takes 136 bytes, not 135\.$/);
    refuse("F32", 2, 64, 512, /^UserError: Weights in F32 are not multiplied by directly; .* or use F16, /);
    refuse("Q9_9", 2, 64, 256, /^UserError: Weights in Q9_9 are not multiplied by directly/);
  }
});

test("a freed matrix gives its memory back", () => {
  const before = one.usage().bytes;
  const w = one.quantized("Q4_0", 2, 20, 64, new Uint8Array(2 * 20 * 2 * 18));
  assert.equal(w.bytes, 2 * 2 * 2 * 288);
  one.freeQuantized(w);
  const again = one.quantized("Q4_0", 2, 20, 64, new Uint8Array(2 * 20 * 2 * 18));
  one.freeQuantized(again);
  assert.ok(one.usage().bytes <= before + (8 << 20), "no more than scratch memory stays");
});
