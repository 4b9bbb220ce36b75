import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { curveSvg, figure } from "./curves.ts";
import { writeReport } from "./report.ts";
import { RunFolder } from "./run.ts";

const home = fs.mkdtempSync(path.join(tmpdir(), "reckon-report-"));
after(() => fs.rmSync(home, { recursive: true, force: true }));

test("a run's report says what it took and shows every figure, in three files that need no network", () => {
  const folder = path.join(home, "run");
  {
    using run = RunFolder.create(folder, {
      recipe: "r1-zero",
      preset: "smoke",
      seed: 7,
      options: { note: "<script>alert(1)</script>" },
      versions: { reckon: "0.1.0" },
      created: "2026-01-01T00:00:00Z",
      threads: 2,
    });
    for (let step = 1; step <= 20; step++)
      run.appendMetrics({ step, loss: 2 / step, reward: step / 20, num_tokens: step * 100, step_time: 90 });
    run.appendEvaluation({ step: 0, accuracy: 0.25 });
    run.appendEvaluation({ step: 20, accuracy: 0.5, by_family: { sums: 0.5 } });
  }
  const report = writeReport(folder, {
    machine: "2 cores",
    spent: { seconds: 3, core_seconds: 5.5, before: { accuracy: 0.25 } },
    warnings: [
      { kind: "length", message: "Answers grow." },
      { kind: "form", message: "The form is lost." },
    ],
  });
  assert.equal(report.steps, 20);
  assert.equal(report.tokens, 2000);
  assert.equal(report.seconds, 1800);
  assert.equal(report.core_hours, 1);
  assert.ok(Math.abs(report.metrics.reward.first - 0.075) < 1e-12);
  assert.equal(report.metrics.reward.last, 0.975);
  assert.deepEqual(JSON.parse(fs.readFileSync(path.join(folder, "report.json"), "utf8")), report);
  const markdown = fs.readFileSync(path.join(folder, "report.md"), "utf8");
  assert.match(markdown, /\| cost \| 1 core-hours \|/);
  assert.match(markdown, /\| 20 \| 0\.5 \|/);
  assert.match(markdown, /\| spent, seconds \| 3 \|\n\| spent, core seconds \| 5\.5 \|\n/);
  assert.match(markdown, /\| warnings \| Answers grow\. \|\n\| warnings \| The form is lost\. \|\n/);
  const html = fs.readFileSync(path.join(folder, "report.html"), "utf8");
  assert.equal(html.match(/<svg/g)?.length, 4); // accuracy, loss, reward, step_time
  assert.doesNotMatch(html, /<script|https?:\/\//);
});

test("a report of a run without a single step is still a report", () => {
  const folder = path.join(home, "empty");
  RunFolder.create(folder, { recipe: "sft", preset: null, seed: 1, options: {}, versions: {}, created: "" }).close();
  assert.equal(writeReport(folder).steps, 0);
});

test("a curve stays inside its frame, is thinned, and says its ends in words", () => {
  const points = Array.from({ length: 5000 }, (_, i) => [i, Math.sin(i)] as const);
  const svg = curveSvg({ title: "a & b", key: "k", points, sparse: false });
  for (const [, x, y] of svg.matchAll(/(-?[\d.]+),(-?[\d.]+)/g))
    assert.ok(+x! >= 52 && +x! <= 410 && +y! >= 28 && +y! <= 176);
  assert.ok(svg.length < 20_000);
  assert.match(svg, /a &#38; b: from 0 to /);
  assert.equal(curveSvg({ title: "", key: "", points: [[1, Number.NaN]], sparse: true }), "");
  assert.deepEqual([0.123456, 3, 1e-7, 123456.7].map(figure), ["0.1235", "3", "1.00e-7", "1.23e+5"]);
});
