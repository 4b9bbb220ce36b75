// Promises that every family keeps, on every level: its answers, its wordings, its thinking.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "../random.ts";
import { ALL, EIGHT, FURTHER } from "./catalogue.ts";
import { equal, evaluate } from "./expression.ts";
import { sample } from "./sample.ts";
import { ALPHABET, type Style, type TaskEntry } from "./task.ts";
import { validate } from "./validate.ts";

const COUNT = 150;
const EVERY = [...ALL, ...FURTHER];

function* everyEntry(count = COUNT): Generator<TaskEntry> {
  for (const { name, levels } of EVERY) {
    const task = EVERY.find((each) => each.name === name)!;
    for (let level = 1; level <= levels; level++) {
      for (let index = 0; index < count; index++) {
        yield sample(task, { seed: 11, index, level, split: "train", phrasing: index % task.phrasings });
      }
    }
  }
}

const think = (entry: TaskEntry, style: Style): string =>
  EVERY.find((task) => task.name === entry.task)!.think(entry, style, Random.from(entry.index, entry.task, style));

test("there are ten families, eight of them for the small recipes, and two that the longest chain adds, each with three levels and at least six wordings", () => {
  assert.equal(ALL.length, 10);
  assert.equal(EIGHT.length, 8);
  assert.equal(FURTHER.length, 2);
  for (const task of EVERY) assert.ok(task.levels === 3 && task.phrasings >= 6, task.name);
});

for (const task of EVERY) {
  test(`${task.name}: its own answer scores 1 and a corrupted one 0, on all levels`, () => {
    const { checked, failures } = validate(task, { seed: 3, count: 200 });
    assert.deepEqual(failures, []);
    assert.equal(checked, 3 * 200 * 8);
  });
}

test("prompts, thinking and answers are made of the alphabet, and answers and wordings are never empty", () => {
  const known = new Set(ALPHABET);
  assert.equal(known.size, 96);
  assert.deepEqual([...ALPHABET].toSorted(), [...ALPHABET]);
  for (const entry of everyEntry()) {
    assert.ok(entry.prompt.length > 4 && entry.answer.length > 0);
    for (const text of [entry.prompt, entry.answer, think(entry, "checking")]) {
      for (const character of text) assert.ok(known.has(character), `${JSON.stringify(character)} in ${text}`);
    }
  }
});

test("the same problem is worded differently by each phrasing", () => {
  for (const task of EVERY) {
    const problem = task.make(Random.from(1), 2);
    const prompts = Array.from({ length: task.phrasings }, (_, phrasing) => task.prompt(problem, phrasing));
    assert.equal(new Set(prompts).size, task.phrasings, prompts.join("\n"));
  }
});

test("products are asked as people ask them", () => {
  const products = EVERY.find((task) => task.name === "products")!;
  const problem = { key: "37*48", answer: "1776", data: { a: 37, b: 48 } };
  const prompts = Array.from({ length: products.phrasings }, (_, phrasing) => products.prompt(problem, phrasing));
  for (const prompt of ["What is 37 * 48?", "37 times 48", "Compute 37*48"])
    assert.ok(prompts.includes(prompt), prompt);
  assert.equal(
    products.think(problem, "careful", Random.from(1)),
    "37*40=1200+280=1480\n37*8=240+56=296\n1480+296=1680+96=1776",
  );
});

test("direct thinking is empty, and terse thinking is never longer than careful thinking", () => {
  for (const entry of everyEntry(60)) {
    assert.equal(think(entry, "direct"), "");
    assert.ok(think(entry, "terse").length <= think(entry, "careful").length);
  }
});

test("every arithmetic statement in every style is true", () => {
  let statements = 0;
  for (const entry of everyEntry()) {
    for (const style of ["terse", "careful", "checking"] as const) {
      const thinking = think(entry, style);
      for (const statement of falseStatements(thinking, () => statements++)) {
        assert.fail(`"${statement}" is false in ${entry.task} level ${entry.level}:\n${thinking}`);
      }
    }
  }
  assert.ok(statements > 50_000, `only ${statements} statements were found`);
});

