/** Three numbers, each used once, must make a target: tried pair by pair until it comes out. Any correct expression is accepted. */
import { z } from "zod";
import type { Random } from "../../random.ts";
import { bare, quote, right, wrong } from "../answer.ts";
import { evaluate, isWhole, show } from "../expression.ts";
import { defineTask, type Problem, type Verdict } from "../task.ts";

const schema = z.object({ numbers: z.array(z.int().positive()).length(3), target: z.int() });
type Data = z.infer<typeof schema>;

const SHAPES = [
  { highest: 9, target: 60 },
  { highest: 20, target: 200 },
  { highest: 50, target: 999 },
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
      const sorted = numbers.toSorted((a, b) => a - b);
      return {
        key: `${sorted.join(" ")} ${target}`,
        answer: expressionOf(solve(numbers, target)!),
        data: { numbers, target },
      };
    }
  },
  steps: ({ data }, random) => search(data, random),
  check({ data: { numbers, target } }) {
    const { inner, outer } = solve(numbers, target)!;
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

/** The first solution in a fixed order, so that one question always has the same own answer; null where there is none. */
function solve(numbers: readonly number[], target: number): Attempt | null {
  for (const [i, j, k] of PAIRS) {
    for (const first of SIGNS) {
      for (const second of SIGNS) {
        const found = attempt(numbers[i]!, first, numbers[j]!, second, numbers[k]!);
        if (found?.outer.value === target) return found;
      }
    }
  }
  return null;
}

/** How often a search fails 0, 1, 2, ... times before it succeeds. */
const FAILURES = [5, 4, 3, 2, 1, 1] as const;

const LONGEST_SEARCH = 150;

/** Attempts that fail, each the nearest of three drawn at random, then the one that succeeds. */
function search({ numbers, target }: Data, random: Random): string[] {
  const last = `${attemptText(solve(numbers, target)!)} yes`;
  const steps: string[] = [];
  let length = last.length;
  for (let failures = random.weighted(FAILURES); failures > 0; failures--) {
    let nearest: Attempt | null = null;
    for (let draws = 0; draws < 3; draws++) {
      const drawn = drawAttempt(random, numbers);
      if (drawn.outer.value !== target && (nearest === null || distance(drawn) < distance(nearest))) nearest = drawn;
    }
    if (nearest === null) continue;
    const step = `${attemptText(nearest)} no`;
    length += step.length + 1;
    if (length > LONGEST_SEARCH) break;
    if (!steps.includes(step)) steps.push(step);
  }
  return [...steps, last];

  function distance(tried: Attempt): number {
    return Math.abs(tried.outer.value - target);
  }
}

const operationText = ({ a, sign, b, value }: Operation): string => `${a}${sign}${b}=${value}`;

const attemptText = ({ inner, outer }: Attempt): string => `${operationText(inner)} ${operationText(outer)}`;

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
