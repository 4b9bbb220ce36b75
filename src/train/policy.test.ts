import assert from "node:assert/strict";
import { after, test } from "node:test";
import { generateBatch } from "../generate/batch.ts";
import type { Decoder } from "../model/decoder.ts";
import { tinyLlama, tinyModel, tinyV3 } from "../model/test-models.ts";
import { Random } from "../random.ts";
import { advantageDefaults, groupAdvantages } from "./advantages.ts";
import { sequenceWeights } from "./losses/aggregate.ts";
import { POLICY_LOSSES, policyLoss } from "./losses/choose.ts";
import { dapo } from "./losses/dapo.ts";
import { grpo } from "./losses/grpo.ts";
import { adamwDefaults, Optimizer, optimizerDefaults, trainedParameters } from "./optimizer.ts";
import { type PolicyOptions, policyStep, scoreCompletions } from "./policy.ts";
import { type Rollout, rolloutMetrics, rolloutRecord } from "./rollouts.ts";
import { testDevice } from "./test-device.ts";

const device = await testDevice();
after(() => device.close());

const still = { step: 1, factor: 0, seen: 100 };
const options: PolicyOptions = {
  loss: grpo,
  loss_options: grpo.defaults,
  temperature: 1,
  num_iterations: 1,
  mini_batches: 1,
  mask_truncated_completions: false,
  max_completion_length: 8,
  max_rows: 64,
  max_grad_norm: Number.POSITIVE_INFINITY,
  router_gamma: 0,
};

for (const [name, config] of [
  ["V3", tinyV3()],
  ["Llama", tinyLlama()],
] as const) {
  for (const temperature of [1, 0.7])
    test(`${name}: at temperature ${temperature} the training pass gives the sampled tokens' log-probabilities bit for bit, also after updates`, async () => {
      const model = await tinyModel(config, device);
      const optimizer = new Optimizer(device, model.parameters.values(), optimizerDefaults);
      for (let step = 1; step <= 3; step++) {
        const rollouts = await sample(model, step, temperature);
        for (const max_rows of [1, 64]) {
          const place = { step, factor: max_rows === 64 ? 1 : 0, seen: 0 };
          const metrics = await policyStep(model, optimizer, rollouts, place, Random.from(1), {
            ...options,
            temperature,
            max_rows,
          });
          assert.equal(metrics["sampling/sampling_logp_difference/max"], 0);
          if (step === 1) assert.ok(metrics.grad_norm! > 0);
          assert.ok(
            Math.abs(metrics.loss!) < 1e-3,
            "centred advantages at ratio 1 leave no loss but rounding and lengths",
          );
        }
      }
    });
}

test("a generation batch of equal rewards has no gradient at all", async () => {
  const model = await tinyModel(tinyV3(), device);
  const optimizer = new Optimizer(device, model.parameters.values(), optimizerDefaults);
  const rollouts = (await sample(model, 1)).map((rollout) => ({ ...rollout, advantage: 0 }));
  const metrics = await policyStep(model, optimizer, rollouts, still, Random.from(1), options);
  assert.equal(metrics.grad_norm, 0);
  assert.equal(metrics.loss, 0);
});

// cispo's gradient is not that of its value
for (const loss of POLICY_LOSSES.filter(({ name }) => name !== "cispo"))
  test(`${loss.name}: loss and gradient of stale rollouts are those of the formula (finite differences), however the batch is cut`, async () => {
    const model = await tinyModel(tinyV3(), device);
    const optimizer = new Optimizer(device, model.parameters.values(), optimizerDefaults);
    const random = Random.from(3);
    const rollouts = (await sample(model, 2)).map((rollout) => ({
      ...rollout,
      logps: rollout.logps.map((value) => value + 0.2 * (random.next() - 0.5)),
      refLogps: rollout.logps.map((value) => value + 0.3 * (random.next() - 0.5)),
    }));
    // wide bounds: no sequence sits on a corner of the clip
    const chosen = { ...options, loss, loss_options: { ...loss.defaults, epsLow: 0.9, epsHigh: 9, beta: 0.04 } };
    const { loss: value, kl, grad_norm } = await policyStep(model, optimizer, rollouts, still, random, chosen);
    const lengths = rollouts.map(({ completion }) => completion.length);
    const weights = sequenceWeights(loss.aggregation, {
      lengths,
      generationTokens: lengths.reduce((a, b) => a + b),
      maxCompletionLength: 8,
    });
    const formula = async () => {
      const scores = await scoreCompletions(model, rollouts, 1, 30);
      return rollouts.reduce((sum, { logps, refLogps, advantage }, i) => {
        const input = { logp: scores[i]!, oldLogp: logps, refLogp: refLogps, mask: null, advantage };
        return sum + weights[i]! * loss.sequence(input, chosen.loss_options).sum;
      }, 0);
    };
    near(value!, await formula(), 1e-6);
    assert.ok(kl! > 0);
    const { buf, grad } = model.parameters.get("model.layers.0.self_attn.o_proj.weight")!;
    const [before, gradient] = [await device.read(buf), await device.read(grad)];
    const norm = Math.hypot(...gradient);
    const moved = async (by: number) => {
      device.write(
        buf,
        before.map((weight, i) => weight + (by * gradient[i]!) / norm),
      );
      device.changed(buf);
      return formula();
    };
    const h = 3e-3;
    near(((await moved(h)) - (await moved(-h))) / (2 * h), norm, 0.02 * norm);
    device.write(buf, before);
    device.changed(buf);
    const cut = await policyStep(model, optimizer, rollouts, still, random, { ...chosen, max_rows: 12 });
    assert.deepEqual([cut.loss, cut.grad_norm], [value, grad_norm]);
  });

