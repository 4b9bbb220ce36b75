// The paper's whole chain as anyone tries it first, `reckon train r1 --preset smoke` and nothing else: every stage leaves what it
// promises, and the paper's effects show. Margins are a third or less of what was seen, so that another machine's rounding keeps them.
import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { CHAIN } from "../recipes/r1/chain.ts";
import { makesModel } from "../recipes/r1/stage-kit.ts";
import type { Estimate, ModelSummary, StageSummary } from "../recipes/r1/summary.ts";
import { readExamples } from "../train/examples.ts";
import { readJsonLines } from "../train/jsonl.ts";
import type { RunReport } from "../train/report.ts";
import { listCheckpoints } from "../train/run.ts";
import { reckon } from "./test-train.ts";

const place = fs.mkdtempSync(path.join(tmpdir(), "reckon-smoke-chain-"));
const out = path.join(place, "chain");
after(() => fs.rmSync(place, { recursive: true, force: true }));

const models = CHAIN.filter(makesModel).map(({ name }) => name);
let report: RunReport;
let stages: readonly StageSummary[];
before(async () => {
  const end = await reckon(["train", "r1", "--preset", "smoke", "--json", "--out", out]);
  assert.equal(end.code, 0, end.err);
  ({ report } = JSON.parse(end.out.trim().split("\n").at(-1)!));
  stages = report.notes.stages as readonly StageSummary[];
});

function model(name: string): ModelSummary {
  const found = stages.find((stage) => stage.name === name)?.model;
  assert.ok(found, name);
  return found;
}

test("every stage leaves a run or a file, and the chain a line for each model and a report that names them all", () => {
  for (const { name } of CHAIN) assert.ok(fs.existsSync(path.join(out, name)), name);
  assert.deepEqual(
    stages.map(({ name }) => name),
    CHAIN.map(({ name }) => name),
  );
  assert.deepEqual(
    readJsonLines(path.join(out, "metrics.jsonl")).map(({ stage }) => stage),
    models,
  );
  assert.deepEqual(Object.keys(report.notes.answers as object), models);
  assert.deepEqual(
    JSON.parse(fs.readFileSync(path.join(out, "report.json"), "utf8")),
    JSON.parse(JSON.stringify(report)),
  );
  const html = fs.readFileSync(path.join(out, "report.html"), "utf8");
  for (const name of models) assert.ok(html.includes(`<h3>${name}</h3>`), name);
  assert.doesNotMatch(html, /<script|https?:\/\/(?!www\.w3\.org)|NaN|undefined/);
  const shapes = ["llama", "qwen2"].map((shape) => {
    const { folder } = listCheckpoints(path.join(out, `distill-${shape}`)).at(-1)!;
    return JSON.parse(fs.readFileSync(path.join(folder, "config.json"), "utf8")).model_type;
  });
  assert.deepEqual(shapes, ["llama", "qwen2"]);
});

test("what each stage reaches stands there with its interval, overall and by family, and what it cost", () => {
  const families = ["number-words", "digit-sums", "requests"];
  for (const name of models) {
    const { greedy, sampled, by_family, steps, thinking } = model(name);
    assert.deepEqual(Object.keys(by_family), families, name);
    const estimates = [greedy, sampled, ...Object.values(by_family).flatMap((one) => [one.greedy, one.sampled])];
    for (const { low, value, high } of estimates)
      assert.ok(0 <= low && low <= value && value <= high && high <= 1, name);
    assert.ok(steps > 0 && thinking >= 0, name);
  }
  const lines = readJsonLines(path.join(out, "evaluations.jsonl"));
  assert.deepEqual(
    lines.map(({ stage, temperature }) => [stage, temperature]),
    models.flatMap((name) => [0, 1].map((temperature) => [name, temperature])),
  );
  for (const { name, cost, model: made } of stages) {
    assert.ok(cost.seconds > 0 && cost.core_hours > 0 && cost.usd > 0, name);
    if (made !== null) assert.ok(cost.tokens > 0 && cost.flops > 0, name);
  }
  const total = report.notes.cost as StageSummary["cost"];
  const sum = stages.reduce((hours, { cost }) => hours + cost.core_hours, 0);
  assert.ok(Math.abs(total.core_hours - sum) < 1e-9);
});

test("rejection sampling keeps a third as many documents without reasoning as with it", () => {
  const examples = readExamples(path.join(out, "rejection.jsonl"));
  const reasoning = examples.filter(({ thinking }) => thinking !== "").length;
  assert.equal(examples.length - reasoning, Math.floor(reasoning / 3));
});

const said = (...names: string[]) =>
  names.map((name) => `${name}: ${JSON.stringify({ ...model(name), metrics: undefined })}`).join("\n");
const gain = (from: string, to: string, how: "greedy" | "sampled"): number =>
  (model(to)[how] satisfies Estimate).value - model(from)[how].value;

test("the base learned its questions, R1-Zero makes it right more often and does not stop thinking", () => {
  assert.ok(model("base").greedy.value > 0.4, said("base"));
  const right = readJsonLines(path.join(out, "r1-zero", "metrics.jsonl")).map((line) => line["rewards/accuracy/mean"]);
  const share = (some: unknown[]) => (some as number[]).reduce((sum, one) => sum + one, 0) / some.length;
  assert.ok(share(right.slice(-10)) > share(right.slice(0, 10)), `right of new questions, step by step: ${right}`);
  assert.ok(gain("base", "r1-zero", "sampled") > -0.05, said("base", "r1-zero"));
  assert.ok(model("r1-zero").thinking > 0.8 * model("base").thinking, said("base", "r1-zero"));
});

test("fine-tuning on what rejection sampling kept puts thinking into the question's language", () => {
  assert.ok(model("sft").language > model("base").language + 0.15, said("base", "sft"));
  assert.ok(model("all-scenarios").language > 0.8, said("all-scenarios"));
});

test("the preference model orders held-out pairs, and kind answers are liked no less at the end than at the start", () => {
  assert.ok((report.notes.preference_accuracy as number) > 0.9, `${report.notes.preference_accuracy}`);
  assert.ok(model("all-scenarios").preference > model("base").preference - 0.05, said("base", "all-scenarios"));
});

test("a student learns more from the kept answers than from reinforcement of its own", () => {
  for (const shape of ["llama", "qwen2"])
    assert.ok(gain(`student-${shape}`, `distill-${shape}`, "greedy") > 0.05, said(`distill-${shape}`));
  assert.ok(gain("rl-qwen2", "distill-qwen2", "greedy") > 0.05, said("rl-qwen2", "distill-qwen2"));
});
