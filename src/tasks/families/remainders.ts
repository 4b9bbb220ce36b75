/** Remainders by long division: the divisor doubled three times, then every rest compared with it, and the largest fitting multiple taken away. */
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

/**
 * `62 124 248 496`, then a line for each rest: `6:62n 21` asks whether 62 fits into 6 (no) and brings down what is left of the
 * dividend, 21, one digit at a time; `62:62y 62-62=0` takes away. What is compared stands side by side, and the digits to come are in sight.
 */
function longDivision({ dividend, divisor }: Data): string[] {
  const multiples = [1, 2, 4, 8].map((times) => times * divisor);
  const steps = [multiples.join(" ")];
  const digits = String(dividend);
  let rest = 0;
  for (let i = 0; i < digits.length; i++) {
    rest = rest * 10 + Number(digits[i]);
    while (rest >= divisor) {
      const multiple = multiples.findLast((each) => each <= rest)!;
      steps.push(`${rest}:${divisor}y ${subtraction(rest, multiple)}`);
      rest -= multiple;
    }
    const left = digits.slice(i + 1);
    steps.push(`${rest}:${divisor}n${left === "" ? "" : ` ${left}`}`);
  }
  return steps;
}

/** Second way: quotient times divisor plus remainder gives the dividend back. */
function backByProduct({ dividend, divisor }: Data): string[] {
  const quotient = Math.floor(dividend / divisor);
  return [...product(divisor, quotient), addition(quotient * divisor, dividend % divisor)];
}
