/** The benchmarks by name: each makes its list of items from what was asked for; asking and adding up is the same for all. */
import { usageError } from "../error.ts";
import { ALL, taskNamed } from "../tasks/catalogue.ts";
import { heldOutItems } from "./held-out.ts";
import type { Item } from "./item.ts";

/** What of a benchmark is wanted; one that has no families, wordings or levels refuses them. */
export interface Selection {
  /** Items, of each family where there are families; undefined: the benchmark's own number. */
  readonly items?: number;
  readonly families?: readonly string[];
  readonly wordings?: readonly (number | "any")[];
  readonly level?: number;
  readonly seed: number;
}

export interface Benchmark {
  readonly name: string;
  readonly about: string;
  /** @throws UserError for a selection it does not have */
  readonly items: (selection: Selection) => Item[];
}

export const BENCHMARKS: readonly Benchmark[] = [
  {
    name: "held-out",
    about: "instances of the procedural tasks that training never saw, 100 a family",
    items: ({ items: count = 100, families = ALL.map(({ name }) => name), wordings = [0], level = 1, seed }) =>
      families
        .map(taskNamed)
        .flatMap((task) => wordings.flatMap((phrasing) => heldOutItems(task, { seed, level, phrasing, count }))),
  },
];

/** The benchmark of that name. @throws UserError (usage) listing the names there are */
export function benchmarkNamed(name: string): Benchmark {
  const found = BENCHMARKS.find((one) => one.name === name);
  if (found !== undefined) return found;
  throw usageError(
    `there is no benchmark "${name}"; there ${BENCHMARKS.length === 1 ? "is" : "are"} ${BENCHMARKS.map((one) => one.name).join(", ")}`,
    "--benchmark",
  );
}
