/**
 * Distillation (2.4): smaller dense students of Llama and Qwen2 shape, pre-trained as the base was, learn the kept answers by
 * fine-tuning alone; beside them the same student reinforced as the large model was, for the paper's comparison.
 */
import type { ChainStage } from "../stage-kit.ts";
import { studentConfig } from "../students.ts";

const SHAPES = ["llama", "qwen2"] as const;

export const distillation: readonly ChainStage[] = [
  ...SHAPES.flatMap((shape): ChainStage[] => [
    {
      name: `student-${shape}`,
      about: `a smaller dense student of ${shape === "llama" ? "Llama" : "Qwen2"} shape, pre-trained`,
      uses: [],
      run: (chain) =>
        chain.pretrain(`student-${shape}`, chain.plan.options.student, studentConfig(shape, chain.plan.model)),
    },
    {
      name: `distill-${shape}`,
      about: "the student fine-tuned on the kept answers",
      uses: [`student-${shape}`, "rejection.jsonl"],
      run: (chain) => chain.tune(`distill-${shape}`, chain.plan.options.distill, `student-${shape}`, "rejection.jsonl"),
    },
  ]),
  {
    name: "rl-qwen2",
    about: "reinforcement learning on the student itself",
    uses: ["student-qwen2"],
    comparison: true,
    run: (chain) => chain.reinforce("rl-qwen2", chain.plan.options.student_rl, "student-qwen2"),
  },
];
