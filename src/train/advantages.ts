// Group-relative advantages: a reward minus its group's mean, over a spread (DeepSeekMath eq. 3). Libraries differ in the
// spread and its offset, so both are options. The variance takes two passes: E[x^2] - mean^2 loses all digits for near-equal rewards.

export interface AdvantageOptions {
  /** Divide by the group's sample deviation, by the whole batch's, or not at all (Dr. GRPO). */
  readonly scale: "group" | "batch" | "none";
  /** Added to the deviation: 1e-4 as TRL; larger ones (0.1) keep a lone lucky sample from dominating. */
  readonly offset: number;
}

export const advantageDefaults: AdvantageOptions = { scale: "group", offset: 1e-4 };

export interface Advantages {
  /** One for each reward, group by group; 0 for an unscorable (NaN) reward and for groups of equal rewards. */
  readonly advantages: readonly (readonly number[])[];
  /** Mean and sample deviation over all scorable rewards. */
  readonly reward: number;
  readonly rewardStd: number;
  /** The share of groups with nothing to learn from: all scorable rewards equal. */
  readonly fracRewardZeroStd: number;
}

/** Advantages of groups of rewards. A NaN reward is unscorable: left out of mean and deviation, advantage 0. */
export function groupAdvantages(groups: readonly (readonly number[])[], options: AdvantageOptions): Advantages {
  const all = moments(groups.flat());
  let flat = 0;
  const advantages = groups.map((rewards) => {
    const own = moments(rewards);
    if (own.equal) {
      flat++;
      return rewards.map(() => 0); // exactly: the mean of equal numbers need not equal them
    }
    const divisor = options.scale === "none" ? 1 : (options.scale === "group" ? own.std : all.std) + options.offset;
    return rewards.map((reward) => (Number.isNaN(reward) ? 0 : (reward - own.mean) / divisor));
  });
  return {
    advantages,
    reward: all.mean,
    rewardStd: all.std,
    fracRewardZeroStd: groups.length === 0 ? 0 : flat / groups.length,
  };
}

/** The weighted sum of a sample's reward parts; NaN parts do not count, and all NaN gives NaN (unscorable). */
export function combineRewards(parts: readonly number[], weights: readonly number[] | null): number {
  let [sum, scored] = [0, false];
  parts.forEach((part, i) => {
    if (Number.isNaN(part)) return;
    scored = true;
    sum += part * (weights === null ? 1 : weights[i]!);
  });
  return scored ? sum : Number.NaN;
}

/** Mean and sample standard deviation (n - 1, as torch.std), NaN left out. */
export function moments(values: readonly number[]): {
  readonly mean: number;
  readonly std: number;
  readonly equal: boolean;
} {
  const kept = values.filter((value) => !Number.isNaN(value));
  if (kept.length === 0) return { mean: 0, std: 0, equal: true };
  const equal = kept.every((value) => value === kept[0]);
  const mean = equal ? kept[0]! : kept.reduce((sum, value) => sum + value, 0) / kept.length;
  if (equal) return { mean, std: 0, equal };
  const squares = kept.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, std: Math.sqrt(squares / (kept.length - 1)), equal };
}
