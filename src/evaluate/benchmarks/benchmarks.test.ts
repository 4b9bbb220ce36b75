import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import { testData } from "../../checkpoint/test-data.ts";
import { evaluate, isWhole } from "../../tasks/expression.ts";
import type { Item } from "../item.ts";
import { BOXED } from "./prompts.ts";
import { benchmarkNames, type OpenBenchmark, openBenchmark } from "./registry.ts";

const place = fs.mkdtempSync(path.join(tmpdir(), "reckon-benchmarks-"));
after(() => fs.rmSync(place, { recursive: true }));

const { file: folder, skip } = testData("benchmarks");
const nowhere = { workingFolder: place, checkout: place };
const real = (name: string, selection = {}): OpenBenchmark =>
  openBenchmark(name, { seed: 1, ...selection }, { ...nowhere, folder });

/** A file of the test's own, opened by its path. */
function open(name: string, content: string | Buffer, selection = {}): OpenBenchmark {
  const file = path.join(place, name);
  fs.writeFileSync(file, content);
  return openBenchmark(file, { seed: 1, ...selection }, nowhere);
}

const judged = async (item: Item, answer: string, ended = true): Promise<number> =>
  (await item.judge(`<think>hm</think>\n${answer}`, ended)).accuracy;

test("every benchmark's file gives as many questions as its authors say", { skip }, () => {
  const counts = {
    gsm8k: 1319,
    math500: 500,
    minerva: 272,
    svamp: 1000,
    mgsm: 2750,
    bbh: 6511,
    countdown: 256,
    game24: 1362,
    humaneval: 164,
    "humaneval-ts": 159,
    "humaneval-js": 161,
    mbpp: 500,
    ifeval: 541,
  };
  for (const [name, count] of Object.entries(counts)) {
    const { items, licence, sha256, file } = real(name);
    assert.equal(items.length, count, name);
    assert.ok(licence.length > 3 && sha256?.length === 64 && file?.startsWith(folder));
    assert.equal(new Set(items.map(({ id }) => id)).size, count);
  }
});

test("a gold answer in a box is right, with more behind it wrong, and thinking alone no answer", { skip }, async () => {
  for (const name of ["gsm8k", "math500", "svamp", "mgsm", "bbh"]) {
    for (const item of real(name, { items: 40 }).items) {
      const asked = item.prompt.includes("\\boxed{}");
      assert.ok(asked || item.group === "dyck_languages", item.prompt);
      const given = (answer: string) => (asked ? `So it is $\\boxed{${answer}}$.` : `So:\n**Answer:** ${answer}`);
      assert.equal(await judged(item, given(item.gold)), 1, `${item.id}: ${item.gold}`);
      const other = /^\([A-Z]\)$/.test(item.gold) ? (item.gold === "(A)" ? "(B)" : "(A)") : `${item.gold}7`;
      assert.equal(await judged(item, given(other)), 0, `${item.id}: ${other}`);
      const cut = await item.judge(`<think>surely \\boxed{${item.gold}}`, false);
      assert.deepEqual([cut.accuracy, cut.format, cut.answer], [0, 0, null]);
    }
  }
});

test("the prompt is the question and the paper's instruction, nothing before it", { skip }, () => {
  const [first] = real("math500").items;
  assert.ok(first!.prompt.startsWith("Convert the point $(0,3)$") && first!.prompt.endsWith(`\n${BOXED}`));
  assert.deepEqual(first!.labels, { level: "2", subject: "Precalculus" });
});

test("countdown and the game of 24 take any expression that works, and nothing else", { skip }, async () => {
  for (const [name, target] of [
    ["countdown", null],
    ["game24", 24],
  ] as const) {
    for (const item of real(name, { items: 12 }).items) {
      const [goal, ...numbers] = item.gold.match(/\d+/g)!.map(Number) as [number, ...number[]];
      assert.equal(goal, target ?? goal);
      const solution = solve(numbers, goal);
      assert.equal(await judged(item, `\\boxed{${solution}}`), 1, `${item.id}: ${solution}`);
      assert.equal(await judged(item, `\\boxed{${solution} = ${goal}}`), 1);
      assert.equal(await judged(item, `<answer>${solution}</answer>`), 1);
      assert.equal(await judged(item, `\\boxed{${solution} = ${goal + 1}}`), 0);
      assert.equal(await judged(item, `\\boxed{${solution} + 1}`), 0);
      assert.equal(await judged(item, `\\boxed{${goal}}`), 0);
    }
  }
  const [item] = open("one.jsonl", '{"nums":[3,4,8,2],"target":14}').items;
  assert.equal(await judged(item!, "\\boxed{\\frac{8}{4} \\times (3 \\times 2 + 1)}"), 0);
  assert.equal(await judged(item!, "\\boxed{\\left(\\frac{8}{2} + 3\\right) \\cdot 4}"), 0);
  assert.equal(await judged(item!, "\\boxed{8 + 4 \\cdot \\left(3 - 2\\right) \\div 2}"), 0);
  assert.equal(await judged(item!, "\\boxed{8 \\times 3 - 4 - 2}"), 0);
  assert.equal(await judged(item!, "\\boxed{2 \\times (8 - 4 + 3) = 14}"), 1);
});

