/** Attention on the CPU: against the reference, and the same bits packed or cached, in any company, on any thread count. */
import { after, before, test } from "node:test";
import fc from "fast-check";
import { assertSameBits, compareKernel, type Inputs, type KernelCall, sameBits } from "../compare.ts";
import type { AttentionShape, Device, F32 } from "../kernels.ts";
import { referenceDevice } from "../reference/device.ts";
import { cpuDevice } from "./device.ts";

const truth = referenceDevice();
const devices: Device[] = [];
before(async () => {
  for (const threads of [1, 2, 3]) devices.push(await cpuDevice({ build: "relaxed", threads }));
  devices.push(await cpuDevice({ threads: 2 })); // where the best build is the wide one, its bits must be relaxed's
  for (const threads of [1, 2, 3]) devices.push(await cpuDevice({ build: "plain", threads }));
});
after(() => Promise.all(devices.map((device) => device.close())));

const shapes: readonly AttentionShape[] = [
  { queryHeads: 3, keyHeads: 3, keyDim: 24, valueDim: 12, scale: 0.2 },
  { queryHeads: 8, keyHeads: 4, keyDim: 16, valueDim: 16, scale: 0.25 },
  { queryHeads: 2, keyHeads: 1, keyDim: 13, valueDim: 7, scale: 0.3 },
  { queryHeads: 2, keyHeads: 2, keyDim: 48, valueDim: 32, scale: 0.15 },
  { queryHeads: 4, keyHeads: 2, keyDim: 5, valueDim: 70, scale: 0.4, window: 3 },
  { queryHeads: 4, keyHeads: 1, keyDim: 16, valueDim: 32, scale: 0.4, window: 20 },
  { queryHeads: 2, keyHeads: 2, keyDim: 24, valueDim: 8, scale: 0.3, window: 9 },
  { queryHeads: 2, keyHeads: 1, keyDim: 8, valueDim: 16, scale: 0.3, window: 2 },
  { queryHeads: 14, keyHeads: 2, keyDim: 12, valueDim: 24, scale: 0.3 },
  { queryHeads: 10, keyHeads: 2, keyDim: 8, valueDim: 100, scale: 0.3, window: 11 },
];
const packings: readonly (readonly number[])[] = [
  [1, 3],
  [70],
  [5, 1, 23, 8],
  [16, 0, 31],
  [6, 7, 12, 13],
  [90, 7],
  [40],
];

const startsOf = (lengths: readonly number[]): number[] =>
  Array.from({ length: lengths.length + 1 }, (_, s) => lengths.slice(0, s).reduce((sum, n) => sum + n, 0));

const forward = (shape: AttentionShape, lengths: readonly number[]): KernelCall => {
  const { queryHeads, keyHeads, keyDim, valueDim } = shape;
  const rows = startsOf(lengths).at(-1)!;
  return (device, make) => {
    const [q, k] = [make.f32(rows * queryHeads * keyDim), make.f32(rows * keyHeads * keyDim, 1.5)];
    const v = make.f32(rows * keyHeads * valueDim);
    const [o, lse] = [make.output(rows * queryHeads * valueDim), make.output(rows * queryHeads)];
    const starts = make.ints(startsOf(lengths));
    device.attention(q, k, v, o, lse, starts, lengths.length, Math.max(...lengths), shape);
    return [o, lse];
  };
};

const backward = (shape: AttentionShape, lengths: readonly number[]): KernelCall => {
  const { queryHeads, keyHeads, keyDim, valueDim } = shape;
  const rows = startsOf(lengths).at(-1)!;
  return (device, make) => {
    const [q, k] = [make.f32(rows * queryHeads * keyDim), make.f32(rows * keyHeads * keyDim, 1.5)];
    const [v, dO] = [make.f32(rows * keyHeads * valueDim), make.f32(rows * queryHeads * valueDim)];
    const [o, lse] = [make.output(rows * queryHeads * valueDim), make.output(rows * queryHeads)];
    const [dq, dk, dv] = [make.output(q.length), make.output(k.length), make.output(v.length)];
    const [starts, longest] = [make.ints(startsOf(lengths)), Math.max(...lengths)];
    device.attention(q, k, v, o, lse, starts, lengths.length, longest, shape);
    device.attentionGrad(dO, q, k, v, o, lse, dq, dk, dv, starts, lengths.length, longest, shape);
    return [dq, dk, dv];
  };
};

