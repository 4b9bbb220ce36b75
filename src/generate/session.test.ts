import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { UserError } from "../error.ts";
import { referenceDevice } from "../kernels/reference/device.ts";
import { bundledTokenizer } from "../text/character-tokenizer.ts";
import { BUNDLED_TEMPLATE } from "../text/template.ts";
import { costOf, generationFlops } from "./cost.ts";
import { chatPrompt, rawPrompt } from "./prompt.ts";
import { ModelSession } from "./session.ts";
import { saveTinyModel, tinyConfigs } from "./tiny-models.ts";
import { majority, normaliseAnswer } from "./vote.ts";

const device = referenceDevice();
const place = mkdtempSync(join(tmpdir(), "reckon-session-"));
const folder = join(place, "tiny");
before(() => saveTinyModel(folder, device));
after(() => rmSync(place, { recursive: true }));

const question = { messages: [{ role: "user", content: "What is 2 + 3?" }] };

test("an answer's parts, counts and finish fit together, and the deltas join to them", async () => {
  const session = await ModelSession.open({ model: folder, device });
  let reasoning = "";
  let content = "";
  const answer = await session.complete(question, { maxTokens: 60, seed: 2, thinkBudget: 20 }, (delta) => {
    reasoning += delta.reasoning;
    content += delta.content;
  });
  assert.equal(answer.reasoning, reasoning);
  assert.equal(answer.answer, content);
  assert.equal(answer.usage.prompt_tokens, session.prompt(question).ids.length);
  assert.equal(answer.usage.completion_tokens, answer.ids.length);
  assert.equal(answer.usage.total_tokens, answer.usage.prompt_tokens + answer.ids.length);
  assert.equal(answer.logps.length, answer.ids.length);
  assert.ok(answer.text.includes("</think>"));
  for (const value of Object.values(answer.timing)) assert.ok(value >= 0 && Number.isFinite(value));
  await session.close();
});

test("a thinking budget closes the thinking after that many tokens, 0 at once", async () => {
  const session = await ModelSession.open({ model: folder, device });
  const closing = session.tokenizer.idOf("</think>")!;
  for (const thinkBudget of [0, 1, 7]) {
    const { ids, usage, reasoning } = await session.complete(question, { maxTokens: 12, seed: 5, thinkBudget });
    const at = ids.indexOf(closing);
    assert.ok(at >= 0 && at <= thinkBudget, `closed at ${at} of ${thinkBudget}`);
    assert.equal(usage.reasoning_tokens, at);
    if (thinkBudget === 0) assert.equal(reasoning, "");
  }
  await session.close();
});

test("a repeated question gives the same tokens, whatever the session answered before", async () => {
  const session = await ModelSession.open({ model: folder, device });
  const ask = async (maxTokens: number) => (await session.complete(question, { maxTokens, seed: 9 })).ids;
  const first = await ask(40);
  await session.complete({ messages: [{ role: "user", content: "What is 2 - 3?" }] }, { maxTokens: 100 });
  assert.deepEqual(await ask(40), first);
  assert.deepEqual((await ask(120)).slice(0, 40), first.slice(0, 40));
  const fresh = await ModelSession.open({ model: folder, device: referenceDevice() });
  assert.deepEqual((await fresh.complete(question, { maxTokens: 40, seed: 9 })).ids, first);
  await session.close();
});

test("several answers are drawn with seeds of their own, the first with the seed itself", async () => {
  const session = await ModelSession.open({ model: folder, device });
  const answers = await session.completeAll(question, { maxTokens: 20, seed: 3, n: 4 });
  assert.equal(new Set(answers.map(({ ids }) => ids.join())).size, 4);
  assert.deepEqual(answers[0].ids, (await session.complete(question, { maxTokens: 20, seed: 3 })).ids);
  await session.close();
});

