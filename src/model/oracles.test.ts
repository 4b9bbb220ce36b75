/** The decoder against DeepSeek's own inference code and llama2.c, on the numbers they gave (shared/data/oracles). */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { readLlama2c } from "../checkpoint/llama2c.ts";
import { huggingFaceName } from "../checkpoint/names.ts";
import { openSafetensors } from "../checkpoint/safetensors.ts";
import type { Device } from "../kernels/kernels.ts";
import { withDevice } from "../tensor/test-devices.ts";
import { nextTokens, packBatch } from "./batch.ts";
import { Decoder } from "./decoder.ts";
import { parseDeepSeekConfig } from "./model-args.ts";
import { ropeFrequencies, ropeTable, softmaxScale } from "./rope.ts";

const data = path.resolve(import.meta.dirname, "../../../shared/data");
const missing = fs.existsSync(data) ? false : `LOUD SKIP: no oracles at ${data}`;
if (missing !== false) console.error(missing);

interface DeepSeekGolden {
  readonly config: unknown;
  readonly tokens: readonly (readonly number[])[];
  readonly logits: readonly number[];
  readonly hidden: Readonly<Record<string, readonly number[]>>;
  readonly gates: Readonly<Record<string, { weights: number[][]; indices: number[][] }>>;
  readonly decode: { readonly prefill: number };
  readonly softmax_scale: number;
  readonly freqs_cis_first8: readonly (readonly (readonly number[])[])[];
  readonly greedy_next: readonly (readonly number[])[];
}

for (const oracle of ["v3_yarn_bias_groups", "v2lite_softmax_nogroups"])
  for (const deviceName of ["reference", "cpu"] as const) {
    test(
      `${oracle} on ${deviceName}: every layer, router choice and logit equals DeepSeek's inference code`,
      { skip: missing },
      () =>
        withDevice(deviceName, async (device) => {
          const { golden, model } = loadDeepSeek(device, oracle);
          const vocabulary = model.config.vocab_size;
          const seen = new Map<string, Promise<Float32Array | Int32Array>>();
          const batch = packBatch(device, golden.tokens, vocabulary);
          const hidden = model.forward(null, batch, (name, values) => {
            seen.set(name, values.type === "f32" ? device.read(values) : device.read(values));
          });
          for (const [name, expected] of Object.entries(golden.hidden))
            assertClose((await seen.get(name)) as Float32Array, expected, name);
          for (const [name, expected] of Object.entries(golden.gates))
            assertSameRouting(await seen.get(`${name}.indices`)!, await seen.get(`${name}.weights`)!, expected, name);
          const logits = await device.read(model.logits(hidden));
          assertClose(logits, golden.logits, "logits");
          assert.deepEqual(greedy(logits, vocabulary), golden.greedy_next.flat());
        }),
    );

    test(`${oracle} on ${deviceName}: decoding over the cache gives the full pass's bits`, { skip: missing }, () =>
      withDevice(deviceName, async (device) => {
        const { golden, model } = loadDeepSeek(device, oracle);
        const full = await device.read(
          model.forward(null, packBatch(device, golden.tokens, model.config.vocab_size)).buf,
        );
        const width = model.config.hidden_size;
        const cache = model.newCache(2, 16);
        for (const [slot, tokens] of golden.tokens.entries()) {
          const chunks = [golden.decode.prefill, ...tokens.slice(golden.decode.prefill).map(() => 1)];
          let at = 0;
          for (const count of chunks) {
            const positions = Int32Array.from({ length: count }, (_, i) => at + i);
            const ids = Int32Array.from(positions, (p) => tokens[p]);
            const step = model.step(cache, { count, ids, slots: new Int32Array(count).fill(slot), positions });
            const start = (slot * tokens.length + at) * width;
            assert.deepEqual(await device.read(step.buf), full.slice(start, start + count * width));
            at += count;
          }
        }
      }),
    );
  }

test("rotary frequencies and the softmax scale are those of DeepSeek's code", { skip: missing }, () => {
  for (const oracle of ["v3_yarn_bias_groups", "v2lite_softmax_nogroups"]) {
    const golden = readGolden<DeepSeekGolden>(oracle);
    const config = parseDeepSeekConfig(golden.config);
    assert.ok(Math.abs(softmaxScale(config) - golden.softmax_scale) < 1e-12);
    assertClose(ropeTable(config, 8), golden.freqs_cis_first8.flat(2), "freqs_cis", 1e-6);
    assert.equal(ropeFrequencies(config).length, golden.freqs_cis_first8[0].length);
  }
});

interface StoriesGolden {
  readonly greedy_ids_201: readonly number[];
  readonly ids: readonly number[];
  readonly logits: readonly number[];
  readonly mean_nll_next: number;
  readonly tinystories_sample: {
    readonly nll_per_token: number;
    readonly tokens: number;
    readonly stories: readonly { readonly ids: readonly number[] }[];
  };
}