const slotCount = 4;
const cached =
  (shape: AttentionShape, rows: number, capacity: number): KernelCall =>
  (device, make) => {
    const { queryHeads, keyHeads, keyDim, valueDim } = shape;
    const cacheK = make.f32(slotCount * keyHeads * keyDim * capacity, 1.5);
    const cacheV = make.f32(slotCount * keyHeads * valueDim * capacity);
    const [k, v] = [make.f32(rows * keyHeads * keyDim), make.f32(rows * keyHeads * valueDim)];
    const slots = make.ints(Array.from({ length: rows }, (_, r) => Math.floor((r * slotCount) / rows)));
    const positions = make.ints(Array.from({ length: rows }, (_, r) => (r * 5 + (r >> 3)) % capacity));
    const q = make.f32(rows * queryHeads * keyDim);
    const o = make.output(rows * queryHeads * valueDim);
    device.cacheAppend(k, v, cacheK, cacheV, slots, positions, rows, capacity, shape);
    device.cacheCopy(cacheK, cacheV, 1, 3, capacity >> 1, capacity, shape);
    device.attentionCached(q, cacheK, cacheV, o, slots, positions, rows, capacity, capacity, shape);
    return [o, cacheK, cacheV];
  };

test("attention and its gradient give what the reference gives", async () => {
  for (const device of devices)
    for (const [i, shape] of shapes.entries()) {
      const lengths = packings[(i + device.threads) % packings.length]!;
      await compareKernel(truth, device, i, forward(shape, lengths), 2e-6);
      await compareKernel(truth, device, i, backward(shape, lengths), 1e-5);
    }
});

test("attention and its gradient have the same bits on any number of threads", async () => {
  for (const build of [devices.slice(0, 4), devices.slice(4)])
    for (const [i, lengths] of packings.entries()) {
      await sameBits(build, i, forward(shapes[(i * 3) % shapes.length]!, lengths));
      await sameBits(build, i, backward(shapes[i]!, lengths));
    }
});

test("the cache and attention over it give what the reference gives, to any row and capacity", async () => {
  for (const device of devices)
    for (const [i, shape] of shapes.entries()) {
      await compareKernel(truth, device, i, cached(shape, 1 + i * 3, [1, 3, 21, 64, 70, 90, 40, 64, 33, 64][i]!), 2e-6);
      await compareKernel(truth, device, i, cached(shape, 64, [50, 3, 64, 5, 70, 64, 100, 9, 66, 40][i]!), 2e-6);
    }
});

/** Latents put in the cache as values without keys, then attended to. */
const latent =
  (heads: number, rank: number, rope: number, rows: number, capacity: number): KernelCall =>
  (device, make) => {
    const width = rank + rope;
    const shape = { queryHeads: heads, keyHeads: 1, keyDim: 0, valueDim: width, scale: 1 };
    const [none, cache] = [make.f32(1), make.f32(slotCount * capacity * width)];
    const slots = make.ints(Array.from({ length: rows }, (_, r) => Math.floor((r * slotCount) / rows)));
    const positions = make.ints(Array.from({ length: rows }, (_, r) => (r * 5 + (r >> 3)) % capacity));
    const [q, z] = [make.f32(rows * heads * width), make.output(rows * heads * rank)];
    device.cacheAppend(none, make.f32(rows * width), none, cache, slots, positions, rows, capacity, shape);
    device.cacheCopy(none, cache, 1, 3, capacity >> 1, capacity, shape);
    device.attentionLatent(q, cache, z, slots, positions, rows, capacity, capacity, heads, rank, rope, 0.2);
    return [z, cache];
  };

test("absorbed latent attention gives what the reference gives, the same bits on any number of threads", async () => {
  const sizes: readonly Parameters<typeof latent>[] = [
    [16, 32, 8, 9, 70],
    [3, 16, 4, 64, 21],
    [7, 13, 3, 5, 64],
    [1, 8, 2, 1, 1],
    [12, 40, 16, 33, 90],
  ];
  for (const [i, size] of sizes.entries()) {
    for (const device of devices) await compareKernel(truth, device, i, latent(...size), 2e-6);
    await sameBits(devices.slice(0, 4), i, latent(...size));
    await sameBits(devices.slice(4), i, latent(...size));
  }
});

test("MLA's keys and their gradient give what the reference gives", async () => {
  for (const device of devices)
    for (const [rows, heads, nope, rope, valueDim] of [
      [3, 2, 5, 2, 3],
      [40, 6, 32, 16, 32],
    ] as const) {
      const stride = rope + 4;
      await compareKernel(truth, device, 1, (on, make) => {
        const [kv, kpe] = [make.f32(rows * heads * (nope + valueDim)), make.f32(rows * stride)];
        const [k, v] = [make.output(rows * heads * (nope + rope)), make.output(rows * heads * valueDim)];
        on.mlaKeys(kv, kpe, k, v, rows, heads, nope, rope, valueDim, stride);
        return [k, v];
      });
      await compareKernel(truth, device, 2, (on, make) => {
        const [dk, dv] = [make.f32(rows * heads * (nope + rope)), make.f32(rows * heads * valueDim)];
        const [dkv, dkpe] = [make.output(rows * heads * (nope + valueDim)), make.output(rows * stride)];
        on.mlaKeysGrad(dk, dv, dkv, dkpe, rows, heads, nope, rope, valueDim, stride);
        return [dkv, dkpe];
      });
    }
});

