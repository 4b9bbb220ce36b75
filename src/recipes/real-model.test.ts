// A published model, SmolLM2-135M-Instruct, learns from GSM8K: fine-tuning and GRPO, by adapters and whole, a step or two of each.
import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { openModel } from "../checkpoint/open-model.ts";
import { testData } from "../checkpoint/test-data.ts";
import { UserError } from "../error.ts";
import { Random } from "../random.ts";
import { loadModelText } from "../text/model-text.ts";
import { loadModel } from "../train/checkpoint.ts";
import { readJsonLines } from "../train/jsonl.ts";
import { Optimizer, trainedParameters } from "../train/optimizer.ts";
import { supervisedDefaults, supervisedStep } from "../train/supervised.ts";
import { testDevice } from "../train/test-device.ts";
import { questionsOf } from "./judge.ts";
import { planRecipe } from "./plan.ts";
import { learnFrom, optimizerOptions, ownSampler, sampleGroups } from "./r1-zero-step.ts";
import { runRecipe } from "./recipes.ts";
import { speechOf } from "./speech.ts";

const smol = testData("weights/SmolLM2-135M-Instruct.Q4_1.gguf");
const gsm8k = testData("benchmarks/gsm8k.train.jsonl.gz");
const skip = smol.skip || gsm8k.skip;
const place = fs.mkdtempSync(path.join(tmpdir(), "reckon-real-"));
const data = path.join(place, "gsm8k.jsonl");
const device = await testDevice();

before(() => {
  if (skip) return;
  const lines = gunzipSync(fs.readFileSync(gsm8k.file)).toString("utf8").trim().split("\n");
  const short = lines.sort((a, b) => a.length - b.length).slice(0, 1); // one row, so that a test takes seconds
  fs.writeFileSync(data, `${short.join("\n")}\n`);
});
after(async () => {
  await device.close();
  fs.rmSync(place, { recursive: true, force: true });
});

function planned(recipe: "sft" | "r1-zero", settings: readonly string[]) {
  const all = [`data=${data}`, "evaluation.items=5", "warmup=0", ...settings];
  return planRecipe({ recipe, preset: "smoke", seed: 3, from: smol.file, settings: all }, null);
}

async function train(recipe: "sft" | "r1-zero", name: string, settings: readonly string[]): Promise<string> {
  const out = path.join(place, name);
  const listener = { begin() {}, step() {}, note() {} };
  const { signal } = new AbortController();
  const context = { device, seed: 3, preset: "smoke", out, resume: false, signal, listener };
  await runRecipe(context, planned(recipe, settings));
  return out;
}

const LORA = ["lora.r=4", "lora.alpha=8", 'lora.targets=["q_proj","v_proj"]'];

test("SmolLM2 is fine-tuned on GSM8K by adapters: the loss falls, the base stays, the run is a model that speaks as before", {
  skip,
}, async () => {
  const out = await train("sft", "sft", ["epochs=2", "tokens_per_step=1", "adamw_lr=0.01", ...LORA]);
  const [first, second] = readJsonLines(path.join(out, "metrics.jsonl"));
  assert.ok((second!.loss as number) < (first!.loss as number) - 0.02, `loss ${first!.loss}, then ${second!.loss}`);
  assert.deepEqual(loadModelText(out).template(), loadModelText(smol.file).template());
  const [was, is] = [openModel(smol.file), openModel(out)];
  const same = (name: string) => Buffer.compare(bytes(was.readTensor(name)), bytes(is.readTensor(name))) === 0;
  assert.equal(same("model.layers.3.self_attn.v_proj.weight"), false);
  assert.equal(same("model.layers.3.mlp.up_proj.weight"), true);
  for (const model of [was, is]) model.close();
  fs.rmSync(out, { recursive: true });
});

const GRPO = ["steps=1", "prompts_per_step=1", "group_size=2", "max_completion_length=6", "lr=1e-4", "optimizer=adamw"];

