// What the recipes can be set to, each for two steps on a toy model: it runs, and its figures are there.
import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { BUNDLED_MODEL } from "../generate/load-model.ts";
import type { Device } from "../kernels/kernels.ts";
import type { TaskEntry } from "../tasks/task.ts";
import { loadModel } from "../train/checkpoint.ts";
import { type JsonRecord, readJsonLines } from "../train/jsonl.ts";
import { readPreferenceModel } from "../train/preference-file.ts";
import { testDevice } from "../train/test-device.ts";
import type { EvaluationRecord } from "./evaluation.ts";
import { planRecipe, type RecipeName } from "./plan.ts";
import { runRecipe } from "./recipes.ts";
import { judgeOf } from "./rewards.ts";
import { TINY_MODEL } from "./test-settings.ts";

const place = fs.mkdtempSync(path.join(tmpdir(), "reckon-variants-"));
const base = path.join(place, "base");
let device: Device;
const notes: string[] = [];

/** Runs a recipe into a new folder and returns it. */
async function train(recipe: RecipeName, name: string, settings: readonly string[], from?: string): Promise<string> {
  const out = path.join(place, name);
  const plan = planRecipe({ recipe, preset: "smoke", seed: 3, from, settings }, null);
  const listener = { begin() {}, step() {}, note: (text: string) => void notes.push(text) };
  const { signal } = new AbortController();
  await runRecipe({ device, seed: 3, preset: "smoke", out, resume: false, signal, listener }, plan);
  return out;
}

before(async () => {
  device = await testDevice();
  const direct = "direct terse careful checking".split(" ").map((style, i) => `styles.${style}=${i === 0 ? 1 : 0}`);
  const short = ["tokens=120000", "tokens_per_step=1024", "evaluation.items=20", "evaluation.max_tokens=24"];
  await train("pretrain", "base", [...TINY_MODEL, ...direct, ...short]);
});
after(async () => {
  await device.close();
  fs.rmSync(place, { recursive: true, force: true });
});

const SMALL = [
  "steps=2",
  "prompts_per_step=8",
  "group_size=4",
  "max_completion_length=24",
  "evaluation.items=0",
  "warmup=0",
];

async function steps(name: string, settings: readonly string[]): Promise<JsonRecord[]> {
  const lines = readJsonLines(path.join(await train("r1-zero", name, [...SMALL, ...settings], base), "metrics.jsonl"));
  assert.equal(lines.length, 2);
  for (const line of lines) {
    for (const [key, value] of Object.entries(line))
      if (key !== "warnings" && key !== "informative") assert.ok(Number.isFinite(value), `${key} is ${value}`);
    assert.equal(line["sampling/sampling_logp_difference/max"], 0);
  }
  assert.ok(Number(lines[0]!.frac_reward_zero_std) < 1, "the toy model's answers differ in reward");
  assert.ok(Number(lines[0]!.grad_norm) > 0);
  return lines;
}

for (const loss of ["grpo", "dr_grpo", "dapo", "gspo", "bnpo", "cispo", "rloo", "reinforce_pp"])
  test(`${loss} learns on-policy, without KL and without clipping`, async () => {
    for (const line of await steps(loss, [`loss=${loss}`, "scale_rewards=none"]))
      assert.deepEqual([line["clip_ratio/region_mean"], "kl" in line], [0, false]);
  });

test("with two passes over a batch the second leaves the clip range", async () => {
  const [first] = await steps("iterations", ["iterations=2", "lr=0.01", "epsilon=0.001", "epsilon_high=0.002"]);
  assert.ok(Number(first!["clip_ratio/region_mean"]) > 0);
  assert.ok(Number(first!["clip_ratio/low_mean"]) > 0 && Number(first!["clip_ratio/high_mean"]) > 0);
});

test("the KL to the reference is 0 at first and grows, and a refreshed reference brings it back to 0", async () => {
  const [one, two] = await steps("kl", ["beta=0.04", "lr=0.01"]);
  assert.equal(one!.kl, 0);
  assert.ok(Number(two!.kl) > 1e-6);
  const refreshed = await steps("refresh", ["beta=0.04", "lr=0.01", "reference_every=1"]);
  assert.deepEqual(
    refreshed.map(({ kl }) => kl),
    [0, 0],
  );
});

