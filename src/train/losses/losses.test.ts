import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { sequenceWeights } from "./aggregate.ts";
import { POLICY_LOSSES, policyLoss } from "./choose.ts";
import { cispo } from "./cispo.ts";
import { tokenLoss } from "./grpo.ts";
import { sequenceRatioLoss } from "./gspo.ts";
import { wholeSequenceLoss } from "./rloo.ts";
import type { Aggregation, LossOptions, PolicyLoss, SequenceInput } from "./types.ts";

const sequences: readonly SequenceInput[] = [
  {
    logp: [-0.5, -1.2, -0.1, -2.0, -0.7],
    oldLogp: [-0.9, -1.1, -0.1, -1.5, -0.72],
    refLogp: [-0.6, -1.0, -0.3, -1.8, -0.7],
    mask: [1, 1, 1, 1, 0],
    advantage: 0.8,
  },
  { logp: [-0.9, -0.3, -1.5], oldLogp: [-0.6, -0.8, -1.5], refLogp: [-1.1, -0.2, -1.4], mask: null, advantage: -1.3 },
];

// TRL's formulas in torch (float64) on the two sequences above; dr_grpo with 6 as the longest completion, dapo with 20 tokens in the generation batch.
const golden: readonly {
  readonly of: PolicyLoss["sequence"];
  readonly aggregation: Aggregation;
  readonly options: LossOptions;
  readonly loss: number;
  readonly gradients: readonly (readonly number[])[];
  readonly clipped?: readonly [number, number];
}[] = [
  {
    of: tokenLoss,
    aggregation: "grpo",
    options: options(0.2, 0.2),
    loss: 0.376086134,
    gradients: [
      [0, -0.090483742, -0.1, -0.060653066, 0],
      [0, 0.357222942, 0.216666667],
    ],
  },
  {
    of: tokenLoss,
    aggregation: "grpo",
    options: options(0.2, 0.2, 0.04),
    loss: 0.37661182,
    gradients: [
      [0.000475813, -0.091590756, -0.099093654, -0.06176008, 0],
      [0.001208462, 0.356521803, 0.215965527],
    ],
  },
  {
    of: tokenLoss,
    aggregation: "bnpo",
    options: options(0.2, 0.2),
    loss: 0.216320456,
    gradients: [
      [0, -0.103409991, -0.114285714, -0.06931779, 0],
      [0, 0.306191093, 0.185714286],
    ],
  },
  {
    of: tokenLoss,
    aggregation: "dr_grpo",
    options: options(0.2, 0.2),
    loss: 0.126186932,
    gradients: [
      [0, -0.060322495, -0.066666667, -0.040435377, 0],
      [0, 0.178611471, 0.108333333],
    ],
  },
  {
    of: tokenLoss,
    aggregation: "dapo",
    options: options(0.2, 0.28, 0.001),
    loss: 0.072516932,
    gradients: [
      [4.758e-6, -0.036204567, -0.039990937, -0.024272297, 0],
      [9.063e-6, 0.107161624, 0.064994741],
    ],
  },
  {
    of: tokenLoss,
    aggregation: "grpo",
    options: { ...options(0.2, 0.2), delta: 1.5 },
    loss: 0.343863192,
    gradients: [
      [0, -0.090483742, -0.1, -0.060653066, 0],
      [0, 0, 0.216666667],
    ],
  },
  {
    of: wholeSequenceLoss,
    aggregation: "sequence",
    options: options(0.2, 0.2),
    loss: 0.466419492,
    gradients: [
      [-0.327492301, -0.327492301, -0.327492301, -0.327492301, 0],
      [0.793911793, 0.793911793, 0.793911793],
    ],
    clipped: [0, 0],
  },
  {
    of: sequenceRatioLoss,
    aggregation: "grpo",
    options: options(3e-4, 4e-4),
    loss: 0.314318649,
    gradients: [
      [-0.095122942, -0.095122942, -0.095122942, -0.095122942, 0],
      [0.231603473, 0.231603473, 0.231603473],
    ],
    clipped: [0, 0],
  },
  {
    of: sequenceRatioLoss,
    aggregation: "grpo",
    options: options(0.3, 0.3, 0.04),
    loss: 0.314844335,
    gradients: [
      [-0.09464713, -0.096229956, -0.094216596, -0.096229956, 0],
      [0.232811935, 0.230902333, 0.230902333],
    ],
    clipped: [0, 0],
  },
];

for (const { of, aggregation, options: chosen, loss, gradients, clipped } of golden)
  test(`${of === tokenLoss ? "token" : of === wholeSequenceLoss ? "whole-sequence" : "sequence"} ratios aggregated as ${aggregation} give TRL's loss and gradient (eps ${chosen.epsLow}/${chosen.epsHigh}, beta ${chosen.beta}, delta ${chosen.delta})`, () => {
    const parts = sequences.map((sequence) => of(sequence, chosen));
    const weights = sequenceWeights(aggregation, {
      lengths: parts.map((part) => part.tokens),
      generationTokens: 20,
      maxCompletionLength: 6,
    });
    close(
      parts.reduce((sum, part, i) => sum + part.sum * weights[i]!, 0),
      loss,
    );
    parts.forEach((part, i) => {
      assert.equal(part.dlogp.length, gradients[i]!.length);
      gradients[i]!.forEach((expected, t) => {
        close(part.dlogp[t]! * weights[i]!, expected);
      });
    });
    const counts = parts.reduce(([low, high], part) => [low + part.clippedLow, high + part.clippedHigh], [0, 0]);
    assert.deepEqual(counts, clipped ?? [1, 1]);
    close(
      parts.reduce((sum, part) => sum + part.kl, 0),
      0.095446277,
    );
  });

