import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Device } from "../kernels/kernels.ts";
import { Random } from "../random.ts";
import { Tape } from "../tensor/tape.ts";
import { withDevice } from "../tensor/test-devices.ts";
import { nextTokens, packBatch } from "./batch.ts";
import type { ModelConfig } from "./config.ts";
import { Decoder } from "./decoder.ts";
import { randomIds, tinyLlama, tinyModel, tinyQwen2, tinyQwen3, tinyV3 } from "./test-models.ts";

const architectures: readonly (readonly [string, ModelConfig])[] = [
  ["V3", tinyV3()],
  ["V2", tinyV3({ model_type: "deepseek_v2", q_lora_rank: null, num_nextn_predict_layers: 0 })],
  ["V3 with biases", tinyV3({ attention_bias: true, num_nextn_predict_layers: 0 })],
  ["Llama", tinyLlama()],
  ["Llama with biases", tinyLlama({ attention_bias: true, mlp_bias: true })],
  ["Qwen2 with a window in its second layer", tinyQwen2()],
  ["Qwen3", tinyQwen3()],
];

for (const deviceName of ["reference", "cpu"] as const)
  for (const [what, config] of architectures)
    test(`${deviceName}, ${what}: hidden states of decoding have the bits of the training pass, however the rows are split into steps`, () =>
      withDevice(deviceName, async (device) => {
        const model = await tinyModel(config, device);
        const sequences = [9, 1, 14, 5].map((length, i) => randomIds(length, config.vocab_size, i));
        const expected = await trainingHidden(model, sequences);
        const split = fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 4, maxLength: 4 });
        const plan = fc.array(split, { minLength: 1, maxLength: 6 });
        await fc.assert(
          fc.asyncProperty(plan, async (steps) => {
            assert.deepEqual(await decodedHidden(model, sequences, steps), expected);
          }),
          { numRuns: deviceName === "cpu" ? 10 : 4, seed: 1 },
        );
      }));

for (const [what, config] of architectures)
  test(`${what}: a sequence's hidden states do not depend on the other sequences of its batch`, () =>
    withDevice("reference", async (device) => {
      const model = await tinyModel(config, device);
      const sequences = [7, 3, 11].map((length, i) => randomIds(length, config.vocab_size, i));
      const together = await trainingHidden(model, sequences);
      for (const [i, one] of sequences.entries())
        assert.deepEqual((await trainingHidden(model, [one]))[0], together[i]);
    }));

test("the recorded pass, the unrecorded pass and a pass after newCache give the same bits", () =>
  withDevice("reference", async (device) => {
    const model = await tinyModel(tinyV3(), device);
    const batch = packBatch(device, [randomIds(8, 23, 1), randomIds(3, 23, 2)], 23);
    const recorded = await device.read(model.forward(new Tape(device), batch).buf);
    model.newCache(2, 64);
    assert.deepEqual(await device.read(model.forward(null, batch).buf), recorded);
  }));

test("a cached prompt copied to another slot continues there with the same bits", () =>
  withDevice("reference", async (device) => {
    const model = await tinyModel(tinyV3(), device);
    const ids = Int32Array.from(randomIds(7, 23, 4));
    const cache = model.newCache(3, 12);
    const positions = Int32Array.from(ids, (_, i) => i);
    model.step(cache, { count: 6, ids, slots: new Int32Array(6), positions });
    cache.copy(0, 2, 6);
    const last = { count: 1, ids: ids.slice(6), positions: Int32Array.of(6) };
    const original = await device.read(model.step(cache, { ...last, slots: Int32Array.of(0) }).buf);
    assert.deepEqual(await device.read(model.step(cache, { ...last, slots: Int32Array.of(2) }).buf), original);
  }));

test("picked rows have the logits they have among all rows", () =>
  withDevice("reference", async (device) => {
    const model = await tinyModel(tinyLlama(), device);
    const hidden = model.forward(null, packBatch(device, [randomIds(6, 23, 1)], 23));
    const all = await device.read(model.logits(hidden));
    const some = await device.read(model.logits(model.pick(hidden, Int32Array.of(5, 2))));
    assert.deepEqual(some, Float32Array.from([...all.slice(5 * 23), ...all.slice(2 * 23, 3 * 23)]));
  }));

test("a prediction module's row i scores the token k places past the main model's", () =>
  withDevice("reference", async (device) => {
    const config = tinyV3();
    const model = await tinyModel(config, device);
    const sequences = [randomIds(5, 23, 1), randomIds(2, 23, 2)];
    const batch = packBatch(device, sequences, 23);
    const results = model.mtpLogProbs(null, model.forward(null, batch), batch, nextTokens(batch));
    assert.equal(results.length, 2);
    for (const [i, { logp }] of results.entries()) {
      const scored = [...(await device.read(logp))].map((value) => value !== 0);
      // row r of a sequence of length L has a token r + k + 1 where r + k + 1 < L, k = i + 1
      const expected = sequences.flatMap((one) => one.map((_, r) => r + i + 2 < one.length));
      assert.deepEqual(scored, expected);
    }
  }));

