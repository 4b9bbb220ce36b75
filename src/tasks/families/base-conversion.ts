/** Numbers to binary and back (few digits and other bases at level 3): repeated division for the one, digit by digit for the other. */
import { z } from "zod";
import { bare, quote, right, verifyWholeNumber, wrong } from "../answer.ts";
import { addition } from "../arithmetic.ts";
import { defineTask, type Problem, type Verdict } from "../task.ts";

const schema = z.object({
  number: z.int().nonnegative(),
  base: z.int().min(2).max(16),
  direction: z.enum(["to", "from"]),
});
type Data = z.infer<typeof schema>;

const RANGES = [
  [2, 255],
  [256, 1023],
] as const;

export const baseConversion = defineTask<Data>({
  name: "base-conversion",
  description:
    "write a number in binary, or read one (level 1: up to 255; 2: up to 1023; 3: two to four digits in base 2, 3, 4, 8 or 16)",
  levels: 3,
  schema,
  wordings: [
    (data) => worded(data, "What is # in @?", "What is @ # in decimal?"),
    (data) => worded(data, "Convert # to @.", "Convert @ # to decimal."),
    (data) => worded(data, "# in @", "@ # in decimal"),
    (data) => worded(data, "Write # in @.", "Write @ # in decimal."),
    (data) => worded(data, "convert # to @", "convert # from @"),
    (data) => worded(data, "Express # in @.", "What number is @ #?"),
  ],
  make(random, level): Problem<Data> {
    const base = level === 3 ? random.pick([2, 3, 4, 8, 16]) : 2;
    // as many of two digits as of four: under a range of numbers nearly all would have the most digits it allows
    const digits = level === 3 ? random.int(2, base > 4 ? 3 : 4) : 0;
    const [low, high] = RANGES[level - 1] ?? [base ** (digits - 1), Math.min(base ** digits, 512) - 1];
    const number = random.int(low, high);
    const direction = random.chance(2 / 3) ? "to" : "from";
    return {
      key: `${number} ${base}`,
      answer: number.toString(direction === "to" ? base : 10),
      data: { number, base, direction },
    };
  },
  steps: ({ data }) => (data.direction === "to" ? divisions(data) : digitByDigit(data)),
  check: ({ data }) => (data.direction === "to" ? digitByDigit(data) : divisions(data)),
  verify,
});

const NAMES: Readonly<Record<number, string>> = { 2: "binary", 16: "hexadecimal" };

function worded({ number, base, direction }: Data, to: string, from: string): string {
  const shown = direction === "to" ? String(number) : number.toString(base);
  return (direction === "to" ? to : from).replace("#", shown).replace("@", NAMES[base] ?? `base ${base}`);
}

/** `181:1`, `90:01`, `45:101`, ...: each number, and the digits so far with what remains of it before them; the next line holds the quotient. */
function divisions({ number, base }: Data): string[] {
  const digits = number.toString(base);
  return Array.from(digits, (_, i) => `${Math.floor(number / base ** i)}:${digits.slice(digits.length - 1 - i)}`);
}

/** `1 01`, `1*2+0=2 1`, `2*2+1=5`: what has been read times the base, plus the next digit; behind it the digits still to be read. */
function digitByDigit({ number, base }: Data): string[] {
  const written = number.toString(base);
  const digits = [...written].map((digit) => Number.parseInt(digit, base));
  let total = digits[0]!;
  const steps = [String(total)];
  for (const digit of digits.slice(1)) {
    const shifted = base > 2 && total > 9 ? `=${addition(total * base, digit)}` : `=${total * base + digit}`;
    steps.push(`${total}*${base}+${digit}${shifted}`);
    total = total * base + digit;
  }
  return steps.map((step, i) => `${step} ${written.slice(i + 1)}`.trimEnd());
}

/** Digits of the base, any case, with or without leading zeros and 0b, 0o or 0x; read as a number in decimal for "from". */
function verify(answer: string, problem: { readonly answer: string; readonly data: Data }): Verdict {
  const { base, direction } = problem.data;
  if (direction === "from") return verifyWholeNumber(answer, problem.answer);
  const inner = bare(answer);
  if (typeof inner !== "string") return inner;
  const lower = inner.toLowerCase();
  const prefix = { 2: "0b", 8: "0o", 16: "0x" }[base];
  const digits = prefix !== undefined && lower.startsWith(prefix) ? lower.slice(2) : lower;
  const allowed = "0123456789abcdef".slice(0, base);
  if (digits === "" || [...digits].some((digit) => !allowed.includes(digit))) {
    return wrong(`the answer is not a bare number in base ${base}: ${quote(inner)}`);
  }
  const value = digits.replace(/^0+(?=.)/, "");
  return value === problem.answer
    ? right(`${value} is right`)
    : wrong(`expected ${problem.answer}, got ${quote(value)}`);
}
