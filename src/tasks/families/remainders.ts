/** Remainders by long division: the divisor doubled three times, then the largest fitting multiple taken away, digit by digit. */
import { z } from "zod";
import { verifyWholeNumber } from "../answer.ts";
import { addition, product, subtraction } from "../arithmetic.ts";
import { defineTask, type Problem } from "../task.ts";

const schema = z.object({ dividend: z.int().nonnegative(), divisor: z.int().positive() });
type Data = z.infer<typeof schema>;

const LARGEST = [999, 9_999, 99_999] as const;

export const remainders = defineTask<Data>({
  name: "remainders",
  description: "the remainder of a division by a one- or two-digit number (level 1: of up to 3 digits; 2: 4; 3: 5)",
  levels: 3,
  schema,
  wordings: [
    ({ dividend, divisor }) => `What is ${dividend} mod ${divisor}?`,
    ({ dividend, divisor }) => `What is the remainder of ${dividend} divided by ${divisor}?`,
    ({ dividend, divisor }) => `${dividend} mod ${divisor}`,
    ({ dividend, divisor }) => `Compute ${dividend} % ${divisor}`,
    ({ dividend, divisor }) => `What remains when ${dividend} is divided by ${divisor}?`,
    ({ dividend, divisor }) => `what is ${dividend}%${divisor}`,
    ({ dividend, divisor }) => `Find the remainder of ${dividend} / ${divisor}.`,
  ],
  make(random, level): Problem<Data> {
    const largest = LARGEST[level - 1]!;
    const divisor = level < 3 && random.chance(0.4) ? random.int(2, 9) : random.int(11, 99);
    const low = level === 1 ? divisor + 1 : LARGEST[level - 2]! + 1;
    const dividend = random.int(low, largest);
    return { key: `${dividend} ${divisor}`, answer: String(dividend % divisor), data: { dividend, divisor } };
  },
  steps: ({ data }) => longDivision(data),
  check: ({ data }) => backByProduct(data),
  verify: (answer, problem) => verifyWholeNumber(answer, problem.answer),
});

/** `23 46 92 184`, `45-23=22`, `227-184=43`, `43-23=20`; a digit brought down that leaves too little is written `23>1`. */
function longDivision({ dividend, divisor }: Data): string[] {
  const multiples = [1, 2, 4, 8].map((times) => times * divisor);
  const steps = [multiples.join(" ")];
  const digits = String(dividend);
  let rest = 0;
  for (let i = 0; i < digits.length; i++) {
    rest = rest * 10 + Number(digits[i]);
    if (rest < divisor && steps.length > 1) steps.push(`${divisor}>${rest}`);
    while (rest >= divisor) {
      const multiple = multiples.findLast((each) => each <= rest)!;
      steps.push(subtraction(rest, multiple));
      rest -= multiple;
    }
  }
  if (steps.length === 1) steps.push(`${divisor}>${rest}`);
  return steps;
}

/** Second way: quotient times divisor plus remainder gives the dividend back. */
function backByProduct({ dividend, divisor }: Data): string[] {
  const quotient = Math.floor(dividend / divisor);
  return [...product(divisor, quotient), addition(quotient * divisor, dividend % divisor)];
}
