// What one sampled answer is to the trainer, the line it leaves in rollouts/NNNNNN.jsonl, and a batch's figures under TRL's names.

import { type Advantages, moments } from "./advantages.ts";
import type { Critique } from "./critic.ts";
import type { JsonRecord } from "./jsonl.ts";

/** One sample of one question with its judgement. */
export interface Rollout {
  /** Number of the question within the step; its samples share it. */
  readonly group: number;
  readonly prompt: readonly number[];
  /** The sampled tokens, the end-of-sequence token included where the model wrote it. */
  readonly completion: readonly number[];
  /** log p of each sampled token at the sampling temperature, as the sampler saw it. */
  readonly logps: Float32Array;
  /** Entropy in nats of the distribution each token was drawn from. */
  readonly entropies: Float32Array;
  /** Whether the length limit cut it off. */
  readonly truncated: boolean;
  /** Reward parts by name; NaN where a part could not judge. */
  readonly parts: Readonly<Record<string, number>>;
  readonly reward: number;
  readonly advantage: number;
  /** log p under the reference model; null without a KL term. */
  readonly refLogps: Float32Array | null;
  /** log p under the policy being trained, where another engine sampled; absent: `logps` are that. */
  readonly trainedLogps?: Float32Array;
  /** What the critic thought of it; absent without one. */
  readonly critique?: Critique;
}

/** A line of rollouts/NNNNNN.jsonl; `more` holds texts and whatever the recipe wants to show. */
export function rolloutRecord(step: number, rollout: Rollout, more: JsonRecord): JsonRecord {
  return {
    step,
    group: rollout.group,
    ...more,
    prompt_ids: rollout.prompt,
    completion_ids: rollout.completion,
    logps: Array.from(rollout.logps, short),
    entropies: Array.from(rollout.entropies, short),
    truncated: rollout.truncated,
    rewards: rollout.parts,
    reward: rollout.reward,
    advantage: rollout.advantage,
  };
}

/** TRL's figures of a generation batch: lengths, reward parts, reward, spread, entropy. */
export function rolloutMetrics(
  rollouts: readonly Rollout[],
  of: Omit<Advantages, "advantages">,
): Record<string, number> {
  const lengths = rollouts.map(({ completion }) => completion.length);
  const ended = rollouts.filter(({ truncated }) => !truncated).map(({ completion }) => completion.length);
  const metrics: Record<string, number> = {
    "completions/mean_length": mean(lengths),
    "completions/min_length": Math.min(...lengths),
    "completions/max_length": Math.max(...lengths),
    // TRL gives 0 where no completion ended by itself
    "completions/mean_terminated_length": mean(ended),
    "completions/min_terminated_length": ended.length === 0 ? 0 : Math.min(...ended),
    "completions/max_terminated_length": ended.length === 0 ? 0 : Math.max(...ended),
    "completions/clipped_ratio": 1 - ended.length / rollouts.length,
  };
  for (const name of Object.keys(rollouts[0]!.parts)) {
    const part = moments(rollouts.map(({ parts }) => parts[name]!));
    metrics[`rewards/${name}/mean`] = part.mean;
    metrics[`rewards/${name}/std`] = part.std;
  }
  metrics.reward = of.reward;
  metrics.reward_std = of.rewardStd;
  metrics.frac_reward_zero_std = of.fracRewardZeroStd;
  const tokens = lengths.reduce((sum, length) => sum + length, 0);
  const entropy = rollouts.reduce((sum, { entropies }) => sum + entropies.reduce((own, value) => own + value, 0), 0);
  metrics.entropy = entropy / Math.max(1, tokens);
  return metrics;
}

const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;

/** Seven digits say all a reader of a file needs of a 32-bit float. */
const short = (value: number): number => Number(value.toPrecision(7));
