/**
 * The paper's effects in the small: what is compared, as arms of settings over one base. Each arm is R1-Zero from the same base model
 * with three seeds; what is told is held-out accuracy and thinking length at the end, whatever they are.
 */

export interface Arm {
  readonly name: string;
  /** `--set` of `train r1-zero`. */
  readonly settings: readonly string[];
}

export interface Experiment {
  readonly name: string;
  /** What is asked, in a sentence. */
  readonly question: string;
  /** Families of the base and of the reinforcement. */
  readonly families: readonly string[];
  readonly arms: readonly Arm[];
}

const arm = (name: string, ...settings: string[]): Arm => ({ name, settings });

export const EXPERIMENTS: readonly Experiment[] = [
  {
    name: "growth",
    question: "Do accuracy and thinking length grow together under rewards for right answers alone?",
    families: ["digit-sums"],
    arms: [arm("0 steps", "steps=1", "lr=1e-12"), arm("20 steps", "steps=20"), arm("40 steps", "steps=40")],
  },
  {
    name: "language",
    question: "Does the language reward mend mixed thinking, and what does it cost in accuracy?",
    families: ["number-words"],
    arms: [arm("off", "language_weight=0"), arm("on", "language_weight=0.5")],
  },
  {
    name: "group-size",
    question: "At the same number of samples a step, are many answers to few questions better than few to many?",
    families: ["digit-sums"],
    arms: [2, 4, 8, 16].map((size) => arm(`${size}`, `group_size=${size}`, `prompts_per_step=${128 / size}`)),
  },
  {
    name: "loss",
    question: "Does the variant of the policy loss matter at this size?",
    families: ["digit-sums"],
    arms: ["grpo", "dr_grpo", "dapo", "gspo", "cispo", "rloo", "reinforce_pp"].map((loss) => arm(loss, `loss=${loss}`)),
  },
];
