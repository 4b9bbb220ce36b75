/** Reading Roman numerals: place by place from the left, the total carried along. */
import { z } from "zod";
import { verifyWholeNumber } from "../answer.ts";
import { places } from "../arithmetic.ts";
import { defineTask, type Problem } from "../task.ts";

const schema = z.object({ number: z.int().min(1).max(3999) });
type Data = z.infer<typeof schema>;

const RANGES = [
  [11, 399],
  [400, 999],
  [1000, 3999],
] as const;

const roman = ({ number }: Data): string => romanNumeral(number);

export const romanNumerals = defineTask<Data>({
  name: "roman-numerals",
  description: "read a Roman numeral (level 1: 11 to 399; 2: up to 999; 3: up to 3999)",
  levels: 3,
  schema,
  wordings: [
    (data) => `What number is ${roman(data)}?`,
    (data) => `Which number does ${roman(data)} stand for?`,
    (data) => `Read the Roman numeral ${roman(data)}.`,
    (data) => `${roman(data)} as a number`,
    (data) => `Write the Roman numeral ${roman(data)} as a number.`,
    (data) => `roman ${roman(data)}`,
  ],
  make(random, level): Problem<Data> {
    const [low, high] = RANGES[level - 1]!;
    const number = random.int(low, high);
    return { key: String(number), answer: String(number), data: { number } };
  },
  steps: ({ data }) => read(places(data.number)),
  check: ({ data }) => read(places(data.number).toReversed()),
  verify: (answer, problem) => verifyWholeNumber(answer, problem.answer),
});

/** `CCC=300`, `XL=40 300+40=340`, `VII=7 340+7=347`. */
function read(parts: readonly number[]): string[] {
  let total = 0;
  return parts.map((part) => {
    const sum = total === 0 ? "" : ` ${total}+${part}=${total + part}`;
    total += part;
    return `${romanNumeral(part)}=${part}${sum}`;
  });
}

const SYMBOLS = [
  [1000, "M"],
  [900, "CM"],
  [500, "D"],
  [400, "CD"],
  [100, "C"],
  [90, "XC"],
  [50, "L"],
  [40, "XL"],
  [10, "X"],
  [9, "IX"],
  [5, "V"],
  [4, "IV"],
  [1, "I"],
] as const;

/** A whole number from 1 to 3999 in Roman numerals. */
export function romanNumeral(value: number): string {
  let text = "";
  let rest = value;
  for (const [worth, symbol] of SYMBOLS) {
    for (; rest >= worth; rest -= worth) text += symbol;
  }
  return text;
}
