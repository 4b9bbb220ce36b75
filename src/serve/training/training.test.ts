// The training window's questions, asked of a run that `reckon train` made here.
import assert from "node:assert/strict";
import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { r1zero, reckon } from "../../cli/test-train.ts";
import type { RunningServer } from "../server.ts";
import { startServer } from "../server.ts";
import { call, frames, tinyModelFolder } from "../test-server.ts";
import type { Reading } from "./samples/row.ts";
import { Samples } from "./samples/samples.ts";

const place = mkdtempSync(join(tmpdir(), "reckon-runs-"));
const runs = join(place, "runs");
let model: Awaited<ReturnType<typeof tinyModelFolder>>;
let server: RunningServer;

before(async () => {
  model = await tinyModelFolder();
  const end = await reckon(r1zero(join(runs, "small"), 16, 8, "save_rollouts=1"));
  assert.equal(end.code, 0, end.err);
  mkdirSync(join(place, "secret"));
  writeFileSync(join(place, "secret", "config.json"), '{"recipe":"secret"}');
  server = await start(true);
});
after(async () => {
  await server?.stop();
  model?.remove();
  rmSync(place, { recursive: true, force: true });
});

const start = (training: boolean): Promise<RunningServer> =>
  startServer({
    port: 0,
    logLevel: "silent",
    threads: 1,
    models: [model.folder],
    runs,
    training,
    cache: join(place, "cache"),
  });

const get = async (path: string, of: Readonly<Record<string, string | number>> = {}) => {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(of)) query.set(key, String(value));
  return call(`${server.url}/v1/runs${path}?${query}`);
};

test("runs are listed with their stages, and one is told with its config, report and evaluations", async () => {
  const { body } = await get("");
  assert.deepEqual(body.runs.map((run: { id: string }) => run.id).sort(), ["small", "small/base"]);
  assert.ok(
    body.recipes.includes("r1-zero") && body.presets.some((preset: { name: string }) => preset.name === "smoke"),
  );
  const one = (await get("/one", { run: "small" })).body;
  assert.equal(one.status, "finished");
  assert.equal(one.config.recipe, "r1-zero");
  assert.equal(one.report.steps, 8);
  assert.equal(one.stages[0].id, "small/base");
  assert.ok(one.evaluations.length > 0);
  const metrics = (await get("/metrics", { run: "small" })).body;
  assert.deepEqual(
    metrics.rows.map((row: { step: number }) => row.step),
    [1, 2, 3, 4, 5, 6, 7, 8],
  );
  assert.deepEqual((await get("/metrics", { run: "small", from: metrics.next })).body.rows, []);
});

test("no name leads out of the folder of runs", async () => {
  for (const run of [
    "../secret",
    "small/../../secret",
    join(place, "secret"),
    "small/checkpoints",
    "..",
    ".",
    "small\0",
  ]) {
    for (const path of ["/one", "/metrics", "/samples", "/live"]) {
      const { status, body } = await get(path, { run });
      assert.equal(status, 404, `${path} ${run}`);
      assert.equal(body.error.code, "run_not_found");
    }
  }
});

