// The whole chain on a toy model, as a process: one that is killed in the middle of whatever stage and resumed ends with the bits of the
// one that was never disturbed. What the chain leaves and reaches is smoke-chain.test.ts's.
import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { chain, contents } from "./test-chain.ts";
import { assertSentence, reckon, resume, signalAt } from "./test-train.ts";

const place = fs.mkdtempSync(path.join(tmpdir(), "reckon-r1-"));
after(() => fs.rmSync(place, { recursive: true, force: true }));

const whole = path.join(place, "whole");
before(async () => {
  const end = await reckon(chain(whole));
  assert.equal(end.code, 0, end.err);
});

test("killed in the base, in reinforcement and near the end, and resumed on two threads, the chain ends with the bits of one thread undisturbed", async () => {
  const killed = path.join(place, "killed");
  const at = (name: string, step: number) => signalAt("SIGKILL", (line) => line.stage === name && line.step === step);
  await reckon(chain(killed), at("base", 131));
  const onTwo = resume("r1", killed, "--threads", "2");
  await reckon(onTwo, at("r1-zero", 3));
  await reckon(onTwo, at("all-scenarios", 3));
  const last = await reckon(onTwo);
  assert.equal(last.code, 0, last.err);
  assert.deepEqual(contents(killed), contents(whole));
});

test("a stage runs alone where what it uses is there, and says what is missing where it is not", async () => {
  const out = path.join(place, "alone");
  assertSentence(await reckon(chain(out, "--stage", "r1-zero")), 2, /r1-zero uses base, which .* lacks; run `train r1/);
  assertSentence(
    await reckon(resume("r1", out, "--stage", "r2")),
    2,
    /there is no stage "r2" in the chain; there are base,/,
  );
  const alone = await reckon(resume("r1", out, "--stage", "preference.json"));
  assert.equal(alone.code, 0, alone.err);
  assert.deepEqual(
    fs.readFileSync(path.join(out, "preference.json")),
    fs.readFileSync(path.join(whole, "preference.json")),
  );
});
