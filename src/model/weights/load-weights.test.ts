/** Models on weights of few bits, from GGUF files of tiny models: what is kept how, and that it computes as it should. */
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { saveGguf } from "../../checkpoint/gguf/write.ts";
import type { ModelSource } from "../../checkpoint/model-source.ts";
import { openModel } from "../../checkpoint/open-model.ts";
import { cpuDevice } from "../../kernels/cpu/device.ts";
import type { Device } from "../../kernels/kernels.ts";
import { referenceDevice } from "../../kernels/reference/device.ts";
import { Tape } from "../../tensor/tape.ts";
import { QuantWeight } from "../../tensor/weight.ts";
import { packBatch } from "../batch.ts";
import type { ModelConfig } from "../config.ts";
import { Decoder } from "../decoder.ts";
import { randomIds, tinyLlama, tinyModel, tinyQwen2, tinyQwen3, tinyV3 } from "../test-models.ts";
import type { LoadOptions } from "./weight-source.ts";

const sizes = { hidden_size: 64, intermediate_size: 96, vocab_size: 72 };
const latent = {
  ...{ ...sizes, moe_intermediate_size: 32, q_lora_rank: 32, kv_lora_rank: 32, num_nextn_predict_layers: 0 },
  ...{ qk_nope_head_dim: 32, qk_rope_head_dim: 16, v_head_dim: 32 },
};
const configs: Readonly<Record<string, ModelConfig>> = {
  llama: tinyLlama(sizes),
  qwen2: tinyQwen2({ ...sizes, use_sliding_window: false }),
  qwen3: tinyQwen3({ ...sizes, head_dim: 32 }),
  deepseek_v3: tinyV3(latent),
};
const types = ["F16", "Q8_0", "Q4_0"] as const;

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "reckon-weights-"));
const devices: Device[] = [];
before(async () => {
  devices.push(referenceDevice(), await cpuDevice({ threads: 1 }), await cpuDevice({ threads: 2 }));
  for (const [name, config] of Object.entries(configs)) {
    const model = await tinyModel(config, devices[0]);
    const tensors = new Map((await model.exportTensors()).map(({ name: tensor, data }) => [tensor, data]));
    const readTensor = (tensor: string): Float32Array => tensors.get(tensor)!;
    for (const type of types)
      saveGguf(fileOf(name, type), { config, readTensor, type, tokenizer: null, chatTemplate: null });
  }
});
after(async () => {
  await Promise.all(devices.map((device) => device.close()));
  fs.rmSync(folder, { recursive: true, force: true });
});

const fileOf = (name: string, type: string): string => path.join(folder, `${name}.${type}.gguf`);

function withModel<T>(
  device: Device,
  file: string,
  options: LoadOptions,
  run: (model: Decoder, source: ModelSource) => T,
): T {
  const source = openModel(file);
  try {
    return run(Decoder.load(device, source.config, source, options), source);
  } finally {
    source.close();
  }
}

const load = (device: Device, file: string, options: LoadOptions): Decoder =>
  withModel(device, file, options, (model) => model);

/** Logits of every position: in one pass, or decoded in chunks over a cache whose other slots read the same. */
async function logits(model: Decoder, ids: readonly number[], chunk = 0, slots = 1): Promise<Float32Array> {
  const { device, config } = model;
  const mark = device.mark();
  if (chunk === 0) {
    const hidden = model.forward(null, packBatch(device, [ids], config.vocab_size));
    const all = await device.read(model.logits(hidden));
    device.release(mark);
    return all;
  }
  const all = new Float32Array(ids.length * config.vocab_size);
  const cache = model.newCache(slots, ids.length);
  for (let from = 0; from < ids.length; from += chunk) {
    const positions = Array.from({ length: Math.min(chunk, ids.length - from) }, (_, i) => from + i);
    const rows = Array.from({ length: slots }, (_, slot) => positions.map((position) => ({ slot, position }))).flat();
    const hidden = model.step(cache, {
      count: rows.length,
      ids: Int32Array.from(rows, ({ position }) => ids[position]),
      slots: Int32Array.from(rows, ({ slot }) => slot),
      positions: Int32Array.from(rows, ({ position }) => position),
    });
    const some = await device.read(model.logits(hidden));
    all.set(some.subarray(0, positions.length * config.vocab_size), from * config.vocab_size);
  }
  cache.free();
  return all;
}

function assertNear(actual: Float32Array, expected: Float32Array, tolerance: number): void {
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const worst = actual.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i])), 0);
  assert.ok(worst < tolerance * largest, `off by ${worst / largest} of the largest`);
}

