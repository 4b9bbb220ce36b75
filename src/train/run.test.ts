import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { writeFolderAtomically } from "../checkpoint/atomic.ts";
import { takeLock } from "../checkpoint/lock.ts";
import { UserError } from "../error.ts";
import { JsonLines, readJsonLines } from "./jsonl.ts";
import { isTraining, listCheckpoints, type RunConfig, RunFolder } from "./run.ts";
import { readTrainingState, type TrainingState, writeTrainingState } from "./training-state.ts";

const home = fs.mkdtempSync(path.join(tmpdir(), "reckon-run-"));
after(() => fs.rmSync(home, { recursive: true, force: true }));

const config: RunConfig = {
  recipe: "pretrain",
  preset: "smoke",
  seed: 1,
  options: {},
  versions: {},
  created: "2026-01-01T00:00:00Z",
};

test("a resumed run has every step once: torn lines and all past the newest checkpoint are cut off", async () => {
  const folder = fresh();
  {
    using run = RunFolder.create(folder, config);
    for (let step = 1; step <= 5; step++) {
      run.appendMetrics({ step, loss: 1 / step });
      run.writeRollouts(step, [{ step }]);
      if (step === 3) await run.checkpoint(step, 2, save(step));
    }
    run.appendEvaluation({ step: 3, accuracy: 0.5 });
    run.appendEvaluation({ step: 5, accuracy: 0.6 });
  }
  fs.appendFileSync(path.join(folder, "metrics.jsonl"), '{"step":6,"lo');
  using run = RunFolder.resume(folder);
  assert.equal(run.resumed?.step, 3);
  assert.deepEqual(
    run.metrics().map(({ step }) => step),
    [1, 2, 3],
  );
  assert.deepEqual(run.evaluations(), [{ step: 3, accuracy: 0.5 }]);
  assert.deepEqual(fs.readdirSync(path.join(folder, "rollouts")).sort(), [
    "000001.jsonl",
    "000002.jsonl",
    "000003.jsonl",
  ]);
  run.appendMetrics({ step: 4 });
  assert.deepEqual(
    run.metrics().map(({ step }) => step),
    [1, 2, 3, 4],
  );
  assert.deepEqual(run.config, config);
});

test("only the newest checkpoints stay", async () => {
  using run = RunFolder.create(fresh(), config);
  for (let step = 1; step <= 4; step++) await run.checkpoint(step, 2, save(step));
  assert.deepEqual(
    listCheckpoints(run.folder).map(({ step }) => step),
    [3, 4],
  );
  assert.deepEqual(fs.readdirSync(path.join(run.folder, "checkpoints")), ["000003", "000004"]);
});

test("a folder with a run is not started over, and a folder without one is not resumed", () => {
  const folder = fresh();
  RunFolder.create(folder, config).close();
  assert.throws(() => RunFolder.create(folder, config), /already holds a run; add --resume/);
  assert.equal(isTraining(folder), false);
  assert.throws(() => RunFolder.resume(path.join(home, "nothing")), /holds no run/);
  assert.equal(fs.existsSync(path.join(home, "nothing")), false);
});

test("two trainers never write one folder, and a dead one's lock is taken over", async () => {
  const folder = fresh();
  const first = RunFolder.create(folder, config);
  assert.throws(() => RunFolder.resume(folder), new RegExp(`held by process ${process.pid}.*choose another folder`));
  assert.equal(isTraining(folder), true);
  first.close();
  const child = spawn(process.execPath, ["-e", "setTimeout(() => {}, 20000)"]);
  const begun = stat(child.pid!);
  const lock = (more: object) => JSON.stringify({ pid: child.pid, host: "", begun, token: "x", ...more });
  const { hostname } = await import("node:os");
  fs.writeFileSync(path.join(folder, ".lock"), lock({ host: hostname() }));
  assert.throws(() => RunFolder.resume(folder), new RegExp(`process ${child.pid}`));
  // a process of the same number that began at another time is another process
  if (begun !== null) {
    fs.writeFileSync(path.join(folder, ".lock"), lock({ host: hostname(), begun: "1" }));
    RunFolder.resume(folder).close();
  }
  fs.writeFileSync(path.join(folder, ".lock"), lock({ host: hostname() }));
  child.kill("SIGKILL");
  await new Promise((resolve) => child.once("exit", resolve));
  RunFolder.resume(folder).close();
  fs.writeFileSync(path.join(folder, ".lock"), lock({ host: "elsewhere" }));
  assert.throws(() => RunFolder.resume(folder), /on elsewhere.*delete the file/);
});

test("a lock is given back once and never another's", () => {
  const file = path.join(home, "lock");
  const lock = takeLock(file);
  fs.writeFileSync(file, "another's");
  lock.release();
  assert.equal(fs.readFileSync(file, "utf8"), "another's");
});

