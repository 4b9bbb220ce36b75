/** What the trainer's measures mean, in a line each, for who does not know their names (they are TRL's, see docs/recipes.md). */

/** First those one looks at first: whether it gets better, whether it thinks more, and whether it still learns. */
export const FIRST = [
  "reward",
  "rewards/accuracy/mean",
  "completions/mean_thinking",
  "loss",
  "entropy",
  "completions/reflecting",
  "frac_reward_zero_std",
  "grad_norm",
  "learning_rate",
];

const ABOUT: Readonly<Record<string, string>> = {
  reward: "what an answer earns, on average: the weighted sum of its parts",
  reward_std: "how far rewards lie apart within a group",
  "rewards/accuracy/mean": "share of answers that the verifier finds right",
  "rewards/format/mean": "share of answers in the right form: thinking, then the answer",
  loss: "what training makes smaller; in reinforcement learning its level says little",
  mtp_loss: "the same for tokens further ahead",
  value_loss: "how far the critic's guesses are from the rewards",
  value_clip_ratio: "share of the critic's guesses held back by the clip",
  kl: "how far the model has moved from its reference, nats a token",
  mismatch_kl: "how far sampling and training differ, nats a token",
  entropy: "how open the choice of a token is, nats; towards 0 all answers become alike",
  grad_norm: "how strongly this step pulls at the weights",
  learning_rate: "how far a step moves the weights",
  frac_reward_zero_std: "share of groups whose rewards are all alike: nothing is learned from those",
  "completions/mean_thinking": "tokens of thinking in an answer",
  "completions/mean_length": "tokens of an answer, thinking included",
  "completions/min_length": "tokens of the shortest answer",
  "completions/max_length": "tokens of the longest answer",
  "completions/mean_terminated_length": "tokens of the answers that ended by themselves",
  "completions/min_terminated_length": "the shortest of those that ended by themselves",
  "completions/max_terminated_length": "the longest of those that ended by themselves",
  "completions/clipped_ratio": "share of answers cut off for being too long",
  "completions/reflecting": "share of answers that say “wait”, “check” or the like while thinking",
  "clip_ratio/low_mean": "share of tokens held back from becoming still less likely",
  "clip_ratio/low_min": "the least of it in a part of the step",
  "clip_ratio/high_mean": "share of tokens held back from becoming still likelier",
  "clip_ratio/high_max": "the most of it in a part of the step",
  "clip_ratio/region_mean": "share of tokens held back, both ways",
  "sampling/groups": "groups sampled in the step",
  "sampling/sampling_logp_difference/mean":
    "sampling against training, log-probability: 0 where they agree bit for bit",
  "sampling/sampling_logp_difference/max": "the largest such difference",
  "router/max_violation": "how much fuller the fullest expert is than the mean; 0: all alike",
  num_tokens: "tokens seen so far",
  tokens: "tokens of the step",
  targets: "tokens learned from in the step",
  sampling_time: "seconds of the step spent on answers",
  step_time: "seconds of the whole step",
};

/** A line about a measure; null for one that a run has of its own. */
export function aboutMeasure(key: string): string | null {
  const own = ABOUT[key];
  if (own !== undefined) return own;
  const part = /^rewards\/(.+)\/(mean|std)$/.exec(key);
  if (part === null) return null;
  return part[2] === "mean" ? `the reward's part “${part[1]}”, on average` : `how far the part “${part[1]}” spreads`;
}
