// The evaluation window's questions, asked of files as `reckon eval` and `reckon publish` write them.
import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { BUNDLED_MODEL } from "../../generate/load-model.ts";
import { type RunningServer, startServer } from "../server.ts";
import { call, tinyModelFolder } from "../test-server.ts";
import { separateInterval } from "./comparison.ts";
import { reportOf, sampleLines } from "./test-evaluation.ts";

const place = mkdtempSync(join(tmpdir(), "reckon-evals-"));
const runs = join(place, "runs");
let model: Awaited<ReturnType<typeof tinyModelFolder>>;
let server: RunningServer;

before(async () => {
  model = await tinyModelFolder();
  mkdirSync(join(runs, "more"), { recursive: true });
  writeFileSync(
    join(runs, "first.jsonl"),
    sampleLines("first", (i) => i % 2 === 0),
  );
  writeFileSync(
    join(runs, "more", "second.jsonl"),
    sampleLines("second", (i) => i % 4 !== 1),
  );
  writeFileSync(join(runs, "torn.jsonl"), `${sampleLines("torn", () => true)}{"id":`);
  writeFileSync(join(runs, "other.jsonl"), '{"prompt":"not an evaluation"}\n');
  server = await startServer({ port: 0, logLevel: "silent", threads: 1, models: [model.folder], runs });
});
after(async () => {
  await server?.stop();
  model?.remove();
  rmSync(place, { recursive: true, force: true });
});

const get = async (path: string, of: Readonly<Record<string, string>> = {}) =>
  call(`${server.url}/v1/evals${path}?${new URLSearchParams(of)}`);

test("evaluations are listed with accuracy and cost, those that cannot be read with the reason", async () => {
  const { evaluations } = (await get("")).body;
  const byId = new Map<string, Record<string, unknown>>(evaluations.map((one: { id: string }) => [one.id, one]));
  const inRuns = [...byId.keys()].filter((id) => !id.startsWith("models/"));
  assert.deepEqual(inRuns.sort(), ["first.jsonl", "more/second.jsonl", "torn.jsonl"]);
  const first = byId.get("first.jsonl")!;
  assert.equal(first.accuracy, 0.5);
  assert.deepEqual([first.questions, first.answers, first.tokens], [40, 40, 20]);
  assert.ok(Math.abs(Number(first.usd) - ((80 / 3600) * 0.04) / 40) < 1e-12);
  assert.match(String(byId.get("torn.jsonl")!.failure), /torn\.jsonl, line 41: not JSON/);
});

test("questions are filtered and searched, and one is told with its whole responses and reasons", async () => {
  const all = (await get("/items", { eval: "first.jsonl" })).body;
  assert.equal(all.total, 40);
  const wrong = (await get("/items", { eval: "first.jsonl", verdict: "wrong", group: "sums" })).body;
  assert.ok(
    wrong.total > 0 &&
      wrong.rows.every((row: { verdict: string; group: string }) => row.verdict === "wrong" && row.group === "sums"),
  );
  assert.equal((await get("/items", { eval: "first.jsonl", text: "THINKING ABOUT 7." })).body.total, 1);
  const one = (await get("/item", { eval: "first.jsonl", item: "q7" })).body;
  assert.equal(one.responses[0].text, "<think>thinking about 7.</think>-1");
  assert.equal(one.responses[0].reason, "expected 14, got -1");
  assert.deepEqual([one.before, one.after], ["q6", "q8"]);
  assert.equal((await get("/item", { eval: "first.jsonl", item: "q99" })).status, 404);
});

test("two evaluations are compared question by question", async () => {
  const { body } = await get("/compare", { first: "first.jsonl", second: "more/second.jsonl" });
  assert.deepEqual(body.accuracy, [0.5, 0.75]);
  assert.deepEqual([body.n, body.mcnemar.second_only, body.mcnemar.first_only], [40, 10, 0]);
  assert.equal(body.flipped.length, 10);
  assert.deepEqual(body.flipped[0].answers, [["-1"], ["6"]]);
});

