import assert from "node:assert/strict";
import { after, test } from "node:test";
import { load, UserError } from "./library.ts";

const model = await load(undefined, { threads: 1 });
after(() => model.close());
const greedy = { temperature: 0, maxTokens: 100 } as const;

test("a question is answered whole, and in pieces that join to the same", async () => {
  const answer = await model.ask("What is 37 * 48?", greedy);
  assert.equal(answer.answer.trim(), "1776");
  assert.equal(answer.finish_reason, "stop");
  const stream = model.stream([{ role: "user", content: "What is 37 * 48?" }], greedy);
  const joined = { thinking: "", answer: "" };
  for await (const { type, text } of stream) joined[type] += text;
  assert.deepEqual(joined, { thinking: answer.reasoning, answer: answer.answer });
  assert.deepEqual((await stream.result).ids, answer.ids);
});

test("questions asked at once do not disturb each other", async () => {
  const questions = ["What is 12 * 13?", "What is 37 * 48?", "Solve 7x + 12 = 75 for x."];
  const alone = [];
  for (const question of questions) alone.push((await model.ask(question, greedy)).text);
  const together = await Promise.all(questions.map((question) => model.ask(question, greedy)));
  assert.deepEqual(
    together.map((one) => one.text),
    alone,
  );
});

test("a stream left early, and a signal, stop the answer", async () => {
  // long enough that it cannot end by itself before it is stopped
  const long = { ...greedy, ignoreEos: true, maxTokens: 480 } as const;
  const left = model.stream("What is 37 * 48?", long);
  for await (const _ of left) break;
  assert.equal((await left.result).finish_reason, "abort");
  const controller = new AbortController();
  const stopped = model.stream("What is 37 * 48?", { ...long, signal: controller.signal });
  let pieces = 0;
  for await (const _ of stopped) if (++pieces === 2) controller.abort();
  assert.equal((await stopped.result).finish_reason, "abort");
});

test("a raw text is gone on with; what is wrong is a UserError, of the stream and of its result", async () => {
  const { usage } = await model.ask("12+13=", { ...greedy, raw: true, maxTokens: 3 });
  assert.equal(usage.completion_tokens, 3);
  await assert.rejects(model.ask("What is 1 + 1?", { temperature: -1 }), UserError);
  const stream = model.stream("What is 1 + 1?", { topP: 7 });
  await assert.rejects(async () => {
    for await (const _ of stream);
  }, UserError);
  await assert.rejects(stream.result, UserError);
  await assert.rejects(load("nowhere/at-all"), /does not exist, and no model of that name was pulled/);
});

test("text and tokens go both ways, and a closed model says so", async () => {
  assert.equal(model.decode(model.encode("12 + 13")), "12 + 13");
  const other = await load(undefined, { threads: 1 });
  const last = other.ask("What is 12 + 13?", greedy);
  await other.close();
  assert.equal((await last).finish_reason, "stop");
  await assert.rejects(other.ask("What is 12 + 13?"), /is closed/);
});
