import assert from "node:assert/strict";
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import {
  failed,
  type Handler,
  streamed,
  sumIn,
  type TestServer,
  testServer,
} from "../../evaluate/answerers/remote/test-server.ts";
import { readSampleRecords } from "../../evaluate/record/journal.ts";
import { BUNDLED_MODEL } from "../../generate/session.ts";

const place = fs.mkdtempSync(path.join(tmpdir(), "reckon-eval-process-"));
after(() => fs.rmSync(place, { recursive: true, force: true }));
const at = (name: string): string => path.join(place, name);

const QUESTIONS = 12;
const sums = at("sums.jsonl");
fs.writeFileSync(
  sums,
  Array.from(
    { length: QUESTIONS },
    (_, i) => `${JSON.stringify({ id: `s${i}`, question: `What is ${i}+${i}?`, answer: 2 * i, level: 1 + (i % 2) })}\n`,
  ).join(""),
);

/** Even sums below 10 get an answer that is one off. */
const answering: Handler = ({ prompt }, response) => {
  const sum = sumIn(prompt);
  streamed(response, "adding", `So \\boxed{${sum < 10 ? sum + 1 : sum}}`);
};

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));
const start = (...args: readonly string[]): ChildProcessWithoutNullStreams =>
  spawn(process.execPath, ["--disable-warning=ExperimentalWarning", MAIN, "eval", ...args], {
    env: { ...process.env, NODE_COMPILE_CACHE: at("cache") }, // a dozen processes read the same files
  });

async function finished(
  child: ChildProcessWithoutNullStreams,
): Promise<{ readonly code: number | null; readonly out: string; readonly err: string }> {
  let [out, err] = ["", ""];
  child.stdout.on("data", (piece) => (out += piece));
  child.stderr.on("data", (piece) => (err += piece));
  const [code] = await once(child, "close");
  return { code, out, err };
}

const asking = (server: TestServer, out: string, ...more: readonly string[]): readonly string[] => [
  ...[
    "--benchmark",
    sums,
    "--model",
    server.url,
    "--api-model",
    "tiny",
    "--samples",
    "2",
    "--concurrency",
    "3",
    "--out",
    out,
    "--json",
  ],
  ...more,
];

/** Which questions were put to a server, by prompt and seed. */
const keys = ({ asked }: TestServer): string[] => asked.map(({ prompt, body }) => `${prompt} ${body.seed}`);

test("an evaluation killed outright goes on where it stopped, asks nothing again that is written down, and gives the same figures", async () => {
  const out = at("killed.jsonl");
  await using slow = await testServer((asked, response, number) => {
    if (number <= 10) answering(asked, response, number); // the others hang
  });
  const child = start(...asking(slow, out));
  const ended = finished(child);
  while (!fs.existsSync(out) || fs.readFileSync(out, "utf8").split("\n").length <= 8)
    await new Promise((resolve) => setTimeout(resolve, 20));
  child.kill("SIGKILL");
  await ended;
  fs.appendFileSync(out, '{"id":"s1","sample":1,"gro'); // what a kill in the middle of a write leaves
  const before = readSampleRecords(out);
  assert.ok(before.length >= 8 && before.length < 2 * QUESTIONS);

  await using server = await testServer(answering);
  const { code, out: printed, err } = await finished(start(...asking(server, out)));
  assert.equal(code, 0, err);
  assert.equal(server.asked.length, 2 * QUESTIONS - before.length);
  const records = readSampleRecords(out);
  assert.deepEqual(records.slice(0, before.length), before);
  assert.equal(new Set(records.map(({ id, sample }) => `${id} ${sample}`)).size, 2 * QUESTIONS);
  assert.match(err, new RegExp(`${before.length} of ${2 * QUESTIONS} answers are in .* already`));

  await using fresh = await testServer(answering);
  const { out: once } = await finished(start(...asking(fresh, at("whole.jsonl"))));
  const [resumed, whole] = [printed, once].map((text) => JSON.parse(text));
  for (const key of [
    "benchmark",
    "model",
    "n",
    "pass@1",
    "pass@1_stderr",
    "pass@1_interval",
    "pass@2",
    "cons@2",
    "by",
    "tokens",
  ]) {
    const { per_second: _, ...own } = resumed[key];
    const { per_second: __, ...other } = whole[key];
    assert.deepEqual(
      typeof resumed[key] === "object" ? own : resumed[key],
      typeof whole[key] === "object" ? other : whole[key],
      key,
    );
  }
  assert.deepEqual([whole.n, whole["pass@1"], whole.tokens.prompt, whole.tokens.cached], [12, 7 / 12, 24 * 20, 24 * 8]);
  assert.deepEqual(new Set(keys(server)), new Set(keys(fresh).filter((key) => keys(server).includes(key))));
});

test("Ctrl-C stops cleanly: exit code 130, the answers so far kept, and said where", async () => {
  const out = at("stopped.jsonl");
  let child: ChildProcessWithoutNullStreams | null = null;
  await using server = await testServer((asked, response, number) => {
    if (number <= 5) answering(asked, response, number);
    else child!.kill("SIGINT");
  });
  child = start(...asking(server, out, "--concurrency", "1"));
  const { code, err } = await finished(child);
  assert.equal(code, 130);
  assert.match(err, /the answers so far are in .*stopped\.jsonl, and the same command goes on with it/);
  assert.equal(readSampleRecords(out).length, 5);
  assert.ok(!fs.existsSync(`${out}.lock`));
});

