import assert from "node:assert/strict";
import { test } from "node:test";
import type { Device } from "../kernels/kernels.ts";
import { Random } from "../random.ts";
import { Tape } from "../tensor/tape.ts";
import { withDevice } from "../tensor/test-devices.ts";
import { nextTokens, packBatch } from "./batch.ts";
import type { ModelConfig } from "./config.ts";
import type { Decoder } from "./decoder.ts";
import { adaptedParameters, attachAdapters } from "./lora.ts";
import { randomIds, tinyLlama, tinyModel, tinyV3 } from "./test-models.ts";

/** A recorded pass and its backward; the gradient of the sum of all log-probabilities goes to the parameters. */
function learn(model: Decoder, lengths: readonly number[]): void {
  const { device, config } = model;
  const mark = device.mark();
  const tape = new Tape(device);
  const ids = lengths.map((length, i) => randomIds(length, config.vocab_size, i));
  const batch = packBatch(device, ids, config.vocab_size);
  const targets = device.scratchI32(batch.rows);
  device.write(targets, nextTokens(batch));
  const { dlogp } = model.logProbs(tape, model.forward(tape, batch), targets);
  device.fill(dlogp, 1);
  tape.backward();
  device.release(mark);
}

async function gradients(model: Decoder, device: Device): Promise<Map<string, Float32Array>> {
  const adapters = adaptedParameters(model).flatMap(({ adapter }) => [adapter.a, adapter.b]);
  const all = new Map<string, Float32Array>();
  for (const { name, grad } of [...model.parameters.values(), ...adapters]) all.set(name, await device.read(grad));
  return all;
}

const models: readonly (readonly [string, ModelConfig, boolean])[] = [
  ["a Llama", tinyLlama(), false],
  ["a V3 model", tinyV3({ num_nextn_predict_layers: 0 }), false],
  ["a V3 model with adapters", tinyV3({ num_nextn_predict_layers: 0 }), true],
];

for (const name of ["reference", "cpu"] as const)
  for (const [what, config, adapted] of models)
    test(`${name}: with activations made again in backward ${what} has the same gradient, bit for bit, and the same loads`, () =>
      withDevice(name, async (device) => {
        const [kept, again] = [await tinyModel(config, device), await tinyModel(config, device)];
        again.gradientCheckpointing = true;
        for (const model of [kept, again]) {
          if (adapted) attachAdapters(model, { r: 2, alpha: 4, targets: [] }, Random.from(1));
          learn(model, [6, 3]);
        }
        assert.deepEqual(await gradients(again, device), await gradients(kept, device));
        assert.deepEqual(await again.routerLoads(), await kept.routerLoads());
      }));

test("a deep model's recorded pass takes less than a third of the memory", async () => {
  const config = tinyLlama({ num_hidden_layers: 16, hidden_size: 64, intermediate_size: 192 });
  const peak = async (checkpointing: boolean): Promise<number> => {
    let most = 0;
    await withDevice("cpu", async (device) => {
      const model = await tinyModel(config, device);
      learn(model, [2]); // gradients, tables and the first megabytes of scratch are there
      const before = device.usage().bytes;
      model.gradientCheckpointing = checkpointing;
      learn(model, [60, 60, 60]);
      most = device.usage().peak - before;
    });
    return most;
  };
  const [kept, again] = [await peak(false), await peak(true)];
  assert.ok(again < kept / 3 && kept > 8e6, `${again} bytes, ${kept} without`);
});
