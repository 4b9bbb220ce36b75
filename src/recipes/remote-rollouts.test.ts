// Rollouts by a server over HTTP: our own, which serves the model that training begins with, and servers that do not tell enough.
import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { testServer } from "../evaluate/answerers/remote/test-server.ts";
import type { Device } from "../kernels/kernels.ts";
import { withServer } from "../serve/test-server.ts";
import { readJsonLines } from "../train/jsonl.ts";
import { testDevice } from "../train/test-device.ts";
import { planRecipe } from "./plan.ts";
import { runRecipe } from "./recipes.ts";
import { TINY_MODEL } from "./test-settings.ts";

const place = fs.mkdtempSync(path.join(tmpdir(), "reckon-remote-"));
const base = path.join(place, "base");
let device: Device & { close(): Promise<void> };

async function train(recipe: "pretrain" | "r1-zero", out: string, settings: readonly string[], from?: string) {
  const plan = planRecipe({ recipe, preset: "smoke", seed: 3, from, settings }, null);
  const listener = { begin() {}, step() {}, note() {} };
  const { signal } = new AbortController();
  await runRecipe({ device, seed: 3, preset: "smoke", out, resume: false, signal, listener }, plan);
}

before(async () => {
  device = await testDevice();
  const direct = "direct terse careful checking".split(" ").map((style, i) => `styles.${style}=${i === 0 ? 1 : 0}`);
  const short = ["tokens=120000", "tokens_per_step=1024", "evaluation.items=0"];
  await train("pretrain", base, [...TINY_MODEL, ...direct, ...short]);
});
after(async () => {
  await device.close();
  fs.rmSync(place, { recursive: true, force: true });
});

const SMALL = ["steps=3", "prompts_per_step=8", "group_size=4", "max_completion_length=24", "evaluation.items=0"];
const learn = (name: string, url: string, ...more: string[]) =>
  train("r1-zero", path.join(place, name), [...SMALL, "warmup=0", "lr=0.003", `rollouts.url=${url}`, ...more], base);

test("a server samples: its tokens are learned from, weighed by truncated importance, and the mismatch grows as training moves on", async () => {
  await withServer({ models: [base] }, (url) => learn("served", url, "save_rollouts=1"));
  const lines = readJsonLines(path.join(place, "served", "metrics.jsonl"));
  assert.equal(lines.length, 3);
  const mismatch = lines.map((line) => line.mismatch_kl as number);
  // the same weights by the same kernels at first, but for the absorbed form that serving decodes with
  assert.ok(Math.abs(mismatch[0]!) < 1e-6 && mismatch[2]! > 1e-5, `mismatch ${mismatch}`);
  for (const line of lines) {
    assert.ok((line["sampling/importance_sampling_ratio/max"] as number) <= 3);
    assert.ok((line.entropy as number) > 0 && (line.grad_norm as number) > 0);
  }
  for (const one of readJsonLines(path.join(place, "served", "rollouts", "000001.jsonl"))) {
    const { completion_ids: ids, logps } = one as unknown as Record<string, number[]>;
    assert.ok(ids!.length > 0 && ids!.length === logps!.length && logps!.every((logp) => logp <= 0));
  }
});

test("a server that is away, tells no token ids, leaves the last token out or serves another model is told in a sentence", async () => {
  const answers = (choice: object) =>
    testServer(({ path: asked }, response) => {
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify(asked.endsWith("/models") ? { data: [{ id: "m" }] } : { choices: [choice] }));
    });
  const logprobs = { token_logprobs: [-1, -2] };
  for (const [name, choice, sentence] of [
    ["no-ids", { logprobs, finish_reason: "stop" }, /does not tell which tokens it sampled/],
    ["no-logps", { token_ids: [7, 1], finish_reason: "stop" }, /does not tell the log-probability of each token/],
    ["no-end", { token_ids: [7, 8], logprobs, finish_reason: "stop" }, /does not tell the token that ended an answer/],
    ["strange", { token_ids: [7, 50_000], logprobs, finish_reason: "length" }, /sampled token 50000, which .* lacks/],
  ] as const) {
    await using server = await answers(choice);
    await assert.rejects(learn(name, server.url), sentence);
    const { body } = server.asked[0]!;
    assert.deepEqual([body.return_token_ids, body.logprobs, body.top_p, body.temperature], [true, 0, 1, 1]);
    assert.ok(Array.isArray(body.prompt) && body.prompt.every((id) => Number.isInteger(id)));
  }
  await assert.rejects(learn("away", "http://127.0.0.1:9"), /does not list its models/);
});

test("options that do not go with a server are refused before anything is written", async () => {
  const url = "http://127.0.0.1:9";
  await assert.rejects(learn("warm", url, "temperature=0.7"), {
    exitCode: 2,
    message: /log-probabilities at temperature 1/,
  });
  await assert.rejects(learn("bits", url, "rollout_weights=q8_0"), {
    exitCode: 2,
    message: /rollout_weights has no effect/,
  });
  assert.equal(fs.existsSync(path.join(place, "warm")), false);
});
