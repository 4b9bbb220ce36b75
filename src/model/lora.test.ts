import assert from "node:assert/strict";
import { test } from "node:test";
import { UserError } from "../error.ts";
import type { Device } from "../kernels/kernels.ts";
import { Random } from "../random.ts";
import { crossEntropy } from "../tensor/log-probs.ts";
import { Tape } from "../tensor/tape.ts";
import { withDevice } from "../tensor/test-devices.ts";
import { nextTokens, packBatch } from "./batch.ts";
import type { ModelConfig } from "./config.ts";
import { Decoder } from "./decoder.ts";
import { adaptedParameters, attachAdapters, loraTargets } from "./lora.ts";
import { randomIds, tinyLlama, tinyModel, tinyQwen2, tinyV3 } from "./test-models.ts";

const models: readonly (readonly [string, ModelConfig])[] = [
  ["a Llama with biases everywhere", tinyLlama({ attention_bias: true, mlp_bias: true })],
  ["a Qwen2", tinyQwen2()],
  ["a V3 model", tinyV3({ num_nextn_predict_layers: 0 })],
];
const spec = { r: 3, alpha: 6, targets: [] };

/** A tiny model with adapters that are not zero. */
async function adapted(config: ModelConfig, device: Device): Promise<Decoder> {
  const model = await tinyModel(config, device, 2);
  const random = Random.from(5);
  attachAdapters(model, spec, random);
  for (const { adapter } of adaptedParameters(model))
    device.write(
      adapter.b.buf,
      Float32Array.from({ length: adapter.b.buf.length }, () => 0.3 * (2 * random.next() - 1)),
    );
  return model;
}

const batchOf = (device: Device, config: ModelConfig) =>
  packBatch(device, [randomIds(6, config.vocab_size, 1), randomIds(4, config.vocab_size, 2)], config.vocab_size);

const logits = (model: Decoder, device: Device): Promise<Float32Array> =>
  device.read(model.logits(model.forward(null, batchOf(device, model.config))));

for (const deviceName of ["reference", "cpu"] as const)
  for (const [what, config] of models)
    test(`${deviceName}: ${what} with adapters merged answers as with adapters beside it, which decode as they train`, () =>
      withDevice(deviceName, async (device) => {
        const plain = await tinyModel(config, device, 2);
        const untouched = await tinyModel(config, device, 2);
        attachAdapters(untouched, spec, Random.from(5));
        assert.deepEqual(await logits(untouched, device), await logits(plain, device));

        const model = await adapted(config, device);
        const tensors = new Map((await model.exportTensors()).map(({ name, data }) => [name, data]));
        const merged = Decoder.load(device, config, (name) => tensors.get(name)!);
        const [beside, inside, before] = [model, merged, plain].map((one) => logits(one, device));
        const [a, b, c] = [await beside!, await inside!, await before!];
        const furthest = (x: Float32Array, y: Float32Array) =>
          x.reduce((most, value, i) => Math.max(most, Math.abs(value - y[i]!)), 0);
        assert.ok(furthest(a, b) < 1e-5, `merged logits are off by ${furthest(a, b)}`);
        assert.ok(furthest(a, c) > 0.05, "the adapters do something");

        const ids = randomIds(6, config.vocab_size, 1);
        const cache = model.newCache(1, ids.length);
        for (const [position, id] of ids.entries()) {
          const hidden = model.step(cache, {
            count: 1,
            ids: Int32Array.of(id),
            slots: Int32Array.of(0),
            positions: Int32Array.of(position),
          });
          const size = config.vocab_size;
          assert.deepEqual(await device.read(model.logits(hidden)), a.slice(position * size, (position + 1) * size));
        }
      }));

for (const deviceName of ["reference", "cpu"] as const)
  for (const [what, config] of models)
    test(`${deviceName}: the adapters of ${what} have the gradient of finite differences, and nothing else has one`, () =>
      withDevice(deviceName, async (device) => {
        const model = await adapted(config, device);
        const batch = batchOf(device, config);
        const loss = async (gradient: boolean): Promise<number> => {
          const mark = device.mark();
          const tape = gradient ? new Tape(device) : null;
          const targets = device.scratchI32(batch.rows);
          device.write(targets, nextTokens(batch));
          const scored = model.logProbs(tape, model.forward(tape, batch), targets);
          const value = await crossEntropy(device, scored, 8);
          tape?.backward();
          device.release(mark);
          return value;
        };
        await loss(true);
        for (const { name, trainable } of model.parameters.values()) assert.equal(trainable, false, name);
        for (const { adapter } of adaptedParameters(model))
          for (const { name, buf, grad } of [adapter.a, adapter.b]) {
            const [values, gradient] = [await device.read(buf), await device.read(grad)];
            const random = Random.from(17, name);
            const direction = values.map(() => (random.next() < 0.5 ? -1 : 1));
            const at = (by: number): Promise<number> => {
              device.write(
                buf,
                values.map((value, i) => value + by * direction[i]!),
              );
              return loss(false);
            };
            const slope = async (by: number): Promise<number> => ((await at(by)) - (await at(-by))) / (2 * by);
            const expected = config.attention === "mla" ? await slope(5e-4) : await slope(2e-3);
            device.write(buf, values);
            const actual = gradient.reduce((sum, value, i) => sum + value * direction[i]!, 0);
            assert.ok(
              Math.abs(actual - expected) < 1.5e-3 + 5e-3 * Math.abs(expected),
              `${name}: gradient ${actual}, finite difference ${expected}`,
            );
          }
      }));

test("targets are chosen by name; routed experts and kv_b_proj are none, and one there is not is told", () =>
  withDevice("reference", async (device) => {
    const v3 = await tinyModel(tinyV3({ num_nextn_predict_layers: 0 }), device);
    const names = (targets: readonly string[]) => loraTargets(v3, { ...spec, targets }).map(({ name }) => name);
    assert.deepEqual(
      names(["o_proj"]),
      [0, 1].map((layer) => `model.layers.${layer}.self_attn.o_proj.weight`),
    );
    assert.ok(
      names([]).every(
        (name) => !/experts\.(gate|up|down)|kv_b_proj|embed|mlp\.gate\./.test(name.replace("shared_experts", "shared")),
      ),
    );
    assert.ok(names([]).includes("model.layers.1.mlp.shared_experts.up_proj.weight"));
    assert.throws(
      () => names(["k_proj"]),
      (error) =>
        error instanceof UserError && error.exitCode === 2 && /no k_proj; it has .*q_a_proj/.test(error.message),
    );
  }));
