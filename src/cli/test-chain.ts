// The whole chain on a toy model that makes each of its stages in a second or less, and what of it must be the same in every run.
import fs from "node:fs";
import path from "node:path";
import { CHAIN } from "../recipes/r1/chain.ts";
import { makesModel } from "../recipes/r1/stage-kit.ts";
import { TINY_MODEL } from "../recipes/test-settings.ts";
import { listCheckpoints } from "../train/run.ts";
import { set } from "./test-train.ts";

// a letter is counted once more often than not, so that even a model that has learned little is right now and then
const TASKS = 'tasks.families=["letter-counting"]';
const ALL_TASKS = 'tasks.families=["letter-counting","requests"]';
const documents = ["tokens_per_step=256", "evaluation.items=4", "evaluation.max_tokens=40", "checkpoint_every=50"];
const reinforced = ["prompts_per_step=6", "group_size=4", "max_completion_length=48", "evaluation.items=4"];
const steps = ["steps=4", "checkpoint_every=2", "evaluation.max_tokens=40", "lr=0.003", "save_rollouts=2"];
const stage = (names: readonly string[], settings: readonly string[]) =>
  names.flatMap((name) => settings.map((setting) => `${name}.${setting}`));
const SETTINGS = [
  ...TINY_MODEL,
  ...stage(
    ["base", "student"],
    [...documents, 'tasks.weights={"requests":0.2}', ALL_TASKS, "tokens=90000", "styles.checking=0"],
  ),
  "student.tokens=4096",
  ...stage(["cold_start", "sft", "distill"], [...documents, TASKS]),
  ...stage(["zero", "reasoning", "student_rl"], [...reinforced, ...steps, TASKS]),
  ...stage(["scenarios"], [...reinforced, ...steps, ALL_TASKS, "beta=0.01"]),
  ...stage(["cold_samples", "rejection_samples"], ["prompts=100", "samples=4", "max_tokens=48"]),
  ...["measure.items=6", "measure.max_tokens=40", "preference_pairs=100"],
];
/** `train r1` into `out`. */
export const chain = (out: string, ...more: string[]): string[] => [
  ..."train r1 --json --threads 1 --out".split(" "),
  ...[out, ...set(SETTINGS), ...more],
];

/** The weights, the trainer's numbers and the examples of every stage. */
export function contents(out: string): Record<string, string> {
  const files = CHAIN.flatMap((one) =>
    makesModel(one)
      ? ["model.safetensors", "state.safetensors"].map((name) =>
          path.join(listCheckpoints(path.join(out, one.name)).at(-1)!.folder, name),
        )
      : [path.join(out, one.name)],
  );
  return Object.fromEntries(files.map((file) => [path.relative(out, file), fs.readFileSync(file).toString("base64")]));
}