for (const deviceName of ["reference", "cpu"] as const)
  test(`stories260K on ${deviceName}: logits and negative log-likelihood equal llama2.c's`, { skip: missing }, () =>
    withDevice(deviceName, async (device) => {
      const { golden, model } = loadStories(device);
      const batch = packBatch(device, [golden.ids], model.config.vocab_size);
      const hidden = model.forward(null, batch);
      assertClose(await device.read(model.logits(hidden)), golden.logits, "logits");
      assert.ok(Math.abs((await meanNll(model, [golden.ids])) - golden.mean_nll_next) < 1e-5);
    }),
  );

test("stories260K on cpu: the stories' negative log-likelihood equals llama2.c's", { skip: missing }, () =>
  withDevice("cpu", async (device) => {
    const { golden, model } = loadStories(device);
    const { stories, nll_per_token } = golden.tinystories_sample;
    const ids = stories.map((story) => story.ids);
    assert.ok(Math.abs((await meanNll(model, ids)) - nll_per_token) < 1e-5);
  }),
);

test("stories260K on cpu: 200 greedy steps give llama2.c's tokens", { skip: missing }, () =>
  withDevice("cpu", async (device) => {
    const { golden, model } = loadStories(device);
    assert.deepEqual(await greedySteps(model, golden.greedy_ids_201[0], 200), golden.greedy_ids_201);
  }),
);

function readGolden<T>(name: string): T {
  return JSON.parse(gunzipSync(fs.readFileSync(path.join(data, `oracles/${name}.golden.json.gz`))).toString()) as T;
}

function loadDeepSeek(device: Device, oracle: string): { golden: DeepSeekGolden; model: Decoder } {
  const golden = readGolden<DeepSeekGolden>(oracle);
  const file = openSafetensors(path.join(data, `oracles/${oracle}.safetensors`));
  const stored = new Map([...file.tensors.keys()].map((name) => [huggingFaceName(name), name]));
  const config = parseDeepSeekConfig(golden.config);
  const read = (name: string): Float32Array => file.readF32(stored.get(name)!);
  const model = Decoder.load(device, config, (name) => {
    if (stored.has(name)) return read(name);
    const each = Array.from({ length: config.n_routed_experts }, (_, e) =>
      read(name.replace("experts.", `experts.${e}.`)),
    );
    return Float32Array.from(each.flatMap((one) => [...one]));
  });
  file.close();
  return { golden, model };
}

function loadStories(device: Device): { golden: StoriesGolden; model: Decoder } {
  const { config, tensors } = readLlama2c(path.join(data, "weights/stories260K.bin"));
  const model = Decoder.load(device, config, (name) => tensors.get(name)!.data);
  return { golden: readGolden<StoriesGolden>("stories260K"), model };
}

async function meanNll(model: Decoder, sequences: readonly (readonly number[])[]): Promise<number> {
  const { device } = model;
  const batch = packBatch(device, sequences, model.config.vocab_size);
  const targets = nextTokens(batch);
  const buffer = device.scratchI32(targets.length);
  device.write(buffer, targets);
  const { logp } = model.logProbs(null, model.forward(null, batch), buffer);
  const scored = targets.filter((target) => target >= 0).length;
  return -(await device.read(logp)).reduce((sum, value) => sum + value, 0) / scored;
}

async function greedySteps(model: Decoder, first: number, steps: number): Promise<number[]> {
  const cache = model.newCache(1, steps + 1);
  const ids = [first];
  for (let position = 0; position < steps; position++) {
    const rows = {
      count: 1,
      ids: Int32Array.of(ids[position]),
      slots: new Int32Array(1),
      positions: Int32Array.of(position),
    };
    const logits = await model.device.read(model.logits(model.step(cache, rows)));
    ids.push(...greedy(logits, logits.length));
  }
  return ids;
}

const greedy = (logits: Float32Array, vocabulary: number): number[] =>
  Array.from({ length: logits.length / vocabulary }, (_, row) => {
    const line = logits.subarray(row * vocabulary, (row + 1) * vocabulary);
    return line.indexOf(Math.max(...line));
  });

/** Differences relative to the largest value: what remains is the order of f32 sums. */
function assertClose(actual: Float32Array, expected: readonly number[], what: string, tolerance = 1e-4): void {
  assert.equal(actual.length, expected.length, what);
  const largest = expected.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  for (let i = 0; i < expected.length; i++)
    assert.ok(
      Math.abs(actual[i] - expected[i]) <= tolerance * largest,
      `${what}[${i}]: ${actual[i]} but expected ${expected[i]}`,
    );
}

/** DeepSeek leaves the order of chosen experts open, so choices are compared as sets with a weight each. */
function assertSameRouting(
  indices: ArrayLike<number>,
  weights: ArrayLike<number>,
  expected: { readonly weights: number[][]; readonly indices: number[][] },
  what: string,
): void {
  const topK = expected.indices[0].length;
  assert.equal(indices.length, expected.indices.length * topK);
  for (const [row, experts] of expected.indices.entries()) {
    const chosen = new Map(Array.from({ length: topK }, (_, j) => [indices[row * topK + j], weights[row * topK + j]]));
    assert.deepEqual([...chosen.keys()].sort(), [...experts].sort(), `${what} row ${row}`);
    for (const [j, expert] of experts.entries())
      assert.ok(Math.abs(chosen.get(expert)! - expected.weights[row][j]) < 1e-5, `${what} row ${row} expert ${expert}`);
  }
}
