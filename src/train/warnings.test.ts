import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonRecord } from "./jsonl.ts";
import { lateWarnings, policyWarnings } from "./warnings.ts";

const healthy: JsonRecord = {
  frac_reward_zero_std: 0.2,
  grad_norm: 0.1,
  "completions/clipped_ratio": 0.1,
  "completions/mean_thinking": 20,
  "rewards/accuracy/mean": 0.4,
  "rewards/format/mean": 0.9,
  entropy: 0.2,
  "sampling/sampling_logp_difference/max": 0,
};
const steps = (count: number, change: JsonRecord = {}): JsonRecord[] =>
  Array.from({ length: count }, () => ({ ...healthy, ...change }));
const kinds = (lines: readonly JsonRecord[]): string[] => policyWarnings(lines).map(({ kind }) => kind);

test("a healthy run has no warnings, and neither has one without steps", () => {
  assert.deepEqual([kinds([]), kinds(steps(1)), kinds(steps(20))], [[], [], []]);
});

test("groups that never differ are told once they lasted three steps, with the way out of the side they are on", () => {
  const flat = { frac_reward_zero_std: 1, grad_norm: 0 };
  assert.deepEqual(kinds(steps(2, flat)), []);
  assert.deepEqual(kinds(steps(3, flat)), ["zero_spread"]);
  assert.deepEqual(kinds([...steps(3, flat), ...steps(1)]), []);
  assert.match(policyWarnings(steps(3, flat))[0]!.message, /easier/);
  assert.match(policyWarnings(steps(3, { ...flat, "rewards/accuracy/mean": 1 }))[0]!.message, /harder/);
});

test("a gradient of exactly zero where rewards differ is told", () => {
  assert.deepEqual(kinds(steps(1, { grad_norm: 0 })), ["zero_gradient"]);
});

test("more than half of the answers cut off is told at once", () => {
  assert.deepEqual(kinds(steps(1, { "completions/clipped_ratio": 0.5 })), []);
  assert.match(policyWarnings(steps(1, { "completions/clipped_ratio": 0.62 }))[0]!.message, /^62 % .*max_completion/);
});

test("thinking and entropy that collapse against the run's own beginning are told", () => {
  assert.deepEqual(kinds([...steps(3), ...steps(3, { "completions/mean_thinking": 9 })]), ["thinking_collapse"]);
  assert.deepEqual(kinds([...steps(3), ...steps(3, { entropy: 0.01 })]), ["entropy_collapse"]);
  assert.deepEqual(kinds([...steps(3), ...steps(3, { entropy: 0.08, "completions/mean_thinking": 12 })]), []);
});

test("a form nobody keeps and log-probabilities that disagree are told", () => {
  assert.deepEqual(kinds(steps(3, { "rewards/format/mean": 0 })), ["no_format"]);
  assert.deepEqual(kinds(steps(1, { "sampling/sampling_logp_difference/max": 1e-7 })), ["logp_mismatch"]);
});

test("answers that grow long without earning more are told, and those that earn more are not", () => {
  const length = (tokens: number, reward: number) => ({ "completions/mean_length": tokens, reward });
  assert.deepEqual(kinds([...steps(3, length(20, 0.4)), ...steps(3, length(50, 0.4))]), ["length_explosion"]);
  assert.deepEqual(kinds([...steps(3, length(20, 0.4)), ...steps(3, length(50, 0.6))]), []);
});

test("a reward that rises while held-out accuracy falls by more than its noise is told", () => {
  const lines = [...steps(3, { reward: 0.4 }), ...steps(3, { reward: 0.7 })];
  const evaluation = (accuracy: number) => ({ temperature: 1, accuracy, stderr: 0.02 });
  const of = (...accuracies: number[]) => policyWarnings(lines, accuracies.map(evaluation)).map(({ kind }) => kind);
  assert.deepEqual([of(0.5, 0.4), of(0.5, 0.46), of(0.5, 0.6), of(0.5)], [["held_out_falls"], [], [], []]);
});

test("a fall that only the last evaluation shows is told after it, and what was told before is not told again", () => {
  const lines = [...steps(3, { reward: 0.4 }), ...steps(3, { reward: 0.7, entropy: 0.01 })];
  const told = [...lines.slice(0, -1), { ...lines.at(-1), warnings: policyWarnings(lines) }];
  const evaluations = [0.5, 0.3].map((accuracy) => ({ temperature: 1, accuracy, stderr: 0.02 }));
  const late = (of: readonly JsonRecord[]) => lateWarnings(of, evaluations).map(({ kind }) => kind);
  assert.deepEqual([late(told), late(lines)], [["held_out_falls"], ["entropy_collapse", "held_out_falls"]]);
});

test("one family doing all the work is told by its name", () => {
  const work = (sums: number, others: number) => steps(3, { informative: { sums, products: others, sorting: 0 } });
  assert.deepEqual([kinds(work(9, 0)), kinds(work(9, 1)), kinds(work(1, 0))], [["one_family"], [], []]);
  assert.match(policyWarnings(work(9, 0))[0]!.message, /^sums alone/);
});
