/** Three numbers, each used once, must make a target: tried pair by pair in one order until it comes out. Any correct expression is accepted. */
import { z } from "zod";
import type { Random } from "../../random.ts";
import { bare, quote, right, wrong } from "../answer.ts";
import { evaluate, isWhole, show } from "../expression.ts";
import { defineTask, type Problem, type Verdict } from "../task.ts";

const schema = z.object({ numbers: z.array(z.int().positive()).length(3), target: z.int() });
type Data = z.infer<typeof schema>;

/** `longest`: questions whose search would take more characters are not asked. */
const SHAPES = [
  { highest: 9, target: 60, longest: 160 },
  { highest: 20, target: 200, longest: 180 },
  { highest: 50, target: 999, longest: 200 },
] as const;

export const countdown = defineTask<Data>({
  name: "countdown",
  description: "make a target from three numbers with + - * / (level 1: numbers up to 9; 2: up to 20; 3: up to 50)",
  levels: 3,
  schema,
  wordings: [
    ({ numbers: [a, b, c], target }) => `Make ${target} from ${a}, ${b} and ${c}.`,
    ({ numbers: [a, b, c], target }) => `Use ${a}, ${b} and ${c} to make ${target}.`,
    ({ numbers: [a, b, c], target }) => `Using ${a}, ${b}, ${c} once each, make ${target}.`,
    ({ numbers: [a, b, c], target }) => `make ${target} from ${a} ${b} ${c}`,
    ({ numbers: [a, b, c], target }) => `Countdown: ${a} ${b} ${c}, target ${target}`,
    ({ numbers: [a, b, c], target }) => `How can ${a}, ${b} and ${c} make ${target}?`,
  ],
  make(random, level): Problem<Data> {
    const shape = SHAPES[level - 1]!;
    for (;;) {
      const numbers = Array.from({ length: 3 }, () => random.int(1, shape.highest));
      const target = drawAttempt(random, numbers).outer.value;
      if (target < 1 || target > shape.target) continue;
      const data = { numbers, target };
      if (search(data).join("\n").length > shape.longest) continue;
      const sorted = numbers.toSorted((a, b) => a - b);
      return {
        key: `${sorted.join(" ")} ${target}`,
        answer: expressionOf(solve(data)!),
        data,
      };
    }
  },
  steps: ({ data }) => search(data),
  check({ data }) {
    const { inner, outer } = solve(data)!;
    return [undone(outer), undone(inner)];
  },
  verify,
});

type Sign = "+" | "-" | "*" | "/";

const SIGNS: readonly Sign[] = ["+", "-", "*", "/"];

/** The places of the two numbers combined first, and of the third. */
const PAIRS = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 2, 0],
] as const;

/** An operation on whole numbers with the larger one first: its value is whole and not below zero, and these reach every target that can be reached. */
interface Operation {
  readonly a: number;
  readonly sign: Sign;
  readonly b: number;
  readonly value: number;
}

/** Two of the numbers combined, then the result with the third. */
interface Attempt {
  readonly inner: Operation;
  readonly outer: Operation;
  /** The result of the inner operation is the first operand of the outer one. */
  readonly innerFirst: boolean;
}

function operation(x: number, sign: Sign, y: number): Operation | null {
  const a = Math.max(x, y);
  const b = Math.min(x, y);
  if (sign === "+") return { a, sign, b, value: a + b };
  if (sign === "-") return { a, sign, b, value: a - b };
  if (sign === "*") return { a, sign, b, value: a * b };
  return b !== 0 && a % b === 0 ? { a, sign, b, value: a / b } : null;
}

function attempt(x: number, first: Sign, y: number, second: Sign, z: number): Attempt | null {
  const inner = operation(x, first, y);
  const outer = inner === null ? null : operation(inner.value, second, z);
  return inner === null || outer === null ? null : { inner, outer, innerFirst: inner.value >= z };
}

function drawAttempt(random: Random, numbers: readonly number[]): Attempt {
  for (;;) {
    const [i, j, k] = random.pick(PAIRS);
    const drawn = attempt(numbers[i]!, random.pick(SIGNS), numbers[j]!, random.pick(SIGNS), numbers[k]!);
    if (drawn !== null) return drawn;
  }
}