test("the checker of statements finds a false one", () => {
  assert.deepEqual(falseStatements("2+2=4\n3*4=13"), ["3*4=13"]);
  assert.deepEqual(falseStatements("57+78=127+8=136"), ["57+78=127+8=136"]);
  assert.deepEqual(falseStatements("12>13 9<10"), ["12>13"]);
});

/** Chains like a=b=c, a<b and a>b whose sides (arithmetic without a variable) do not hold. */
function falseStatements(thinking: string, found: () => void = () => {}): string[] {
  const wrong: string[] = [];
  for (const word of thinking.split(/[\s,;]+/)) {
    const parts = word.split(/([=<>])/);
    for (let i = 1; i < parts.length; i += 2) {
      const [left, right] = [readSide(parts[i - 1]!), readSide(parts[i + 1]!)];
      if (left === null || right === null) continue;
      found();
      const difference = left.top * right.bottom - right.top * left.bottom;
      const holds = parts[i] === "=" ? equal(left, right) : parts[i] === "<" ? difference < 0n : difference > 0n;
      if (!holds) wrong.push(word);
    }
  }
  return wrong;
}

/** A side of a statement: an expression, or a decimal; null where it holds a letter, as `3x` does. */
function readSide(text: string): { readonly top: bigint; readonly bottom: bigint } | null {
  const decimal = /^(\d+)\.(\d+)$/.exec(text);
  if (decimal !== null) return { top: BigInt(decimal[1]! + decimal[2]!), bottom: 10n ** BigInt(decimal[2]!.length) };
  const result = evaluate(text);
  return typeof result === "string" ? null : result.value;
}

/** What a family's careful or terse thinking comes to, read off its last step. */
const CONCLUSIONS: Readonly<Record<string, (thinking: string, entry: TaskEntry) => string>> = {
  "chain-sum": lastNumber,
  products: lastNumber,
  "letter-counting": lastNumber,
  "linear-equations": lastNumber,
  remainders: (thinking) => thinking.split("\n").at(-1)!.split(":")[0]!,
  sorting: (thinking) => thinking.split(":").at(-1)!,
  "base-conversion": (thinking, entry) => {
    if ((entry.data as { direction: string }).direction === "from") return lastNumber(thinking);
    return thinking.split(":").at(-1)!;
  },
  "digit-sums": lastNumber,
  comparison: (thinking) => thinking.split(" ").at(-1)!,
  countdown: lastNumber,
  "roman-numerals": lastNumber,
  "clock-times": (thinking) => thinking.split("\n").at(-1)!,
};

function lastNumber(thinking: string): string {
  return /(?:(?<=[=+(])-)?\d+(?=\D*$)/.exec(thinking)?.[0] ?? "";
}

test("careful, terse and checked thinking comes to the answer", () => {
  for (const entry of everyEntry()) {
    const careful = think(entry, "careful");
    assert.ok(think(entry, "checking").startsWith(`${careful}\nwait, check: `));
    for (const thinking of [careful, think(entry, "terse")]) {
      const conclusion = CONCLUSIONS[entry.task]!(thinking, entry);
      const data = entry.data as { readonly target?: number };
      const expected = String(data.target ?? entry.answer);
      assert.equal(conclusion, expected, `${entry.prompt}\n${thinking}`);
    }
  }
});

test("every line of a careful conversion holds the number's quotient so far and the end of the answer", () => {
  for (const entry of everyEntry()) {
    const { direction, number, base } = entry.data as { direction?: string; number: number; base: number };
    if (direction !== "to") continue;
    const lines = think(entry, "careful").split("\n");
    assert.equal(lines.length, entry.answer.length);
    lines.forEach((line, i) => {
      assert.equal(line, `${Math.floor(number / base ** i)}:${entry.answer.slice(-1 - i)}`);
    });
  }
});

test("thinking is short: at level 1 careful thinking means at most 90 characters and never passes 180", () => {
  for (const task of EVERY) {
    const lengths = Array.from({ length: 1_000 }, (_, index) => {
      return think(sample(task, { seed: 12, index, level: 1, split: "train" }), "careful").length;
    });
    const mean = lengths.reduce((a, b) => a + b, 0) / lengths.length;
    assert.ok(mean <= 90, `${task.name}: ${mean}`);
    assert.ok(Math.max(...lengths) <= 180, `${task.name}: ${Math.max(...lengths)}`);
  }
});
