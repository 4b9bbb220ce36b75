/** Products of two-digit numbers through the tens and the units of the second factor. */
import { z } from "zod";
import { verifyWholeNumber } from "../answer.ts";
import { product } from "../arithmetic.ts";
import { defineTask, type Problem } from "../task.ts";

const schema = z.object({ a: z.int().positive(), b: z.int().positive() });
type Data = z.infer<typeof schema>;

const RANGES = [
  [10, 99],
  [100, 999],
  [1000, 9999],
] as const;

export const products = defineTask<Data>({
  name: "products",
  description: "multiply by a two-digit number (level 1: two digits; 2: three digits; 3: four digits)",
  levels: 3,
  schema,
  wordings: [
    ({ a, b }) => `What is ${a} * ${b}?`,
    ({ a, b }) => `${a} times ${b}`,
    ({ a, b }) => `Compute ${a}*${b}`,
    ({ a, b }) => `What is ${a} times ${b}?`,
    ({ a, b }) => `Calculate ${a} x ${b}.`,
    ({ a, b }) => `what is ${a}*${b}`,
    ({ a, b }) => `${a}*${b}`,
    ({ a, b }) => `${a} * ${b} = ?`,
    ({ a, b }) => `Multiply ${a} by ${b}.`,
    ({ a, b }) => `What is the product of ${a} and ${b}?`,
  ],
  make(random, level): Problem<Data> {
    const [low, high] = RANGES[level - 1]!;
    const a = random.int(low, high);
    const b = random.int(10, 99);
    return { key: [a, b].toSorted((x, y) => x - y).join("*"), answer: String(a * b), data: { a, b } };
  },
  steps: ({ data: { a, b } }) => product(a, b),
  check: ({ data: { a, b } }) => (a < 100 ? product(b, a) : castingOutNines(a, b)),
  verify: (answer, problem) => verifyWholeNumber(answer, problem.answer),
});

/** Second way where the swapped product would be too long: the digit sums of both sides must agree. */
function castingOutNines(a: number, b: number): string[] {
  const [x, y] = [a, b].map((value) => digitSums(value).at(-1)!) as [number, number];
  const left = digitSums(x * y).at(-1)!;
  return [
    `digits ${[a, ...digitSums(a)].join(" ")}, ${[b, ...digitSums(b)].join(" ")}`,
    `${x}*${y}=${x * y}, ${[x * y, ...digitSums(x * y)].join(" ")}`,
    `${[a * b, ...digitSums(a * b)].join(" ")}, ${left}=${digitSums(a * b).at(-1)}`,
  ];
}

/** The sum of the digits, of its digits, and so on down to one digit. */
function digitSums(value: number): number[] {
  const sums: number[] = [];
  let rest = value;
  do {
    rest = [...String(rest)].reduce((sum, digit) => sum + Number(digit), 0);
    sums.push(rest);
  } while (rest > 9);
  return sums;
}
