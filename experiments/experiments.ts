/**
 * The paper's effects in the small: what is compared, as arms of settings over one base. Each arm is R1-Zero from the same base model
 * with three seeds; what is told is what the models make of held-out questions, whatever it is.
 */
import path from "node:path";

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
  /** `--set` of the base. */
  readonly base?: readonly string[];
  readonly arms: readonly Arm[];
  /** Instead of each arm's last model: the only arm's after every so many steps, the base included. */
  readonly every?: number;
}

const arm = (name: string, ...settings: string[]): Arm => ({ name, settings });

const process = path.join(import.meta.dirname, "process-reward.ts");

export const EXPERIMENTS: readonly Experiment[] = [
  {
    name: "growth",
    question:
      "Do accuracy and thinking length grow together under rewards for right answers alone, and what does a majority vote add on the way?",
    families: ["digit-sums"],
    arms: [arm("steps", "steps=40", "checkpoint_every=10")],
    every: 10,
  },
  {
    name: "language",
    question: "Does the language reward mend mixed thinking, and what does it cost in accuracy?",
    families: ["number-words"],
    base: ["tokens=1500000"],
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
    question: "Does the variant of the policy loss matter at this size, half way up the curve?",
    families: ["digit-sums"],
    arms: ["grpo", "dr_grpo", "dapo", "gspo", "cispo", "rloo", "reinforce_pp"].map((loss) =>
      arm(loss, `loss=${loss}`, "steps=15"),
    ),
  },
  {
    name: "ppo",
    question: "Is a critic worth its cost: GRPO (DAPO's form) against PPO with GAE at two lambdas?",
    families: ["digit-sums"],
    arms: [
      arm("grpo", "loss=dapo"),
      arm("ppo, lambda 1", "loss=ppo", "ppo.lambda=1"),
      arm("ppo, lambda 0.95", "loss=ppo", "ppo.lambda=0.95"),
    ],
  },
  {
    name: "process-reward",
    question: "Does a reward for each written step that is right help, where a rule can check the steps?",
    families: ["digit-sums"],
    arms: [
      arm("none", "steps=15"),
      arm("process", "steps=15", `reward_file=${process}`, "reward_weight=0.5"),
      arm("process alone", "steps=15", `reward_file=${process}`, "reward_weight=1", "accuracy_weight=0"),
    ],
  },
];
