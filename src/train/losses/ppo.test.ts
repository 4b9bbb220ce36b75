// Numbers by the formulas of TRL's PPOTrainer, computed apart from this code.
import assert from "node:assert/strict";
import { test } from "node:test";
import { generalisedAdvantages, ppo, tokenRewards, valueLoss, whitened } from "./ppo.ts";

const near = (actual: ArrayLike<number>, expected: readonly number[]): void => {
  assert.equal(actual.length, expected.length);
  expected.forEach((value, t) => {
    assert.ok(Math.abs(actual[t]! - value) < 1e-8, `${t}: ${actual[t]}, expected ${value}`);
  });
};

const logp = [-0.5, -1.2, -0.3, -2];
const values = [0.2, 0.5, 0.1, 0.4];
const returns = [0.931109375, 0.9590625, 0.99375, 1.025];

test("the KL counts in every token's reward, the sample's own at the last; GAE and whitening are TRL's", () => {
  const rewards = tokenRewards(1, logp, [-0.6, -1, -0.3, -1.5], 0.05);
  near(rewards, [-0.005, 0.01, 0, 1.025]);
  const estimate = generalisedAdvantages(rewards, values, 0.95);
  near(estimate.advantages, [0.731109375, 0.4590625, 0.89375, 0.625]);
  near(estimate.returns, returns);
  near(whitened([estimate.advantages])[0]!, [0.294946283, -1.194304708, 1.185280758, -0.285922333]);
  const parts = whitened([estimate.advantages.slice(0, 1), estimate.advantages.slice(1)]);
  near([...parts[0]!, ...parts[1]!], [0.294946283, -1.194304708, 1.185280758, -0.285922333]);
});

test("with lambda 1 an advantage is the return less the value", () => {
  const { advantages } = generalisedAdvantages(tokenRewards(1, logp, null, 0), values, 1);
  near(
    advantages,
    values.map((value) => 1 - value),
  );
});

test("the value loss is clipped around the sampled values, and its gradient is that of finite differences", () => {
  const now = [0.5, 0.45, -0.2, 0.9];
  const of = (at: readonly number[]) => valueLoss({ values: at, oldValues: values, returns, mask: [1, 1, 1, 1] }, 0.2);
  const { sum, dvalues, clipped } = of(now);
  assert.ok(Math.abs(sum - 1.07344293) < 1e-7, String(sum));
  assert.equal(clipped, 2);
  now.forEach((_, t) => {
    const moved = (by: number) => of(now.map((value, i) => (i === t ? value + by : value))).sum;
    assert.ok(Math.abs((moved(1e-6) - moved(-1e-6)) / 2e-6 - dvalues[t]!) < 1e-6, `token ${t}`);
  });
  assert.equal(valueLoss({ values: now, oldValues: values, returns, mask: [0, 0, 0, 0] }, 0.2).sum, 0);
});

test("the policy's loss takes an advantage for each token", () => {
  const input = { logp, oldLogp: logp, refLogp: null, mask: null, advantage: 0, advantages: [1, -2, 0.5, 3] };
  const { sum, dlogp } = ppo.sequence(input, ppo.defaults);
  assert.equal(sum, -2.5);
  near(dlogp, [-1, 2, -0.5, -3]);
});
