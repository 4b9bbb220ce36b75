import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { openModelFolder } from "../checkpoint/folder.ts";
import { generateBatch } from "../generate/batch.ts";
import { tinyModel, tinyV3 } from "../model/test-models.ts";
import { Random } from "../random.ts";
import { advantageDefaults, groupAdvantages } from "./advantages.ts";
import { takeTokens } from "./batches.ts";
import { loadCheckpoint, saveCheckpoint, type Trainer } from "./checkpoint.ts";
import { grpo } from "./losses/grpo.ts";
import { Optimizer, optimizerDefaults } from "./optimizer.ts";
import { policyStep } from "./policy.ts";
import type { Rollout } from "./rollouts.ts";
import { RunFolder } from "./run.ts";
import { supervisedDefaults, supervisedStep } from "./supervised.ts";
import { testDevice } from "./test-device.ts";

const device = await testDevice();
const home = fs.mkdtempSync(path.join(tmpdir(), "reckon-resume-"));
after(async () => {
  fs.rmSync(home, { recursive: true, force: true });
  await device.close();
});

const config = { recipe: "test", preset: null, seed: 1, options: {}, versions: {}, created: "2026-01-01T00:00:00Z" };
const N = 4;

for (const [name, step] of [
  ["supervised", supervised],
  ["GRPO", reinforcement],
] as const)
  test(`${name}: 2N steps equal N steps, a closed run, a resume and N more, bit for bit`, async () => {
    const whole = await begin();
    for (let i = 1; i <= 2 * N; i++) whole.lines.push(await step(whole, i));

    const folder = path.join(home, name);
    const first = await begin();
    {
      using run = RunFolder.create(folder, config);
      for (let i = 1; i <= N + 1; i++) {
        const line = await step(first, i);
        run.appendMetrics({ ...line, step: i });
        // one step more than is saved: its traces must go
        if (i === N) await saveCheckpoint(run, i, trainer(first), { tokenizer: { version: "1.0" } }, 2);
      }
    }
    using run = RunFolder.resume(folder);
    const { decoder, state } = loadCheckpoint(run.resumed!, device);
    const second: Session = {
      decoder,
      optimizer: new Optimizer(device, decoder.parameters.values(), optimizerDefaults),
      random: Random.from(99),
      documents: state.position.documents as number,
      lines: run.metrics(),
    };
    second.optimizer.restore(state.optimizer);
    second.random.restore(state.random.data!);
    assert.equal(state.step, N);
    for (let i = state.step + 1; i <= 2 * N; i++) second.lines.push(await step(second, i));

    for (const { name: parameter, buf } of whole.decoder.parameters.values())
      assert.deepEqual(
        await device.read(second.decoder.parameters.get(parameter)!.buf),
        await device.read(buf),
        parameter,
      );
    assert.deepEqual(await second.optimizer.state(), await whole.optimizer.state());
    assert.deepEqual(second.random.state(), whole.random.state());
    assert.equal(second.documents, whole.documents);
    const figures = (line: Readonly<Record<string, unknown>>) => [line.loss, line.grad_norm];
    assert.deepEqual(second.lines.map(figures), whole.lines.map(figures));
    const model = openModelFolder(folder);
    assert.equal(model.folder, run.resumed!.folder);
    assert.notEqual(model.tokenizerPath, null);
    model.close();
  });

interface Session {
  readonly decoder: Trainer["decoder"];
  readonly optimizer: Optimizer;
  readonly random: Random;
  documents: number;
  readonly lines: Readonly<Record<string, unknown>>[];
}

async function begin(): Promise<Session> {
  const decoder = await tinyModel(tinyV3(), device);
  const optimizer = new Optimizer(device, decoder.parameters.values(), optimizerDefaults);
  return { decoder, optimizer, random: Random.from(5, "data"), documents: 0, lines: [] };
}

const trainer = (session: Session): Trainer => ({
  decoder: session.decoder,
  optimizer: session.optimizer,
  random: { data: session.random },
  position: { documents: session.documents },
});

async function supervised(session: Session, step: number): Promise<Record<string, unknown>> {
  const { random } = session;
  const sequences = takeTokens(40, () => {
    session.documents++;
    return { ids: Array.from({ length: random.int(3, 9) }, () => random.int(0, 22)), counted: null };
  });
  const place = { step, factor: 1 / step, seen: 0 };
  return {
    ...(await supervisedStep(session.decoder, session.optimizer, sequences, place, {
      ...supervisedDefaults,
      max_rows: 24,
    })),
  };
}

async function reinforcement(session: Session, step: number): Promise<Record<string, unknown>> {
  const { decoder, optimizer, random } = session;
  const prompts = Array.from({ length: 3 }, () => [random.int(0, 22), random.int(0, 22)]);
  session.documents += prompts.length;
  const requests = prompts.flatMap((prompt) =>
    [0, 1, 2].map(() => ({
      prompt,
      maxTokens: 6,
      stopIds: [22],
      sampling: { temperature: 1, seed: random.int(0, 2 ** 31) },
    })),
  );
  const completions = await generateBatch(decoder, requests, { slots: 4 });
  const rewards = completions.map(({ ids }) => ids.filter((id) => id < 10).length);
  const { advantages } = groupAdvantages(
    [0, 3, 6].map((at) => rewards.slice(at, at + 3)),
    advantageDefaults,
  );
  const rollouts: Rollout[] = completions.map(({ ids, logps, entropies, finish }, i) => ({
    group: Math.floor(i / 3),
    prompt: requests[i]!.prompt,
    completion: ids,
    logps,
    entropies,
    truncated: finish === "length",
    parts: {},
    reward: rewards[i]!,
    advantage: advantages.flat()[i]!,
    refLogps: null,
  }));
  const place = { step, factor: 1, seen: 0 };
  return policyStep(decoder, optimizer, rollouts, place, random, {
    loss: grpo,
    loss_options: grpo.defaults,
    temperature: 1,
    num_iterations: 1,
    mini_batches: 2,
    mask_truncated_completions: false,
    max_completion_length: 6,
    max_rows: 32,
    max_grad_norm: 1,
    router_gamma: 0.001,
  });
}