for (const name of ["reference", "cpu"] as const)
  test(`${name}: a prediction module stepped over a cache scores as in training, bit for bit, in any chunks`, () =>
    withDevice(name, async (device) => {
      const model = await tinyModel(tinyV3(), device);
      const ids = randomIds(13, 23, 4);
      const batch = packBatch(device, [ids], 23);
      const [{ logp }] = model.mtpLogProbs(null, model.forward(null, batch), batch, nextTokens(batch));
      const expected = (await device.read(logp)).slice(0, ids.length - 2);
      for (const chunk of [1, 4, 11]) {
        const cache = model.newCache(1, 16, true);
        const scored: number[] = [];
        for (let from = 0; from < expected.length; from += chunk) {
          const count = Math.min(chunk, expected.length - from);
          const rows = (by: number) => ({
            count,
            ids: Int32Array.from(ids.slice(from + by, from + by + count)),
            slots: new Int32Array(count),
            positions: Int32Array.from({ length: count }, (_, i) => from + i),
          });
          const states = model.drafting!.step(cache, model.step(cache, rows(0)), rows(1));
          const targets = device.i32(count);
          device.write(targets, rows(2).ids);
          const [own, lse, entropy] = [device.f32(count), device.f32(count), device.f32(count)];
          device.tokenLogProbs(model.drafting!.logits(states), targets, own, lse, entropy, count, 23, 1);
          scored.push(...(await device.read(own)));
        }
        assert.deepEqual(Float32Array.from(scored), expected);
        cache.free();
      }
    }));

test("no row of a prediction module sees the token it predicts", () =>
  withDevice("reference", async (device) => {
    const model = await tinyModel(tinyV3({ num_nextn_predict_layers: 1 }), device);
    const ids = randomIds(7, 23, 1);
    const scores = async (changed: number[]): Promise<Float32Array> => {
      const batch = packBatch(device, [changed], 23);
      const targets = nextTokens(packBatch(device, [ids], 23)); // what is predicted stays, what is seen changes
      const [{ logp }] = model.mtpLogProbs(null, model.forward(null, batch), batch, targets);
      return device.read(logp);
    };
    const [before, after] = [await scores(ids), await scores([...ids.slice(0, 5), (ids[5] + 1) % 23, ids[6]])];
    // token 5 is what row 3 predicts, and is seen from row 4 on
    assert.deepEqual(after.slice(0, 4), before.slice(0, 4));
    assert.notEqual(after[4], before[4]);
  }));

test("the router's bias sinks for busy experts and rises for idle ones, and loads are counted in recorded passes only", () =>
  withDevice("reference", async (device) => {
    const model = await tinyModel(tinyV3({ num_nextn_predict_layers: 0 }), device);
    const bias = model.parameters.get("model.layers.1.mlp.gate.e_score_correction_bias")!;
    const before = await device.read(bias.buf);
    const batch = packBatch(device, [randomIds(30, 23, 1)], 23);
    model.forward(null, batch);
    model.forward(new Tape(device), batch);
    const [{ layer, loads }] = await model.updateRouterBias(0.25);
    assert.equal(layer, 1);
    assert.equal(
      loads.reduce((sum, load) => sum + load, 0),
      30 * 2,
    );
    const after = await device.read(bias.buf);
    loads.forEach((load, e) => {
      assert.equal(after[e], Math.fround(before[e] + 0.25 * Math.sign(10 - load)));
    });
    assert.deepEqual((await model.routerLoads())[0].loads, new Int32Array(6));
  }));

test("a model exported and loaded again gives the same bits, and a wrong tensor is named", () =>
  withDevice("reference", async (device) => {
    const config = tinyV3();
    const model = await tinyModel(config, device);
    const tensors = new Map((await model.exportTensors()).map(({ name, data }) => [name, data]));
    const again = Decoder.load(device, config, (name) => tensors.get(name)!);
    const sequences = [randomIds(9, 23, 1)];
    assert.deepEqual(await trainingHidden(again, sequences), await trainingHidden(model, sequences));
    const name = "model.layers.1.mlp.experts.up_proj.weight";
    tensors.set(name, new Float32Array(5));
    assert.throws(
      () => Decoder.load(device, config, (one) => tensors.get(one)!),
      /mlp\.experts\.up_proj\.weight holds 5 values, but the config calls for \[6, 8, 16\] = 768/,
    );
    tensors.delete(name);
    assert.throws(() => Decoder.load(device, config, (one) => tensors.get(one)!), /has no tensor .*up_proj/);
  }));