test("samples are filtered, sorted and paged; a group, a question over time and one sample with its tokens are told", async () => {
  const facets = (await get("/samples/facets", { run: "small" })).body;
  assert.equal(facets.total, 8 * 24);
  const best = (await get("/samples", { run: "small", sort: "reward", order: "desc", count: 500 })).body;
  assert.equal(best.total, 8 * 24);
  const rewards = best.rows.map((row: { reward: number }) => row.reward);
  assert.deepEqual(
    rewards,
    rewards.toSorted((a: number, b: number) => b - a),
  );
  const paged = (await get("/samples", { run: "small", sort: "reward", from: 100, count: 7, version: best.version }))
    .body;
  assert.deepEqual(paged.rows, best.rows.slice(100, 107));

  const { step, group, prompt_id, prompt } = best.rows[0];
  const own = (await get("/samples", { run: "small", step, group })).body;
  assert.equal(own.total, 4);
  const sum = own.rows.reduce((all: number, row: { advantage: number }) => all + row.advantage, 0);
  assert.ok(Math.abs(sum) < 1e-3);
  assert.equal((await get("/samples/groups", { run: "small", step })).body.groups.length, 6);
  const over = (await get("/samples/over-time", { run: "small", prompt: prompt_id })).body;
  assert.equal(over.prompt, prompt);
  assert.ok(over.steps.some((one: { step: number }) => one.step === step));
  const found = (await get("/samples", { run: "small", text: prompt.slice(3, 12).toUpperCase(), count: 500 })).body;
  assert.ok(
    found.total >= 4 && found.rows.every((row: { prompt: string }) => row.prompt.includes(prompt.slice(3, 12))),
  );
  const said = best.rows.find((row: { response: string }) => row.response.length >= 8).response.slice(1, 8);
  const saying = (await get("/samples", { run: "small", response: said.toUpperCase(), count: 500 })).body;
  assert.ok(
    saying.total > 0 &&
      saying.rows.every(({ response }: { response: string }) => response.toLowerCase().includes(said.toLowerCase())),
  );
  assert.equal((await get("/samples", { run: "small", response: 'no " such' })).body.total, 0);
  assert.match(
    (await get("/samples", { run: "small", response: "ab" })).body.error.message,
    /three characters or more/,
  );

  const one = (await get("/samples/one", { run: "small", id: best.rows[0].id })).body;
  assert.equal(one.prompt, prompt);
  assert.equal(one.tokens.length, best.rows[0].tokens);
  assert.ok(one.tokens.every((token: { logp: number }) => token.logp <= 0));
  assert.match(one.tokens.map((token: { text: string }) => token.text).join(""), /./);
  assert.ok(Object.keys(one.rewards).length > 0);
  assert.equal((await get("/samples/one", { run: "small", id: 99999 })).status, 404);
  assert.match((await get("/samples", { run: "small", sort: "x" })).body.error.message, /^The field sort is not valid/);
});

test("a run is followed as it is written, and a torn line waits until it is whole", async () => {
  const folder = join(runs, "growing");
  mkdirSync(folder);
  writeFileSync(join(folder, "config.json"), '{"recipe":"r1-zero"}');
  writeFileSync(join(folder, "metrics.jsonl"), '{"step":1,"reward":0.5}\n{"step":2,');
  const gone = new AbortController();
  const response = await fetch(`${server.url}/v1/runs/live?run=growing`, { signal: gone.signal });
  const seen: Record<string, unknown>[] = [];
  for await (const { data } of frames(response)) {
    const told = JSON.parse(data);
    if (told.kind === "metrics") seen.push(...told.rows);
    if (seen.length === 1) appendFileSync(join(folder, "metrics.jsonl"), '"reward":0.75}\n');
    if (seen.length === 2) break;
  }
  gone.abort();
  assert.deepEqual(seen, [
    { step: 1, reward: 0.5 },
    { step: 2, reward: 0.75 },
  ]);
  rmSync(folder, { recursive: true });
});

test("the table of samples reads on, and forgets what a resumed run took back", () => {
  const run = join(place, "resumed");
  const folder = join(run, "rollouts");
  mkdirSync(folder, { recursive: true });
  const line = (step: number, reward: number) =>
    `${JSON.stringify({ step, group: 0, prompt: "1 + 1?", response: "2", reward })}\n`;
  writeFileSync(join(folder, "000001.jsonl"), line(1, 0) + line(1, 1));
  writeFileSync(join(folder, "000002.jsonl"), line(2, 0));
  using table = new Samples(run, join(place, "cache"));
  const rewards = () =>
    table.page({ sort: "step", descending: false }, 0, 10).rows.map((row) => [row.step, row.reward]);
  assert.equal(table.sync(), null);
  assert.deepEqual(rewards(), [
    [1, 0],
    [1, 1],
    [2, 0],
  ]);
  appendFileSync(join(folder, "000001.jsonl"), line(1, 2) + line(1, 3).slice(0, 20));
  rmSync(join(folder, "000002.jsonl"));
  assert.equal(table.sync(), null);
  assert.deepEqual(rewards(), [
    [1, 0],
    [1, 1],
    [1, 2],
  ]);
  assert.deepEqual(readdirSync(run), ["rollouts"]);
});

