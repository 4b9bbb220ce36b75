/** Drawing entries of a task: which side of the train/held-out line an item lies on depends on its key's hash alone, so the two cannot meet. */
import { UserError, usageError } from "../error.ts";
import { hashText, Random } from "../random.ts";
import type { Problem, Split, Task, TaskEntry } from "./task.ts";

/** The share of all keys that is held out of training. */
export const HELD_OUT_SHARE = 0.1;

const HELD_OUT_BELOW = Math.round(HELD_OUT_SHARE * 2 ** 32);

/** The side of the line a problem lies on, for every seed, level and wording. */
export const splitOf = (task: string, key: string): Split =>
  hashText(`${task}\n${key}`) < HELD_OUT_BELOW ? "held-out" : "train";

export interface SampleOptions {
  readonly seed: number;
  readonly index: number;
  readonly level: number;
  readonly split: Split;
  /** A wording by number (0, canonical, unless stated), or "any" for a random one. */
  readonly phrasing?: number | "any";
}

/** Item `index` of the endless list that the other options name; the same entry every time, whatever was drawn before. */
export function sample<D>(task: Task<D>, options: SampleOptions): TaskEntry<D> {
  const { seed, index, level, split, phrasing = 0 } = options;
  checkLevel(task, level);
  checkPhrasing(task, phrasing);
  const random = Random.from(seed, "task", task.name, level, split, index);
  const problem = makeInSplit(task, random, level, split);
  const wording = phrasing === "any" ? random.int(0, task.phrasings - 1) : phrasing;
  return {
    task: task.name,
    level,
    split,
    seed,
    index,
    phrasing: wording,
    prompt: task.prompt(problem, wording),
    ...problem,
  };
}

/** Makes problems until one lies in the split. */
export function makeInSplit<D>(task: Task<D>, random: Random, level: number, split: Split): Problem<D> {
  for (let tries = 0; tries < 10_000; tries++) {
    const problem = task.make(random, level);
    if (splitOf(task.name, problem.key) === split) return problem;
  }
  throw new UserError(`${task.name} found no ${split} problem of level ${level} in 10000 tries`);
}

export function checkLevel(task: Pick<Task, "name" | "levels">, level: number): void {
  if (!Number.isInteger(level) || level < 1 || level > task.levels) {
    throw usageError(`${task.name} has levels 1 to ${task.levels}, not ${level}`, "level");
  }
}

export function checkPhrasing(task: Pick<Task, "name" | "phrasings">, phrasing: number | "any"): void {
  if (phrasing !== "any" && !(Number.isInteger(phrasing) && phrasing >= 0 && phrasing < task.phrasings)) {
    throw usageError(`${task.name} has wordings 0 to ${task.phrasings - 1}, not ${phrasing}`, "phrasing");
  }
}