test("the bundled model's own figures stand in the list with what they cost, as its file has them", async () => {
  const own = JSON.parse(readFileSync(join(BUNDLED_MODEL, "evaluation.json"), "utf8"));
  const { evaluations } = (await get("")).body;
  for (const [which, style] of ["final greedy", "final sampled", "base sampled"].map((one) => one.split(" "))) {
    const id = `models/reckon-nano/evaluation.json/${which}/${style}`;
    const one = evaluations.find((one: { id: string }) => one.id === id);
    const row = own[which!][style!];
    assert.deepEqual(
      [one.kind, one.benchmark, one.accuracy, one.low, one.questions, one.temperature],
      ["published", "held-out", row["pass@1"], row["pass@1_interval"][0], row.n, row.temperature],
    );
    assert.ok(Math.abs(one.usd - row.cost.usd / row.n) < 1e-15);
    assert.ok(Math.abs(one.tokens - row.tokens.completion / row.n) < 1e-9);
    assert.deepEqual(
      one.groups.map(({ group, accuracy }: { group: string; accuracy: number }) => [group, accuracy]),
      Object.entries<Record<string, number>>(row.by_family).map(([group, part]) => [group, part["pass@1"]]),
    );
  }
});

test("a report stands by itself, beside its own answers once, and says that it has no questions", async () => {
  await reportOf(join(runs, "first.jsonl"), join(runs, "first.report.html"), true); // its answers are in the list
  await reportOf(join(runs, "first.jsonl"), join(runs, "more", "alone.html"), true);
  await reportOf(join(runs, "first.jsonl"), join(runs, "more", "unpriced.report.html"), false);
  for (const name of ["alone", "unpriced.report"]) {
    const file = join(runs, "more", `${name}.json`);
    writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, "utf8")), items: "gone.jsonl" }));
  }
  const { evaluations } = (await get("")).body;
  const reports = evaluations.filter(({ kind }: { kind: string }) => kind === "report");
  assert.deepEqual(reports.map(({ id }: { id: string }) => id).sort(), [
    "more/alone.json",
    "more/unpriced.report.json",
  ]);
  const [alone, unpriced] = ["more/alone.json", "more/unpriced.report.json"].map((id) =>
    reports.find((one: { id: string }) => one.id === id),
  );
  assert.deepEqual([alone.accuracy, alone.questions, alone.tokens, alone.settings.top_p], [0.5, 40, 20, 1]);
  assert.deepEqual([alone.usd, alone.rate], [((80 / 3600) * 0.1) / 40, "$0.1 a core-hour"]);
  assert.deepEqual([unpriced.usd, unpriced.rate], [null, null]);
  // nobody counts another machine's core-seconds; its report was told a price
  const remote = sampleLines("remote", () => true).replace(/"core_seconds":\d+/g, '"core_seconds":null');
  writeFileSync(join(runs, "remote.jsonl"), remote);
  await reportOf(join(runs, "remote.jsonl"), join(runs, "remote.report.html"), true);
  const own = (await get("")).body.evaluations.filter(({ id }: { id: string }) => id.startsWith("remote"));
  assert.deepEqual([own.length, own[0].id, own[0].usd, own[0].rate], [1, "remote.jsonl", alone.usd, alone.rate]);
  for (const asked of [{ eval: "more/alone.json" }, { eval: "models/reckon-nano/evaluation.json/final/greedy" }]) {
    const { status, body } = await get("/items", asked);
    assert.equal(status, 404);
    assert.match(body.error.message, /holds figures and no answers/);
  }
});

