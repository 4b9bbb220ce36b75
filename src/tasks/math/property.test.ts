/** Whatever number or formula it is: equal to itself in every spelling, and to one more than itself in none. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { verify } from "./verify.ts";

/** n / 10^places, so that every spelling below is exact. */
interface Number {
  readonly n: bigint;
  readonly places: number;
}

const numbers = fc.record({
  n: fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n }).filter((n) => n !== 0n),
  places: fc.integer({ min: 0, max: 4 }),
});

const size = (n: bigint): bigint => (n < 0n ? -n : n);
const sign = (n: bigint): string => (n < 0n ? "-" : "");

function decimal({ n, places }: Number): string {
  const digits = String(size(n)).padStart(places + 1, "0");
  return places === 0 ? `${n}` : `${sign(n)}${digits.slice(0, -places)}.${digits.slice(-places)}`;
}

function grouped(a: Number): string {
  const [whole, fraction] = decimal(a).split(".");
  const marked = whole!.replace(/\B(?=(\d{3})+$)/g, ",");
  return fraction === undefined ? marked : `${marked}.${fraction}`;
}

function mixed({ n, places }: Number): string {
  const bottom = 10n ** BigInt(places);
  const [whole, rest] = [size(n) / bottom, size(n) % bottom];
  return rest === 0n || whole === 0n ? decimal({ n, places }) : `${sign(n)}${whole}\\frac{${rest}}{${bottom}}`;
}

const bottomOf = ({ places }: Number): bigint => 10n ** BigInt(places);

const SPELLINGS: readonly ((a: Number) => string)[] = [
  decimal,
  grouped,
  mixed,
  (a) => `${decimal(a)}0`.replace(/^([^.]*)0$/, "$1.0"),
  (a) => `${a.n}/${bottomOf(a)}`,
  (a) => `\\frac{${a.n}}{${bottomOf(a)}}`,
  (a) => `${sign(a.n)}\\dfrac{${size(a.n)}}{${bottomOf(a)}}`,
  (a) => `\\tfrac{${3n * a.n}}{${3n * bottomOf(a)}}`,
  (a) => `$${decimal(a)}$`,
  (a) => `\\(${grouped(a).replaceAll(",", "{,}")}\\)`,
  (a) => `\\boxed{${decimal(a)}}`,
  (a) => `\\boxed{x = ${decimal(a)}}`,
  (a) => `The answer is ${decimal(a)}.`,
  (a) => `**Answer:** $${mixed(a)}$`,
  (a) => `some steps\n#### ${grouped(a)}`,
  (a) => `<think>maybe \\boxed{1}</think>It is $\\boxed{\\frac{${2n * a.n}}{${2n * bottomOf(a)}}}$ after all.`,
  (a) => `${a.n}e-${a.places}`,
  (a) => `${a.n} \\times 10^{-${a.places}}`,
  (a) => `${decimal(a)} \\text{ apples}`,
  (a) => `${decimal(a)}^\\circ`,
  (a) => `\\left( ${decimal(a)} \\right)`,
  (a) => `${sign(a.n)}\\sqrt{\\frac{${a.n * a.n}}{${bottomOf(a) ** 2n}}}`,
  (a) => `${decimal({ n: a.n * 2n, places: a.places })} \\cdot \\frac12`,
  (a) => `${decimal({ n: a.n - 7n * bottomOf(a), places: a.places })} + 7`,
  (a) => `${decimal(a).replace("-", "−")} = ${grouped(a)}`,
];

test("a number equals itself in twenty-five spellings", () => {
  fc.assert(
    fc.property(numbers, fc.nat(SPELLINGS.length - 1), fc.nat(SPELLINGS.length - 1), (a, i, j) => {
      const [gold, answer] = [SPELLINGS[i]!(a), SPELLINGS[j]!(a)];
      const verdict = verify(gold, answer);
      assert.ok(verdict.correct, `${gold} <- ${answer}: ${verdict.reason}`);
    }),
    { numRuns: 600 },
  );
});

