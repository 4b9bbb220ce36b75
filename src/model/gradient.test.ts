/** Whole models: the gradient of the training loss, through every layer, router and prediction module, against finite differences. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Device } from "../kernels/kernels.ts";
import { Random } from "../random.ts";
import { Tape } from "../tensor/tape.ts";
import { withDevice } from "../tensor/test-devices.ts";
import { nextTokens, type PackedBatch, packBatch } from "./batch.ts";
import type { ModelConfig } from "./config.ts";
import type { Decoder } from "./decoder.ts";
import { randomIds, tinyLlama, tinyModel, tinyQwen2, tinyQwen3, tinyV3 } from "./test-models.ts";

const models: readonly (readonly [string, ModelConfig])[] = [
  ["a V3 model with a query latent, groups, a shared expert and two prediction modules", tinyV3()],
  [
    "a V2 model with plain queries, a softmax router and rotary halves",
    tinyV3({
      model_type: "deepseek_v2",
      q_lora_rank: null,
      n_shared_experts: 0,
      num_nextn_predict_layers: 0,
      rope_interleave: false,
    }),
  ],
  ["a Llama with tied embeddings", tinyLlama()],
  [
    "a Llama with a head of its own and interleaved rotation",
    tinyLlama({ tie_word_embeddings: false, rope_interleave: true }),
  ],
  ["a Llama with biases everywhere", tinyLlama({ attention_bias: true, mlp_bias: true })],
  [
    "a dense model with latent attention and biases",
    tinyV3({ attention_bias: true, n_routed_experts: 0, num_nextn_predict_layers: 0 }),
  ],
  ["a Qwen2 with biases and a window in its second layer", tinyQwen2()],
  ["a Qwen3 with norms of heads wider than the hidden state", tinyQwen3()],
];

for (const deviceName of ["reference", "cpu"] as const)
  for (const [what, config] of models)
    test(`${deviceName}: ${what} has the gradient that finite differences give, in every parameter`, () =>
      withDevice(deviceName, async (device) => {
        const model = await tinyModel(config, device, 2);
        const batch = packBatch(device, sequences(config), config.vocab_size);
        const routes = await loss(model, batch, true);
        for (const parameter of model.parameters.values()) {
          if (!parameter.trainable) continue;
          const { buf } = parameter;
          const [values, gradient] = [await device.read(buf), await device.read(parameter.grad)];
          const random = Random.from(17, parameter.name);
          const direction = values.map(() => (random.next() < 0.5 ? -1 : 1));
          const at = async (by: number): Promise<number> => {
            device.write(
              buf,
              values.map((value, i) => value + by * direction[i]),
            );
            const moved = await loss(model, batch, false);
            assert.deepEqual(
              moved.choices,
              routes.choices,
              "the step must not change a router's choice; take another seed",
            );
            return moved.loss;
          };
          const slope = async (by: number): Promise<number> => ((await at(by)) - (await at(-by))) / (2 * by);
          // a router's choices must stay, so steps are small; elsewhere two large ones, extrapolated, drown the loss's rounding
          const routed = config.attention === "mla" && config.n_routed_experts > 0;
          const expected = routed ? await slope(5e-4) : (4 * (await slope(2e-3)) - (await slope(4e-3))) / 3;
          device.write(buf, values);
          const actual = gradient.reduce((sum, value, i) => sum + value * direction[i], 0);
          assert.ok(
            Math.abs(actual - expected) < 1e-3 + 5e-3 * Math.abs(expected),
            `${parameter.name}: gradient ${actual}, finite difference ${expected}`,
          );
        }
      }));

test("gradients add up over micro-batches of whole sequences to those of one batch", () =>
  withDevice("reference", async (device) => {
    const config = tinyV3();
    const whole = await tinyModel(config, device, 2);
    await loss(whole, packBatch(device, sequences(config), config.vocab_size), true);
    const parts = await tinyModel(config, device, 2);
    for (const one of sequences(config)) await loss(parts, packBatch(device, [one], config.vocab_size), true);
    for (const [name, parameter] of whole.parameters) {
      if (!parameter.trainable) continue;
      const [a, b] = [await device.read(parameter.grad), await device.read(parts.parameters.get(name)!.grad)];
      a.forEach((value, i) => {
        assert.ok(Math.abs(value - b[i]) < 1e-5, name);
      });
    }
    const [a, b] = [await whole.routerLoads(), await parts.routerLoads()];
    assert.deepEqual(a, b);
  }));

const sequences = (config: ModelConfig): number[][] => [
  randomIds(6, config.vocab_size, 1),
  randomIds(1, config.vocab_size, 2),
  randomIds(5, config.vocab_size, 3),
];

/** A sum of all log-probabilities, those of prediction modules at 0.3; with `record` its gradient goes to the parameters. */
async function loss(
  model: Decoder,
  batch: PackedBatch,
  record: boolean,
): Promise<{ readonly loss: number; readonly choices: readonly Int32Array[] }> {
  const { device } = model;
  const tape = record ? new Tape(device) : null;
  const choices: Promise<Int32Array>[] = [];
  const observe = (name: string, values: Parameters<Device["free"]>[0]): void => {
    if (name.endsWith("indices") && values.type === "i32") choices.push(device.read(values));
  };
  const hidden = model.forward(tape, batch, observe);
  const targets = nextTokens(batch);
  const buffer = device.scratchI32(batch.rows);
  device.write(buffer, targets);
  const results = [
    model.logProbs(tape, hidden, buffer, 0.9),
    ...model.mtpLogProbs(tape, hidden, batch, targets, observe),
  ];
  let total = 0;
  for (const [i, { logp, dlogp }] of results.entries()) {
    const weight = i === 0 ? 1 : 0.3;
    device.fill(dlogp, weight);
    total += weight * (await device.read(logp)).reduce((sum, value) => sum + value, 0);
  }
  tape?.backward();
  return { loss: total, choices: await Promise.all(choices) };
}
