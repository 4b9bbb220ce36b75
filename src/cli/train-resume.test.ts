// A training run that is stopped, killed, gone bad or out of disk goes on as if nothing had been.
import assert from "node:assert/strict";
import { type ChildProcess, spawnSync } from "node:child_process";
import fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { readJsonLines } from "../train/jsonl.ts";
import { listCheckpoints } from "../train/run.ts";
import { assertSentence, pretrain, r1zero, reckon, resume, set, signalAt } from "./test-train.ts";

const place = fs.mkdtempSync(path.join(tmpdir(), "reckon-resume-"));
after(() => fs.rmSync(place, { recursive: true, force: true }));
const fresh = (name: string): string => path.join(place, name);

test("resuming a finished run says that there is nothing left to do and changes nothing", async () => {
  const model = fresh("finished");
  assert.equal((await reckon(pretrain(model, 4))).code, 0);
  const before = contents(model);
  const { code, err } = await reckon(resume("pretrain", model));
  assert.equal(code, 0, err);
  assert.match(err, /all 4 steps are done; --set tokens=/);
  assert.deepEqual(contents(model), before);
});

test("pre-training stopped by SIGTERM, Ctrl-C or kill -9 and resumed is bit for bit the run that was never stopped", async () => {
  const every = ["checkpoint_every=16", "evaluation.every=50", "mean=0.9"];
  const whole = fresh("whole");
  const uninterrupted = await reckon(pretrain(whole, 120, ...every));
  assert.equal(uninterrupted.code, 0, uninterrupted.err);
  const expected = contents(whole);

  const stopped = fresh("stopped");
  const term = await reckon(
    pretrain(stopped, 120, ...every),
    signalAt("SIGTERM", ({ step }) => step === 21),
  );
  assert.equal(term.code, 143, term.err);
  assert.match(term.err, /saving after this step/);
  const saved = listCheckpoints(stopped).at(-1)!.step;
  assert.ok(saved >= 21 && saved < 120, `saved ${saved}`);
  const interrupt = await reckon(
    resume("pretrain", stopped),
    signalAt("SIGINT", ({ step }) => Number(step) > saved + 10),
  );
  assert.equal(interrupt.code, 130, interrupt.err);
  assert.ok(listCheckpoints(stopped).at(-1)!.step > saved);
  const end = await reckon(resume("pretrain", stopped));
  assert.equal(end.code, 0, end.err);
  assert.deepEqual(contents(stopped), expected);

  const killed = fresh("killed");
  await killedUntilDone(pretrain(killed, 120, ...every), resume("pretrain", killed));
  assert.deepEqual(contents(killed), expected);
});

test("R1-Zero stopped or killed in its base stage and in its own, and resumed, is bit for bit the run that was never stopped", async () => {
  const whole = fresh("rl-whole");
  const uninterrupted = await reckon(r1zero(whole, 60, 30, "beta=0.01", "reference_every=5"));
  assert.equal(uninterrupted.code, 0, uninterrupted.err);
  const expected = contents(whole);
  assert.ok(
    (expected["metrics.jsonl"] as Record<string, number>[]).some((line) => line.grad_norm! > 0),
    "the run learns something",
  );

  const stopped = fresh("rl-stopped");
  const args = r1zero(stopped, 60, 30, "beta=0.01", "reference_every=5");
  const inBase = await reckon(
    args,
    signalAt("SIGTERM", ({ step, reward }) => reward === undefined && step === 20),
  );
  assert.equal(inBase.code, 143, inBase.err);
  assert.equal(listCheckpoints(stopped).length, 0);
  const inRl = await reckon(
    resume("r1-zero", stopped),
    signalAt("SIGINT", ({ step, reward }) => reward !== undefined && step === 9),
  );
  assert.equal(inRl.code, 130, inRl.err);
  assert.ok(listCheckpoints(stopped).at(-1)!.step >= 9);
  const end = await reckon(resume("r1-zero", stopped));
  assert.equal(end.code, 0, end.err);
  assert.deepEqual(contents(stopped), expected);

  const killed = fresh("rl-killed");
  await killedUntilDone(r1zero(killed, 60, 30, "beta=0.01", "reference_every=5"), resume("r1-zero", killed));
  assert.deepEqual(contents(killed), expected);
});

test("options changed on resuming are used and listed in config.json; what the checkpoint is made of is refused", async () => {
  const out = fresh("changed");
  assert.equal((await reckon(pretrain(out, 3))).code, 0);
  const longer = await reckon(resume("pretrain", out, ...set([`tokens=${512 * 5}`, "muon_lr=0.001"])));
  assert.equal(longer.code, 0, longer.err);
  const config = JSON.parse(fs.readFileSync(path.join(out, "config.json"), "utf8"));
  assert.deepEqual([config.options.tokens, config.options.muon_lr, config.options.evaluation.items], [2560, 0.001, 8]);
  assert.deepEqual(config.changes, [
    { step: 3, changed: { tokens: { from: 1536, to: 2560 }, muon_lr: { from: 0.009, to: 0.001 } } },
  ]);
  assert.equal(readJsonLines(path.join(out, "metrics.jsonl")).length, 5);

  const rl = fresh("changed-rl");
  assert.equal((await reckon(r1zero(rl, 2, 1))).code, 0);
  const before = fs.readFileSync(path.join(rl, "config.json"), "utf8");
  const more = set(["steps=2"]);
  assertSentence(
    await reckon(resume("r1-zero", rl, ...more, ...set(["optimizer=muon"]))),
    1,
    /optimizer state holds .*momentum/,
  );
  assertSentence(
    await reckon(resume("r1-zero", rl, ...more, ...set(["beta=0.1"]))),
    2,
    /beta: the run was begun with 0/,
  );
  assert.equal(fs.readFileSync(path.join(rl, "config.json"), "utf8"), before);
});