test("later passes over the same rollouts use true ratios, and clip them", async () => {
  const model = await tinyModel(tinyV3(), device);
  const optimizer = new Optimizer(device, model.parameters.values(), optimizerDefaults);
  const rollouts = await sample(model, 4);
  const chosen = {
    ...options,
    num_iterations: 3,
    mini_batches: 2,
    loss: dapo,
    loss_options: { ...dapo.defaults, epsLow: 0.02, epsHigh: 0.02 },
  };
  const metrics = await policyStep(model, optimizer, rollouts, { ...still, factor: 1 }, Random.from(1), chosen);
  assert.equal(optimizer.steps, 6);
  assert.equal(metrics["sampling/sampling_logp_difference/max"], 0, "only the first mini-batch is compared");
  assert.ok(metrics["clip_ratio/region_mean"]! > 0);
  assert.ok(metrics["clip_ratio/high_max"]! >= metrics["clip_ratio/high_mean"]!);
});

test("truncated completions leave the loss where that is asked for", async () => {
  const model = await tinyModel(tinyV3(), device);
  const optimizer = new Optimizer(device, model.parameters.values(), optimizerDefaults);
  const rollouts = (await sample(model, 1)).map((rollout) => ({ ...rollout, truncated: true }));
  const masked = await policyStep(model, optimizer, rollouts, still, Random.from(1), {
    ...options,
    mask_truncated_completions: true,
  });
  assert.equal(masked.grad_norm, 0);
});

test("an optimizer for reinforcement learning leaves the multi-token-prediction modules alone", async () => {
  const model = await tinyModel(tinyV3(), device);
  const names = trainedParameters(model, false).map(({ name }) => name);
  assert.ok(names.includes("model.layers.1.self_attn.o_proj.weight"));
  assert.ok(names.every((name) => !/^model\.layers\.[23]\./.test(name)));
  assert.equal(trainedParameters(model, true).length, model.parameters.size);
});

test("a model learns to say what is rewarded", async () => {
  const model = await tinyModel(tinyV3(), device);
  const optimizer = new Optimizer(device, model.parameters.values(), {
    muon: null,
    adamw: { ...adamwDefaults, lr: 0.02 },
  });
  const rewards: number[] = [];
  for (let step = 1; step <= 15; step++) {
    const rollouts = await sample(model, step);
    rewards.push(rollouts.reduce((sum, { reward }) => sum + reward, 0) / rollouts.length);
    await policyStep(model, optimizer, rollouts, { step, factor: 1, seen: 0 }, Random.from(step), {
      ...options,
      loss: policyLoss("dapo"),
      max_grad_norm: 1,
    });
  }
  const [first, last] = [rewards.slice(0, 2), rewards.slice(-2)].map((part) => (part[0]! + part[1]!) / 2);
  assert.ok(last! > first! + 0.4, `${rewards.map((reward) => reward.toFixed(2))}`);
});

test("a batch's figures carry TRL's names and its line holds what the dashboard needs", async () => {
  const model = await tinyModel(tinyV3(), device);
  const rollouts = await sample(model, 1);
  const metrics = rolloutMetrics(rollouts, { reward: 0.5, rewardStd: 0.1, fracRewardZeroStd: 0.25 });
  for (const name of [
    "completions/mean_length",
    "completions/min_length",
    "completions/max_length",
    "completions/mean_terminated_length",
    "completions/clipped_ratio",
    "rewards/share/mean",
    "rewards/share/std",
    "reward",
    "reward_std",
    "frac_reward_zero_std",
    "entropy",
  ])
    assert.ok(Number.isFinite(metrics[name]), name);
  const line = rolloutRecord(3, rollouts[0]!, { prompt: "a question", response: "an answer" });
  assert.deepEqual(Object.keys(JSON.parse(JSON.stringify(line))), [
    "step",
    "group",
    "prompt",
    "response",
    "prompt_ids",
    "completion_ids",
    "logps",
    "entropies",
    "truncated",
    "rewards",
    "reward",
    "advantage",
  ]);
});

/** Four questions, four samples each; the reward is the share of tokens below 8. */
async function sample(model: Decoder, seed: number, temperature = 1): Promise<Rollout[]> {
  const random = Random.from(seed, "prompts");
  const prompts = Array.from({ length: 4 }, () => Array.from({ length: random.int(1, 4) }, () => random.int(0, 22)));
  const requests = prompts.flatMap((prompt, group) =>
    Array.from({ length: 4 }, (_, i) => ({
      prompt,
      maxTokens: 8,
      stopIds: [22],
      sampling: { temperature, seed: seed * 100 + group * 4 + i },
    })),
  );
  const completions = await generateBatch(model, requests, { slots: 5 });
  const rewards = completions.map(({ ids }) => ids.filter((id) => id < 8).length / ids.length);
  const groups = prompts.map((_, group) => rewards.slice(4 * group, 4 * group + 4));
  const advantages = groupAdvantages(groups, advantageDefaults).advantages.flat();
  return completions.map(({ ids, logps, entropies, finish }, i) => ({
    group: Math.floor(i / 4),
    prompt: prompts[Math.floor(i / 4)]!,
    completion: ids,
    logps,
    entropies,
    truncated: finish === "length",
    parts: { share: rewards[i]! },
    reward: rewards[i]!,
    advantage: advantages[i]!,
    refLogps: null,
  }));
}

function near(actual: number, expected: number, tolerance: number): void {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not within ${tolerance} of ${expected}`);
}