/** An operation on two of the numbers, and what it makes with the third under each sign. */
interface Trial {
  readonly inner: Operation;
  readonly third: number;
  readonly outers: readonly (Attempt | null)[];
}

/**
 * Every trial in the order of the search: a target beyond the sum of the numbers wants a product first, a smaller one a
 * difference. Equal trials (of equal numbers) stand once.
 */
function trials({ numbers, target }: Data): Trial[] {
  const sum = numbers.reduce((a, b) => a + b, 0);
  const order: readonly Sign[] = target > sum ? ["*", "+", "-", "/"] : ["-", "+", "*", "/"];
  const all: Trial[] = [];
  const seen = new Set<string>();
  for (const first of order) {
    for (const [i, j, k] of PAIRS) {
      const inner = operation(numbers[i]!, first, numbers[j]!);
      const third = numbers[k]!;
      if (inner === null || seen.has(`${operationText(inner)} ${third}`)) continue;
      seen.add(`${operationText(inner)} ${third}`);
      all.push({ inner, third, outers: SIGNS.map((sign) => attempt(numbers[i]!, first, numbers[j]!, sign, third)) });
    }
  }
  return all;
}

/** The first solution in the order of the search, so that one question always has the same own answer; null where there is none. */
function solve(data: Data): Attempt | null {
  for (const { outers } of trials(data)) {
    const found = outers.find((one) => one?.outer.value === data.target);
    if (found) return found;
  }
  return null;
}

/**
 * `8:8-4=4 2:6 2 8!`: the target, a pair, and with the third number the sum, difference, product and quotient; the one that hits ends
 * it. The target stands in every line, near what is compared with it.
 */
function search(data: Data): string[] {
  const steps: string[] = [];
  for (const { inner, third, outers } of trials(data)) {
    const hit = outers.findIndex((one) => one?.outer.value === data.target);
    const shown = hit < 0 ? outers : outers.slice(0, hit + 1);
    const values = shown.map((one) => one?.outer.value ?? "-").join(" ");
    steps.push(`${data.target}:${operationText(inner)} ${third}:${values}${hit < 0 ? "" : "!"}`);
    if (hit >= 0) {
      const { outer } = outers[hit]!;
      return [...steps, operationText(outer)];
    }
  }
  return steps;
}

const operationText = ({ a, sign, b, value }: Operation): string => `${a}${sign}${b}=${value}`;

/** `8*3=24` undone: `24/3=8`. */
function undone({ a, sign, b, value }: Operation): string {
  return `${value}${{ "+": "-", "-": "+", "*": "/", "/": "*" }[sign]}${b}=${a}`;
}

/** `(8*3)-5` or `5-(8/4)`. */
function expressionOf({ inner, outer, innerFirst }: Attempt): string {
  const nested = `(${inner.a}${inner.sign}${inner.b})`;
  return innerFirst ? `${nested}${outer.sign}${outer.b}` : `${outer.a}${outer.sign}${nested}`;
}

/** The expression, perhaps with "= target" behind it; each number exactly once, the value exact. */
function verify(answer: string, problem: { readonly data: Data }): Verdict {
  const { numbers, target } = problem.data;
  const inner = bare(answer);
  if (typeof inner !== "string") return inner;
  const [text, side, ...more] = inner
    .replaceAll(/[\u00d7\u00b7]/g, "*")
    .replaceAll("\u00f7", "/")
    .replaceAll("\u2212", "-")
    .split("=");
  if (more.length > 0 || (side !== undefined && side.trim() !== String(target))) {
    return wrong(`after the equals sign only ${target} may stand: ${quote(inner)}`);
  }
  const result = evaluate(text!);
  if (typeof result === "string") return wrong(result);
  const used = result.numbers.toSorted((a, b) => Number(a - b)).join(" ");
  const given = numbers.toSorted((a, b) => a - b).join(" ");
  if (used !== given) return wrong(`the numbers must be ${given}, each once, not ${used}`);
  const value = show(result.value);
  return isWhole(result.value, BigInt(target))
    ? right(`it makes ${target}`)
    : wrong(`it makes ${value}, not ${target}`);
}
