// Fine-tuning and R1-Zero by adapters on a toy model: the base stays, a stopped run goes on with the same bits, and the run is a model.
import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { openModel } from "../checkpoint/open-model.ts";
import { UserError } from "../error.ts";
import type { Device } from "../kernels/kernels.ts";
import { readJsonLines } from "../train/jsonl.ts";
import { readRunConfig } from "../train/run.ts";
import { testDevice } from "../train/test-device.ts";
import { readTrainingState } from "../train/training-state.ts";
import { planRecipe, type RecipeName } from "./plan.ts";
import { runRecipe } from "./recipes.ts";
import { TINY_MODEL } from "./test-settings.ts";

const place = fs.mkdtempSync(path.join(tmpdir(), "reckon-adapt-"));
const base = path.join(place, "base");
let device: Device;

/** Runs a recipe; `stopAt`: interrupted after that step. */
async function train(
  recipe: RecipeName,
  out: string,
  settings: readonly string[],
  { from, resume = false, stopAt = 0 }: { from?: string; resume?: boolean; stopAt?: number } = {},
): Promise<void> {
  const config = resume ? readRunConfig(out) : null;
  const plan = planRecipe({ recipe, preset: resume ? undefined : "smoke", seed: 3, from, settings }, config);
  const stop = new AbortController();
  const step = (line: { readonly step?: unknown }) => {
    if (line.step === stopAt) stop.abort(new Error("stopped"));
  };
  const listener = { begin() {}, step, note() {} };
  await runRecipe({ device, seed: 3, preset: "smoke", out, resume, signal: stop.signal, listener }, plan);
}

before(async () => {
  fs.writeFileSync(path.join(place, "reward.ts"), "export default ({ response }) => response.split(/[aeiou]/).length;");
  device = await testDevice();
  await train("pretrain", base, [...TINY_MODEL, "tokens=2048", "tokens_per_step=1024", "evaluation.items=0"]);
});
after(async () => {
  await device.close();
  fs.rmSync(place, { recursive: true, force: true });
});

const LORA = ["lora.r=2", "lora.alpha=8", 'lora.targets=["q_proj","o_proj","up_proj","down_proj"]'];
const SHORT: Readonly<Record<"sft" | "r1-zero", readonly string[]>> = {
  sft: ["tokens=2048", "tokens_per_step=512", "evaluation.items=0", "checkpoint_every=0"],
  "r1-zero": [
    ...["steps=4", "prompts_per_step=4", "group_size=4", "max_completion_length=16", "warmup=0", "evaluation.items=0"],
    ...["beta=0.01", "reference_every=3", "format_weight=1", "lr=0.01", "checkpoint_every=0"],
    `reward_file=${path.join(place, "reward.ts")}`, // a model this young is never right
  ],
};

for (const recipe of ["sft", "r1-zero"] as const)
  test(`${recipe} by adapters: a stopped run goes on with the same bits, and any MODEL that is the run is the merged model`, async () => {
    const [whole, parted] = [path.join(place, `${recipe}-whole`), path.join(place, `${recipe}-parted`)];
    const settings = [...SHORT[recipe], ...LORA];
    await train(recipe, whole, settings, { from: base });
    await assert.rejects(train(recipe, parted, settings, { from: base, stopAt: 2 }), /stopped/);
    await train(recipe, parted, [], { resume: true });
    for (const file of ["model.safetensors", "state.safetensors"])
      assert.ok(
        fs
          .readFileSync(path.join(whole, "checkpoints", "000004", file))
          .equals(fs.readFileSync(path.join(parted, "checkpoints", "000004", file))),
        `${file} differs`,
      );

    const { lora } = readTrainingState(path.join(whole, "checkpoints", "000004"));
    const [started, trained] = [openModel(base), openModel(whole)];
    let moved = 0;
    for (const { name } of started.tensors()) {
      const [was, is] = [started.readTensor(name), trained.readTensor(name)];
      const frozen = lora!.tensors.get(name);
      if (frozen === undefined) assert.deepEqual(is, was, name);
      else {
        assert.deepEqual(frozen, was, `${name}, frozen`);
        const [a, b] = ["lora_A", "lora_B"].map((half) => lora!.tensors.get(name.replace("weight", `${half}.weight`))!);
        const inputs = a!.length / 2;
        const merged = was.map(
          (value, i) =>
            value +
            4 *
              [0, 1].reduce((sum, k) => sum + b![Math.floor(i / inputs) * 2 + k]! * a![k * inputs + (i % inputs)]!, 0),
        );
        assert.ok(is.every((value, i) => Math.abs(value - merged[i]!) < 1e-5));
        moved += Number(is.some((value, i) => value !== was[i]));
      }
    }
    assert.ok(moved > 0, "something was learned");
    for (const model of [started, trained]) model.close();
  });

test("R1-Zero by PPO: the critic learns, and a stopped run goes on with the same bits", async () => {
  const [whole, parted] = [path.join(place, "ppo-whole"), path.join(place, "ppo-parted")];
  const settings = [...SHORT["r1-zero"], "loss=ppo", "ppo.lambda=0.95", "iterations=2", "master_weights=bf16"];
  await train("r1-zero", whole, settings, { from: base });
  await assert.rejects(train("r1-zero", parted, settings, { from: base, stopAt: 2 }), /stopped/);
  await train("r1-zero", parted, [], { resume: true });
  for (const file of ["model.safetensors", "state.safetensors"]) {
    const [one, other] = [whole, parted].map((run) => fs.readFileSync(path.join(run, "checkpoints", "000004", file)));
    assert.ok(one!.equals(other!), `${file} differs`);
  }
  const model = openModel(whole);
  const values = model.readTensor("model.layers.0.self_attn.o_proj.weight");
  model.close();
  assert.ok(new Uint32Array(values.buffer, values.byteOffset, values.length).every((bits) => (bits & 0xffff) === 0));
  const lines = readJsonLines(path.join(whole, "metrics.jsonl"));
  assert.ok((lines.at(-1)!.value_loss as number) < (lines[0]!.value_loss as number), "the critic learns");
  const head = readTrainingState(path.join(whole, "checkpoints", "000004")).tensors.get("value_head.weight");
  assert.ok(head!.some((value) => value !== 0));
});

test("adapters that cannot be are told before anything is made, and a run's own cannot change", async () => {
  const refused = (text: RegExp) => (error: unknown) =>
    error instanceof UserError && error.exitCode === 2 && text.test(error.message);
  const out = path.join(place, "refused");
  const wrong = ["lora.r=2", 'lora.targets=["k_proj"]'];
  await assert.rejects(train("sft", out, wrong, { from: base }), refused(/no k_proj/));
  await assert.rejects(train("pretrain", out, ["lora.r=2"]), refused(/name a model/));
  assert.equal(fs.existsSync(out), false);
  assert.throws(
    () =>
      planRecipe({ recipe: "sft", preset: "smoke", seed: 3, from: base, settings: ['lora.targets=["head"]'] }, null),
    refused(/lora\.targets/),
  );
  const run = path.join(place, "sft-whole");
  await assert.rejects(train("sft", run, ["lora.r=4", "tokens=4096"], { resume: true }), refused(/begun with/));
});