test("a full disk leaves the last whole line and one sentence", () => {
  const file = path.join(home, "full.jsonl");
  let left = 40;
  const lines = new JsonLines(file, () => true, {
    writeSync(fd, bytes, offset, length) {
      if (left === 0) throw Object.assign(new Error("ENOSPC"), { code: "ENOSPC" });
      const count = Math.min(left, length);
      left -= count;
      return fs.writeSync(fd, bytes, offset, count);
    },
    fsyncSync: fs.fsyncSync,
  });
  lines.append({ step: 1, loss: 0.5 });
  assert.throws(
    () => lines.append({ step: 2, loss: 0.25, more: "a longer line" }),
    (error) => {
      assert.ok(error instanceof UserError);
      assert.match(error.message, /disk is full/);
      return true;
    },
  );
  assert.equal(fs.readFileSync(file, "utf8"), '{"step":1,"loss":0.5}\n');
  left = 1000;
  lines.append({ step: 2 });
  lines.close();
  assert.deepEqual(
    readJsonLines(file).map(({ step }) => step),
    [1, 2],
  );
});

test("a checkpoint that does not fit on the disk leaves the one before and nothing half-written", async () => {
  using run = RunFolder.create(fresh(), config);
  await run.checkpoint(1, 2, save(1));
  const full = (folder: string) =>
    writeFolderAtomically(folder, (temporary) => {
      fs.writeFileSync(path.join(temporary, "config.json"), "{");
      throw Object.assign(new Error("no space"), { code: "ENOSPC" });
    });
  await assert.rejects(run.checkpoint(2, 1, full), /disk is full/);
  assert.deepEqual(fs.readdirSync(path.join(run.folder, "checkpoints")), ["000001"]);
});

test("a place that cannot be a run's folder is refused in one sentence", () => {
  const file = path.join(home, "a-file");
  fs.writeFileSync(file, "");
  assert.throws(
    () => RunFolder.create(path.join(file, "run"), config),
    (error) => error instanceof UserError && /not a folder/.test(error.message),
  );
});

test("the training state comes back bit for bit, and a damaged one is named", () => {
  const folder = fresh();
  fs.mkdirSync(folder);
  const state: TrainingState = {
    step: 7,
    lora: { r: 2, alpha: 4, targets: [], tensors: new Map([["b", Float32Array.of(2)]]) },
    optimizer: { steps: 7, tensors: new Map([["a.exp_avg", Float32Array.of(0.1, -0, 3e-40)]]) },
    random: { rollouts: [1, 2, 3, 4294967295] },
    position: { documents: 12, stage: "rl" },
    tensors: new Map([["reference.a", Float32Array.of(1)]]),
  };
  writeTrainingState(folder, state);
  assert.deepEqual(readTrainingState(folder), state);
  fs.writeFileSync(path.join(folder, "state.json"), '{"version":1,"step":-1}');
  assert.throws(() => readTrainingState(folder), /state\.json is damaged \(step/);
});

test("kill -9 at any moment leaves a folder that opens, with every finished checkpoint whole", {
  timeout: 60_000,
}, async () => {
  const folder = fresh();
  RunFolder.create(folder, config).close();
  const child = path.join(import.meta.dirname, "run.test-child.ts");
  let last = 0;
  for (let round = 0; round < 6; round++) {
    const writer = spawn(process.execPath, [child, folder], { stdio: ["ignore", "pipe", "inherit"] });
    let reported = 0;
    writer.stdout.on("data", (data: Buffer) => {
      reported = Number(data.toString().trim().split("\n").at(-1));
    });
    while (reported <= last && writer.exitCode === null) await sleep(2);
    await sleep((round * 7.3) % 23);
    writer.kill("SIGKILL");
    await new Promise((resolve) => writer.once("close", resolve));
    using run = RunFolder.resume(folder);
    const step = run.resumed!.step;
    assert.ok(step >= reported, `checkpoint ${reported} was finished, ${step} is the newest`);
    const state = readTrainingState(run.resumed!.folder);
    assert.equal(state.step, step);
    assert.ok(state.optimizer.tensors.get("m")!.every((value) => value === step));
    assert.deepEqual(
      run.metrics().map((line) => line.step),
      Array.from({ length: step }, (_, i) => i + 1),
    );
    assert.deepEqual(
      fs.readdirSync(path.join(folder, "checkpoints")).filter((name) => name.startsWith(".")),
      [],
    );
    last = step;
  }
});

let made = 0;
function fresh(): string {
  return path.join(home, `run-${made++}`);
}

const save = (step: number) => (folder: string) =>
  writeFolderAtomically(folder, (temporary) => {
    fs.writeFileSync(path.join(temporary, "config.json"), JSON.stringify({ step }));
  });

function stat(pid: number): string | null {
  try {
    return fs.readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ")[19]!;
  } catch {
    return null;
  }
}