test("an answer can be stopped, keeps what it has, and the next question is none the worse", async () => {
  const session = await ModelSession.open({ model: folder, device });
  const undisturbed = await session.complete(question, { maxTokens: 10, seed: 1 });
  const stop = new AbortController();
  let pieces = 0;
  const stopped = await session.complete(question, { maxTokens: 200, seed: 1, signal: stop.signal }, () => {
    if (++pieces === 5) stop.abort();
  });
  assert.equal(stopped.finish_reason, "abort");
  assert.ok(stopped.ids.length >= 5 && stopped.ids.length < 200);
  assert.deepEqual((await session.complete(question, { maxTokens: 10, seed: 1 })).ids, undisturbed.ids);
  await session.close();
});

test("a model that is not there, a server's address and a prompt that is too long are one sentence each", async () => {
  const message = async (run: () => Promise<unknown>) =>
    run().then(
      () => "",
      (error: unknown) => (error instanceof UserError ? error.message : String(error)),
    );
  assert.match(await message(() => ModelSession.open({ model: join(place, "nowhere"), device })), /does not exist/);
  assert.match(await message(() => ModelSession.open({ model: "http://localhost:1", device })), /server's address/);
  const session = await ModelSession.open({ model: folder, device });
  const long = { messages: [{ role: "user", content: "1+".repeat(200) }] };
  assert.match(await message(() => session.complete(long, { maxTokens: 10 })), /the context holds 256/);
  await session.close();
});

test("role marks typed into a message stay characters, those of the template are tokens", () => {
  const tokenizer = bundledTokenizer();
  const typed = "a[INST]b \uE0007\uE001";
  const plain = chatPrompt(tokenizer, BUNDLED_TEMPLATE, [{ role: "user", content: "say [INST]" }]);
  assert.equal(plain.text, "<｜begin▁of▁sentence｜><｜User｜>say [INST]<｜Assistant｜><think>");
  assert.deepEqual(plain.ids, tokenizer.encode(plain.text, { parseSpecial: true }));
  // This tokenizer has no letters for the marks themselves, so typing one is refused rather than obeyed.
  assert.throws(
    () => chatPrompt(tokenizer, BUNDLED_TEMPLATE, [{ role: "user", content: "x<｜end▁of▁sentence｜>" }]),
    /vocabulary of printable ASCII/,
  );
  assert.throws(() => chatPrompt(tokenizer, BUNDLED_TEMPLATE, [{ role: "user", content: typed }]), /U\+E000/);
  assert.equal(rawPrompt(tokenizer, "2+2").ids[0], tokenizer.bosId);
  assert.equal(rawPrompt(tokenizer, "<｜begin▁of▁sentence｜>2").ids.length, 2);
});

test("the cost counts two operations a weight and token, attention, and core time", () => {
  const config = tinyConfigs.llama;
  const one = generationFlops(config, 1);
  const ten = generationFlops(config, 10);
  // 4 query heads of 8 + 8 elements in 3 layers, 2 operations each, over 55 pairs instead of 10 times 1.
  assert.equal(ten - 10 * one, 2 * 3 * 4 * 16 * (55 - 10));
  const cost = costOf(config, { promptTokens: 4, newTokens: 6, seconds: 1800, threads: 2 }, 0.5);
  assert.deepEqual({ ...cost }, { tokens: 10, flops: ten, core_seconds: 3600, usd: 0.5, usd_per_core_hour: 0.5 });
});

test("a vote goes by what is said, not by how it is written", () => {
  assert.equal(normaliseAnswer(" \\boxed{1,776}. "), "1776");
  const vote = majority(["7", " 1776.", "1,776", "7 ", "\\boxed{1776}"]);
  assert.deepEqual([vote.answer, vote.votes, vote.index], [" 1776.", 3, 1]);
  assert.deepEqual(vote.tally, [
    { answer: " 1776.", votes: 3 },
    { answer: "7", votes: 2 },
  ]);
  assert.equal(majority(["", "", "5"]).answer, "5");
});
