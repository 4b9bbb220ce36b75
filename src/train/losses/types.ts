// What a policy loss is: a pure function of one sequence. Everything that couples sequences (means, counts) is in aggregate.ts.

/** One sampled sequence as the loss sees it; arrays hold one entry for each completion token. */
export interface SequenceInput {
  /** log pi(token) now. */
  readonly logp: ArrayLike<number>;
  /** log pi_old(token), when it was sampled. */
  readonly oldLogp: ArrayLike<number>;
  /** log pi_ref(token); needed where beta > 0. */
  readonly refLogp: ArrayLike<number> | null;
  /** 0 leaves a token out; null counts all. */
  readonly mask: ArrayLike<number> | null;
  readonly advantage: number;
  /** One for each token where a critic or importance weights make them differ; losses of token ratios take them in place of `advantage`. */
  readonly advantages?: ArrayLike<number>;
}

export interface LossOptions {
  /** The ratio is clipped to [1 - epsLow, 1 + epsHigh]. */
  readonly epsLow: number;
  readonly epsHigh: number;
  /** Cap on the ratio before the clip, for negative advantages (two-sided clipping); null: none. */
  readonly delta: number | null;
  /** Weight of the k3 KL to the reference inside the loss. */
  readonly beta: number;
}

/** Sums over the counted tokens of one sequence; nothing is divided yet. */
export interface SequenceLoss {
  /** Sum of the per-token loss, the KL term included. */
  readonly sum: number;
  /** d sum / d logp, 0 for tokens left out. */
  readonly dlogp: Float64Array;
  /** Counted tokens. */
  readonly tokens: number;
  /** Tokens whose ratio lies under 1 - epsLow with a negative advantage, and over 1 + epsHigh with a positive one. */
  readonly clippedLow: number;
  readonly clippedHigh: number;
  /** Sum of k3 over the counted tokens, before beta; 0 without a reference. */
  readonly kl: number;
}

/** How the sums of many sequences become one number: TRL's table of loss types. */
export type Aggregation = "grpo" | "bnpo" | "dr_grpo" | "dapo" | "sequence";

/** A named variant: its function on one sequence, its defaults and its aggregation. */
export interface PolicyLoss {
  readonly name: string;
  readonly sequence: (input: SequenceInput, options: LossOptions) => SequenceLoss;
  readonly defaults: LossOptions;
  readonly aggregation: Aggregation;
  /** Which spread the advantages are divided by in this variant's paper. */
  readonly scaleRewards: "group" | "batch" | "none";
  /** What a reward is measured against: its group's mean, the mean of the others of its group, or the batch's mean over tokens. */
  readonly baseline: "group" | "leave_one_out" | "batch";
  /** Advantages come from a critic that is trained beside the policy, and the KL counts in its rewards. */
  readonly critic?: true;
}
