/** The sum of a number's digits, added from the left one at a time. */
import { z } from "zod";
import { verifyWholeNumber } from "../answer.ts";
import { defineTask, type Problem } from "../task.ts";

const schema = z.object({
  number: z
    .string()
    .regex(/^[1-9]\d*$/)
    .max(30),
});
type Data = z.infer<typeof schema>;

const LENGTHS = [
  [4, 6],
  [7, 9],
  [10, 12],
] as const;

export const digitSums = defineTask<Data>({
  name: "digit-sums",
  description: "add the digits of a number (level 1: 4 to 6 digits; 2: 7 to 9; 3: 10 to 12)",
  levels: 3,
  schema,
  wordings: [
    ({ number }) => `What is the digit sum of ${number}?`,
    ({ number }) => `What is the sum of the digits of ${number}?`,
    ({ number }) => `Add the digits of ${number}.`,
    ({ number }) => `digit sum of ${number}`,
    ({ number }) => `Sum the digits of ${number}`,
    ({ number }) => `Find the digit sum of ${number}.`,
    ({ number }) => `what do the digits of ${number} add up to?`,
  ],
  make(random, level): Problem<Data> {
    const [low, high] = LENGTHS[level - 1]!;
    const length = random.int(low, high);
    let number = String(random.int(1, 9));
    while (number.length < length) number += String(random.int(0, 9));
    const digits = [...number].map(Number);
    return { key: number, answer: String(digits.reduce((a, b) => a + b, 0)), data: { number } };
  },
  steps: ({ data }) => added([...data.number].map(Number)),
  check: ({ data }) => added([...data.number].map(Number).toReversed()),
  verify: (answer, problem) => verifyWholeNumber(answer, problem.answer),
});

/** The digits up to which the next one is found in the question more easily than what is left is copied (docs/decisions/008). */
const SHORT = 6;

/** `4+1=5`, `5+3=8`; of a long number each sum has behind it the digits still to be added: `4+1=5 3808212`, `5+3=8 808212`. */
function added(digits: readonly number[]): string[] {
  let total = digits[0]!;
  return digits.slice(1).map((digit, i) => {
    const before = total;
    total += digit;
    const rest = digits.length > SHORT ? digits.slice(i + 2).join("") : "";
    return `${before}+${digit}=${total}${rest === "" ? "" : ` ${rest}`}`;
  });
}
