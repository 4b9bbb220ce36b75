// `reckon train` as a shell sees it: what is wrong is one sentence, and a run that is stopped, killed or out of disk goes on as
// if nothing had been.
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { TINY_MODEL } from "../recipes/test-settings.ts";
import { readJsonLines } from "../train/jsonl.ts";
import { listCheckpoints } from "../train/run.ts";

const place = fs.mkdtempSync(path.join(tmpdir(), "reckon-train-"));
const main = fileURLToPath(new URL("main.ts", import.meta.url));
after(() => fs.rmSync(place, { recursive: true, force: true }));

const set = (settings: readonly string[]): string[] => settings.flatMap((one) => ["--set", one]);
const TINY = set(TINY_MODEL);
const DIRECT = ["styles.direct=1", "styles.terse=0", "styles.careful=0"];
const document = (prefix: string, steps: number): string[] =>
  set(
    [...DIRECT, `tokens=${512 * steps}`, "tokens_per_step=512", "evaluation.items=8", "evaluation.max_tokens=12"].map(
      (one) => prefix + one,
    ),
  );
/** Pre-training of this many steps of some milliseconds. */
const pretrain = (out: string, steps: number, ...settings: string[]): string[] => [
  ..."train pretrain --json --threads 1 --out".split(" "),
  ...[out, ...TINY, ...document("", steps), ...set(settings)],
];
/** A short base stage, then reinforcement learning. */
const r1zero = (out: string, base: number, steps: number, ...settings: string[]): string[] => [
  ..."train r1-zero --json --threads 1 --out".split(" "),
  ...[out, ...TINY, ...document("pretrain.", base), ...set(["pretrain.checkpoint_every=16", `steps=${steps}`])],
  ...set([
    "prompts_per_step=6",
    "group_size=4",
    "max_completion_length=12",
    "evaluation.items=8",
    "evaluation.every=10",
  ]),
  ...set(["evaluation.max_tokens=12", "save_rollouts=4", "checkpoint_every=7", "lr=0.003", ...settings]),
];
const resume = (recipe: string, out: string, ...more: string[]): string[] => [
  ...`train ${recipe} --json --threads 1 --resume --out`.split(" "),
  ...[out, ...more],
];

interface End {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs the command; `onStep` sees each line of standard output and may signal the process. */
function reckon(
  args: readonly string[],
  onStep?: (line: Record<string, unknown>, child: ChildProcess) => void,
): Promise<End> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [main, ...args], { stdio: ["ignore", "pipe", "pipe"] });
    let [out, err, read] = ["", "", 0];
    child.stdout.on("data", (bytes) => {
      out += bytes;
      for (let end = out.indexOf("\n", read); end >= 0; end = out.indexOf("\n", read)) {
        onStep?.(JSON.parse(out.slice(read, end)), child);
        read = end + 1;
      }
    });
    child.stderr.on("data", (bytes) => {
      err += bytes;
    });
    child.on("close", (code) => resolve({ code, out, err }));
  });
}

/** Signals the process once, at the first line that fits. */
function signalAt(signal: NodeJS.Signals, fits: (line: Record<string, unknown>) => boolean) {
  let sent = false;
  return (line: Record<string, unknown>, child: ChildProcess): void => {
    if (sent || !fits(line)) return;
    sent = true;
    child.kill(signal);
  };
}

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

/** Exactly one sentence on standard error, the same in JSON on standard output. */
function assertSentence({ code, out, err }: End, exit: number, sentence: RegExp): void {
  assert.match(err, sentence);
  assert.equal(code, exit, err);
  assert.equal(err.trim().split("\n").length, 1, err);
  assert.doesNotMatch(err, /inside Reckon|\n\s+at /);
  const last = JSON.parse(out.trim().split("\n").at(-1)!);
  assert.equal(`reckon: ${last.error.message}`, err.trim());
}

const fresh = (name: string): string => path.join(place, name);
let model: string;
before(async () => {
  model = fresh("model");
  const { code, err } = await reckon(pretrain(model, 4));
  assert.equal(code, 0, err);
});

