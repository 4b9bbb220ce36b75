import assert from "node:assert/strict";
import { after, test } from "node:test";
import { tinyModel, tinyV3 } from "../model/test-models.ts";
import { testDevice } from "./test-device.ts";
import { firstMeanedStep, WeightMean } from "./weight-mean.ts";

const device = await testDevice();
after(() => device.close());

const NAME = "model.layers.1.mlp.gate.e_score_correction_bias";

test("the mean of three steps' weights takes their place, and a mean gone on with from its state has the same bits", async () => {
  const { parameters } = await tinyModel(tinyV3(), device);
  const weights = [...parameters.values()];
  const first = weights[0]!;
  const bias = parameters.get(NAME)!; // not the optimizer's, and of the model's result as much as any other
  const begin = await device.read(first.buf);
  const [whole, before, resumed] = [1, 2, 3].map(() => new WeightMean(device, weights));
  for (const [i, add] of [1, 2, 6].entries()) {
    device.write(
      first.buf,
      begin.map((value) => value + add),
    );
    device.fill(bias.buf, add);
    whole!.add();
    if (i < 2) before!.add();
    if (i === 1) resumed!.restore(before!.count, await before!.state());
    if (i === 2) resumed!.add();
  }
  const state = await whole!.state();
  assert.deepEqual(await resumed!.state(), state);
  whole!.apply();
  const meant = await device.read(first.buf);
  for (const [i, value] of begin.entries()) assert.ok(Math.abs(meant[i]! - (value + 3)) < 1e-6, `weight ${i}`);
  for (const value of await device.read(bias.buf)) assert.ok(Math.abs(value - 3) < 1e-6);
  assert.equal(whole!.count, 0);
  assert.equal((await whole!.state()).size, 0);
});

test("without a step nothing changes; a state that lacks a weight is refused by its name", async () => {
  const { parameters } = await tinyModel(tinyV3(), device);
  const mean = new WeightMean(device, parameters.values());
  const bias = parameters.get(NAME)!;
  const begin = await device.read(bias.buf);
  mean.apply();
  assert.deepEqual(await device.read(bias.buf), begin);
  assert.throws(() => mean.restore(2, new Map()), { name: "UserError", message: /mean of weights lacks model\./ });
});

test("the last share of the steps is meaned over", () => {
  assert.deepEqual(
    [0, 0.25, 0.3, 1].map((share) => firstMeanedStep(share, 10)),
    [11, 9, 8, 1],
  );
});