test("a server that gives up ends it with one sentence that says how to go on", async () => {
  await using server = await testServer((asked, response, number) => {
    if (number <= 3) answering(asked, response, number);
    else failed(response, 401, "your key has expired");
  });
  const out = at("refused.jsonl");
  const { code, out: printed } = await finished(start(...asking(server, out, "--concurrency", "1")));
  assert.equal(code, 1);
  assert.match(
    JSON.parse(printed).error.message,
    /\(401: your key has expired\).* The answers so far are in .*refused\.jsonl; the same command goes on with it\.$/,
  );
  assert.equal(readSampleRecords(out).length, 3);
});

test("price, report and items of a served model: what was asked for is there", async () => {
  await using server = await testServer(answering);
  const out = at("items.jsonl");
  const {
    code,
    out: printed,
    err,
  } = await finished(start(...asking(server, out, "--price", "1,10,0.5", "--k", "1,2", "--limit", "6")));
  assert.equal(code, 0, err);
  const row = JSON.parse(printed);
  assert.equal(row.items, out);
  const expected = (12 * (12 * 1 + 8 * 0.5) + row.tokens.completion * 10) / 1e6;
  assert.ok(Math.abs(row.cost.usd - expected) < 1e-12, `${row.cost.usd} ${expected}`);
  assert.ok(Math.abs(row.cost.per_right_answer.usd - row.cost.usd / (12 * row["pass@1"])) < 1e-12);
  assert.deepEqual(Object.keys(row.by.level), ["1", "2"]);
  assert.equal(row.report, at("report.html"));
  for (const ending of ["html", "json", "md"]) assert.ok(fs.existsSync(at(`report.${ending}`)));
});

const unbundled = fs.existsSync(BUNDLED_MODEL) ? false : `SKIPPED: ${BUNDLED_MODEL} is not there`;
test("a model gives the same answers served as opened here, sampled ones too", { skip: unbundled }, async () => {
  const server = spawn(process.execPath, [
    "--disable-warning=ExperimentalWarning",
    MAIN,
    "serve",
    "--port",
    "0",
    "--json",
  ]);
  try {
    const [line] = await once(server.stdout, "data");
    const common = ["--benchmark", "held-out", "--limit", "2", "--samples", "2", "--max-tokens", "120"];
    const [served, here] = [at("served.jsonl"), at("here.jsonl")];
    const results = [
      await finished(start(...common, "--model", JSON.parse(String(line)).url, "--out", served)),
      await finished(start(...common, "--out", here)),
    ];
    assert.deepEqual(
      results.map(({ code }) => code),
      [0, 0],
      results[0]!.err,
    );
    const texts = [served, here].map((file) =>
      readSampleRecords(file)
        .map(
          ({ id, sample, response, correct, tokens }) => `${id} ${sample} ${response} ${correct} ${tokens.completion}`,
        )
        .sort(),
    );
    assert.equal(texts[0]!.length, 40);
    assert.deepEqual(texts[0], texts[1]);
  } finally {
    server.kill();
    await once(server, "close");
  }
});

test("a model of a server judges instead, and the file keeps its prompt, its words and what it was asked with", async () => {
  const handler: Handler = (asked, response) => {
    if (!asked.prompt.startsWith("You judge")) return answering(asked, response, 0);
    const answer = /=== \w+ ===\nSo \\boxed\{(\d+)\}\n/.exec(asked.prompt)![1]!;
    const gold = /Right answer:\n(\d+)\n/.exec(asked.prompt)![1]!;
    streamed(response, "hm", `${answer} against ${gold}.\nVerdict: ${answer === gold ? "right" : "wrong"}`);
  };
  await using server = await testServer(handler);
  const out = at("judged.jsonl");
  const flags = ["--judge-url", server.url, "--judge-model", "critic"];
  const asked = await finished(start(...asking(server, out, ...flags)));
  assert.equal(asked.code, 0, asked.err);
  assert.equal(JSON.parse(asked.out)["pass@1"], 7 / 12);
  assert.match(asked.err, /Judged by critic: 24 requests, .* tokens read/);
  const [first] = readSampleRecords(out);
  assert.equal(first!.evaluation!.judge, `critic at ${server.url}/v1`);
  assert.match(first!.evaluation!.judge_prompt!, /\{question\}[\s\S]*Verdict: right/);
  assert.match(first!.reason, /^\d+ against \d+\.\nVerdict: (?:right|wrong)$/);
  const other = await finished(start(...asking(server, out)));
  assert.equal(other.code, 2);
  assert.match(other.err, /judge "critic at .*", not null/);
  const again = await finished(start("--from-samples", out, "--rejudge", "--json", ...flags));
  assert.equal(JSON.parse(again.out)["pass@1"], 7 / 12, again.err);
  const lacking = await finished(start("--from-samples", out, "--judge-model", "critic"));
  assert.equal(lacking.code, 2);
  assert.match(lacking.err, /--judge-model needs --judge-url/);
});