test("SmolLM2 takes a GRPO step on GSM8K by adapters: the math verifier judges, sampled log-probabilities are training's bits", {
  skip,
}, async () => {
  // rarely right at first: a reward by length makes the samples differ
  const reward = path.join(place, "reward.ts");
  fs.writeFileSync(reward, "export default ({ response }: { response: string }): number => response.length;");
  const out = await train("r1-zero", "grpo", [...GRPO, `reward_file=${reward}`, ...LORA]);
  const [line] = readJsonLines(path.join(out, "metrics.jsonl"));
  assert.equal(line!["sampling/sampling_logp_difference/max"], 0);
  assert.ok((line!.grad_norm as number) > 0);
  assert.ok("rewards/accuracy/mean" in line!);
  const [sample] = readJsonLines(path.join(out, "rollouts", "000001.jsonl"));
  assert.equal(sample!.task, "own");
  assert.match(sample!.gold as string, /^[\d.,]+$/);
  fs.rmSync(out, { recursive: true });
});

test("SmolLM2 learns whole too: a GRPO step, then fine-tuning steps whose loss falls", { skip }, async () => {
  const { decoder } = loadModel(smol.file, device);
  const { rl } = planned("r1-zero", GRPO);
  const optimizer = new Optimizer(device, trainedParameters(decoder, false), optimizerOptions({ ...rl, lr: 2e-5 }));
  const { dialogue } = speechOf(smol.file);
  const [question] = questionsOf(data);
  const random = Random.from(3);
  const judge = (_: unknown, response: string) => ({ parts: {}, reward: response.length, reason: "" });
  const { signal } = new AbortController();
  const groups = await sampleGroups(ownSampler(decoder, rl), () => question!, rl, judge, random, 1, signal, dialogue);
  const { metrics } = await learnFrom(decoder, optimizer, groups, rl, { step: 1, factor: 1, seen: 0 }, random, null);
  assert.equal(metrics["sampling/sampling_logp_difference/max"], 0);
  assert.ok(metrics.grad_norm! > 0);
  const ids = [...dialogue.prompt(question!.prompt), ...dialogue.response("", question!.answer)];
  const losses: number[] = [];
  for (const step of [2, 3]) {
    const place = { step, factor: 1, seen: 0 };
    losses.push((await supervisedStep(decoder, optimizer, [{ ids, counted: null }], place, supervisedDefaults)).loss);
  }
  assert.ok(losses[1]! < losses[0]!, `losses ${losses}`);
  optimizer.free();
  decoder.free();
});

test("prompts are the model's own template, answers end with its own token, and it needs data of its own", {
  skip,
}, async () => {
  const { dialogue, thinks, world } = speechOf(smol.file);
  const { tokenizer } = loadModelText(smol.file);
  assert.deepEqual([thinks, world], [false, false]);
  assert.match(
    tokenizer.decode(dialogue.prompt("2+2?")),
    /<\|im_start\|>user\n2\+2\?<\|im_end\|>\n<\|im_start\|>assistant\n$/,
  );
  const response = dialogue.response("2 and 2", "4");
  assert.equal(tokenizer.decode(response), "<think>\n2 and 2\n</think>\n\n4<|im_end|>");
  assert.equal(dialogue.text(response), "<think>\n2 and 2\n</think>\n\n4");
  assert.equal(dialogue.text(dialogue.response("", "4")), "4");
  assert.ok(dialogue.thinkingLength(response) > 4 && dialogue.thinkingLength(response) < response.length);
  await assert.rejects(
    train("sft", "without", ["data=null"]),
    (error) => error instanceof UserError && error.exitCode === 2 && /--set data=FILE/.test(error.message),
  );
});

const bytes = ({ buffer, byteOffset, byteLength }: Float32Array): Buffer => Buffer.from(buffer, byteOffset, byteLength);
