// The whole chain on a toy model, as a process: every stage leaves its run or its file, and a chain that is killed in the middle of
// whatever stage and resumed ends with the bits of the one that was never disturbed.
import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { CHAIN } from "../recipes/r1/chain.ts";
import { makesModel } from "../recipes/r1/stage-kit.ts";
import { TINY_MODEL } from "../recipes/test-settings.ts";
import { readExamples } from "../train/examples.ts";
import { readJsonLines } from "../train/jsonl.ts";
import { listCheckpoints } from "../train/run.ts";
import { assertSentence, type End, reckon, resume, set, signalAt } from "./test-train.ts";

const place = fs.mkdtempSync(path.join(tmpdir(), "reckon-r1-"));
after(() => fs.rmSync(place, { recursive: true, force: true }));

// a letter is counted once more often than not, so that even a model that has learned little is right now and then
const TASKS = 'tasks.families=["letter-counting"]';
const ALL_TASKS = 'tasks.families=["letter-counting","requests"]';
const documents = ["tokens_per_step=256", "evaluation.items=4", "evaluation.max_tokens=40", "checkpoint_every=50"];
const reinforced = ["prompts_per_step=6", "group_size=4", "max_completion_length=48", "evaluation.items=4"];
const steps = ["steps=4", "checkpoint_every=2", "evaluation.max_tokens=40", "lr=0.003", "save_rollouts=2"];
const stage = (names: readonly string[], settings: readonly string[]) =>
  names.flatMap((name) => settings.map((setting) => `${name}.${setting}`));
const SETTINGS = [
  ...TINY_MODEL,
  ...stage(
    ["base", "student"],
    [...documents, 'tasks.weights={"requests":0.2}', ALL_TASKS, "tokens=90000", "styles.checking=0"],
  ),
  "student.tokens=4096",
  ...stage(["cold_start", "sft", "distill"], [...documents, TASKS]),
  ...stage(["zero", "reasoning", "student_rl"], [...reinforced, ...steps, TASKS]),
  ...stage(["scenarios"], [...reinforced, ...steps, ALL_TASKS, "beta=0.01"]),
  ...stage(["cold_samples", "rejection_samples"], ["prompts=100", "samples=4", "max_tokens=48"]),
  ...["measure.items=6", "measure.max_tokens=40", "preference_pairs=100"],
];
const chain = (out: string, ...more: string[]): string[] => [
  ..."train r1 --json --threads 1 --out".split(" "),
  ...[out, ...set(SETTINGS), ...more],
];

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

test("killed in the base, in reinforcement and near the end, and resumed, the chain ends with the same bits", async () => {
  const killed = path.join(place, "killed");
  const at = (name: string, step: number) => signalAt("SIGKILL", (line) => line.stage === name && line.step === step);
  await reckon(chain(killed), at("base", 131));
  await reckon(resume("r1", killed), at("r1-zero", 3));
  await reckon(resume("r1", killed), at("all-scenarios", 3));
  const last = await reckon(resume("r1", killed));
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

/** The weights, the trainer's numbers and the examples of every stage. */
function contents(out: string): Record<string, string> {
  const files = CHAIN.flatMap((one) =>
    makesModel(one)
      ? ["model.safetensors", "state.safetensors"].map((name) =>
          path.join(listCheckpoints(path.join(out, one.name)).at(-1)!.folder, name),
        )
      : [path.join(out, one.name)],
  );
  return Object.fromEntries(files.map((file) => [path.relative(out, file), fs.readFileSync(file).toString("base64")]));
}