test("rollouts in 8 bits are weighed by truncated importance, and their mismatch is measured", async () => {
  const name = path.join(
    await train("r1-zero", "eight-bits", [...SMALL, "rollout_weights=q8_0"], base),
    "metrics.jsonl",
  );
  for (const line of readJsonLines(name)) {
    const [difference, kl] = [line["sampling/sampling_logp_difference/max"] as number, line.mismatch_kl as number];
    assert.ok(difference > 0 && difference < 0.5, `differs by ${difference}`);
    assert.ok(kl > 0 && kl < 0.01, `mismatch ${kl}`);
    assert.ok((line["sampling/importance_sampling_ratio/max"] as number) <= 3);
    assert.ok((line["sampling/importance_sampling_ratio/min"] as number) < 1);
  }
});

test("dynamic sampling leaves only groups that teach something and counts all it asked", async () => {
  for (const line of await steps("dynamic", ["dynamic_sampling=true"])) {
    assert.equal(line.frac_reward_zero_std, 0);
    assert.ok(Number(line["sampling/groups"]) >= 8);
  }
});

test("dynamic sampling that finds no group to learn from says so and goes on", async () => {
  const out = await train(
    "r1-zero",
    "dry",
    [...SMALL, "steps=4", "dynamic_sampling=true", "max_completion_length=1"],
    base,
  );
  const lines = readJsonLines(path.join(out, "metrics.jsonl"));
  assert.deepEqual(
    lines.map((line) => line.frac_reward_zero_std),
    [1, 1, 1, 1],
  );
  const kinds = lines.map((line) => (line.warnings as { kind: string }[]).map(({ kind }) => kind));
  assert.deepEqual(kinds[0], ["truncation"]);
  assert.deepEqual(kinds[2]?.toSorted(), ["no_format", "truncation", "zero_spread"]);
  // a sample may end itself with its one token, so the share need not be 100 %
  const said = (what: RegExp) => notes.filter((text) => what.test(text)).length;
  assert.deepEqual([said(/^warning at step 1: \d+ % of the answers/), said(/^warning at step 2/)], [1, 0]);
});

test("truncated answers left out of the loss leave a gradient of the rest", async () => {
  const [plain] = await steps("truncated-in", ["max_completion_length=4"]);
  const [masked] = await steps("truncated-out", ["max_completion_length=4", "mask_truncated=true"]);
  assert.ok(Number(plain!["completions/clipped_ratio"]) > 0);
  assert.equal(plain!.reward, masked!.reward);
  assert.notEqual(plain!.grad_norm, masked!.grad_norm);
});

test("muon moves the matrices in reinforcement learning too", async () => {
  await steps("muon", ["optimizer=muon", "lr=0.001"]);
});

test("a base whose direct answers are right more often than its thinking gets a warning before reinforcement learning", async () => {
  notes.length = 0;
  await train("r1-zero", "warned", [...SMALL, "steps=1", "evaluation.items=60"], base);
  const [note, warning] = notes;
  assert.match(note!, /^held-out after 0 steps: .*direct 0\.\d+/);
  assert.match(warning!, /^warning: direct answers are right more often .* in digit-sums; .*not to think/);
});

test("sft learns thinking and answers alone from a model, careful ones, and leaves a run like any other", async () => {
  const out = await train("sft", "sft", ["tokens=81920", "evaluation.items=20", "evaluation.max_tokens=40"], base);
  const lines = readJsonLines(path.join(out, "metrics.jsonl"));
  assert.equal(lines.length, 80);
  for (const { targets, tokens } of lines) assert.ok(Number(targets) < Number(tokens) * 0.75);
  assert.ok(Number(lines.at(-1)!.loss) < 0.8 * Number(lines[0]!.loss), `${lines[0]!.loss} -> ${lines.at(-1)!.loss}`);
  const evaluations = readJsonLines(path.join(out, "evaluations.jsonl")) as EvaluationRecord[];
  const ofBase = readJsonLines(path.join(base, "evaluations.jsonl")) as EvaluationRecord[];
  assert.ok(evaluations[0]!.thinking > ofBase[0]!.thinking + 3, "it thinks before it answers");
  const { from, options } = JSON.parse(fs.readFileSync(path.join(out, "config.json"), "utf8"));
  assert.deepEqual([from, options.prompt_loss, options.styles.direct], [base, false, 0]);
});

