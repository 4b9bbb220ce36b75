/** Log-probabilities on the CPU, against the reference, alone and in company, on any thread count. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertSameBits, compareKernel, type KernelCall, outputsOf, sameBits } from "../compare.ts";
import type { Device } from "../kernels.ts";
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

const sizes: readonly (readonly [rows: number, vocabulary: number, temperature: number])[] = [
  [1, 3, 1],
  [9, 112, 0.6],
  [40, 320, 1],
  [3, 1029, 1.3],
  [2, 129280, 1],
];

const logProbs =
  (rows: number, vocabulary: number, temperature: number, inPlace: boolean, from = 0): KernelCall =>
  (device, make) => {
    const logits = device.slice(make.f32(rows * vocabulary, 4), from * vocabulary, (rows - from) * vocabulary);
    const chosen = Array.from({ length: rows }, (_, r) => (r % 5 === 3 ? -1 : (r * 7919) % vocabulary));
    const targets = make.ints(chosen.slice(from));
    const dlogp = make.f32(rows);
    const [logp, lse, entropy] = [make.output(rows - from), make.output(rows - from), make.output(rows - from)];
    const dlogits = inPlace ? logits : make.output((rows - from) * vocabulary);
    device.tokenLogProbs(logits, targets, logp, lse, entropy, rows - from, vocabulary, temperature);
    device.tokenLogProbsGrad(logits, targets, lse, dlogp, dlogits, rows - from, vocabulary, temperature);
    return [logp, lse, entropy, dlogits];
  };

test("log-probabilities, entropies and gradients are the reference's, in place or not", async () => {
  for (const device of devices)
    for (const [i, [rows, vocabulary, temperature]] of sizes.entries())
      await compareKernel(truth, device, i, logProbs(rows, vocabulary, temperature, i % 2 === 0), 3e-6);
});

test("a row's log-probability has the same bits in any company and on any number of threads", async () => {
  for (const build of [devices.slice(0, 4), devices.slice(4)])
    for (const [i, [rows, vocabulary, temperature]] of sizes.entries()) {
      await sameBits(build, i, logProbs(rows, vocabulary, temperature, true));
      const whole = await outputsOf(build[2]!, i, logProbs(rows, vocabulary, temperature, true));
      const last = await outputsOf(build[0]!, i, logProbs(rows, vocabulary, temperature, true, rows - 1));
      for (const output of [0, 1, 2])
        assertSameBits(last[output]!, whole[output]!.subarray(rows - 1), `output ${output}`);
    }
});

test("a logit of minus infinity has probability 0 and no part in the entropy", async () => {
  for (const device of devices) {
    const [logp, entropy, dlogits] = await outputsOf(device, 0, (on, make) => {
      const logits = make.floats([1, Number.NEGATIVE_INFINITY, 1, 1, Number.NEGATIVE_INFINITY, 1]);
      const [logp, lse, entropy] = [make.output(1), make.output(1), make.output(1)];
      const [targets, dlogp, dlogits] = [make.ints([2]), make.floats([1]), make.output(6)];
      on.tokenLogProbs(logits, targets, logp, lse, entropy, 1, 6, 1);
      on.tokenLogProbsGrad(logits, targets, lse, dlogp, dlogits, 1, 6, 1);
      return [logp, entropy, dlogits];
    });
    assert.ok(Math.abs(logp![0]! + Math.log(4)) < 1e-6);
    assert.ok(Math.abs(entropy![0]! - Math.log(4)) < 1e-6);
    assert.equal(Math.abs(dlogits![1]!), 0);
    assert.ok(Math.abs(dlogits![2]! - 0.75) < 1e-6);
  }
});
