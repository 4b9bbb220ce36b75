/** Sums of three to five numbers, added one after another; from level 2 some are taken away. */
import { z } from "zod";
import type { Random } from "../../random.ts";
import { verifyWholeNumber } from "../answer.ts";
import { addition, subtraction } from "../arithmetic.ts";
import { defineTask, type Problem } from "../task.ts";

const schema = z.object({ terms: z.array(z.int()).min(2).max(10) });
type Data = z.infer<typeof schema>;

const RANGES = [
  [10, 99],
  [10, 99],
  [100, 999],
] as const;

export const chainSum = defineTask<Data>({
  name: "chain-sum",
  description: "add 3 to 5 numbers (level 1: two digits; 2: with minus signs; 3: three digits with minus signs)",
  levels: 3,
  schema,
  wordings: [
    ({ terms }) => `What is ${signed(terms, " ")}?`,
    ({ terms }) => signed(terms, " "),
    ({ terms }) => `Compute ${signed(terms, "")}`,
    ({ terms }) => `Calculate ${signed(terms, " ")}.`,
    ({ terms }) => `what is ${signed(terms, "")}`,
    ({ terms }) => `${signed(terms, " ")} = ?`,
    ({ terms }) => `How much is ${signed(terms, " ")}?`,
    ({ terms }) => signed(terms, " ").replaceAll("+", "plus").replaceAll("-", "minus"),
  ],
  make(random, level): Problem<Data> {
    const terms = level === 1 ? sums(random) : differences(random, RANGES[level - 1]!);
    const data = { terms };
    return {
      key: terms.toSorted((a, b) => a - b).join(" "),
      answer: String(terms.reduce((a, b) => a + b, 0)),
      data,
    };
  },
  steps: ({ data }) => running(data.terms),
  check: ({ data }) => (data.terms.every((term) => term >= 0) ? byPlaces(data.terms) : bySign(data.terms)),
  verify: (answer, problem) => verifyWholeNumber(answer, problem.answer),
});

function sums(random: Random): number[] {
  return Array.from({ length: random.int(3, 5) }, () => random.int(10, 99));
}

/** At least one term is taken away, and no running total falls below zero. */
function differences(random: Random, [low, high]: readonly [number, number]): number[] {
  for (;;) {
    const terms = [random.int(low, high)];
    let total = terms[0]!;
    const length = random.int(3, 5);
    while (terms.length < length) {
      const size = random.int(low, high);
      const term = size <= total && random.chance(0.5) ? -size : size;
      terms.push(term);
      total += term;
    }
    if (terms.some((term) => term < 0)) return terms;
  }
}

function running(terms: readonly number[]): string[] {
  const steps: string[] = [];
  let total = terms[0]!;
  for (const term of terms.slice(1)) {
    steps.push(term >= 0 ? addition(total, term) : subtraction(total, -term));
    total += term;
  }
  return steps;
}

/** Second way for sums: each place of all numbers by itself as running totals, then the places together. */
function byPlaces(terms: readonly number[]): string[] {
  const width = String(Math.max(...terms)).length;
  const names = ["units", "tens", "hundreds"];
  const totals: number[] = [];
  const steps: string[] = [];
  for (let place = Math.min(width, names.length) - 1; place >= 0; place--) {
    const unit = 10 ** place;
    let total = 0;
    const seen = terms.map((term) => {
      total += Math.floor(term / unit) % 10;
      return total;
    });
    steps.push(`${names[place]} ${seen.join(" ")}`);
    totals.push(total * unit);
  }
  return [...steps, ...running(totals)];
}

/** Second way where numbers are taken away: what is added, what is taken away, then the difference. */
function bySign(terms: readonly number[]): string[] {
  const added = terms.filter((term) => term >= 0);
  const taken = terms.filter((term) => term < 0).map((term) => -term);
  const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);
  return [...running(added), ...running(taken), subtraction(sum(added), sum(taken))];
}

function signed(terms: readonly number[], space: string): string {
  return terms
    .map((term, i) => (i === 0 ? `${term}` : `${space}${term < 0 ? "-" : "+"}${space}${Math.abs(term)}`))
    .join("");
}
