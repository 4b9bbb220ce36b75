import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { openModelFolder, saveModelFolder } from "../checkpoint/folder.ts";
import { tinyConfigs, tinyDecoder } from "../generate/tiny-models.ts";
import { cpuDevice } from "../kernels/cpu/device.ts";
import type { Device } from "../kernels/kernels.ts";
import { readJsonLines } from "../train/jsonl.ts";
import { type RunConfig, RunFolder } from "../train/run.ts";
import { presetNamed } from "./presets.ts";
import { publish } from "./publish.ts";
import { chainOptions } from "./r1/options.ts";
import { trainCommand } from "./train-command.ts";
import { readTrainedRun, thinned, writeTrainingRecord } from "./training-record.ts";
import { worldFiles } from "./world.ts";

const place = fs.mkdtempSync(path.join(tmpdir(), "reckon-publish-"));
const at = (name: string) => path.join(place, name);
const smoke = presetNamed("smoke");
let device: Device & { close(): Promise<void> };

before(async () => {
  device = await cpuDevice({ threads: 1 });
  const tasks = { families: ["digit-sums", "sorting"], levels: [1], weights: {}, document_levels: {} };
  await makeRun(at("base"), "pretrain", { ...smoke.pretrain, tasks, tokens: 3000, tokens_per_step: 100 }, 1);
  const rl = { ...smoke.rl, tasks, evaluation: { ...smoke.rl.evaluation, max_tokens: 4 } };
  await makeRun(at("rl"), "r1-zero", rl, 2);
});
after(async () => {
  await device.close();
  fs.rmSync(place, { recursive: true });
});

const configOf = (recipe: string, options: RunConfig["options"]): RunConfig => ({
  recipe,
  preset: "smoke",
  seed: 3,
  threads: 2,
  options,
  versions: { reckon: "0", machine: "a test" },
  created: "2025-01-20T00:00:00Z",
});

/** A run of 25 steps with a tiny model as its checkpoint, and a line past it, as a kill leaves behind. */
async function makeRun(folder: string, recipe: string, options: RunConfig["options"], seed: number): Promise<void> {
  using run = RunFolder.create(folder, configOf(recipe, options));
  const decoder = tinyDecoder(tinyConfigs.deepseek_v3, device, seed);
  for (let step = 1; step <= 25; step++)
    run.appendMetrics({ step, loss: 1 / step, num_tokens: 100 * step, step_time: 1 });
  run.appendEvaluation({ step: 0, accuracy: 0 });
  const tensors = await decoder.exportTensors();
  await run.checkpoint(25, 1, (to) =>
    saveModelFolder(to, { ...worldFiles(256), config: decoder.config, tensors, dtype: "F32" }),
  );
  run.appendMetrics({ step: 26, num_tokens: 2600 });
  decoder.free();
}

const options = () => ({ base: at("base"), run: at("rl"), to: at("out"), items: 2, device });