/** Sequences computed at once, packed; then alone; then in chunks through a cache whose rest is not-a-number. */
function decodingEqualsTraining(
  device: Device,
  shape: AttentionShape,
  lengths: readonly number[],
  chunk: number,
  capacity: number,
  make: Inputs,
): Float32Array {
  const { queryHeads, keyHeads, keyDim, valueDim } = shape;
  const starts = startsOf(lengths);
  const rows = starts.at(-1)!;
  const [q, k] = [make.f32(rows * queryHeads * keyDim), make.f32(rows * keyHeads * keyDim, 1.5)];
  const v = make.f32(rows * keyHeads * valueDim);
  const [o, lse] = [make.output(rows * queryHeads * valueDim), make.output(rows * queryHeads)];
  device.attention(q, k, v, o, lse, make.ints(starts), lengths.length, Math.max(...lengths), shape);
  const packed = o.host!.slice();

  // Each sequence alone.
  lengths.forEach((length, s) => {
    const part = (x: F32) => {
      const width = x.length / rows;
      return device.slice(x, starts[s]! * width, length * width);
    };
    device.attention(part(q), part(k), part(v), part(o), part(lse), make.ints([0, length]), 1, length, shape);
  });
  assertSameBits(o.host!.slice(), packed, "alone and packed");

  // Rows of all sequences, `chunk` of each at a time.
  const cacheK = make.output(lengths.length * keyHeads * keyDim * capacity);
  const cacheV = make.output(lengths.length * keyHeads * valueDim * capacity);
  const decoded = new Float32Array(packed.length);
  for (let from = 0; from < Math.max(...lengths); from += chunk) {
    const batch = lengths.flatMap((length, slot) =>
      Array.from({ length: Math.max(0, Math.min(chunk, length - from)) }, (_, i) => ({ slot, position: from + i })),
    );
    const gather = (x: F32) => {
      const width = x.length / rows;
      const values = x.host!;
      return make.floats(
        batch.flatMap(({ slot, position }) => {
          const at = (starts[slot]! + position) * width;
          return [...values.subarray(at, at + width)];
        }),
      );
    };
    const slots = make.ints(batch.map(({ slot }) => slot));
    const positions = make.ints(batch.map(({ position }) => position));
    const out = make.output(batch.length * queryHeads * valueDim);
    const count = batch.length;
    device.cacheAppend(gather(k), gather(v), cacheK, cacheV, slots, positions, count, capacity, shape);
    const longest = Math.max(...batch.map(({ position }) => position)) + 1;
    device.attentionCached(gather(q), cacheK, cacheV, out, slots, positions, count, capacity, longest, shape);
    const values = out.host!;
    batch.forEach(({ slot, position }, r) => {
      const width = queryHeads * valueDim;
      decoded.set(values.subarray(r * width, (r + 1) * width), (starts[slot]! + position) * width);
    });
  }
  assertSameBits(decoded, packed, "decoded and packed");
  return packed;
}

test("a row's attention has the same bits packed, alone, decoded or prefilled in chunks, on any number of threads", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        queryHeads: fc.constantFrom(1, 2, 4),
        keyDim: fc.integer({ min: 1, max: 50 }),
        valueDim: fc.oneof(fc.integer({ min: 1, max: 50 }), fc.constantFrom(8, 16, 24, 32, 48)),
        window: fc.constantFrom(0, 0, 1, 5, 12, 33),
      }),
      fc.array(fc.integer({ min: 1, max: 70 }), { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 0, max: 9 }),
      fc.integer(),
      async ({ queryHeads, keyDim, valueDim, window }, lengths, chunk, spare, seed) => {
        const heads = { queryHeads, keyHeads: Math.ceil(queryHeads / 2) };
        const shape = { ...heads, keyDim, valueDim, scale: keyDim ** -0.5, window };
        const capacity = Math.max(...lengths) + spare;
        const call: KernelCall = (device, make) => [
          make.floats([...decodingEqualsTraining(device, shape, lengths, chunk, capacity, make)]),
        ];
        await sameBits(devices.slice(0, 4), seed, call);
        await sameBits(devices.slice(4), seed, call);
      },
    ),
    { numRuns: 50 },
  );
});