test("multiple choice shows every option once, in an order of the seed, and reads the letter", async () => {
  const csv =
    "Question,Correct Answer,Incorrect Answer 1,Incorrect Answer 2,Incorrect Answer 3,Subdomain\n" +
    '"Which, of ""these"",\nis it?",a right one,wrong 1,wrong 2,wrong 3,Optics\nq2,r,w1,w2,w3,Optics\n';
  const { items } = open("gpqa_diamond.csv", csv);
  assert.equal(items.length, 2);
  const [item] = items;
  assert.ok(item!.prompt.includes('Which, of "these",\nis it?'));
  for (const option of ["a right one", "wrong 1", "wrong 2", "wrong 3"])
    assert.equal(item!.prompt.split(option).length, 2);
  assert.ok(item!.prompt.includes(`${item!.gold}) a right one`));
  const other = "ABCD".replace(item!.gold, "")[0]!;
  for (const form of [
    "Answer: X",
    "**Answer:** X",
    "\\boxed{X}",
    "\\boxed{\\text{(X)}}",
    "The answer is (X).",
    "Answer: X) a thing",
  ]) {
    assert.equal(await judged(item!, form.replace("X", item!.gold)), 1, form);
    assert.equal(await judged(item!, form.replace("X", other)), 0, form);
  }
  assert.deepEqual(open("again.csv", csv).items[0]!.prompt, item!.prompt);
  const listed = open("list.jsonl", '{"id":"q","question":"2+2?","choices":["3","4","5"],"answer":1}');
  assert.equal(listed.items[0]!.gold, "B");
});

test("a limit and a choice of groups hold for each group", { skip }, () => {
  const { items } = real("mgsm", { items: 3, families: ["de", "sw"] });
  assert.deepEqual(
    items.map(({ id }) => id),
    ["de", "sw"].flatMap((lang) => [0, 1, 2].map((i) => `mgsm/${lang}/${i}`)),
  );
  assert.equal(items[0]!.question, items[3]!.question);
  assert.throws(() => real("mgsm", { families: ["tlh"] }), {
    exitCode: 2,
    message: /no language "tlh"; there are bn, de/,
  });
  assert.throws(() => real("gsm8k", { families: ["x"] }), { exitCode: 2, param: "--families" });
  assert.throws(() => real("gsm8k", { level: 2 }), { exitCode: 2, param: "--level" });
});

test("a file is known by the shape of its records: lines, arrays, CSV, gzip, a byte-order mark, Windows line ends", async () => {
  const same = [{ id: 7, question: "1+1?", answer: 2 }];
  const lines = '\ufeff{"id":7,"question":"1+1?","answer":2}\r\n\r\n';
  for (const [name, content] of [
    ["a.jsonl", lines],
    ["b.json", JSON.stringify(same)],
    ["c.jsonl.gz", gzipSync(lines)],
    ["d.csv", "id,question,answer\r\n7,1+1?,2\r\n"],
  ] as const) {
    const { items, name: called } = open(name, content);
    assert.deepEqual([called, items[0]!.id, items[0]!.gold], [name[0], "7", "2"]);
    assert.equal(await judged(items[0]!, "\\boxed{2}"), 1);
  }
  assert.equal(open("AIME.jsonl", '{"ID":"2024-I-1","Problem":"p","Answer":204}').items[0]!.id, "2024-I-1");
  assert.equal(open("g.jsonl", '{"question":"q","answer":"a few steps\\n#### 1,234"}').items[0]!.gold, "1234");
});

test("questions drawn by `tasks sample` are judged by their own task", async () => {
  const line =
    '{"task":"sorting","level":1,"prompt":"Sort 3 1 2.","answer":"1 2 3","data":{"numbers":[3,1,2],"descending":false}}';
  let items: readonly Item[] = [];
  try {
    ({ items } = open("sorting.jsonl", line));
  } catch (error) {
    assert.match((error as Error).message, /data is not that of a sorting question/);
  }
  for (const item of items) assert.equal(await judged(item, item.gold), 1);
});