test("fine-tuning on a file of examples passes over them as often as asked", async () => {
  const file = path.join(place, "examples.jsonl");
  const lines = Array.from({ length: 20 }, (_, i) =>
    JSON.stringify({ prompt: `What is the digit sum of 10${i}?`, thinking: `1+${i}`, answer: String(1 + i) }),
  );
  fs.writeFileSync(file, lines.join("\n"));
  const settings = [`data=${file}`, "epochs=3", "tokens_per_step=256", "evaluation.items=0"];
  const metrics = readJsonLines(path.join(await train("sft", "examples", settings, base), "metrics.jsonl"));
  const tokens = metrics.reduce((sum, line) => sum + Number(line.tokens), 0);
  assert.equal(tokens % 3, 0, "every epoch has the same tokens");
  assert.ok(metrics.every((line) => Number(line.targets) < Number(line.tokens)));
  assert.ok(Number(metrics.at(-1)!.loss) < Number(metrics[0]!.loss));
});

test("a general request is judged by preference and harm, a question by rule, and both by their language", () => {
  const file = path.join(place, "preference.json");
  fs.writeFileSync(file, JSON.stringify({ weights: { nice: 3 } }));
  const { rl } = planRecipe({ recipe: "r1-zero", preset: "smoke", seed: 0, from: base, settings: [] }, null);
  const judge = judgeOf(
    { ...rl, language_weight: 1, preference_weight: 1, harmless_weight: 1 },
    readPreferenceModel(file),
  );
  const entry = (task: string, data: object, answer: string): TaskEntry => ({
    ...{ task, data, answer, prompt: "Greet Anna.", key: "", level: 1, split: "train", seed: 0, index: 0, phrasing: 0 },
  });
  const greeting = entry("requests", { kind: "greet", name: "Anna", language: "en" }, "");
  const kind = judge(greeting, "</think>Hello Anna, nice to see you!", true);
  assert.ok(Number.isNaN(kind.parts.accuracy) && kind.parts.language === 1 && kind.parts.harmless === 1);
  assert.ok(kind.parts.preference! > 0.9);
  assert.equal(judge(greeting, "fool</think>Hello Anna, nice to see you!", true).parts.harmless, 0);
  assert.equal(judge(greeting, "</think>Hallo Anna", true).parts.language, 0);
  const sum = entry("number-words", { numbers: [1, 2, 3], language: "de" }, "6");
  const mixed = judge(sum, "eins+zwei=drei\nthree+three=six</think>6", true);
  assert.deepEqual([mixed.parts.accuracy, mixed.parts.language, mixed.parts.preference], [1, 0.5, Number.NaN]);
  assert.equal(mixed.reward, 1 + rl.format_weight + 0.5);
  assert.equal(judge(sum, "</think>6", true).parts.language, 0);
  assert.throws(() => readPreferenceModel(path.join(place, "none")), /cannot be read/);
  fs.writeFileSync(file, '{"weights":{"nice":"3"}}');
  assert.throws(() => readPreferenceModel(file), /holds no weights/);
});

const QUESTIONS = Array.from({ length: 12 }, (_, i) => ({
  prompt: `What is the digit sum of 10${i}?`,
  answer: `${1 + i}`,
}));

