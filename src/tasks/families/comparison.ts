/** Which of two or three numbers is larger (or smaller), decided at the first place where they differ. */
import { z } from "zod";
import type { Random } from "../../random.ts";
import { bare, quote, right, wrong } from "../answer.ts";
import { subtraction } from "../arithmetic.ts";
import { defineTask, type Problem, type Verdict } from "../task.ts";

const schema = z.object({
  numbers: z
    .array(z.string().regex(/^\d{1,9}(\.\d{1,6})?$/))
    .min(2)
    .max(4),
  want: z.enum(["larger", "smaller"]),
});
type Data = z.infer<typeof schema>;

export const comparison = defineTask<Data>({
  name: "comparison",
  description:
    "the larger or smaller number (level 1: whole numbers; 2: decimals such as 9.11 and 9.8; 3: three decimals)",
  levels: 3,
  schema,
  wordings: [
    (data) => `Which is ${named(data, "larger", "smaller")}, ${listed(data, "or")}?`,
    (data) => `Which number is ${named(data, "larger", "smaller")}: ${listed(data, "or")}?`,
    (data) => `which is ${named(data, "bigger", "smaller")}, ${listed(data, "or")}`,
    (data) => `${listed(data, "or")}, which is ${named(data, "greater", "smaller")}?`,
    (data) => `What is the ${named(data, "larger", "smaller")} of ${listed(data, "and")}?`,
    ({ numbers, want }) => `${want === "larger" ? "max" : "min"}(${numbers.join(", ")})`,
  ],
  make(random, level): Problem<Data> {
    const numbers = level === 1 ? wholeNumbers(random) : decimals(random, level === 2 ? 2 : 3);
    const want = random.chance(0.7) ? "larger" : "smaller";
    const answer = numbers.reduce((best, each) => (beats(each, best, want) ? each : best));
    return { key: numbers.toSorted().join(" "), answer, data: { numbers, want } };
  },
  steps: ({ data }) => placeByPlace(data),
  check: ({ data, answer }) => differences(data.numbers, answer, data.want),
  verify,
});

/** Two different whole numbers of 2 to 5 digits, mostly alike at the start. */
function wholeNumbers(random: Random): string[] {
  const first = String(random.int(10, 99_999));
  for (;;) {
    const kept = random.int(0, first.length - 1);
    const length = random.chance(0.8) ? first.length : random.int(2, 5);
    let second = first.slice(0, Math.min(kept, length));
    while (second.length < length) second += String(random.int(second === "" ? 1 : 0, 9));
    if (second !== first) return random.chance(0.5) ? [first, second] : [second, first];
  }
}

/** Different decimals, mostly with the same whole part and different lengths: the case where 9.11 seems larger than 9.8. */
function decimals(random: Random, count: number): string[] {
  const whole = random.int(0, 99);
  for (;;) {
    const numbers = Array.from({ length: count }, () => {
      const part = random.chance(0.85) ? whole : random.int(0, 99);
      const digits = random.int(1, 3);
      let text = `${part}.`;
      for (let i = 1; i < digits; i++) text += String(random.int(0, 9));
      return text + String(random.int(1, 9));
    });
    if (new Set(numbers).size === count) return numbers;
  }
}

/**
 * `9.11 9.80: 9=9 1<8, larger right 9.8`: both padded to one width, digit against digit until they differ, then what was asked for and its
 * side, near the sign that tells it: every digit of the answer can look up which of the two it is copied from.
 */
function placeByPlace({ numbers, want }: Data): string[] {
  const steps: string[] = [];
  let best = numbers[0]!;
  for (const next of numbers.slice(1)) {
    const [a, b] = padded([best, next]) as [string, string];
    const compared: string[] = [];
    for (let i = 0; i < a.length; i++) {
      if (a[i] === ".") continue;
      const sign = a[i]! < b[i]! ? "<" : a[i]! > b[i]! ? ">" : "=";
      compared.push(`${a[i]}${sign}${b[i]}`);
      if (sign !== "=") break;
    }
    const side = beats(next, best, want) ? "right" : "left";
    if (side === "right") best = next;
    steps.push(`${a} ${b}: ${compared.join(" ")}, ${want} ${side} ${best}`);
  }
  return steps;
}

/** Second way: the difference to each other number, taken without the point, leaves something. */
function differences(numbers: readonly string[], answer: string, want: Data["want"]): string[] {
  return numbers
    .filter((each) => each !== answer)
    .map((each) => {
      const [a, b] = padded([answer, each]).map((text) => Number(text.replace(".", ""))) as [number, number];
      return `${want === "larger" ? subtraction(a, b) : subtraction(b, a)}>0`;
    });
}

/** The numbers with zeros before and behind, so that all have the same places. */
function padded(numbers: readonly string[]): string[] {
  const parts = numbers.map((each) => each.split("."));
  const before = Math.max(...parts.map(([whole]) => whole!.length));
  const behind = Math.max(...parts.map(([, fraction = ""]) => fraction.length));
  return parts.map(([whole, fraction = ""]) => {
    const start = whole!.padStart(before, "0");
    return behind === 0 ? start : `${start}.${fraction.padEnd(behind, "0")}`;
  });
}

function beats(a: string, b: string, want: Data["want"]): boolean {
  const [x, y] = padded([a, b]) as [string, string];
  return want === "larger" ? x > y : x < y;
}

const listed = ({ numbers }: Data, word: string): string =>
  `${numbers.slice(0, -1).join(", ")} ${word} ${numbers.at(-1)}`;

/** The comparative of two numbers, the superlative of more: larger, largest. */
function named({ numbers, want }: Data, larger: string, smaller: string): string {
  const word = want === "larger" ? larger : smaller;
  return numbers.length === 2 ? word : `${word.slice(0, -1)}st`;
}

/** The number asked for; zeros that change nothing may be added or left out. */
function verify(answer: string, problem: { readonly answer: string }): Verdict {
  const inner = bare(answer);
  if (typeof inner !== "string") return inner;
  if (!/^\d{1,20}(\.\d{1,20})?$/.test(inner)) return wrong(`the answer is not a bare number: ${quote(inner)}`);
  const [given, expected] = padded([inner, problem.answer]);
  return given === expected ? right(`${inner} is right`) : wrong(`expected ${problem.answer}, got ${inner}`);
}
