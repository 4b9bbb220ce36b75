// The evaluation window's questions, asked of files as `reckon eval --out` writes them.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type RunningServer, startServer } from "../server.ts";
import { call, tinyModelFolder } from "../test-server.ts";
import { sampleLines } from "./test-evaluation.ts";

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
  assert.deepEqual([...byId.keys()].sort(), ["first.jsonl", "more/second.jsonl", "torn.jsonl"]);
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

test("no name leads out of the folder", async () => {
  writeFileSync(
    join(place, "outside.jsonl"),
    sampleLines("outside", () => true),
  );
  for (const name of ["../outside.jsonl", join(place, "outside.jsonl"), "more/../first.jsonl", "other.jsonl"])
    assert.equal((await get("/items", { eval: name })).status, 404, name);
});
