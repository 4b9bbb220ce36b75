/**
 * The math verifier: how many answers a second it judges, in this thread and through the worker that keeps the time, and how it
 * fares on gold answers of benchmarks where their files are near. `reckon bench verify`, or `node bench/verify.ts`.
 *
 * Ordinary answers: numbers, fractions, roots, formulas, sets and intervals in sentences and boxes, half of them right, made anew
 * for every run so that nothing can be remembered. The bar is 2,000 a second.
 */
import fs from "node:fs";
import { gunzipSync } from "node:zlib";
import { UserError } from "../src/error.ts";
import { findFile } from "../src/evaluate/benchmarks/find.ts";
import { Random } from "../src/random.ts";
import { closingBrace } from "../src/tasks/math/read/lexer.ts";
import { Verifier } from "../src/tasks/math/safely.ts";
import { verify } from "../src/tasks/math/verify.ts";

type Emit = (line: Readonly<Record<string, unknown>>) => void;

interface Pair {
  readonly gold: string;
  readonly answer: string;
}

/** Answers a second that batch verdicts are meant to reach at least. */
const BAR = 2_000;

/** Runs the benchmark, a line for each figure. */
export async function run({ emit }: { readonly emit: Emit }): Promise<void> {
  const pairs = ordinaryPairs(Random.from(1, "ordinary answers"), 20_000);
  judgeHere(pairs.slice(0, 2_000)); // compiles
  const here = judgeHere(pairs);
  emit({ name: "verify", by: "this thread", n: pairs.length, right: here.right, ...rate(pairs.length, here.seconds) });
  const there = await judgeByWorker(pairs);
  emit({ name: "verify", by: "worker", n: pairs.length, right: there.right, ...rate(pairs.length, there.seconds) });
  for (const { name, files, pairsOf } of GOLDS) {
    const rows = rowsOf(name, files);
    if (rows === null) {
      emit({ name, skipped: `${files[0]} is not near` });
      continue;
    }
    const own = pairsOf(rows);
    const { right, seconds } = judgeHere(own);
    emit({ name, n: own.length, right, ...rate(own.length, seconds) });
  }
}

const rate = (n: number, seconds: number) => {
  const perSecond = Math.round(n / seconds);
  return { per_second: perSecond, bar: BAR, ratio: Number((perSecond / BAR).toFixed(2)) };
};

function judgeHere(pairs: readonly Pair[]): { readonly right: number; readonly seconds: number } {
  const started = performance.now();
  const right = pairs.filter(({ gold, answer }) => verify(gold, answer).correct).length;
  return { right, seconds: (performance.now() - started) / 1000 };
}

async function judgeByWorker(pairs: readonly Pair[]): Promise<{ readonly right: number; readonly seconds: number }> {
  const verifier = new Verifier();
  await verifier.verify("1", "1");
  const started = performance.now();
  let right = 0;
  for await (const { correct } of verifier.verifyAll(pairs)) if (correct) right++;
  const seconds = (performance.now() - started) / 1000;
  await verifier.close();
  return { right, seconds };
}

/** Golds with an answer each, right and wrong by turns. */
function ordinaryPairs(random: Random, count: number): readonly Pair[] {
  return Array.from({ length: count }, (_, i) => {
    const kind = random.pick(KINDS);
    const [a, b] = [random.int(2, 999), random.int(2, 99)];
    const { gold, answer } = kind(a, b, i % 2);
    return { gold, answer: random.pick(FRAMES)(answer) };
  });
}

/** A gold answer and another writing of it, off by `by`. */
const KINDS: readonly ((a: number, b: number, by: number) => Pair)[] = [
  (a, _, by) => ({ gold: `${a}`, answer: `${a + by}` }),
  (a, b, by) => ({ gold: `\\frac{${a}}{${b}}`, answer: `\\frac{${2 * (a + by)}}{${2 * b}}` }),
  (a, _, by) => ({ gold: `${a}.5`, answer: `${a + by}\\frac12` }),
  (a, b, by) => ({ gold: `${a}\\sqrt{${b}}`, answer: `\\sqrt{${(a + by) ** 2 * b}}` }),
  (a, b, by) => ({ gold: `x^2+${a + b}x+${a * b}`, answer: `(x+${a})(x+${b + by})` }),
  (a, b, by) => ({ gold: `(${a},${b})`, answer: `(${a}, ${b + by})` }),
  (a, b, by) => ({ gold: `\\{${a},-${b}\\}`, answer: `-${b}, ${a + by}` }),
  (a, b, by) => ({ gold: `[${-a},${b})`, answer: `[${-a - by}, ${b})` }),
  (a, b, by) => ({ gold: `x=${a * b}`, answer: `${a * b + by}` }),
  (a, _, by) => ({ gold: `\\frac{${a}\\pi}{4}`, answer: `\\frac{${a + by}}{4}\\pi` }),
];

/** What responses put around an answer. */
const FRAMES: readonly ((answer: string) => string)[] = [
  (answer) => `\\boxed{${answer}}`,
  (answer) =>
    `First we simplify $3x + 4 = 10$ to get $x = 2$. Then the rest follows.\n\nThe final answer is $\\boxed{${answer}}$.`,
  (answer) => `<think>Let me see. Is it \\boxed{1}? No.</think>\n\nThe answer is $${answer}$.`,
  (answer) => `$${answer}$`,
];

interface Golds {
  readonly name: string;
  readonly files: readonly string[];
  readonly pairsOf: (rows: readonly Readonly<Record<string, string>>[]) => readonly Pair[];
}

/** Benchmarks whose solutions end with the gold answer: it must be found there and equal the gold one. */
const GOLDS: readonly Golds[] = [
  {
    name: "MATH-500 solutions",
    files: ["math500.test.jsonl"],
    pairsOf: (rows) => rows.map(({ answer, solution }) => ({ gold: answer!, answer: solution! })),
  },
  {
    name: "GSM8K test solutions",
    files: ["gsm8k.test.jsonl"],
    pairsOf: (rows) => rows.map(({ answer }) => ({ gold: answer!.split("####")[1]!.trim(), answer: answer! })),
  },
  {
    name: "Minerva solutions",
    files: ["minerva_math.test.jsonl"],
    pairsOf: (rows) => rows.map(({ solution }) => ({ gold: boxed(solution!), answer: solution! })),
  },
];

/** What the last box of a solution holds. */
function boxed(solution: string): string {
  const open = solution.lastIndexOf("\\boxed{") + "\\boxed".length;
  return solution.slice(open + 1, closingBrace(solution, open));
}

function rowsOf(name: string, files: readonly string[]): readonly Readonly<Record<string, string>>[] | null {
  const places = {
    variable: process.env.RECKON_DATA,
    workingFolder: process.cwd(),
    checkout: new URL("..", import.meta.url).pathname,
  };
  try {
    const file = findFile(name, files, places);
    const bytes = fs.readFileSync(file);
    const text = (file.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8");
    return text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
  } catch (error) {
    if (error instanceof UserError) return null;
    throw error;
  }
}

if (process.argv[1] === new URL(import.meta.url).pathname)
  await run({ emit: (line) => console.log(JSON.stringify(line)) });