test("a procedural question is judged with thinking and without, but not inside it", async () => {
  const { items } = openBenchmark("held-out", { seed: 1, items: 1, families: ["products"] }, nowhere);
  const [item] = items;
  const verdicts = await Promise.all(
    ["<think>x</think>GOLD", "GOLD", "<think>GOLD", ""].map((text) =>
      item!.judge(text.replace("GOLD", item!.gold), true),
    ),
  );
  assert.deepEqual(
    verdicts.map(({ accuracy, format, answer }) => [accuracy, format, answer]),
    [
      [1, 1, item!.gold],
      [1, 0, item!.gold],
      [0, 0, null],
      [0, 0, null],
    ],
  );
});

test("what cannot be read is told in one sentence with file and line", () => {
  const cases: readonly (readonly [string, string | Buffer, RegExp])[] = [
    ["torn.jsonl", '{"question":"q","answer":"1"}\n{"question":', /torn\.jsonl, line 2: not JSON/],
    ["list.jsonl", "[1]", /list\.jsonl, entry 1: a JSON object/],
    ["number.jsonl", '{"question":"q","answer":"1"}\n3\n', /number\.jsonl, line 2: a JSON object/],
    [
      "lacks.jsonl",
      '{"id":"a","question":"q"}',
      /lacks\.jsonl, line 1: the field answer or gold is missing \(the fields there are id, question\)/,
    ],
    [
      "empty.jsonl",
      '{"question":" ","answer":"1"}',
      /empty\.jsonl, line 1: the field question or prompt or problem is empty/,
    ],
    ["type.jsonl", '{"question":"q","answer":["1"]}', /type\.jsonl, line 1: answer must be a text/],
    [
      "twice.jsonl",
      '{"id":1,"question":"q","answer":"1"}\n\n{"id":"1","question":"r","answer":"2"}',
      /line 3: the id "1" is that of twice\.jsonl, line 1/,
    ],
    ["none.jsonl", "\n \n", /holds no questions/],
    ["bytes.jsonl", Buffer.from([0x7b, 0xff, 0xfe]), /not UTF-8/],
    ["cut.jsonl.gz", gzipSync("{}").subarray(0, 12), /not whole gzip/],
    ["open.csv", 'question,answer\n"q,1\n', /open\.csv, line 2: a quote is opened/],
    ["wide.csv", "question,answer\nq,1,2\n", /wide\.csv, line 2: 3 columns, where the head has 2/],
    ["option.jsonl", '{"question":"q","options":["a","b"],"answer":"C"}', /answer "C" is none of the 2 options/],
    ["cards.csv", "Rank,Puzzles\n1,a b\n", /Puzzles must be whole numbers, not "a b"/],
  ];
  for (const [name, content, message] of cases)
    assert.throws(() => open(name, content), { name: "UserError", message }, name);
  assert.throws(() => openBenchmark("nowhere.jsonl", { seed: 1 }, nowhere), { message: /there is no such file/ });
});

test("a name there is not lists the names; a benchmark without its file says where it was looked for", () => {
  assert.throws(() => openBenchmark("gsm9k", { seed: 1 }, nowhere), {
    exitCode: 2,
    message: new RegExp(benchmarkNames().join(", ")),
  });
  const data = path.join(place, "data/benchmarks");
  fs.mkdirSync(data, { recursive: true });
  assert.throws(
    () => openBenchmark("gsm8k", { seed: 1 }, nowhere),
    (error: Error) => {
      return error.message.includes("gsm8k.test.jsonl") && error.message.includes(data);
    },
  );
  fs.writeFileSync(path.join(data, "gsm8k.test.jsonl"), '{"question":"q","answer":"#### 1"}\n');
  assert.equal(openBenchmark("gsm8k", { seed: 1 }, nowhere).items.length, 1);
  assert.throws(() => openBenchmark("gsm8k", { seed: 1 }, { ...nowhere, folder: "elsewhere" }), {
    message: /elsewhere/,
  });
});

/** An expression of all the numbers that makes the target, by trying every one. */
function solve(numbers: readonly number[], target: number): string {
  let found = "";
  const search = (left: readonly string[]): void => {
    if (found !== "") return;
    if (left.length === 1) {
      const value = evaluate(left[0]!);
      if (typeof value !== "string" && isWhole(value.value, BigInt(target))) found = left[0]!;
      return;
    }
    for (let i = 0; i < left.length; i++)
      for (let j = 0; j < left.length; j++) {
        if (i === j) continue;
        const rest = left.filter((_, at) => at !== i && at !== j);
        for (const sign of "+-*/")
          if (i < j || sign === "-" || sign === "/") search([...rest, `(${left[i]}${sign}${left[j]})`]);
      }
  };
  search(numbers.map(String));
  return found;
}
