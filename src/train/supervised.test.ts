import assert from "node:assert/strict";
import { after, test } from "node:test";
import { UserError } from "../error.ts";
import type { Decoder } from "../model/decoder.ts";
import { tinyLlama, tinyModel, tinyV3 } from "../model/test-models.ts";
import { Random } from "../random.ts";
import type { TrainingSequence } from "./batches.ts";
import { Optimizer, optimizerDefaults } from "./optimizer.ts";
import { meanLoss, supervisedDefaults, supervisedStep } from "./supervised.ts";
import { testDevice } from "./test-device.ts";

const device = await testDevice();
after(() => device.close());

const still = { step: 1, factor: 0, seen: 0 };
const options = { ...supervisedDefaults, max_grad_norm: Number.POSITIVE_INFINITY, router_gamma: 0 };

for (const [name, config] of [
  ["V3", tinyV3()],
  ["Llama", tinyLlama()],
] as const) {
  test(`${name}: losses and gradients are the same bits however a step is cut into micro-batches`, async () => {
    const model = await tinyModel(config, device);
    const optimizer = new Optimizer(device, model.parameters.values(), optimizerDefaults);
    const sequences = [...documents(40, 3), ...documents(7, 4)]; // more rows than a kernel takes at once
    const step = async (max_rows: number) => {
      const { step_time: _, ...figures } = await supervisedStep(model, optimizer, sequences, still, {
        ...options,
        max_rows,
      });
      return { figures, gradients: await gradients(model) };
    };
    const whole = await step(1000);
    for (const rows of [1, 10, 33, 100]) assert.deepEqual(await step(rows), whole, `${rows} rows a pass`);
  });

  test(`${name}: the gradient is that of the mean loss over counted tokens (finite differences)`, async () => {
    const model = await tinyModel(config, device);
    const optimizer = new Optimizer(device, model.parameters.values(), optimizerDefaults);
    const sequences = documents(4, 5);
    const { loss } = await supervisedStep(model, optimizer, sequences, still, { ...options, mtp_lambda: 0 });
    near(loss, await meanLoss(model, sequences, 11), 1e-5);
    for (const at of ["model.embed_tokens.weight", "model.layers.1.self_attn.o_proj.weight", "model.norm.weight"]) {
      const { buf, grad } = model.parameters.get(at)!;
      const [weights, gradient] = [await device.read(buf), await device.read(grad)];
      // along the gradient itself, where the difference is largest against rounding
      const norm = Math.hypot(...gradient);
      const moved = async (by: number) => {
        device.write(
          buf,
          weights.map((value, i) => value + (by * gradient[i]!) / norm),
        );
        device.changed(buf);
        return meanLoss(model, sequences, 100);
      };
      const h = 3e-3;
      near(((await moved(h)) - (await moved(-h))) / (2 * h), norm, 0.01 * norm + 1e-3);
      device.write(buf, weights);
    }
  });
}

test("training on a few documents learns them, the multi-token prediction too", async () => {
  const model = await tinyModel(tinyV3({ num_nextn_predict_layers: 1 }), device);
  const optimizer = new Optimizer(device, model.parameters.values(), optimizerDefaults);
  const sequences = documents(3, 9);
  const losses = [];
  for (let step = 1; step <= 60; step++)
    losses.push(await supervisedStep(model, optimizer, sequences, { step, factor: 1, seen: 0 }, supervisedDefaults));
  assert.ok(losses[0]!.loss > 2.5 && losses.at(-1)!.loss < 0.5, `${losses[0]!.loss} -> ${losses.at(-1)!.loss}`);
  assert.ok(losses.at(-1)!.mtp_loss! < 0.6 * losses[0]!.mtp_loss!, `${losses.at(-1)!.mtp_loss}`);
  assert.ok(losses.at(-1)!["router/max_violation"]! >= 0);
  assert.equal(optimizer.steps, 60);
});

test("a weight that is not a number stops the step, named with the step, and nothing moves", async () => {
  const model = await tinyModel(tinyV3(), device);
  const optimizer = new Optimizer(device, model.parameters.values(), optimizerDefaults);
  const bad = model.parameters.get("model.layers.1.mlp.gate.weight")!;
  device.write(bad.buf, [Number.NaN], 5);
  device.changed(bad.buf);
  const before = await device.read(model.parameters.get("model.norm.weight")!.buf);
  await assert.rejects(
    supervisedStep(model, optimizer, documents(3, 1), { step: 12, factor: 1, seen: 0 }, options),
    (error) => {
      assert.ok(error instanceof UserError);
      assert.match(
        error.message,
        /step 12: .* is NaN \(the weight model\.layers\.1\.mlp\.gate\.weight is not finite\)/,
      );
      return true;
    },
  );
  assert.deepEqual(await device.read(model.parameters.get("model.norm.weight")!.buf), before);
  assert.equal(optimizer.steps, 0);
});

test("memory is flat from step to step", async () => {
  const model = await tinyModel(tinyV3(), device);
  const optimizer = new Optimizer(device, model.parameters.values(), optimizerDefaults);
  const run = (step: number) =>
    supervisedStep(model, optimizer, documents(3, 2), { step, factor: 1, seen: 0 }, options);
  await run(1);
  const { bytes } = device.usage();
  for (let step = 2; step < 6; step++) await run(step);
  assert.equal(device.usage().bytes, bytes);
});

function documents(count: number, seed: number): TrainingSequence[] {
  const random = Random.from(seed, "documents");
  return Array.from({ length: count }, (_, d) => {
    const ids = Array.from({ length: random.int(2, 9) }, () => random.int(0, 22));
    return { ids, counted: d % 2 === 0 ? null : ids.map((_, t) => Number(t > 1 || ids.length < 3)) };
  });
}

async function gradients(model: Decoder): Promise<Map<string, Float32Array>> {
  const all = new Map<string, Float32Array>();
  for (const { name, grad } of model.parameters.values()) all.set(name, await device.read(grad));
  return all;
}

function near(actual: number, expected: number, tolerance: number): void {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not within ${tolerance} of ${expected}`);
}
