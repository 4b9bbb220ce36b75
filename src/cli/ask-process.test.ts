// The commands that ask a model as a shell sees them: standard output, exit code, one sentence on standard error.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { saveTinyModel } from "../generate/tiny-models.ts";
import { referenceDevice } from "../kernels/reference/device.ts";

const place = mkdtempSync(join(tmpdir(), "reckon-ask-process-"));
const folder = join(place, "tiny");
before(() => saveTinyModel(folder, referenceDevice()));
after(() => rmSync(place, { recursive: true }));

const main = fileURLToPath(new URL("main.ts", import.meta.url));

function reckon(args: readonly string[], input = ""): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], { input, encoding: "utf8" });
  return { code: status, out: stdout, err: stderr };
}

test("ask --json answers on standard output alone, the same for a seed whatever the threads, the prompt from standard input", () => {
  const common = ["ask", "--model", folder, "--json", "--max-tokens", "12", "--seed", "7", "--temperature", "0.9"];
  const one = reckon([...common, "--threads", "1"], "What is 2 + 3?\n");
  assert.deepEqual([one.code, one.err], [0, ""]);
  const two = reckon([...common, "--threads", "2", "What is", "2 + 3?"]);
  const [first, second] = [JSON.parse(one.out), JSON.parse(two.out)];
  assert.deepEqual(first.ids, second.ids);
  assert.equal(first.text, second.text);
  assert.equal(first.usage.completion_tokens, first.ids.length);
  assert.ok(first.timing.load_ms > 0 && first.cost.usd > 0);
});

test("ask --n --vote lists all samples and chooses the majority", () => {
  const { code, out } = reckon([
    "ask",
    "--model",
    folder,
    "--json",
    "--max-tokens",
    "9",
    "--n",
    "3",
    "--vote",
    "1 + 1?",
  ]);
  assert.equal(code, 0);
  const json = JSON.parse(out);
  assert.equal(json.samples.length, 3);
  assert.equal(
    json.votes.reduce((sum: number, { votes }: { votes: number }) => sum + votes, 0),
    3,
  );
});

test("ask without --json streams thinking and answer to standard output and its cost to standard error", () => {
  const { code, out, err } = reckon([
    "ask",
    "--model",
    folder,
    "--think-budget",
    "0",
    "--max-tokens",
    "9",
    "--seed",
    "1",
    "2?",
  ]);
  assert.equal(code, 0);
  assert.doesNotMatch(out, /<think>/);
  assert.match(err, /^\[tiny: \d+ tokens \(0 thinking\) in .* core-seconds, \$.* a core-hour.*\]\n$/);
});

test("logits gives the best ids and the loss", () => {
  const { code, out } = reckon(["logits", "--model", folder, "--ids", "0,3,40,41", "--top", "3", "--all", "--json"]);
  assert.equal(code, 0);
  const json = JSON.parse(out);
  assert.deepEqual([json.argmax.length, json.last.length, json.top.length, json.top[0].length], [4, 3, 4, 3]);
  assert.deepEqual(json.top[3], json.last);
  assert.ok(json.nll > 0);
});

test("demo answers three questions and ends well", () => {
  const { code, out } = reckon(["demo", "--model", folder]);
  assert.equal(code, 0);
  assert.equal(out.match(/^> /gm)?.length, 3);
  assert.equal(out.match(/tokens\/s; .*core-seconds, \$/g)?.length, 3);
});

test("chat without a terminal reads its questions line by line", () => {
  const { code, out } = reckon(["chat", "--model", folder, "--max-tokens", "5"], "1 + 1?\n/exit\n");
  assert.equal(code, 0);
  assert.match(out, /core-seconds/);
});

test("what is wrong is one sentence with an exit code", () => {
  const cases: [readonly string[], number, RegExp][] = [
    [
      ["logits", "--model", folder, "--ids", "1,999"],
      2,
      /--ids has 999, which is outside the vocabulary .* from 0 to 111/,
    ],
    [["logits", "--model", folder, "--ids", "1,x"], 2, /whole numbers separated by commas/],
    [["ask", "--model", folder], 2, /there is no prompt/],
    [["ask", "--model", folder, "--vote", "x"], 2, /--vote needs several answers/],
    [["ask", "--model", folder, "--top-p", "3", "x"], 2, /--top-p must be a number between 0 and 1/],
    [["ask", "--model", join(place, "none"), "x"], 1, /does not exist/],
    [["ask", "--model", folder, "--max-tokens", "900", "x"], 1, /the context holds 256/],
  ];
  for (const [args, exit, sentence] of cases) {
    const { code, err, out } = reckon(args);
    assert.equal(code, exit, args.join(" "));
    assert.match(err, sentence);
    assert.equal(err.trim().split("\n").length, 1, err);
    assert.equal(out, "");
  }
});