test("a recipe, preset or setting that cannot be is told in one sentence with exit code 2, and nothing is written", async () => {
  const none = fresh("none");
  const start = ["--json", "--out", none];
  const cases: [string[], RegExp][] = [
    [["train", "r2"], /no recipe "r2"; there are pretrain, sft, r1-zero/],
    [["train", "pretrain", "--preset", "huge"], /no preset "huge"; there are smoke, speedrun, nano, quick/],
    [
      ["train", "pretrain", ...set(["tokns=1"])],
      /there is no pretrain\.tokns; there are tasks, styles, canonical, tokens/,
    ],
    [["train", "pretrain", ...set(["styles.curt=1"])], /no pretrain\.styles\.curt; there are direct, terse, careful/],
    [["train", "pretrain", ...set(["tokens.x=1"])], /no pretrain\.tokens\.x/],
    [["train", "pretrain", ...set(["__proto__.x=1"])], /no pretrain\.__proto__\.x/],
    [["train", "pretrain", ...set(["tokens"])], /--set takes key=value, not "tokens"/],
    [["train", "pretrain", ...set(["tokens=many"])], /pretrain\.tokens: .*expected (number|int)/],
    [["train", "pretrain", ...set(["tokens=-1"])], /pretrain\.tokens: .*>0/],
    [["train", "pretrain", ...set(["decay=2"])], /pretrain\.decay: .*<=1/],
    [["train", "pretrain", ...set(['tasks.families=["sums"]'])], /no task is named "sums"; there are chain-sum/],
    [["train", "pretrain", ...set(["tasks.levels=[9]"])], /digit-sums has none of the levels 9/],
    [["train", "pretrain", ...set(["styles.direct=0", "styles.terse=0", "styles.careful=0"])], /styles need weights/],
    [
      ["train", "pretrain", ...set(["rl.steps=3"])],
      /rl\.steps=3 has no effect: train pretrain takes pretrain\., model\./,
    ],
    [["train", "pretrain", ...set(["model.hidden_size=zero"])], /"hidden_size" is "zero"/],
    [["train", "pretrain", ...set(["model.vocab_size=50"])], /model\.vocab_size is 50, but the characters/],
    [["train", "r1-zero", ...set(["loss=ppo"])], /no policy loss "ppo"; choose grpo/],
    [["train", "r1-zero", ...set(["group_size=1"])], /rl\.group_size: .*>=2/],
    [["train", "r1-zero", ...set(["optimizer=sgd"])], /rl\.optimizer: .*adamw/],
    [["train", "sft"], /sft starts from a model: name it with --model/],
    [["train", "sft", "--model", fresh("nowhere")], /--model .*nowhere does not exist/],
  ];
  const ends = await pool(
    cases.map(
      ([args]) =>
        () =>
          reckon([...args, ...start]),
    ),
  );
  for (const [i, [, sentence]] of cases.entries()) assertSentence(ends[i]!, 2, sentence);
  assert.ok(!fs.existsSync(none));
});

