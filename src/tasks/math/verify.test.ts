import assert from "node:assert/strict";
import { test } from "node:test";
import { type VerifyOptions, verify } from "./verify.ts";

/** gold, answer, and whether the answer is right */
type Case = readonly [gold: string, answer: string, correct: boolean];

function hold(cases: readonly Case[], options?: VerifyOptions): void {
  for (const [gold, answer, correct] of cases) {
    const verdict = verify(gold, answer, options);
    assert.equal(verdict.correct, correct, `${gold} <- ${answer}: ${JSON.stringify(verdict)}`);
    assert.notEqual(verdict.reason, "");
  }
}

test("numbers are equal exactly, however they are written", () =>
  hold([
    ["1/2", "0.5", true],
    ["\\frac12", "\\dfrac{1}{2}", true],
    ["3\\frac12", "7/2", true],
    ["4 4/9", "40/9", true],
    ["137 \\frac{1}{2}", "137.5", true],
    ["1e3", "1000", true],
    ["6.02e23", "6.02 \\times 10^{23}", true],
    ["7", "007", true],
    ["1,234,567", "1234567", true],
    ["617", "1,234/2", true],
    ["10,\\!080", "10080", true],
    ["0.1\\overline{6}", "1/6", true],
    ["2^{10}", "1024", true],
    ["\\binom{5}{2}", "10", true],
    ["5!", "120", true],
    ["-3", "−3", true],
    ["10^{21}+1", "10^{21}", false],
    ["2004!", "2006!", false],
    ["\\frac{1}{2^{99}}", "\\frac{1}{2^{98}}", false],
    ["1/0", "2/0", false],
    ["0", "\\frac{\\pi}{10^{100}}", false],
  ]));

test("roots, pi, logarithms and sines are equal where they are the same number", () =>
  hold([
    ["\\sqrt{12}", "2\\sqrt3", true],
    ["\\sqrt{2}+\\sqrt{3}", "\\sqrt{5+2\\sqrt{6}}", true],
    ["\\frac{1}{\\sqrt{6}}", "\\frac{\\sqrt{6}}{6}", true],
    ["\\sin 60^\\circ", "\\frac{\\sqrt 3}{2}", true],
    ["\\log_2 8", "3", true],
    ["\\arctan 1", "\\pi/4", true],
    ["(1+i)^2", "2i", true],
    ["e^{i\\pi}", "-1", true],
    ["\\sqrt{2}+10^{-60}", "\\sqrt{2}", false],
    ["4", "4\\sqrt{2}", false],
  ]));

test("formulas are equal where they are the same function", () =>
  hold([
    ["(x+1)^2", "x^2+2x+1", true],
    ["\\frac{x^2-1}{x-1}", "x+1", true],
    ["\\tan^2 y + 1", "\\sec^2 y", true],
    ["2\\sin b\\cos a", "\\sin(a+b)-\\sin(a-b)", true],
    ["2^{n+1}", "2\\cdot 2^n", true],
    ["|x|", "\\sqrt{x^2}", true],
    ["x", "\\sqrt{x^2}", false],
    ["\\ln(x^2)", "2\\ln x", true],
    ["\\sum_{k=1}^{n} k^2", "\\sum_{j=1}^n j^2", true],
    ["\\sum_{i=1}^{10} i", "55", true],
    ["5", "5x", false],
    ["x", "y", false],
  ]));

test("a decimal stands for another number where it has six digits right, or gold itself is rounded", () =>
  hold([
    ["1/3", "0.3333333333", true],
    ["1/3", "0.333", false],
    ["\\pi", "3.14159265", true],
    ["\\pi", "3.14", false],
    ["3.14", "3.14159", true],
    ["0.333", "1/3", true],
    ["0.3", "0.30000000000000004", true],
    ["2.5", "2.46", false],
    ["0.5", "0.45", false],
    ["16386.20", "16386.169", false],
  ]));

test("the precision is an option", () => {
  hold([["\\frac{8}{3}", "2.67", false]]);
  hold([["\\frac{8}{3}", "2.67", true]], { precision: 2 });
});

test("gold leads: it accepts more than it says, not less", () =>
  hold([
    ["5", "x=5", true],
    ["x=5", "5", true],
    ["11", "x = 5+5+1 = 11", true],
    ["7 = 11a+c", "11a+c", false],
    ["0", "x+y=0", false],
    ["x=5", "y=5", false],
    ["1<x<2", "(1,2)", true],
    ["(1,2)", "1<x<2", false],
    ["[1,2]", "1\\le x\\le 2", false],
    ["28\\%", "28", true],
    ["1/2", "50%", true],
    ["50", "50%", false],
    ["\\{1,2\\}", "(1,2)", true],
    ["(1,3)", "1,3", true],
    ["(3,1)", "1,3", false],
  ]));

test("a gold interval accepts an inequality on request", () =>
  hold([["x \\in [-2,7]", "-2 \\le x \\le 7", true]], { relationsForSets: true }));