test("cispo gives TRL's value, and the gradient of its value with the clipped ratio held constant", () => {
  const chosen = { ...cispo.defaults, epsHigh: 0.28 };
  for (const sequence of sequences) {
    const part = cispo.sequence(sequence, chosen);
    const counted = (t: number) => (sequence.mask === null ? 1 : sequence.mask[t]!);
    const ratios = Array.from(sequence.logp, (now, t) => Math.exp(now - sequence.oldLogp[t]!));
    const held = ratios.map((ratio, t) => -Math.min(ratio, 1.28) * sequence.advantage * counted(t));
    held.forEach((factor, t) => {
      close(part.dlogp[t]!, factor);
    });
    close(
      part.sum,
      held.reduce((sum, factor, t) => sum + factor * sequence.logp[t]!, 0),
    );
  }
  const high = sequences.map((sequence) => cispo.sequence(sequence, chosen).clippedHigh);
  assert.deepEqual(high, [1, 0]);
});

for (const loss of POLICY_LOSSES) {
  if (loss !== cispo)
    test(`${loss.name}: the gradient is that of finite differences wherever the clip has no corner`, () => {
      fc.assert(
        fc.property(
          fc.array(fc.tuple(number(-4, -0.05), number(-0.6, 0.6), number(-0.6, 0.6), fc.boolean()), {
            minLength: 1,
            maxLength: 9,
          }),
          number(-2, 2),
          fc.constantFrom(0, 0.05),
          (tokens, advantage, beta) => {
            const chosen = { ...loss.defaults, beta };
            const input: SequenceInput = {
              logp: tokens.map(([logp]) => logp),
              oldLogp: tokens.map(([logp, old]) => logp - old),
              refLogp: tokens.map(([logp, , ref]) => logp + ref),
              mask: tokens.map(([, , , counted]) => Number(counted)),
              advantage,
            };
            const moved = (t: number, by: number) =>
              loss.sequence({ ...input, logp: tokens.map(([logp], i) => logp + (i === t ? by : 0)) }, chosen);
            const h = 1e-6;
            tokens.forEach((_, t) => {
              const [up, down] = [moved(t, h), moved(t, -h)];
              const [gradUp, gradDown] = [up.dlogp[t]!, down.dlogp[t]!];
              if (Math.abs(gradUp - gradDown) > 1e-4) return; // the corner lies between
              assert.ok(Math.abs((up.sum - down.sum) / (2 * h) - (gradUp + gradDown) / 2) < 1e-4);
            });
          },
        ),
        { numRuns: 60 },
      );
    });

  test(`${loss.name}: at ratio 1 a centred group's loss is 0 but its gradient is not`, () => {
    const parts = [1, -1].map((advantage) =>
      loss.sequence({ logp: [-1, -2], oldLogp: [-1, -2], refLogp: null, mask: null, advantage }, loss.defaults),
    );
    assert.equal(parts[0]!.sum + parts[1]!.sum, 0);
    assert.deepEqual([...parts[0]!.dlogp], [-1, -1]);
    assert.deepEqual([...parts[1]!.dlogp], [1, 1]);
  });

  test(`${loss.name}: advantage 0 contributes nothing, and neither does a token left out`, () => {
    const input = { logp: [-1, -2, -3], oldLogp: [-1.5, -1, -3], refLogp: null, mask: [0, 0, 0], advantage: 1 };
    for (const part of [
      loss.sequence({ ...input, mask: null, advantage: 0 }, loss.defaults),
      loss.sequence(input, loss.defaults),
    ]) {
      assert.ok(Math.abs(part.sum) === 0);
      assert.ok(part.dlogp.every((value) => Math.abs(value) === 0));
    }
    assert.equal(loss.sequence(input, loss.defaults).tokens, 0);
  });
}

test("the factors of a step do not depend on how its sequences are cut up, only on the step", () => {
  const scope = { lengths: [4, 0, 6], generationTokens: 40, maxCompletionLength: 8 };
  assert.deepEqual(sequenceWeights("grpo", scope), [1 / 12, 1 / 3, 1 / 18]);
  assert.deepEqual(sequenceWeights("bnpo", scope), [0.1, 0.1, 0.1]);
  assert.deepEqual(sequenceWeights("dr_grpo", scope), [1 / 24, 1 / 24, 1 / 24]);
  assert.deepEqual(sequenceWeights("dapo", scope), [1 / 40, 1 / 40, 1 / 40]);
});

test("a KL weight without a reference, and an unknown loss, are refused", () => {
  const input = { logp: [-1], oldLogp: [-1], refLogp: null, mask: null, advantage: 1 };
  assert.throws(() => tokenLoss(input, options(0.2, 0.2, 0.1)), /reference/);
  assert.throws(() => policyLoss("pqo"), /choose grpo, dr_grpo, dapo, gspo, bnpo/);
});

function options(epsLow: number, epsHigh: number, beta = 0): LossOptions {
  return { epsLow, epsHigh, beta, delta: null };
}

function close(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) < 1e-8, `${actual} is not ${expected}`);
}

function number(min: number, max: number): fc.Arbitrary<number> {
  return fc.double({ min, max, noNaN: true });
}
