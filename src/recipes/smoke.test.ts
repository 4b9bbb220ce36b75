// The smoke recipe from nothing to its report: reinforcement learning makes a toy model right more often, by a margin that noise
// does not explain, and by thinking rather than in spite of it.
import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { openModelFolder } from "../checkpoint/folder.ts";
import { type JsonRecord, readJsonLines } from "../train/jsonl.ts";
import type { RunReport } from "../train/report.ts";
import { testDevice } from "../train/test-device.ts";
import type { EvaluationRecord } from "./evaluation.ts";
import { planRecipe } from "./plan.ts";
import { runRecipe } from "./recipes.ts";

const place = fs.mkdtempSync(path.join(tmpdir(), "reckon-smoke-"));
const out = path.join(place, "run");
after(() => fs.rmSync(place, { recursive: true, force: true }));

const notes: string[] = [];
let report: RunReport;
before(async () => {
  const plan = planRecipe(
    { recipe: "r1-zero", preset: "smoke", seed: 0, from: undefined, settings: ["save_rollouts=5"] },
    null,
  );
  const device = await testDevice();
  const listener = { begin() {}, step() {}, note: (text: string) => void notes.push(text) };
  const { signal } = new AbortController();
  try {
    report = await runRecipe(
      { device, seed: plan.seed, preset: plan.preset, out, resume: false, signal, listener },
      plan,
    );
  } finally {
    await device.close();
  }
});

const evaluations = (folder: string): EvaluationRecord[] =>
  readJsonLines(path.join(folder, "evaluations.jsonl")) as EvaluationRecord[];
const sampled = (step: number): EvaluationRecord =>
  evaluations(out).find((line) => line.step === step && line.temperature === 1)!;

test("held-out accuracy after reinforcement learning is above the start by more than four standard errors, and thinking stays", () => {
  const [start, end] = [sampled(0), sampled(40)];
  const error = Math.hypot(start.stderr, end.stderr);
  const said = `${start.accuracy} -> ${end.accuracy}, standard error ${error}, thinking ${start.thinking} -> ${end.thinking}`;
  assert.ok(error > 0.005 && error < 0.06, said);
  assert.ok(end.accuracy - start.accuracy > Math.max(0.15, 4 * error), said);
  assert.ok(end.thinking > start.thinking, said);
});

test("before reinforcement learning thinking is right more often than direct answers, so there is no warning of it", () => {
  const { thinking_accuracy: thinking, direct_accuracy: direct, by_family: families } = sampled(0);
  assert.ok(thinking! > direct! + 0.1, `${thinking} against ${direct}`);
  assert.ok(families["digit-sums"]!.direct_accuracy! < 0.5);
  assert.deepEqual(evaluations(path.join(out, "base")).at(-2)?.direct_accuracy, direct);
  assert.ok(!notes.some((text) => text.includes("warning")), notes.join("\n"));
});

test("the folder holds all that a run's folder promises, its base's folder too", () => {
  for (const folder of [out, path.join(out, "base")]) {
    const files = fs.readdirSync(folder).filter((name) => name !== "base");
    assert.deepEqual(files.sort(), [
      "checkpoints",
      "config.json",
      "evaluations.jsonl",
      "metrics.jsonl",
      "report.html",
      "report.json",
      "report.md",
      "rollouts",
    ]);
    const steps = fs.readdirSync(path.join(folder, "checkpoints")).sort();
    const newest = path.join(folder, "checkpoints", steps.at(-1)!);
    for (const file of ["config.json", "model.safetensors", "tokenizer.json", "state.safetensors", "state.json"])
      assert.ok(fs.existsSync(path.join(newest, file)), `${newest} has no ${file}`);
    openModelFolder(folder).close();
  }
  const config = JSON.parse(fs.readFileSync(path.join(out, "config.json"), "utf8"));
  assert.deepEqual([config.recipe, config.preset, config.seed, config.from], ["r1-zero", "smoke", 0, null]);
  assert.deepEqual([config.model.hidden_size, config.options.steps, config.base.tokens], [64, 40, 700_000]);
  assert.deepEqual(Object.keys(config.versions), ["reckon", "node", "v8", "machine"]);
  const saved = JSON.parse(fs.readFileSync(path.join(out, "report.json"), "utf8"));
  assert.deepEqual(saved, JSON.parse(JSON.stringify(report)));
  assert.ok(report.steps === 40 && report.evaluations.length === 6);
});

test("every step leaves TRL's metrics, and its sampled log-probabilities are the training pass's bit for bit", () => {
  const lines = readJsonLines(path.join(out, "metrics.jsonl"));
  assert.deepEqual(
    lines.map(({ step }) => step),
    Array.from({ length: 40 }, (_, i) => i + 1),
  );
  const names = [
    ..."mean min max".split(" ").map((each) => `completions/${each}_length`),
    ..."mean min max".split(" ").map((each) => `completions/${each}_terminated_length`),
    ..."completions/clipped_ratio rewards/accuracy/mean rewards/accuracy/std rewards/format/mean".split(" "),
    ..."reward reward_std frac_reward_zero_std entropy loss grad_norm learning_rate num_tokens step_time".split(" "),
    ..."clip_ratio/low_mean clip_ratio/low_min clip_ratio/high_mean clip_ratio/high_max clip_ratio/region_mean".split(
      " ",
    ),
    ..."sampling/sampling_logp_difference/mean sampling/sampling_logp_difference/max".split(" "),
  ];
  for (const line of lines) {
    for (const name of names) assert.equal(typeof line[name], "number", `step ${line.step}: ${name}`);
    assert.equal(line["sampling/sampling_logp_difference/max"], 0, `step ${line.step}`);
    assert.deepEqual(line.warnings, []);
  }
  assert.equal(typeof readJsonLines(path.join(out, "base", "metrics.jsonl"))[0]!.loss, "number");
});

test("saved rollouts hold questions, answers, ids with their log-probabilities, rewards and advantages that sum to 0 in a group", () => {
  const files = fs.readdirSync(path.join(out, "rollouts")).sort();
  assert.deepEqual(
    files,
    [5, 10, 15, 20, 25, 30, 35, 40].map((step) => `${String(step).padStart(6, "0")}.jsonl`),
  );
  const lines = readJsonLines(path.join(out, "rollouts", files[0]!)) as (JsonRecord & Record<string, never>)[];
  assert.equal(lines.length, 16 * 8);
  for (const [i, line] of lines.entries()) {
    assert.deepEqual([line.step, line.group, line.task], [5, Math.floor(i / 8), "digit-sums"]);
    const { completion_ids: ids, logps, entropies } = line as Record<string, number[]>;
    assert.ok(ids!.length > 0 && ids!.length === logps!.length && ids!.length === entropies!.length);
    assert.ok(logps!.every((logp) => logp <= 0));
    const rewards = line.rewards as Record<string, number>;
    assert.ok(Math.abs(rewards.accuracy! + 0.2 * rewards.format! - Number(line.reward)) < 1e-9);
    for (const key of ["prompt", "gold", "response", "reason"]) assert.equal(typeof line[key], "string", key);
  }
  for (let group = 0; group < 16; group++) {
    const advantages = lines.slice(8 * group, 8 * group + 8).map(({ advantage }) => Number(advantage));
    assert.ok(Math.abs(advantages.reduce((sum, one) => sum + one, 0)) < 1e-9);
  }
});
