/** Latent attention in its absorbed form: the numbers of the plain form, from a cache of latents alone. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Device } from "../../kernels/kernels.ts";
import { Tape } from "../../tensor/tape.ts";
import { withDevice } from "../../tensor/test-devices.ts";
import { packBatch } from "../batch.ts";
import type { DeepSeekConfig } from "../config.ts";
import { Decoder } from "../decoder.ts";
import { randomIds, tinyLlama, tinyModel, tinyV3 } from "../test-models.ts";

const models: readonly (readonly [string, DeepSeekConfig])[] = [
  ["V3 with a query latent, YaRN and experts", tinyV3()],
  ["V2 with plain queries", tinyV3({ model_type: "deepseek_v2", q_lora_rank: null, num_nextn_predict_layers: 0 })],
  ["latent attention with biases", tinyV3({ attention_bias: true, kv_lora_rank: 11, num_nextn_predict_layers: 0 })],
];

/** The same weights in both forms. */
async function both(config: DeepSeekConfig, device: Device): Promise<{ plain: Decoder; absorbed: Decoder }> {
  const plain = await tinyModel(config, device);
  const tensors = new Map((await plain.exportTensors()).map(({ name, data }) => [name, data]));
  return { plain, absorbed: Decoder.load(device, config, (name) => tensors.get(name)!, { mla: "absorbed" }) };
}

/** Hidden states of one sequence among `slots`, read in chunks of `chunk` rows. */
async function decoded(model: Decoder, ids: readonly number[], chunk: number, slots = 1): Promise<Float32Array> {
  const width = model.config.hidden_size;
  const cache = model.newCache(slots, ids.length);
  const hidden = new Float32Array(ids.length * width);
  for (let from = 0; from < ids.length; from += chunk) {
    const positions = Array.from({ length: Math.min(chunk, ids.length - from) }, (_, i) => from + i);
    // the other slots hold the sequence backwards
    const rows = Array.from({ length: slots }, (_, slot) => positions.map((position) => ({ slot, position }))).flat();
    const result = await model.device.read(
      model.step(cache, {
        count: rows.length,
        ids: Int32Array.from(rows, ({ slot, position }) => ids[slot === 0 ? position : ids.length - 1 - position]),
        slots: Int32Array.from(rows, ({ slot }) => slot),
        positions: Int32Array.from(rows, ({ position }) => position),
      }).buf,
    );
    hidden.set(result.subarray(0, positions.length * width), from * width);
  }
  cache.free();
  return hidden;
}

for (const name of ["reference", "cpu"] as const)
  for (const [what, config] of models)
    test(`${name}, ${what}: the absorbed form has the hidden states of the plain one, packed and over its cache`, () =>
      withDevice(name, async (device) => {
        const { plain, absorbed } = await both(config, device);
        const ids = randomIds(13, config.vocab_size, 5);
        const expected = await decoded(plain, ids, 4);
        const packed = await device.read(absorbed.forward(null, packBatch(device, [ids], config.vocab_size)).buf);
        const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        for (const actual of [packed, await decoded(absorbed, ids, 1), await decoded(absorbed, ids, 5)])
          actual.forEach((value, i) => {
            assert.ok(Math.abs(value - expected[i]) < 1e-4 * largest, `${i}: ${value}, plain ${expected[i]}`);
          });
      }));

test("a row decoded in the absorbed form has the same bits alone, among others and in any chunks", () =>
  withDevice("cpu", async (device) => {
    const { absorbed } = await both(tinyV3(), device);
    const ids = randomIds(17, 23, 3);
    const alone = await decoded(absorbed, ids, 1);
    for (const [chunk, slots] of [
      [1, 3],
      [6, 1],
      [17, 4],
    ])
      assert.deepEqual(await decoded(absorbed, ids, chunk, slots), alone);
  }));

test("an absorbed model's cache holds the latents alone, and a slot's beginning can be copied", () =>
  withDevice("cpu", async (device) => {
    const config = tinyV3();
    const { plain, absorbed } = await both(config, device);
    const [small, large] = [absorbed.newCache(2, 32), plain.newCache(2, 32)];
    const layers = config.num_hidden_layers;
    assert.equal(small.bytes, 4 * (layers * 2 * 32 * (config.kv_lora_rank + config.qk_rope_head_dim) + layers));
    assert.ok(small.bytes < large.bytes / 2);
    const ids = Int32Array.from(randomIds(6, 23, 4));
    const positions = Int32Array.from(ids, (_, i) => i);
    absorbed.step(small, { count: 5, ids, slots: new Int32Array(5), positions });
    small.copy(0, 1, 5);
    const last = { count: 1, ids: ids.slice(5), positions: Int32Array.of(5) };
    const original = await device.read(absorbed.step(small, { ...last, slots: Int32Array.of(0) }).buf);
    assert.deepEqual(await device.read(absorbed.step(small, { ...last, slots: Int32Array.of(1) }).buf), original);
  }));

test("what the absorbed form cannot do is said in a sentence", () =>
  withDevice("reference", async (device) => {
    const { absorbed } = await both(tinyV3(), device);
    const batch = packBatch(device, [[1, 2]], 23);
    assert.throws(
      () => absorbed.forward(new Tape(device), batch),
      /absorbed form cannot be trained; load .* plain form/,
    );
    const llama = tinyLlama();
    assert.throws(
      () => Decoder.load(device, llama, () => new Float32Array(), { mla: "absorbed" }),
      /llama model has no latent attention/,
    );
  }));
