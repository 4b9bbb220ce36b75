import assert from "node:assert/strict";
import { test } from "node:test";
import { features, pairLoss, preferenceAccuracy, preferenceReward, trainPreference } from "./preference.ts";

const pair = (name: string) => ({
  prompt: `Greet ${name}.`,
  better: `Hello ${name}, nice to see you!`,
  worse: "Go away!",
});

test("the pairwise loss is -log sigmoid of the difference", () => {
  for (const [better, worse, loss] of [
    [0, 0, Math.LN2],
    [2, 0, 0.126928],
    [-1, 1, 2.126928],
  ] as const)
    assert.ok(Math.abs(pairLoss(better, worse) - loss) < 1e-6);
});

test("one step on one pair moves its features by the rate times sigmoid(-margin)", () => {
  const { weights } = trainPreference([{ prompt: "q", better: "yes", worse: "no" }], {
    epochs: 1,
    lr: 0.5,
    weight_decay: 0,
  });
  assert.deepEqual([weights.yes, weights.no, weights["<start> yes"]], [0.25, -0.25, 0.25]);
  assert.equal(weights["<length>"], undefined);
});

test("what is learned of some names holds for others", () => {
  const model = trainPreference(["Anna", "Ben"].map(pair), { epochs: 20, lr: 0.2, weight_decay: 0.001 });
  assert.equal(preferenceAccuracy(model, ["Clara", "Hugo"].map(pair)), 1);
  const { prompt, better, worse } = pair("Clara");
  assert.ok(preferenceReward(model, prompt, better) > preferenceReward(model, prompt, worse) + 0.5);
  assert.ok(features(prompt, better).has("<named>"));
});
