import assert from "node:assert/strict";
import { test } from "node:test";
import { advantageDefaults, batchAdvantages, combineRewards, groupAdvantages, moments } from "./advantages.ts";
import { isInformative, sampleInformative } from "./dynamic-sampling.ts";
import { completionMask, softOverlong } from "./overlong.ts";
import { constantRate, rateFactor } from "./schedule.ts";

test("advantages are the reward minus the group's mean over its sample deviation plus 1e-4", () => {
  const { advantages, reward, rewardStd, fracRewardZeroStd } = groupAdvantages(
    [
      [1, 0, 0, 1],
      [1, 0, 0, 0],
    ],
    advantageDefaults,
  );
  near(
    advantages[0],
    [0.5, -0.5, -0.5, 0.5].map((x) => x / (Math.sqrt(1 / 3) + 1e-4)),
  );
  near(
    advantages[1],
    [0.75, -0.25, -0.25, -0.25].map((x) => x / (0.5 + 1e-4)),
  );
  near([reward, rewardStd, fracRewardZeroStd], [3 / 8, Math.sqrt(1.875 / 7), 0]);
});

test("the spread may be the whole batch's, none, or softened by a larger offset", () => {
  const groups = [
    [1, 0],
    [3, 2],
  ];
  near(groupAdvantages(groups, { scale: "none", offset: 1e-4 }).advantages[0], [0.5, -0.5]);
  near(
    groupAdvantages(groups, { scale: "batch", offset: 0 }).advantages[1],
    [0.5, -0.5].map((x) => x / Math.sqrt(5 / 3)),
  );
  near(
    groupAdvantages(groups, { scale: "group", offset: 0.1 }).advantages[0],
    [0.5, -0.5].map((x) => x / (Math.SQRT1_2 + 0.1)),
  );
});

test("a group of equal rewards contributes exactly nothing, whatever the rounding of their mean", () => {
  const { advantages, fracRewardZeroStd } = groupAdvantages(
    [
      [0.1, 0.1, 0.1],
      [0, 1, 0],
    ],
    advantageDefaults,
  );
  assert.deepEqual(advantages[0], [0, 0, 0]);
  assert.equal(fracRewardZeroStd, 0.5);
});

test("an unscorable reward is left out of mean and deviation and gets advantage 0", () => {
  const { advantages, reward } = groupAdvantages(
    [
      [Number.NaN, 1, 0],
      [Number.NaN, Number.NaN],
    ],
    advantageDefaults,
  );
  near(advantages[0], [0, ...[0.5, -0.5].map((x) => x / (Math.SQRT1_2 + 1e-4))]);
  assert.deepEqual(advantages[1], [0, 0]);
  assert.equal(reward, 0.5);
});

test("near-equal rewards keep their deviation: the variance takes two passes", () => {
  const { std } = moments([1e8, 1e8 + 1, 1e8, 1e8, 1e8, 1e8, 1e8, 1e8]);
  assert.ok(Math.abs(std - Math.sqrt(0.875 / 7)) < 1e-9);
});

test("reward parts add up by weight; missing parts do not count and none at all is unscorable", () => {
  assert.equal(combineRewards([1, 0.5], null), 1.5);
  assert.equal(combineRewards([1, 0.5], [1, 0.2]), 1.1);
  assert.equal(combineRewards([Number.NaN, 0.5], null), 0.5);
  assert.ok(Number.isNaN(combineRewards([Number.NaN], null)));
});

test("the soft overlong punishment is 0 up to the buffer, -1 past the limit, linear between (DAPO eq. 13)", () => {
  assert.deepEqual(
    [10, 16, 18, 20, 21].map((length) => softOverlong(length, 20, 4) + 0),
    [0, 0, -0.5, -1, -1],
  );
});

test("a truncated completion leaves the loss only where that is asked for", () => {
  assert.deepEqual([...completionMask(2, true, true)], [0, 0]);
  assert.deepEqual([...completionMask(2, true, false), ...completionMask(1, false, true)], [1, 1, 1]);
});

test("dynamic sampling asks for what is missing, keeps only groups that differ, and stops after its rounds", async () => {
  const stream = [
    [1, 1],
    [0, 1],
    [0, 0],
    [1, 0],
    [0, 1],
    [1, 1],
  ];
  const asked: number[] = [];
  const sample = (count: number) => {
    asked.push(count);
    return Promise.resolve(stream.splice(0, count));
  };
  const full = await sampleInformative(2, 5, sample, (group) => group);
  assert.deepEqual(full, {
    groups: [
      [0, 1],
      [1, 0],
    ],
    sampled: 4,
    rounds: 3,
  });
  assert.deepEqual(asked, [2, 1, 1]);
  const dry = await sampleInformative(
    1,
    3,
    () => Promise.resolve([[1, 1]]),
    (group) => group,
  );
  assert.deepEqual(dry, { groups: [[1, 1]], sampled: 3, rounds: 3 }, "with none informative the first round speaks");
  assert.equal(isInformative([Number.NaN, 1, 1]), false);
});

test("the learning rate warms up, holds, and falls linearly over its last part or along a cosine", () => {
  const linear = { shape: "linear", warmup: 2, decay: 0.4, floor: 0 } as const;
  near(
    Array.from({ length: 10 }, (_, step) => rateFactor(linear, step, 10)),
    [1 / 3, 2 / 3, 1, 1, 1, 1, 0.8, 0.6, 0.4, 0.2],
  );
  const cosine = { shape: "cosine", warmup: 0, decay: 0, floor: 0.1 } as const;
  near(
    [0, 5, 10].map((step) => rateFactor(cosine, step, 10)),
    [1, 0.55, 0.1],
  );
  assert.equal(rateFactor(constantRate, 7, 10), 1);
});

function near(actual: readonly number[] | undefined, expected: readonly number[]): void {
  assert.equal(actual?.length, expected.length);
  expected.forEach((value, i) => {
    assert.ok(Math.abs(actual![i]! - value) < 1e-12, `${actual} is not ${expected}`);
  });
}

test("leave-one-out advantages are a reward less the mean of the group's others (RLOO)", () => {
  const { advantages } = groupAdvantages([[1, 0, 0.5, Number.NaN]], { scale: "none", offset: 0, leaveOneOut: true });
  near(advantages[0], [1 - 0.25, 0 - 0.75, 0.5 - 0.5, 0]);
});

test("batch advantages have mean 0 and deviation 1 over the batch's tokens (REINFORCE++), and equal rewards teach nothing", () => {
  // six tokens earn 1, two earn 0: mean 0.75, deviation sqrt(0.75 * 0.25)
  const { advantages, fracRewardZeroStd } = batchAdvantages(
    [
      [1, 1],
      [0, Number.NaN],
    ],
    [
      [2, 4],
      [2, 9],
    ],
  );
  const deviation = Math.sqrt(0.1875);
  near(advantages[0], [0.25 / deviation, 0.25 / deviation]);
  near(advantages[1], [-0.75 / deviation, 0]);
  assert.equal(fracRewardZeroStd, 1);
  assert.deepEqual(batchAdvantages([[1, 1]], [[2, 4]]).advantages, [[0, 0]]);
});
