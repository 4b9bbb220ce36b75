// The whole chain on a toy model, as a process: every stage leaves its run or its file, and a chain that is killed in the middle of
// whatever stage and resumed ends with the bits of the one that was never disturbed.
import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { CHAIN } from "../recipes/r1/chain.ts";
import { makesModel } from "../recipes/r1/stage-kit.ts";
import { readExamples } from "../train/examples.ts";
import { readJsonLines } from "../train/jsonl.ts";
import { listCheckpoints } from "../train/run.ts";
import { chain, contents } from "./test-chain.ts";
import { assertSentence, type End, reckon, resume, signalAt } from "./test-train.ts";

const place = fs.mkdtempSync(path.join(tmpdir(), "reckon-r1-"));
after(() => fs.rmSync(place, { recursive: true, force: true }));

const whole = path.join(place, "whole");
let end: End;
before(async () => {
  end = await reckon(chain(whole));
  assert.equal(end.code, 0, end.err);
});

test("every stage leaves a run or a file, and the chain a line for each model and a report that names them all", () => {
  for (const { name } of CHAIN) assert.ok(fs.existsSync(path.join(whole, name)), name);
  const models = CHAIN.filter(makesModel).map(({ name }) => name);
  const metrics = readJsonLines(path.join(whole, "metrics.jsonl"));
  assert.deepEqual(
    metrics.map(({ stage: name }) => name),
    models,
  );
  const { report } = JSON.parse(end.out.trim().split("\n").at(-1)!);
  assert.deepEqual(Object.keys(report.notes.answers), models);
  assert.ok(report.notes.cost.core_hours > 0 && report.notes.cost.flops > 0);
  assert.ok(report.notes.preference_accuracy > 0.9, `the preference model: ${report.notes.preference_accuracy}`);
  const html = fs.readFileSync(path.join(whole, "report.html"), "utf8");
  for (const name of models) assert.ok(html.includes(`<h3>${name}</h3>`), name);
  assert.doesNotMatch(html, /<script|https?:\/\/(?!www\.w3\.org)|NaN|undefined/);
  const shapes = ["llama", "qwen2"].map((shape) => configOf(path.join(whole, `distill-${shape}`)).model_type);
  assert.deepEqual(shapes, ["llama", "qwen2"]);
});

test("rejection sampling keeps a third as many documents without reasoning as with it", () => {
  const examples = readExamples(path.join(whole, "rejection.jsonl"));
  const reasoning = examples.filter(({ thinking }) => thinking !== "").length;
  assert.equal(examples.length - reasoning, Math.floor(reasoning / 3));
});

test("killed in the base, in reinforcement and near the end, and resumed on two threads, the chain ends with the bits of one thread undisturbed", async () => {
  const killed = path.join(place, "killed");
  const at = (name: string, step: number) => signalAt("SIGKILL", (line) => line.stage === name && line.step === step);
  await reckon(chain(killed), at("base", 131));
  const onTwo = resume("r1", killed, "--threads", "2");
  await reckon(onTwo, at("r1-zero", 3));
  await reckon(onTwo, at("all-scenarios", 3));
  const last = await reckon(onTwo);
  assert.equal(last.code, 0, last.err);
  assert.deepEqual(contents(killed), contents(whole));
});

test("a stage runs alone where what it uses is there, and says what is missing where it is not", async () => {
  const out = path.join(place, "alone");
  assertSentence(await reckon(chain(out, "--stage", "r1-zero")), 2, /r1-zero uses base, which .* lacks; run `train r1/);
  assertSentence(
    await reckon(resume("r1", out, "--stage", "r2")),
    2,
    /there is no stage "r2" in the chain; there are base,/,
  );
  const alone = await reckon(resume("r1", out, "--stage", "preference.json"));
  assert.equal(alone.code, 0, alone.err);
  assert.deepEqual(
    fs.readFileSync(path.join(out, "preference.json")),
    fs.readFileSync(path.join(whole, "preference.json")),
  );
});

const configOf = (run: string) =>
  JSON.parse(fs.readFileSync(path.join(listCheckpoints(run).at(-1)!.folder, "config.json"), "utf8"));