test("a large run is read a stretch at a time, tells how far it is, and nobody waits for it who need not", async () => {
  const folder = join(runs, "large", "rollouts");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(runs, "large", "config.json"), '{"recipe":"r1-zero"}');
  const line = (step: number, at: number) =>
    `${JSON.stringify({ step, group: at % 50, prompt: `${at} + 1?`, response: `it is ${at + 1}`, reward: at % 3 || null })}\n`;
  for (let step = 1; step <= 3; step++)
    writeFileSync(join(folder, `00000${step}.jsonl`), Array.from({ length: 1000 }, (_, at) => line(step, at)).join(""));
  using table = new Samples(join(runs, "large"), join(place, "slow-cache"));
  const told: Reading[] = [];
  for (let reading = table.sync(0); reading !== null; reading = table.sync(0)) told.push(reading);
  assert.ok(told[0]!.samples === 200 && Math.abs(told[0]!.about - 3000) < 100, JSON.stringify(told[0]));
  assert.deepEqual(told.at(-1), { samples: 3000, about: 3000 });
  const least = table.page({ sort: "reward", descending: false }, 0, 3000).rows.map(({ reward }) => reward);
  assert.deepEqual([least[0], least[998], least[999], least[1997], least[1998]], [1, 1, 2, 2, null]);
  assert.equal(table.page({ sort: "step", descending: true, response: "IS 70" }, 0, 10).total, 3 * 11);
  // Through the server: whoever does not wait is told at once, and has the rows in the end.
  let page: { total?: number; reading?: unknown } = {};
  do page = (await get("/samples", { run: "large", wait: "false" })).body;
  while (page.reading !== undefined);
  assert.equal(page.total, 3000);
  rmSync(join(runs, "large"), { recursive: true });
});

test("a run is started, paused, continued, stopped and resumed; where that is switched off it is refused", async () => {
  const post = (path: string, body: object, url = server.url) => call(`${url}/v1/runs${path}`, body);
  const settings = r1zero("x", 16, 4000).flatMap((word, index, all) => (all[index - 1] === "--set" ? [word] : []));
  const started = await post("/start", { recipe: "r1-zero", preset: "smoke", name: "by-form", settings });
  assert.deepEqual([started.status, started.body], [201, { run: "by-form" }]);
  const status = async (wanted: string): Promise<void> => {
    for (let tries = 0; tries < 1200; tries++) {
      if ((await get("/one", { run: "by-form" })).body.status === wanted) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.fail(`never ${wanted}: ${readFileSync(join(runs, "by-form", "train.log"), "utf8")}`);
  };
  await status("training");
  assert.equal((await post("/act", { run: "by-form", action: "pause" })).status, 200);
  await status("paused");
  await post("/act", { run: "by-form", action: "continue" });
  await status("training");
  assert.equal((await post("/act", { run: "by-form", action: "resume" })).status, 409);
  await post("/act", { run: "by-form", action: "stop" });
  await status("unfinished");
  assert.equal((await post("/act", { run: "by-form", action: "stop" })).body.error.code, "run_not_training");
  assert.equal((await post("/act", { run: "by-form", action: "resume" })).status, 200);
  await status("training");
  await post("/act", { run: "by-form", action: "stop" });
  await status("unfinished");

  assert.equal((await post("/start", { recipe: "r1-zero", preset: "smoke", name: "by-form" })).status, 409);
  assert.match(
    (await post("/start", { recipe: "r1-zero", preset: "smoke", name: "../x" })).body.error.message,
    /^The field name/,
  );
  const wrong = await post("/start", { recipe: "r1-zero", preset: "smoke", name: "wrong", settings: ["no_such=1"] });
  assert.equal(wrong.status, 400);
  assert.match(wrong.body.error.message, /no_such/);
  assert.ok(!readdirSync(runs).includes("wrong"));

  const looking = await start(false);
  try {
    const refused = await post("/start", { recipe: "r1-zero", preset: "smoke", name: "more" }, looking.url);
    assert.deepEqual([refused.status, refused.body.error.code], [403, "training_off"]);
    assert.equal((await post("/act", { run: "small", action: "stop" }, looking.url)).status, 403);
    assert.equal((await call(`${looking.url}/v1/runs`)).body.may_train, false);
  } finally {
    await looking.stop();
  }
});