test("a number never equals one more than itself, in any spelling", () => {
  fc.assert(
    fc.property(numbers, fc.nat(SPELLINGS.length - 1), fc.nat(SPELLINGS.length - 1), (a, i, j) => {
      const more = { n: a.n + bottomOf(a), places: a.places };
      if (more.n === 0n) return;
      const [gold, answer] = [SPELLINGS[i]!(a), SPELLINGS[j]!(more)];
      const verdict = verify(gold, answer);
      assert.ok(!verdict.correct, `${gold} <- ${answer}: ${verdict.reason}`);
    }),
    { numRuns: 600 },
  );
});

/** LaTeX of random formulas in x and y that have values at positive points. */
const { formula } = fc.letrec<{ formula: string }>((tie) => ({
  formula: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom("x", "y", "\\pi", "x_1"),
    fc.integer({ min: 1, max: 30 }).map(String),
    fc.tuple(tie("formula"), tie("formula")).map(([a, b]) => `(${a} + ${b})`),
    fc.tuple(tie("formula"), tie("formula")).map(([a, b]) => `(${a} - ${b})`),
    fc.tuple(tie("formula"), tie("formula")).map(([a, b]) => `(${a}) \\cdot (${b})`),
    fc.tuple(tie("formula"), fc.integer({ min: 2, max: 9 })).map(([a, n]) => `\\frac{${a}}{${n}}`),
    fc.tuple(tie("formula"), fc.integer({ min: 2, max: 3 })).map(([a, n]) => `{(${a})}^{${n}}`),
    tie("formula").map((a) => `\\sqrt{(${a})^2 + 1}`),
    tie("formula").map((a) => `\\sin(${a})`),
  ),
}));

/** The same formula written otherwise. */
const REWRITTEN: readonly ((a: string) => string)[] = [
  (a) => `\\boxed{${a}}`,
  (a) => `0 + ${a}`,
  (a) => `\\frac{2 (${a})}{2}`,
  (a) => `y - (y - (${a}))`,
  (a) => `f(x) = ${a}`,
  (a) => `\\frac{(${a})(x^2 + 1)}{x^2 + 1}`,
];

test("a formula equals itself rewritten, and never itself and one", () => {
  fc.assert(
    fc.property(formula, fc.nat(REWRITTEN.length - 1), (a, i) => {
      const same = verify(a, REWRITTEN[i]!(a));
      assert.ok(same.correct, `${a} as ${REWRITTEN[i]!(a)}: ${same.reason}`);
      const more = verify(a, REWRITTEN[i]!(`(${a} + 1)`));
      assert.ok(!more.correct, `${a} and one: ${more.reason}`);
    }),
    { numRuns: 150 },
  );
});

test("no text makes the verifier throw, and the same texts get the same verdict", () => {
  const piece = fc.constantFrom(
    ...[
      "\\frac{",
      "}",
      "{",
      "(",
      ")",
      "[",
      "]",
      "\\sqrt",
      "^",
      "_",
      "1",
      "2.5",
      "x",
      ",",
      ";",
      "=",
      "<",
      "\\le",
      "\\boxed{",
    ],
    ...[
      "$",
      "\\text{",
      " and ",
      "\\\\",
      "&",
      "\\begin{pmatrix}",
      "\\end{pmatrix}",
      "\\pm",
      "%",
      "!",
      "|",
      "\\cup",
      ":",
      "e",
    ],
    ...[
      "answer is ",
      "final answer",
      "####",
      "</think>",
      "<think>",
      "\n",
      "π",
      "½",
      "\\infty",
      "\\{",
      "\\}",
      "\\sum_{k=1}^",
      "-",
    ],
  );
  const text = fc.oneof(
    fc.string({ unit: "binary", maxLength: 60 }),
    fc.array(piece, { maxLength: 24 }).map((parts) => parts.join("")),
  );
  fc.assert(
    fc.property(text, text, (gold, answer) => {
      const [first, second] = [verify(gold, answer), verify(gold, answer)];
      assert.deepEqual([first.correct, first.reason], [second.correct, second.reason]);
    }),
    { numRuns: 1_500 },
  );
});