test("a published folder holds both models as BF16, both records, the evaluation, and a card made of them", async () => {
  const { digest, evaluation } = await publish(options());
  const out = at("out");
  for (const folder of [out, path.join(out, "base")]) {
    const model = openModelFolder(folder);
    model.close();
    assert.match(fs.readFileSync(path.join(folder, "config.json"), "utf8"), /bfloat16/);
  }
  for (const stage of ["base", "r1-zero"]) {
    const files = fs.readdirSync(path.join(out, "training", stage)).sort();
    assert.deepEqual(files, ["config.json", "evaluations.jsonl", "metrics.jsonl", "report.html", "report.json"]);
    const steps = readJsonLines(path.join(out, "training", stage, "metrics.jsonl")).map(({ step }) => step);
    assert.deepEqual(steps, [1, 11, 21, 25]);
  }
  const written = JSON.parse(fs.readFileSync(path.join(out, "evaluation.json"), "utf8"));
  assert.deepEqual(written, JSON.parse(JSON.stringify(evaluation)));
  assert.equal(written.final.greedy.n, 2 * 2 * 4);
  assert.equal(
    digest.files.some(({ name }) => name === "base/model.safetensors"),
    true,
  );

  const card = fs.readFileSync(path.join(out, "README.md"), "utf8");
  assert.match(card, /^---\nlicense: mit\nlibrary_name: transformers\n[\s\S]*?\ntags:\n(- \S+\n)+---\n\n# out\n/);
  for (const wanted of [
    /^\| digit-sums \|( \d+\.\d \|){8}$/m,
    /^\| base \(pretrain\) \| 25 of 30 planned \| 2,500 \| 25 \(steps alone\) \| 0\.014 \|/m,
    /Energy was not measured/,
    /every 10th line/,
    /Weak families/,
    /reckon train r1-zero --preset smoke --model runs\/out-base --seed 3 --threads 2 --out runs\/out-r1-zero --set .*evaluation\.max_tokens=4$/m,
    /today it builds another model/,
  ])
    assert.match(card, wanted);
  assert.doesNotMatch(card, /NaN|undefined|null/);
});

test("what was published may be published again; any other folder with files is left alone", async () => {
  await publish(options());
  fs.mkdirSync(at("mine"));
  fs.writeFileSync(path.join(at("mine"), "thesis.txt"), "mine");
  await assert.rejects(publish({ ...options(), to: at("mine") }), { exitCode: 2, message: /already holds files/ });
  assert.deepEqual(fs.readdirSync(at("mine")), ["thesis.txt"]);
});

test("stopped half-way, nothing appears and nothing is left over", async () => {
  const stop = new AbortController();
  const reason = new Error("stopped");
  const stopped = publish({ ...options(), to: at("never"), signal: stop.signal, onProgress: () => stop.abort(reason) });
  await assert.rejects(stopped, reason);
  assert.deepEqual(
    fs.readdirSync(place).filter((name) => name.includes("never")),
    [],
  );
});

test("a folder above the size limit is refused with its size, and does not appear", async () => {
  const large = publish({ ...options(), to: at("never"), largest: 1e4 });
  await assert.rejects(large, { message: /would hold 0\.\d MB, more than the 0\.01 MB/ });
  assert.equal(fs.existsSync(at("never")), false);
});

test("runs that do not belong together are refused", async () => {
  await assert.rejects(publish({ ...options(), run: at("base"), to: at("never") }), { message: /no r1-zero run/ });
  await assert.rejects(publish({ ...options(), base: place, to: at("never") }), { message: /holds no run/ });
});

test("a run's command names only what differs from its preset", () => {
  const place = { out: "runs/x", model: null };
  const usual = trainCommand(configOf("pretrain", smoke.pretrain), place);
  assert.equal(usual, "npx reckon train pretrain --preset smoke --seed 3 --threads 2 --out runs/x");
  const changed = {
    ...smoke.pretrain,
    tokens: 5,
    tasks: { families: ["sorting"], levels: [1], weights: {}, document_levels: {} },
  };
  assert.equal(
    trainCommand(configOf("pretrain", changed), place),
    `${usual} --set 'tasks.families=["sorting"]' --set tokens=5`,
  );
});

test("of a chain the last stage is published, with its base, its report and every stage's cost on the card", async () => {
  const chain = at("chain");
  const tasks = { families: ["digit-sums", "requests"], levels: [1, 2], weights: {}, document_levels: {} };
  const options = { ...chainOptions("smoke"), preference_pairs: 7 };
  RunFolder.create(chain, { ...configOf("r1", options), from: at("base") }).close();
  await makeRun(path.join(chain, "base"), "pretrain", { ...smoke.pretrain, tasks }, 1);
  const rl = { ...smoke.rl, tasks, evaluation: { ...smoke.rl.evaluation, max_tokens: 4 } };
  await makeRun(path.join(chain, "all-scenarios"), "r1-zero", rl, 2);
  const out = { base: at("base"), items: 1, device };
  await assert.rejects(publish({ run: chain, to: at("never"), ...out, base: undefined }), /has not ended/);

  const cost = { seconds: 61.2, core_hours: 0.5, tokens: 12_345, usd: 0.02 };
  const model = { steps: 25, greedy: { value: 0 }, sampled: { value: 0 }, thinking: 1, language: 1 };
  const stages = [
    { name: "base", about: "", comparison: false, cost, model, examples: null },
    { name: "cold-start.jsonl", about: "", comparison: false, cost: { ...cost, tokens: 0 }, model: null, examples: 9 },
  ];
  fs.writeFileSync(path.join(chain, "report.json"), JSON.stringify({ notes: { stages } }));
  for (const name of ["report.html", "report.md"]) fs.writeFileSync(path.join(chain, name), `made in ${chain}`);
  const { evaluation } = await publish({ ...out, base: undefined, run: chain, to: at("whole") });
  assert.deepEqual(evaluation.families, ["digit-sums"]);
  assert.deepEqual(
    (evaluation.harder as { level: number }[]).map(({ level }) => level),
    [2],
  );
  const record = path.join(at("whole"), "training", "chain");
  assert.equal(fs.readFileSync(path.join(record, "report.html"), "utf8"), "made in chain");
  assert.equal(JSON.parse(fs.readFileSync(path.join(record, "config.json"), "utf8")).from, "base");
  const card = fs.readFileSync(path.join(at("whole"), "README.md"), "utf8");
  for (const wanted of [
    /DeepSeek-R1's whole chain/,
    /The same on level 2, 1 questions a family:\n\n\| family/,
    /^\| base \| 25 \| 12,345 \| 61 \| 0\.500 \| \$0\.0200 \| a test \|$/m,
    /^\| cold-start\.jsonl \| 9 examples \| +\| 61 \|/m,
    /^npx reckon train r1 --preset smoke --seed 3 --threads 2 --out runs\/whole-chain --set preference_pairs=7$/m,
    /^npx reckon publish --run runs\/whole-chain --to models\/whole --items 1$/m,
  ])
    assert.match(card, wanted);
  assert.doesNotMatch(card, /NaN|undefined|null/);
});

test("thinning keeps the first and the last line and every tenth", () => {
  const lines = Array.from({ length: 12 }, (_, i) => ({ step: i + 1 }));
  assert.deepEqual(
    thinned(lines).map(({ step }) => step),
    [1, 11, 12],
  );
  assert.deepEqual(thinned([]), []);
});

test("a finished run's own report is published as it is, with the cost the run measured", () => {
  const run = readTrainedRun(at("base"));
  const report = {
    steps: 25,
    tokens: 2500,
    seconds: 1,
    core_hours: 1,
    notes: { cost: { seconds: 36, core_seconds: 72 } },
  };
  fs.writeFileSync(path.join(run.folder, "report.json"), JSON.stringify(report));
  fs.writeFileSync(path.join(run.folder, "report.html"), "<p>");
  const { cost } = writeTrainingRecord(run, at("record"));
  assert.deepEqual([cost.seconds, cost.core_hours, cost.whole], [36, 0.02, true]);
  assert.equal(fs.readFileSync(path.join(at("record"), "report.html"), "utf8"), "<p>");
});

test("phases before the base run keep their record, and the card its commands", async () => {
  const record = at("record");
  writeTrainingRecord(readTrainedRun(at("base")), record);
  await publish({ ...options(), to: at("phases"), earlier: [record] });
  const card = fs.readFileSync(at("phases/README.md"), "utf8");
  assert.match(card, /--out runs\/phases-base-1\b[\s\S]*--model runs\/phases-base-1 [\s\S]*--out runs\/phases-base /);
  assert.match(card, /\| base, phase 1 \(pretrain\) \| 25[\s\S]*\| base, phase 2 \(pretrain\) \| 25/);
  assert.ok(fs.existsSync(at("phases/training/base-1/config.json")));
  await assert.rejects(publish({ ...options(), to: at("none"), earlier: [at("rl")] }), /is no record of a run/);
});