test("questions of a file are asked and judged by the math verifier, beside a reward of the user's own", async () => {
  const [data, reward] = ["questions.jsonl", "reward.ts"].map((name) => path.join(place, name));
  fs.writeFileSync(data!, QUESTIONS.map((one) => JSON.stringify(one)).join("\n"));
  fs.writeFileSync(
    reward!,
    `interface Sample { readonly response: string; readonly gold: string; readonly task: string }
export default async function reward({ response, gold, task }: Sample): Promise<number> {
  if (task !== "own" || gold === "") throw new Error("no sample");
  return 1 / (1 + response.length);
}`,
  );
  const settings = [`data=${data}`, `reward_file=${reward}`, "save_rollouts=1"];
  await steps("own", settings);
  const rollouts = readJsonLines(path.join(place, "own", "rollouts", "000001.jsonl"));
  const asked = new Set(QUESTIONS.map(({ prompt }) => prompt));
  for (const one of rollouts) {
    const parts = one.rewards as Record<string, number>;
    assert.ok(asked.has(String(one.prompt)));
    assert.equal(parts.own, 1 / (1 + String(one.response).length));
    assert.ok(Math.abs(Number(one.reward) - (parts.accuracy! + 0.2 * parts.format! + parts.own!)) < 1e-9);
  }
});

test("a reward of one's own that throws, hangs, gives no number or is none ends the run in a sentence that names the sample", async () => {
  const run = (name: string, code: string, more: readonly string[] = []) => {
    const file = path.join(place, `${name}.mjs`);
    fs.writeFileSync(file, code);
    return train("r1-zero", `own-${name}`, [...SMALL, "steps=1", `reward_file=${file}`, ...more], base);
  };
  const sample = /on the response ".*" to the question ".+"/;
  const fails = async (started: Promise<string>, why: RegExp) => {
    const { message } = await started.then(
      () => assert.fail("the run went through"),
      (error: Error) => error,
    );
    assert.match(message, why);
    assert.match(message, sample);
  };
  await fails(run("throws", 'export default () => { throw new Error("oh"); }'), /threw "oh"/);
  await fails(run("hangs", "export default () => { for (;;); }", ["reward_seconds=0.2"]), /took more than 0\.2 s/);
  await fails(run("word", 'export default () => "one"'), /gave "one", which is no finite number/);
  await assert.rejects(run("none", "export const reward = 1"), /default export must be a function/);
  await assert.rejects(run("broken", "export default ("), /cannot be run/);
  assert.equal(fs.existsSync(path.join(place, "own-none")), false, "nothing is written");
});

test("distillation: a student of either shape learns the bundled model's right answers, and the folder is a run", async () => {
  const short = ["distill.prompts=24", "distill.samples=4", "distill.temperature=1.5", "distill.max_tokens=64"];
  const student = ["pretrain.tokens=2048", "pretrain.tokens_per_step=1024", "pretrain.evaluation.items=0"];
  for (const shape of ["llama", "qwen2"]) {
    const out = await train("distill", `distill-${shape}`, [
      ...short,
      "epochs=1",
      "evaluation.items=8",
      ...student,
      `distill.shape=${shape}`,
    ]);
    const answers = readJsonLines(path.join(out, "answers.jsonl"));
    assert.ok(answers.length > 24 && answers.length <= 96, `${answers.length} kept`);
    for (const { prompt, thinking, answer } of answers) assert.ok(prompt !== "" && thinking !== "" && answer !== "");
    assert.ok(readJsonLines(path.join(out, "metrics.jsonl")).length > 0);
    const { decoder } = loadModel(out, device);
    assert.deepEqual([decoder.config.attention, decoder.config.model_type], ["gqa", shape]);
    decoder.free();
    const { recipe, from, distill } = JSON.parse(fs.readFileSync(path.join(out, "config.json"), "utf8"));
    assert.deepEqual([recipe, from, distill.shape, distill.prompts], ["distill", BUNDLED_MODEL, shape, 24]);
  }
});

test("a teacher without a right answer is told in a sentence", async () => {
  const settings = ["distill.prompts=4", "distill.max_tokens=1", "pretrain.tokens=1024", "pretrain.evaluation.items=0"];
  await assert.rejects(train("distill", "no-answers", settings, base), /None of the teacher's 16 answers was right/);
});