for (const [name, config] of Object.entries(configs)) {
  const ids = randomIds(11, config.vocab_size, 6);
  const forms: readonly LoadOptions[] =
    config.attention === "mla" ? [{ mla: "plain" }, { mla: "absorbed" }] : [{ mla: "plain" }];
  for (const form of forms)
    test(`${name} in blocks (${form.mla}): one row, a prefill, a batch, one and two threads give the same bits, near the reference's`, async () => {
      for (const type of ["Q8_0", "Q4_0"]) {
        const expected = await logits(load(devices[0], fileOf(name, type), { weights: "stored", ...form }), ids, 3);
        const results: Float32Array[] = [];
        for (const device of devices.slice(1)) {
          const model = load(device, fileOf(name, type), { weights: "stored", ...form });
          for (const [chunk, slots] of [
            [1, 1],
            [4, 1],
            [11, 3],
          ])
            results.push(await logits(model, ids, chunk, slots));
          // the absorbed form's pass over whole sequences has other bits than its cache
          if (form.mla === "plain") results.push(await logits(model, ids));
          model.free();
        }
        for (const result of results) assert.deepEqual(result, results[0]);
        // one code of an activation that rounds to its neighbour is a few thousandths of a result; in 8 bits it can change a router's choice
        if (type === "Q8_0" || config.attention === "gqa") assertNear(results[0], expected, 5e-3);
      }
    });

  test(`${name}: blocks compute what floats of the same values do, as far as rounded activations can`, async () => {
    const device = devices[2];
    for (const [type, tolerance] of [
      ["Q8_0", 1e-3],
      ["Q4_0", 6e-2],
    ] as const) {
      const floats = load(device, fileOf(name, type), {});
      const blocks = load(device, fileOf(name, type), { weights: "stored" });
      assertNear(await logits(blocks, ids), await logits(floats, ids), tolerance);
      floats.free();
      blocks.free();
    }
  });
}

test("every matrix the device multiplies by is kept in its blocks; norms, biases and routers are floats", () => {
  for (const name of Object.keys(configs))
    withModel(
      devices[1],
      fileOf(name, "Q8_0"),
      { weights: "stored", mla: name === "deepseek_v3" ? "absorbed" : "plain" },
      (model) => {
        for (const [tensor, weight] of model.weights) {
          const vector = weight.shape.length === 1 || tensor.endsWith("mlp.gate.weight");
          assert.equal(weight instanceof QuantWeight, !vector, tensor);
        }
        model.free();
      },
    );
});

test("tied embeddings are one matrix, for looking up and for the head", () => {
  const device = devices[1];
  const before = device.usage().bytes;
  withModel(device, fileOf("llama", "Q8_0"), { weights: "stored" }, (model, source) => {
    assert.equal(model.weights.has("lm_head.weight"), false);
    const stored = source.tensors().reduce((sum, { bytes }) => sum + bytes, 0);
    assert.ok(device.usage().bytes - before < 1.25 * stored + 100_000, "no weight is held twice");
    model.free();
  });
});

test("floats can be kept in 8 bits when asked, and a model gives all its memory back", async () => {
  const device = devices[2];
  for (const name of Object.keys(configs)) {
    const ids = randomIds(9, configs[name].vocab_size, 2);
    const floats = load(device, fileOf(name, "F16"), {});
    const expected = await logits(floats, ids);
    floats.free();
    const { bytes } = device.usage();
    const eight = load(device, fileOf(name, "F16"), { weights: "q8_0" });
    assert.ok(eight.weights.get("model.layers.0.mlp.down_proj.weight") instanceof QuantWeight);
    assertNear(await logits(eight, ids), expected, 3e-2);
    eight.free();
    assert.equal(device.usage().bytes, bytes);
    const stored = load(device, fileOf(name, "F16"), { weights: "stored" });
    assert.deepEqual(await logits(stored, ids), expected, "F16 is no format of blocks: floats");
    stored.free();
  }
});

test("a model in blocks can be neither trained nor exported, and says what to do", async () => {
  const model = load(devices[1], fileOf("llama", "Q8_0"), { weights: "stored" });
  const batch = packBatch(devices[1], [[1, 2]], 72);
  assert.throws(
    () => model.forward(new Tape(devices[1]), batch),
    /embed_tokens.weight is kept in Q8_0 and cannot be trained; load the model with f32 weights/,
  );
  await assert.rejects(model.exportTensors(), /is kept in Q8_0/);
  model.free();
});