test("the same random numbers make the same model, and zeroed outputs make every block the identity", () =>
  withDevice("reference", async (device) => {
    const config = tinyV3();
    const [a, b] = [1, 1].map((seed) => Decoder.create(config, device, Random.from(seed), { zeroOutputs: true }));
    for (const [name, { buf }] of a.parameters)
      assert.deepEqual(await device.read(buf), await device.read(b.parameters.get(name)!.buf));
    const seen = new Map<string, Promise<Float32Array>>();
    a.forward(null, packBatch(device, [[1, 2, 3]], 23), (name, values) => {
      if (values.type === "f32") seen.set(name, device.read(values));
    });
    assert.deepEqual(await seen.get("layer1"), await seen.get("embed"));
  }));

test("ids, slots, positions and lengths that do not fit are refused with what is wrong", () =>
  withDevice("reference", async (device) => {
    const model = await tinyModel(tinyLlama(), device);
    const cache = model.newCache(1, 4);
    const rows = { count: 1, ids: Int32Array.of(0), slots: Int32Array.of(0), positions: Int32Array.of(0) };
    assert.throws(() => packBatch(device, [[0, 23]], 23), /token id 23 is outside the vocabulary of 23/);
    assert.throws(() => packBatch(device, [[1], []], 23), /sequence 1 of the batch is empty/);
    assert.throws(() => packBatch(device, [], 23), /no sequence/);
    assert.throws(() => model.step(cache, { ...rows, ids: Int32Array.of(-1) }), /token id -1 is outside/);
    assert.throws(() => model.step(cache, { ...rows, slots: Int32Array.of(1) }), /slot 1 is not in the cache/);
    assert.throws(() => model.step(cache, { ...rows, positions: Int32Array.of(4) }), /position 4 is not in the cache/);
    assert.throws(() => model.step(cache, { ...rows, count: 2 }), /a step of 2 rows/);
    assert.throws(() => model.newCache(1, 65), /65 positions .* max_position_embeddings 64/);
    const long = packBatch(device, [randomIds(65, 23, 1)], 23);
    assert.throws(() => model.forward(null, long), /max_position_embeddings 64/);
  }));

test("training memory is flat: a second step of the same batch takes nothing more", () =>
  withDevice("cpu", async (device) => {
    const model = await tinyModel(tinyV3(), device);
    await trainingStep(device, model);
    const { bytes } = device.usage();
    for (let i = 0; i < 3; i++) await trainingStep(device, model);
    assert.equal(device.usage().bytes, bytes);
  }));

async function trainingStep(device: Device, model: Decoder): Promise<void> {
  const mark = device.mark();
  const tape = new Tape(device);
  const batch = packBatch(device, [randomIds(20, 23, 1), randomIds(30, 23, 2)], 23);
  const targets = device.scratchI32(50);
  device.write(targets, nextTokens(batch));
  const { dlogp } = model.logProbs(tape, model.forward(tape, batch), targets);
  device.fill(dlogp, -1 / 50);
  tape.backward();
  await device.finish();
  device.release(mark);
}

async function trainingHidden(model: Decoder, sequences: readonly number[][]): Promise<Float32Array[]> {
  const { device, config } = model;
  const mark = device.mark();
  const batch = packBatch(device, sequences, config.vocab_size);
  const hidden = await device.read(model.forward(new Tape(device), batch).buf);
  device.release(mark);
  const { starts } = batch.host;
  return sequences.map((_, s) => hidden.slice(starts[s] * config.hidden_size, starts[s + 1] * config.hidden_size));
}

/** Each step takes up to so many next tokens of each sequence; what is left at the end goes one by one. Rows are dealt in turn. */
async function decodedHidden(
  model: Decoder,
  sequences: readonly number[][],
  steps: readonly (readonly number[])[],
): Promise<Float32Array[]> {
  const { device, config } = model;
  const width = config.hidden_size;
  const cache = model.newCache(sequences.length, 16);
  const hidden = sequences.map((one) => new Float32Array(one.length * width));
  const done = sequences.map(() => 0);
  const longest = Math.max(...sequences.map((one) => one.length));
  for (const counts of [...steps, ...Array.from({ length: longest }, () => sequences.map(() => 1))]) {
    const rows: { slot: number; position: number }[] = [];
    for (let round = 0; round < Math.max(...counts); round++)
      for (const [slot, count] of counts.entries())
        if (round < count && done[slot] < sequences[slot].length) rows.push({ slot, position: done[slot]++ });
    if (rows.length === 0) continue;
    const slots = Int32Array.from(rows, (row) => row.slot);
    const positions = Int32Array.from(rows, (row) => row.position);
    const ids = Int32Array.from(rows, ({ slot, position }) => sequences[slot][position]);
    const result = await device.read(model.step(cache, { count: rows.length, ids, slots, positions }).buf);
    for (const [i, { slot, position }] of rows.entries())
      hidden[slot].set(result.subarray(i * width, (i + 1) * width), position * width);
  }
  cache.free();
  return hidden;
}
