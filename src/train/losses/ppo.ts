// PPO (arXiv 1707.06347) as TRL has it: a value for every token by a linear head on the policy's own final hidden state, advantages by
// GAE over per-token rewards that hold the KL, a clipped value loss. The baseline that the paper's method does without.

import { bnpo } from "./grpo.ts";
import type { PolicyLoss } from "./types.ts";

/** GRPO's clipped surrogate with an advantage for each token, over the mean of all tokens. */
export const ppo: PolicyLoss = { ...bnpo, name: "ppo", scaleRewards: "none", critic: true };

/** Rewards of a completion's tokens: -beta (logp - refLogp) each (TRL's k1 estimate), and the sample's reward at the last. */
export function tokenRewards(
  reward: number,
  logp: ArrayLike<number>,
  refLogp: ArrayLike<number> | null,
  beta: number,
): Float64Array {
  const rewards = new Float64Array(logp.length);
  if (refLogp !== null) for (let t = 0; t < logp.length; t++) rewards[t] = -beta * (logp[t]! - refLogp[t]!);
  if (logp.length > 0) rewards[logp.length - 1]! += reward;
  return rewards;
}

/** Generalised advantage estimation (arXiv 1506.02438) with no discount: A_t = delta_t + lambda A_t+1; returns are A + V. */
export function generalisedAdvantages(
  rewards: ArrayLike<number>,
  values: ArrayLike<number>,
  lambda: number,
): { readonly advantages: Float64Array; readonly returns: Float64Array } {
  const advantages = new Float64Array(rewards.length);
  const returns = new Float64Array(rewards.length);
  let next = 0;
  for (let t = rewards.length - 1; t >= 0; t--) {
    const following = t + 1 < rewards.length ? values[t + 1]! : 0;
    next = rewards[t]! + following - values[t]! + lambda * next;
    advantages[t] = next;
    returns[t] = next + values[t]!;
  }
  return { advantages, returns };
}

/** Advantages of all tokens of a batch with mean 0 and standard deviation 1 (n - 1, TRL's masked_whiten). */
export function whitened(sequences: readonly Float64Array[]): Float64Array[] {
  let [count, sum, squares] = [0, 0, 0];
  for (const one of sequences) for (const value of one) [count, sum] = [count + 1, sum + value];
  const mean = sum / Math.max(1, count);
  for (const one of sequences) for (const value of one) squares += (value - mean) ** 2;
  const deviation = Math.sqrt(squares / Math.max(1, count - 1) + 1e-8);
  return sequences.map((one) => one.map((value) => (value - mean) / deviation));
}

export interface ValueInput {
  readonly values: ArrayLike<number>;
  /** When the completion was sampled. */
  readonly oldValues: ArrayLike<number>;
  readonly returns: ArrayLike<number>;
  /** 0 leaves a token out. */
  readonly mask: ArrayLike<number>;
}

/** Sum over the counted tokens of max((V - R)^2, (clip(V, V_old +- range) - R)^2) / 2, and its gradient. */
export function valueLoss({ values, oldValues, returns, mask }: ValueInput, range: number) {
  const dvalues = new Float64Array(values.length);
  let [sum, clipped] = [0, 0];
  for (let t = 0; t < values.length; t++) {
    if (!mask[t]) continue;
    const [value, old] = [values[t]!, oldValues[t]!];
    const bounded = Math.min(Math.max(value, old - range), old + range);
    const [plain, limited] = [value - returns[t]!, bounded - returns[t]!];
    sum += Math.max(plain ** 2, limited ** 2) / 2;
    // where the bounded value is the worse one the loss does not depend on the value any more
    if (limited ** 2 > plain ** 2) clipped++;
    else dvalues[t] = plain;
  }
  return { sum, dvalues, clipped };
}
