import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { compare, pairsOf } from "../compare/compare.ts";
import { evaluationCost } from "../cost/cost.ts";
import type { ItemResult, Response } from "../item.ts";
import { writeComparison } from "./comparison.ts";
import { jsonBlock } from "./page.ts";
import { costPicture } from "./picture.ts";
import { reportBeside, writeReport } from "./report.ts";
import { markdownTable } from "./table.ts";

const place = fs.mkdtempSync(path.join(tmpdir(), "reckon-eval-report-"));
after(() => fs.rmSync(place, { recursive: true }));

/** What a model, or whoever steers it, may write. */
export const HOSTILE = `</script><script>document.title="owned"</script><img src=x onerror="document.title='owned'"><!--<script> \u2028 ]]> \${1} \\boxed{7}`;

const response = (accuracy: number, text: string): Response => ({
  ...{
    accuracy,
    format: 1,
    reason: `because ${HOSTILE}`,
    answer: accuracy === 1 ? "7" : HOSTILE,
    text,
    finish: "stop",
  },
  ...{ tokens: 40, thinking: 30, promptTokens: 10, cachedTokens: 0 },
});
const results: readonly ItemResult[] = ["1", "2", "3", "10"].map((level, i) => ({
  item: {
    id: `q${i}`,
    group: "g",
    variant: null,
    question: `q${i}`,
    prompt: `ask ${HOSTILE}`,
    gold: "7",
    labels: { level, [HOSTILE]: "x" },
  },
  responses: [
    response(1, `<think>${HOSTILE}</think>\\boxed{7}`),
    response(0, HOSTILE),
    response(i % 2, "\\boxed{7}"),
    response(0, "8"),
  ],
}));
const cost = evaluationCost({
  results,
  seconds: 8,
  core_seconds: 16,
  joules: null,
  rate: { kind: "core-hour", usd: 0.04 },
});
const write = (file: string): readonly string[] =>
  writeReport(path.join(place, file), {
    title: `tiny on ${HOSTILE}`,
    ...{ results, samples: 4, cost, summary: { ks: [4], seed: 1 }, row: { benchmark: "sums" } },
    settings: { model: HOSTILE, temperature: 0.6, server: null },
    remarks: [HOSTILE],
  });

test("a report holds everything in three files, and nothing a model wrote stands in the page as markup", () => {
  const [html, json, markdown] = write("r.html").map((file) => fs.readFileSync(file, "utf8")) as [
    string,
    string,
    string,
  ];
  assert.equal(JSON.parse(json).benchmark, "sums");
  for (const heading of ["Accuracy", "Cost", "More answers", "By level", "How"]) {
    assert.ok(markdown.includes(`## ${heading}`) && html.includes(`<h2>${heading}</h2>`), heading);
  }
  // 160 prompt tokens and 640 new ones, 6 of 16 answers right
  assert.match(markdown, /\| o1 at api\.openai\.com \| 15, 60 \| 2024-12-17 \| 0\.0408 \| 0\.0068 \|/);
  // Two scripts: the data and the page's own; no element, attribute or comment came out of the texts.
  assert.equal(html.match(/<script/g)!.length, 2);
  assert.equal(html.match(/<\/script/g)!.length, 2);
  assert.ok(!html.includes("<img") && !html.includes("<!--") && !/https?:\/\/(?!www\.w3)/.test(html));
  assert.ok(!markdown.includes("<img") && !markdown.includes("<script"));
  assert.match(
    html,
    /Content-Security-Policy" content="default-src 'none';[^"]*script-src 'sha256-[A-Za-z0-9+/=]{44}'/,
  );
  const data = JSON.parse(/id="data">(.*?)<\/script>/s.exec(html)![1]!);
  assert.equal(data.items[0].runs[0][1].text, HOSTILE);
  assert.equal(data.items[3].labels.level, "10");
});

test("JSON in a page comes back as it was and cannot end its element", () => {
  const block = jsonBlock({ text: HOSTILE, nested: ["<!--", "&amp;"] });
  assert.ok(!/[<>&\u2028]/.test(block));
  assert.deepEqual(JSON.parse(block), { text: HOSTILE, nested: ["<!--", "&amp;"] });
});

test("a comparison shows both side by side, and all in one picture", () => {
  const other = results.map((result) => ({ ...result, responses: [...result.responses].reverse() }));
  const [first, second] = [
    { name: "a", file: "a.jsonl", results, cost },
    { name: "b", file: "b.jsonl", results: other, cost },
  ];
  const comparison = compare(pairsOf(results, other, ["a", "b"]), [0, 0], 1);
  const [html, json] = writeComparison(path.join(place, "c"), first, [{ other: second, comparison }]).map((file) =>
    fs.readFileSync(file, "utf8"),
  ) as [string, string];
  assert.ok(html.includes("<h2>b against a</h2>") && html.includes("<svg"));
  assert.deepEqual(JSON.parse(/id="data">(.*?)<\/script>/s.exec(html)![1]!).names, ["a", "b"]);
  assert.equal(JSON.parse(json).comparisons[0].n, 4);
});

test("the picture's line joins what nothing beats for less, and figures nobody has are left out", () => {
  const point = (cost: number, accuracy: number, oracle = false) => ({
    label: `${cost}`,
    series: 0,
    cost,
    accuracy,
    oracle,
  });
  const svg = costPicture(
    [point(1, 0.2), point(2, 0.1), point(4, 0.6), point(8, 0.9, true), point(16, 0.6), point(Number.NaN, 1)],
    "tokens",
  );
  assert.equal(svg.match(/<circle/g)!.length, 5);
  assert.equal(/stroke-dasharray/.exec(svg) === null, false);
  const [, steps] =
    /d="M[\d. ]+((?:H[\d.]+V[\d.]+)*)H[\d.]+" fill="none" stroke="currentColor" stroke-opacity="0\.55"/.exec(svg)!;
  assert.equal(steps!.match(/H/g)!.length, 1);
  assert.equal(costPicture([point(0, 1)], "tokens"), "");
});

test("a report's name follows its items file", () => {
  assert.deepEqual(["runs/items.jsonl", "runs/gsm8k.jsonl", "x"].map(reportBeside), [
    "runs/report.html",
    "runs/gsm8k.report.html",
    "x.report.html",
  ]);
});

test("a table's cells stay in their cells", () => {
  const text = markdownTable({ title: "t", head: ["a", "b"], rows: [["x|y", "two\nlines <b>"]] });
  assert.equal(text.split("\n")[4], "| x\\|y | two lines &#60;b&#62; |");
});
