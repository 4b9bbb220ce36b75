// Group-relative advantages: a reward minus its group's mean, over a spread (DeepSeekMath eq. 3). Libraries differ in the
// spread and its offset, so both are options. The variance takes two passes: E[x^2] - mean^2 loses all digits for near-equal rewards.

export interface AdvantageOptions {
  /** Divide by the group's sample deviation, by the whole batch's, or not at all (Dr. GRPO). */
  readonly scale: "group" | "batch" | "none";
  /** Added to the deviation: 1e-4 as TRL; larger ones (0.1) keep a lone lucky sample from dominating. */
  readonly offset: number;
  /** Leave-one-out (RLOO): against the mean of the group's other rewards; the own reward is no part of its baseline. */
  readonly leaveOneOut?: boolean;
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
    const scored = rewards.filter((reward) => !Number.isNaN(reward)).length;
    // r - (sum - r) / (n - 1) is n / (n - 1) times r - mean
    const factor = (options.leaveOneOut ? scored / (scored - 1) : 1) / divisor;
    return rewards.map((reward) => (Number.isNaN(reward) ? 0 : (reward - own.mean) * factor));
  });
  return {
    advantages,
    reward: all.mean,
    rewardStd: all.std,
    fracRewardZeroStd: groups.length === 0 ? 0 : flat / groups.length,
  };
}

/**
 * Advantages without groups (REINFORCE++): rewards over the whole batch, every token counting once, to mean 0 and deviation 1.
 * @param lengths tokens of each sample; all 0 where all rewards are equal.
 */
export function batchAdvantages(
  groups: readonly (readonly number[])[],
  lengths: readonly (readonly number[])[],
): Advantages {
  const { reward, rewardStd, fracRewardZeroStd } = groupAdvantages(groups, advantageDefaults);
  const rewards = groups.flat();
  const weights = lengths.flat().map((length, i) => (Number.isNaN(rewards[i]!) ? 0 : length));
  const tokens = Math.max(
    1,
    weights.reduce((sum, one) => sum + one, 0),
  );
  const meanOf = (value: (reward: number) => number) =>
    rewards.reduce((sum, one, i) => (weights[i] === 0 ? sum : sum + weights[i]! * value(one)), 0) / tokens;
  const mean = meanOf((one) => one);
  const deviation = Math.sqrt(
    Math.max(
      1e-8,
      meanOf((one) => (one - mean) ** 2),
    ),
  );
  const advantages = groups.map((own) =>
    own.map((one) => (rewardStd === 0 || Number.isNaN(one) ? 0 : (one - mean) / deviation)),
  );
  return { advantages, reward, rewardStd, fracRewardZeroStd };
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