test("figures are compared as two separate measurements; other benchmarks are refused in a sentence", async () => {
  await reportOf(join(runs, "more", "second.jsonl"), join(runs, "second.html"), true);
  const { body } = await get("/compare", { first: "first.jsonl", second: "second.json" });
  assert.equal(body.paired, false);
  assert.deepEqual([body.accuracy, body.difference, body.without_answers], [[0.5, 0.75], 0.25, ["second.json"]]);
  assert.ok(body.difference_interval.low < 0.25 && body.difference_interval.high > 0.25);
  const [final, base] = ["final", "base"].map((one) => `models/reckon-nano/evaluation.json/${one}/sampled`);
  const told = (await get("/compare", { first: base!, second: final! })).body;
  assert.equal(told.same_groups, true);
  assert.equal(told.groups.length, told.groups.filter(({ n }: { n: number[] }) => n[0]! > 0 && n[1]! > 0).length);
  const other = await get("/compare", { first: "first.jsonl", second: final! });
  assert.deepEqual([other.status, other.body.error.code], [400, "different_benchmarks"]);
  // Newcombe (1998), table II, contrast (a): 56/70 against 48/80, each with Wilson's interval
  const { low, high } = separateInterval(
    { accuracy: 48 / 80, low: 0.4904, high: 0.7004 },
    { accuracy: 56 / 70, low: 0.6918, high: 0.8771 },
  );
  assert.deepEqual([low.toFixed(3), high.toFixed(3)], ["0.052", "0.334"]);
});

test("files that are no reports, or were cut short, are listed with what is wrong with them; nothing else breaks", async () => {
  const whole = readFileSync(join(BUNDLED_MODEL, "evaluation.json"), "utf8");
  const broken: Record<string, [string, RegExp]> = {
    "cut.report.json": ['{"title": "x", "bench', /^cut\.report\.json is not JSON, perhaps cut short; `reckon eval/],
    "odd.json": ['{"benchmark":"sums","samples":1,"n":4,"pass@1":7}', /^odd\.json holds no evaluation: pass@1: /],
    "null.report.json": ["null", /^null\.report\.json holds no evaluation: /],
    "torn/evaluation.json": [whole.slice(0, 9000), /^evaluation\.json is not JSON, perhaps cut short; `reckon publish/],
    "mine/evaluation.json": ['{"accuracy": 1}', /^evaluation\.json holds no evaluation: families: /],
  };
  for (const [name, [text]] of Object.entries(broken)) {
    mkdirSync(join(runs, name, ".."), { recursive: true });
    writeFileSync(join(runs, name), text);
  }
  writeFileSync(join(runs, "more", "package.json"), '{"name":"something else"}');
  mkdirSync(join(runs, "copied"));
  copyFileSync(join(BUNDLED_MODEL, "evaluation.json"), join(runs, "copied", "evaluation.json"));
  const { evaluations } = (await get("")).body;
  const byId = new Map<string, Record<string, unknown>>(evaluations.map((one: { id: string }) => [one.id, one]));
  for (const [name, [, wrong]] of Object.entries(broken)) assert.match(String(byId.get(name)?.failure), wrong, name);
  assert.equal(byId.get("copied/evaluation.json/base/greedy")?.failure, undefined);
  assert.equal(byId.has("more/package.json"), false);
  assert.equal((await get("/items", { eval: "cut.report.json" })).status, 404);
  const { status, body } = await get("/compare", { first: "first.jsonl", second: "torn/evaluation.json" });
  assert.deepEqual([status, body.error.code], [400, "unreadable_evaluation"]);
  assert.match(body.error.message, broken["torn/evaluation.json"]![1]);
  for (const name of Object.keys(broken)) rmSync(join(runs, name));
});

test("no name leads out of the folder", async () => {
  writeFileSync(
    join(place, "outside.jsonl"),
    sampleLines("outside", () => true),
  );
  const published = join(BUNDLED_MODEL, "evaluation.json");
  for (const name of [
    ...["../outside.jsonl", join(place, "outside.jsonl"), "more/../first.jsonl", "other.jsonl"],
    ...[published, `${published}/final/greedy`, "models/reckon-nano/evaluation.json/final/../base/greedy"],
    "models/../reckon-nano/evaluation.json/final/greedy",
  ])
    assert.equal((await get("/items", { eval: name })).status, 404, name);
});
