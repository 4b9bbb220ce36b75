/** Sorting numbers by insertion: each line takes the next number and writes the list so far with it in its place. */
import { z } from "zod";
import type { Random } from "../../random.ts";
import { bare, quote, readWholeNumber, right, wrong } from "../answer.ts";
import { defineTask, type Problem, type Verdict } from "../task.ts";

const schema = z.object({ numbers: z.array(z.int().nonnegative()).min(2).max(20), descending: z.boolean() });
type Data = z.infer<typeof schema>;

const SHAPES = [
  { count: [4, 6], low: 1, high: 99 },
  { count: [4, 6], low: 1, high: 999 },
  { count: [6, 7], low: 1, high: 99 },
] as const;

export const sorting = defineTask<Data>({
  name: "sorting",
  description:
    "sort 4 to 6 numbers (level 1: up to 99; 2: up to 999, either way round; 3: 6 or 7 numbers, either way round)",
  levels: 3,
  schema,
  wordings: [
    ({ numbers, descending }) => `Sort ${numbers.join(" ")}${descending ? " descending" : ""}.`,
    ({ numbers, descending }) => `Sort ${numbers.join(", ")}${descending ? " in descending order" : ""}.`,
    ({ numbers, descending }) => `Sort the numbers ${numbers.join(" ")}${descending ? ", largest first" : ""}`,
    ({ numbers, descending }) => `Put ${numbers.join(", ")} in ${descending ? "descending" : "ascending"} order.`,
    ({ numbers, descending }) => `sort ${numbers.join(" ")}${descending ? " descending" : ""}`,
    ({ numbers, descending }) =>
      `Order ${numbers.join(" ")} from ${descending ? "largest to smallest" : "smallest to largest"}.`,
  ],
  make(random, level): Problem<Data> {
    const shape = SHAPES[level - 1]!;
    const numbers = distinct(random, random.int(shape.count[0], shape.count[1]), shape.low, shape.high);
    const descending = level > 1 && random.chance(0.5);
    const sorted = numbers.toSorted((a, b) => a - b);
    return {
      key: sorted.join(" "),
      answer: (descending ? sorted.toReversed() : sorted).join(" "),
      data: { numbers, descending },
    };
  },
  steps: ({ data }) => insertions(data),
  check: ({ data, answer }) => neighbours(answer.split(" "), data),
  verify,
});

function distinct(random: Random, count: number, low: number, high: number): number[] {
  const numbers = new Set<number>();
  while (numbers.size < count) numbers.add(random.int(low, high));
  return [...numbers];
}

/**
 * `30 12<45>:12 30 45` takes 30, holds it against the sorted list until its place is found, and writes the list with it: each sign is
 * decided by two numbers in sight, and tells what is written next.
 */
function insertions({ numbers, descending }: Data): string[] {
  const list = [numbers[0]!];
  const steps: string[] = [];
  for (const number of numbers.slice(1)) {
    const found = list.findIndex((each) => (descending ? each < number : each > number));
    const place = found < 0 ? list.length : found;
    const held = list.slice(0, place + 1).map((each) => `${each}${each < number ? "<" : ">"}`);
    list.splice(place, 0, number);
    steps.push(`${number} ${held.join("")}:${list.join(" ")}`);
  }
  return steps;
}

/** Second way: every neighbour is in order, and the count is right. */
function neighbours(sorted: readonly string[], { numbers, descending }: Data): string[] {
  const pairs = sorted.slice(1).map((number, i) => `${sorted[i]}${descending ? ">" : "<"}${number}`);
  return [pairs.join(" "), `${numbers.length} numbers`];
}

/** The numbers in order, parted by spaces, commas or semicolons, in brackets or not. */
function verify(answer: string, problem: { readonly answer: string }): Verdict {
  const inner = bare(answer);
  if (typeof inner !== "string") return inner;
  const bracketed = inner.startsWith("[") && inner.endsWith("]");
  const words = (bracketed ? inner.slice(1, -1) : inner).split(/[\s,;]+/).filter((word) => word !== "");
  const numbers = words.map(readWholeNumber);
  const bad = numbers.indexOf(null);
  if (bad >= 0) return wrong(`${quote(words[bad]!)} in the answer is not a whole number`);
  const expected = problem.answer.split(" ");
  if (numbers.length !== expected.length) return wrong(`expected ${expected.length} numbers, got ${numbers.length}`);
  const at = expected.findIndex((number, i) => readWholeNumber(number) !== numbers[i]);
  return at < 0
    ? right("the numbers are in order")
    : wrong(`number ${at + 1} should be ${expected[at]}, not ${numbers[at]}`);
}
