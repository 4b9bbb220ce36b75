/** Routing and the movement of rows to experts on the CPU, against the reference and across thread counts. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { compareKernel, type KernelCall, outputsOf, sameBits } from "../compare.ts";
import type { Device, RouterShape } from "../kernels.ts";
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

const shapes: readonly RouterShape[] = [
  shape({ experts: 16, topK: 4, scoring: "sigmoid", normalise: true, scale: 1 }),
  shape({ experts: 8, topK: 2, scoring: "softmax", normalise: false, scale: 16 }),
  shape({ experts: 5, topK: 5, scoring: "softmax", normalise: true, scale: 1.5 }),
  shape({ experts: 256, topK: 8, groups: 8, topGroups: 4, groupScoreTop: 2, normalise: true, scale: 2.5 }),
  shape({ experts: 12, topK: 3, groups: 4, topGroups: 2, groupScoreTop: 1, scoring: "softmax" }),
  shape({ experts: 4, topK: 1, groups: 4, topGroups: 2, groupScoreTop: 2 }),
];

const route =
  (rows: number, shape: RouterShape, biased: boolean): KernelCall =>
  (device, make) => {
    const logits = make.f32(rows * shape.experts, 2);
    const bias = biased ? make.f32(shape.experts, 0.3) : null;
    const [indices, weights] = [make.outputInts(rows * shape.topK), make.output(rows * shape.topK)];
    device.router(logits, bias, indices, weights, rows, shape);
    return [indices, weights];
  };

const routeGrad =
  (rows: number, shape: RouterShape): KernelCall =>
  (device, make) => {
    const logits = make.f32(rows * shape.experts, 2);
    const [indices, weights] = [make.outputInts(rows * shape.topK), make.output(rows * shape.topK)];
    const dweights = make.f32(rows * shape.topK);
    const dlogits = make.output(rows * shape.experts);
    device.router(logits, null, indices, weights, rows, shape);
    device.routerGrad(dweights, logits, indices, weights, dlogits, rows, shape);
    return [dlogits];
  };

const move =
  (rows: number, topK: number, experts: number, width: number, accumulate: boolean): KernelCall =>
  (device, make) => {
    const pairs = rows * topK;
    const indices = make.i32(pairs, experts);
    const [order, position] = [make.outputInts(pairs), make.outputInts(pairs)];
    const [offsets, loads] = [make.outputInts(experts + 1), make.i32(experts, 9)];
    device.moePlan(indices, order, position, offsets, loads, rows, topK, experts);
    const [x, weights, dy] = [make.f32(rows * width), make.f32(pairs), make.f32(rows * width)];
    const [gathered, de, dweights] = [make.output(pairs * width), make.output(pairs * width), make.output(pairs)];
    const [y, dx] = [make.f32(rows * width), make.f32(rows * width)];
    device.moeGather(x, order, gathered, rows, topK, width);
    device.moeCombine(gathered, position, weights, y, rows, topK, width, accumulate);
    device.moeCombineGrad(dy, gathered, position, weights, de, dweights, rows, topK, width);
    device.moeGatherGrad(de, position, dx, rows, topK, width, accumulate);
    return [order, position, offsets, loads, gathered, y, de, dweights, dx];
  };

test("the router chooses and weighs as the reference does, with groups, bias and either scoring", async () => {
  for (const device of devices)
    for (const [i, shape] of shapes.entries())
      for (const [seed, rows] of [1, 2, 7, 600].entries())
        await compareKernel(truth, device, seed + 10, route(rows, shape, i % 2 === 0), 2e-6);
});

test("the router's gradient is the reference's, and exactly 0 where a single choice is normalised", async () => {
  for (const device of devices) {
    for (const shape of shapes.slice(0, -1))
      for (const rows of [1, 6, 333]) await compareKernel(truth, device, rows, routeGrad(rows, shape), 1e-5);
    const [dlogits] = await outputsOf(device, 0, routeGrad(50, shapes.at(-1)!));
    assert.ok(dlogits!.every((value) => value === 0));
  }
});

test("equal scores go to the lower expert, and indices stay in range whatever the logits are", async () => {
  const shape = shapes[0]!;
  for (const device of devices) {
    const rows = [0, -1e30, Number.NEGATIVE_INFINITY, Number.NaN, Number.POSITIVE_INFINITY];
    const [indices] = await outputsOf(device, 0, (on, make) => {
      const logits = make.floats(rows.flatMap((value) => new Array<number>(shape.experts).fill(value)));
      const [chosen, weights] = [make.outputInts(rows.length * shape.topK), make.output(rows.length * shape.topK)];
      on.router(logits, null, chosen, weights, rows.length, shape);
      return [chosen];
    });
    assert.deepEqual([...indices!.subarray(0, 8)], [0, 1, 2, 3, 0, 1, 2, 3]);
    assert.ok(indices!.every((index) => index >= 0 && index < shape.experts));
  }
});

test("rows move to experts and back as in the reference", async () => {
  for (const device of devices)
    for (const [i, [rows, topK, experts, width]] of (
      [
        [1, 1, 1, 1],
        [37, 2, 8, 20],
        [50, 3, 5, 33],
        [300, 4, 16, 48],
        [64, 8, 256, 7],
      ] as const
    ).entries())
      await compareKernel(truth, device, i, move(rows, topK, experts, width, i % 2 === 0), 2e-6);
});

test("routing and movement have the same bits on any number of threads, and a row's choice in any company", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...shapes),
      fc.integer({ min: 1, max: 1500 }),
      fc.boolean(),
      fc.integer(),
      async (shape, rows, biased, seed) => {
        const few = Math.ceil(rows / Math.ceil(shape.experts / 16));
        for (const build of [devices.slice(0, 4), devices.slice(4)]) {
          await sameBits(build, seed, route(few, shape, biased));
          await sameBits(build, seed, routeGrad(few, shape));
          await sameBits(build, seed, move(few, shape.topK, shape.experts, 21, biased));
          const device = build[1]!;
          const whole = await outputsOf(device, seed, routeSlice(few, shape, 0, few));
          const from = Math.floor(few / 3);
          const part = await outputsOf(device, seed, routeSlice(few, shape, from, few - from));
          for (const [i, values] of part.entries()) assert.deepEqual(values, whole[i]!.subarray(from * shape.topK));
        }
      },
    ),
    { numRuns: 8 },
  );
});

const routeSlice =
  (rows: number, shape: RouterShape, from: number, count: number): KernelCall =>
  (device, make) => {
    const logits = device.slice(make.f32(rows * shape.experts, 2), from * shape.experts, count * shape.experts);
    const [indices, weights] = [make.outputInts(count * shape.topK), make.output(count * shape.topK)];
    device.router(logits, null, indices, weights, count, shape);
    return [indices, weights];
  };

function shape(parts: Partial<RouterShape>): RouterShape {
  return {
    experts: 8,
    topK: 2,
    groups: 1,
    topGroups: 1,
    groupScoreTop: 1,
    scoring: "sigmoid",
    normalise: true,
    scale: 1,
    ...parts,
  };
}