test("variables may be renamed on request", () => {
  hold([["f(x)+x", "f(y)+y", false]]);
  hold(
    [
      ["f(x)+x", "f(y)+y", true],
      ["a-b", "y-x", true],
      ["a-b", "x+y", false],
    ],
    { strict: false },
  );
});

test("order counts in points and not in sets, repetition in neither list nor set", () =>
  hold([
    ["(1,2)", "(2,1)", false],
    ["\\{1,2\\}", "\\{2,1\\}", true],
    ["\\{1,1,2\\}", "1,2", true],
    ["1,-2", "-2 \\text{ and } 1", true],
    ["1 \\pm \\sqrt{19}", "1-\\sqrt{19}, 1+\\sqrt{19}", true],
    ["2", "\\pm 2", false],
    ["2", "2 or 3", false],
    ["x=1, y=2", "y=2, x=1", true],
    ["x=1, y=2", "(2,1)", false],
  ]));

test("intervals and unions are compared as sets of numbers, matrices entry by entry, equations up to a factor", () =>
  hold([
    ["[1,2]", "[1,2)", false],
    ["[1,3]", "[1,2] \\cup [2,3]", true],
    ["\\mathbb{R}", "(-\\infty,\\infty)", true],
    ["(-\\infty,0)\\cup(0,\\infty)", "\\mathbb{R}\\setminus\\{0\\}", true],
    ["x<2 \\text{ or } x>3", "(-\\infty,2)\\cup(3,\\infty)", true],
    ["1\\le|z|\\le 2", "[-2,-1]\\cup[1,2]", true],
    ["\\begin{pmatrix}1\\\\2\\end{pmatrix}", "\\begin{bmatrix}1\\\\ \\frac{4}{2}\\end{bmatrix}", true],
    ["\\begin{pmatrix}1\\\\2\\end{pmatrix}", "(1,2)", false],
    ["2x+4y=3", "y=\\frac34-\\frac x2", true],
    ["x<1", "-x>-1", true],
    ["x<1", "x>-1", false],
  ]));

test("units are left out, converted where both sides name them, and refused where they measure different things", () =>
  hold([
    ["10", "10 \\text{ cm}", true],
    ["10", "10 apples", true],
    ["90", "90^\\circ", true],
    ["\\$32,\\!348", "32348", true],
    ["5 cm", "50 mm", true],
    ["5 cm", "5 m", false],
    ["5 kg", "5 \\text{ m}", false],
    ["1 \\text{ hour}", "60 minutes", true],
    ["60", "60 km/h", true],
    ["5", "5 kg/m^3", true],
    ["9.8", "9.8 m/s^2", true],
    ["36 \\text{ km/h}", "10 m/s", true],
    ["60 miles per hour", "60 mph", true],
    ["60 km/h", "60 miles/hour", false],
    ["3m/s", "3", false],
  ]));

test("where gold names a base, only digits in that base are right", () =>
  hold([
    ["52_8", "52_{8}", true],
    ["52_8", "52_{\\text{eight}}", true],
    ["52_8", "52", false],
    ["52_8", "42", false],
    ["52_8", "528", false],
  ]));

test("words and letters of choices are compared as words", () =>
  hold([
    ["\\text{Evelyn}", "The answer is **Evelyn**.", true],
    ["\\text{(C)}", "C", true],
    ["(C)", "C) 42", true],
    ["B", "The answer is (A).", false],
    ["A", "a", true],
    ["\\text{no solution}", "\\emptyset", true],
    ["\\text{1.5 each}", "\\text{15 each}", false],
  ]));

test("every verdict says why", () => {
  assert.equal(verify("1/2", "0.5").reason, "equal rationals, both 0.5");
  assert.equal(verify("[1,2]", "\\{1,2\\}").reason, "the answer leaves out numbers between 1 and 2, gold holds it");
  assert.equal(verify("(1,2)", "\\{1,2\\}").reason, "the answer is a set, gold a point");
  assert.equal(verify("3,4", "3").reason, "the answer is a number, gold a list");
  assert.equal(verify("3,4", "3,5").reason, "the answer lacks 4");
});

test("what is no text is no answer, and no error", () => {
  const notText = (value: unknown): string => value as string;
  for (const other of [null, undefined, 5, { answer: "5" }, ["5"]]) {
    assert.deepEqual([verify("5", notText(other)).correct, verify(notText(other), "5").correct], [false, false]);
  }
  assert.equal(verify("5", notText(null)).reason, "no answer found: it is not a text");
  assert.equal(verify(notText(null), "5").reason, "gold is empty: it is not a text");
});

test("the verdict names what was read: gold, and the answer found", () => {
  const { gold, answer } = verify(
    "So $x = \\boxed{\\frac{1}{2}}$.",
    "<think>is it \\boxed{3}?</think>It is \\(\\frac{2}{4}\\).",
  );
  assert.deepEqual([gold, answer], ["\\frac{1}{2}", "\\frac{2}{4}"]);
});

test("programs get it as reckon/verify", async () => {
  const library = await import("reckon/verify");
  assert.equal(library.verify("1/2", "0.5").correct, true);
  assert.equal(typeof library.verifySafely, "function");
});
