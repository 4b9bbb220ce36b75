/** The promise every task keeps: its own answer scores 1 and a corrupted one 0. */
import { Random } from "../random.ts";
import { sample } from "./sample.ts";
import { score } from "./score.ts";
import type { Task, TaskEntry } from "./task.ts";

export interface Validation {
  readonly checked: number;
  /** One sentence for each broken promise. */
  readonly failures: readonly string[];
}

/** Judges own and corrupted answers of `count` training items on every level. */
export function validate(task: Task, { seed, count }: { readonly seed: number; readonly count: number }): Validation {
  const failures: string[] = [];
  let checked = 0;
  for (let level = 1; level <= task.levels; level++) {
    for (let index = 0; index < count; index++) {
      const entry = sample(task, { seed, index, level, split: "train", phrasing: "any" });
      const random = Random.from(seed, "corrupt", task.name, level, index);
      expect(entry, entry.answer, 1);
      for (const corrupted of corrupt(entry.answer, random)) expect(entry, corrupted, 0);
    }
  }
  return { checked, failures };

  function expect(entry: TaskEntry, answer: string, expected: number): void {
    checked++;
    const { score: given, reason } = score(entry, `</think>${answer}`, { ended: true });
    if (given === expected) return;
    failures.push(
      `${task.name} level ${entry.level} item ${entry.index}: ${JSON.stringify(answer)} scores ${given} (${reason})`,
    );
  }
}

/** Wrong answers near the right one: a digit changed, a digit added, its end cut off, words around it, nothing. */
export function corrupt(answer: string, random: Random): string[] {
  const digits = [...answer.matchAll(/[\da-f]/g)].map((match) => match.index);
  const at = random.pick(digits);
  const changed = String((Number.parseInt(answer[at]!, 16) + random.int(1, 9)) % 10);
  return [
    answer.slice(0, at) + changed + answer.slice(at + 1),
    `${answer}1`,
    `${answer} apples`,
    `${answer} or ${answer}`,
    `about ${answer}`,
    "",
    " \n",
  ];
}