test("a model that is none, damaged or of another vocabulary is told in one sentence, and leaves no run behind", async () => {
  const none = fresh("no-run");
  const damaged = (name: string, change: (folder: string) => void): string => {
    const folder = fresh(name);
    fs.cpSync(listCheckpoints(model).at(-1)!.folder, folder, { recursive: true });
    change(folder);
    return folder;
  };
  const weights = (folder: string): string => path.join(folder, "model.safetensors");
  const config = (change: (config: Record<string, unknown>) => void) => (folder: string) => {
    const file = path.join(folder, "config.json");
    const json = JSON.parse(fs.readFileSync(file, "utf8"));
    change(json);
    fs.writeFileSync(file, JSON.stringify(json));
  };
  const lying = (folder: string): void => {
    const bytes = fs.readFileSync(weights(folder));
    const size = Number(bytes.readBigUInt64LE(0));
    const header = bytes.toString("utf8", 8, 8 + size).replace('"shape":[112,32]', '"shape":[132,32]');
    bytes.write(header, 8);
    fs.writeFileSync(weights(folder), bytes);
  };
  const empty = fresh("empty");
  fs.mkdirSync(empty);
  const cases: [string, RegExp][] = [
    [empty, /empty is empty; it should hold config\.json/],
    [place, /has no config\.json/],
    [main, /is not a folder/],
    [damaged("cut", (folder) => fs.truncateSync(weights(folder), 5000)), /model\.safetensors/],
    [damaged("lying", lying), /model\.safetensors|embed_tokens|lm_head/],
    [
      damaged(
        "missing",
        config((json) => delete json.hidden_size),
      ),
      /"hidden_size" is missing/,
    ],
    [
      damaged(
        "contradiction",
        config((json) => Object.assign(json, { hidden_size: 48 })),
      ),
      /hidden_size|shape|\[/,
    ],
    [damaged("foreign", (folder) => swapTokens(path.join(folder, "tokenizer.json"))), /has a vocabulary of its own/],
  ];
  const ends = await pool(
    cases.map(
      ([folder]) =>
        () =>
          reckon(["train", "sft", "--json", "--model", folder, "--out", none]),
    ),
  );
  for (const [i, [folder, sentence]] of cases.entries()) {
    assert.ok(ends[i]!.code === 1 || ends[i]!.code === 2, folder);
    assertSentence(ends[i]!, ends[i]!.code!, sentence);
  }
  assert.ok(!fs.existsSync(none));
});

test("an --out that holds a run needs --resume, and --resume needs a run, of the same recipe, preset, seed and model", async () => {
  const cases: [string[], number, RegExp][] = [
    [pretrain(model, 4), 2, /already holds a run; add --resume to go on with it, or choose another --out/],
    [resume("pretrain", fresh("void")), 1, /void holds no run: there is no config\.json/],
    [resume("pretrain", listCheckpoints(model)[0]!.folder), 1, /is not the config of a run/],
    [resume("r1-zero", model), 2, /one of `train pretrain`, not of `train r1-zero`/],
    [resume("pretrain", model, "--preset", "nano"), 2, /begun with --preset smoke, not nano/],
    [resume("pretrain", model, "--seed", "5"), 2, /begun with --seed 0, not 5/],
    [resume("pretrain", model, "--model", place), 2, /begun with --model nothing/],
    [
      resume("pretrain", model, ...set(["model.hidden_size=64"])),
      2,
      /model\.hidden_size: the run was begun with 32, .*another size; begin a new run/,
    ],
  ];
  const ends = await pool(
    cases.map(
      ([args]) =>
        () =>
          reckon(args),
    ),
  );
  for (const [i, [, exit, sentence]] of cases.entries()) assertSentence(ends[i]!, exit, sentence);
});

test("--json gives a JSON line a step and then the report on standard output, nothing else there", async () => {
  const out = fresh("json");
  const { code, out: stdout, err } = await reckon([...r1zero(out, 3, 2)]);
  assert.equal(code, 0, err);
  const lines = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    lines.map((line) => line.step),
    [1, 2, 3, 1, 2, undefined],
  );
  assert.equal(lines.at(-1).run, out);
  assert.deepEqual([lines.at(-1).report.recipe, lines.at(-1).report.steps], ["r1-zero", 2]);
  assert.ok(lines.at(-1).report.notes.after.sampled.by_family["digit-sums"].direct_accuracy >= 0);
});

test("resuming a finished run says that there is nothing left to do and changes nothing", async () => {
  const before = contents(model);
  const { code, err } = await reckon(resume("pretrain", model));
  assert.equal(code, 0, err);
  assert.match(err, /all 4 steps are done; --set tokens=/);
  assert.deepEqual(contents(model), before);
});

test("pre-training stopped by SIGTERM, Ctrl-C or kill -9 and resumed is bit for bit the run that was never stopped", async () => {
  const every = ["checkpoint_every=16", "evaluation.every=50"];
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

test("a second trainer on a folder in use is told who holds it, whether it begins or resumes", async () => {
  const out = fresh("held");
  let others: Promise<End[]> | undefined;
  const first = await reckon(pretrain(out, 100_000), (_line, child) => {
    others ??= pool([() => reckon(pretrain(out, 5)), () => reckon(resume("pretrain", out))]).finally(() =>
      child.kill("SIGTERM"),
    );
  });
  assert.equal(first.code, 143, first.err);
  for (const end of await others!) assertSentence(end, 1, /held by process \d+, which is training into this folder/);
  assert.equal((await reckon(resume("pretrain", out, ...set([`tokens=${512}`])))).code, 0);
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

/** Runs the jobs two at a time. */
async function pool<T>(jobs: readonly (() => Promise<T>)[]): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < jobs.length; i = next++) results[i] = await jobs[i]!();
  };
  await Promise.all([worker(), worker()]);
  return results;
}

/** Exchanges the ids of two letters in a tokenizer.json. */
function swapTokens(file: string): void {
  const json = JSON.parse(fs.readFileSync(file, "utf8"));
  const { vocab } = json.model;
  [vocab.a, vocab.b] = [vocab.b, vocab.a];
  fs.writeFileSync(file, JSON.stringify(json));
}