test("numbers gone bad stop the run with step and tensor, and the last good checkpoint is kept, loads and goes on", async () => {
  const out = fresh("nan");
  assert.equal((await reckon(pretrain(out, 4, "checkpoint_every=2"))).code, 0);
  const high = set([`tokens=${512 * 12}`, "checkpoint_every=1", "muon_lr=1e30", "adamw_lr=1e30"]);
  const end = await reckon(resume("pretrain", out, ...high));
  const progress = end.err.trim().split("\n");
  assert.equal(end.code, 1, end.err);
  assert.match(
    progress.at(-1)!,
    /^reckon: Training stopped at step \d+: .*(weight|gradient|largest).*(model\.|lm_head).* The checkpoint of step 4 is kept: --resume with a lower/,
  );
  assert.deepEqual(
    listCheckpoints(out)
      .map(({ step }) => step)
      .at(-1),
    4,
  );
  const asked = await reckon(["logits", "--model", out, "--ids", "0,3,40", "--json"]);
  assert.equal(asked.code, 0, asked.err);
  assert.ok(Number.isFinite(JSON.parse(asked.out).nll));
  const again = await reckon(resume("pretrain", out, ...set(["muon_lr=0.001", "adamw_lr=0.001"])));
  assert.equal(again.code, 0, again.err);
  assert.equal(listCheckpoints(out).at(-1)!.step, 12);
});

test("a full disk is told in one sentence and leaves nothing half-written; with space again the run goes on", async (t) => {
  const disk = fresh("disk");
  fs.mkdirSync(disk);
  if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=600k", "tmpfs", disk]).status !== 0) {
    t.skip("a small file system cannot be mounted here (it takes root on Linux)");
    return;
  }
  try {
    const out = path.join(disk, "run");
    const end = await reckon(pretrain(out, 40, "checkpoint_every=4"));
    assert.equal(end.code, 1, end.err);
    assert.match(end.err.trim().split("\n").at(-1)!, /Could not write .*: the disk is full; free some space/);
    assert.doesNotMatch(end.err, /inside Reckon/);
    for (const { folder } of listCheckpoints(out))
      assert.equal((await reckon(["logits", "--model", folder, "--ids", "0,3"])).code, 0, folder);
    const hidden = fs.readdirSync(path.join(out, "checkpoints")).filter((name) => !/^\d+$/.test(name));
    assert.deepEqual(hidden, []);
    assert.ok(fs.readFileSync(path.join(out, "metrics.jsonl"), "utf8").endsWith("}\n"));
    assert.equal(spawnSync("mount", ["-o", "remount,size=50m", disk]).status, 0);
    const on = await reckon(resume("pretrain", out));
    assert.equal(on.code, 0, on.err);
    assert.equal(readJsonLines(path.join(out, "metrics.jsonl")).length, 40);
  } finally {
    spawnSync("umount", [disk]);
  }
});

/** What a run's folder holds, times aside: file contents by path, with a base inside. */
function contents(folder: string): Record<string, unknown> {
  const files: Record<string, unknown> = {};
  const last = listCheckpoints(folder).at(-1)!;
  for (const name of ["model.safetensors", "state.safetensors"])
    files[name] = fs.readFileSync(path.join(last.folder, name)).toString("base64");
  const state = JSON.parse(fs.readFileSync(path.join(last.folder, "state.json"), "utf8"));
  files.state = untimed(state);
  for (const name of ["metrics.jsonl", "evaluations.jsonl"])
    files[name] = readJsonLines(path.join(folder, name)).map(untimed);
  for (const name of fs.readdirSync(path.join(folder, "rollouts")))
    files[name] = fs.readFileSync(path.join(folder, "rollouts", name), "utf8");
  const base = path.join(folder, "base");
  return fs.existsSync(base) ? { ...files, base: contents(base) } : files;
}

/** The value without what depends on the clock. */
function untimed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(untimed);
  if (typeof value !== "object" || value === null) return value;
  const clocks = ["seconds", "cost", "step_time", "sampling_time", "core_seconds"];
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, one]) => (clocks.includes(key) ? [] : [[key, untimed(one)]])),
  );
}

/** Kills the run with -9 at three random moments, resuming it each time, then lets it finish. */
async function killedUntilDone(begin: readonly string[], on: readonly string[]): Promise<void> {
  const moments: number[] = [];
  for (let kill = 0; kill < 3; kill++) {
    const after = 1 + Math.floor(Math.random() * 25);
    moments.push(after);
    let steps = 0;
    const killer = (_line: unknown, child: ChildProcess): void => {
      if (++steps === after) setTimeout(() => child.kill("SIGKILL"), Math.random() * 10);
    };
    const end = await reckon(kill === 0 ? begin : on, killer);
    assert.ok(end.code === null || end.code === 0, `after ${moments}: ${end.err}`);
  }
  const end = await reckon(on);
  assert.equal(end.code, 0, `killed after ${moments} steps: ${end.err}`);
}
