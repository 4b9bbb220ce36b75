/** All task families by name: the one place that lists them. */
import { usageError } from "../error.ts";
import { baseConversion } from "./families/base-conversion.ts";
import { chainSum } from "./families/chain-sum.ts";
import { clockTimes } from "./families/clock-times.ts";
import { comparison } from "./families/comparison.ts";
import { countdown } from "./families/countdown.ts";
import { digitSums } from "./families/digit-sums.ts";
import { letterCounting } from "./families/letter-counting.ts";
import { linearEquations } from "./families/linear-equations.ts";
import { numberWords } from "./families/number-words.ts";
import { products } from "./families/products.ts";
import { remainders } from "./families/remainders.ts";
import { requests } from "./families/requests.ts";
import { romanNumerals } from "./families/roman-numerals.ts";
import { sorting } from "./families/sorting.ts";
import type { Task } from "./task.ts";

/** The eight families that the small recipes train on. */
export const EIGHT: readonly Task[] = [
  chainSum,
  products,
  letterCounting,
  linearEquations,
  remainders,
  sorting,
  baseConversion,
  digitSums,
];

/** Every family of the one-language world. */
export const ALL: readonly Task[] = [...EIGHT, comparison, countdown];

/** What only the longest chain learns beside them. */
export const FURTHER: readonly Task[] = [romanNumerals as Task, clockTimes as Task];

/** The families the whole chain adds: questions in two languages, and requests that only a preference can judge. */
export const BILINGUAL: readonly Task[] = [numberWords as Task, requests as Task];

/** Every family whose answers are right or wrong. */
export const VERIFIABLE: readonly Task[] = [...ALL, ...FURTHER, numberWords as Task];

/** The task of that name; throws a usage error that lists the names otherwise. */
export function taskNamed(name: string): Task {
  const known = [...VERIFIABLE, requests as Task];
  const found = known.find((task) => task.name === name);
  if (found === undefined) {
    throw usageError(`no task is named "${name}"; there are ${known.map((task) => task.name).join(", ")}`, "task");
  }
  return found;
}
