import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { UserError } from "../../error.ts";
import { referenceDevice } from "../../kernels/reference/device.ts";
import type { Answer } from "../answer.ts";
import { ModelSession } from "../session.ts";
import { saveTinyModel } from "../tiny-models.ts";
import { Engine } from "./engine.ts";
import type { EngineEvent, Handle, RequestRecord } from "./handle.ts";
import type { EngineOptions } from "./options.ts";

const place = mkdtempSync(join(tmpdir(), "reckon-engine-"));
const folder = join(place, "tiny");
before(() => saveTinyModel(folder, referenceDevice()));
after(() => rmSync(place, { recursive: true }));

const open = (): Promise<ModelSession> => ModelSession.open({ model: folder, threads: 1 });

async function withEngine(options: EngineOptions, use: (engine: Engine) => Promise<void>): Promise<void> {
  const engine = new Engine(await open(), { context: 256, ...options });
  try {
    await use(engine);
  } finally {
    await engine.close();
  }
}

const ask = (text: string) => ({ messages: [{ role: "user", content: text }] });

async function collect(handle: Handle): Promise<EngineEvent[]> {
  const events: EngineEvent[] = [];
  for await (const event of handle.events) events.push(event);
  return events;
}

const essence = ({ text, ids, logps, finish_reason }: Answer) => ({ text, ids, logps, finish_reason });

test("what a request says is the same alone and among 31 others, bit for bit", async () => {
  const requests = Array.from({ length: 32 }, (_, i) => ({
    question: ask(`What is ${i} + ${i % 7}?${" Think well.".repeat(i % 5)}`),
    options: { maxTokens: 10 + i, seed: i, temperature: i % 4 === 0 ? 0 : 0.8, topP: i % 3 === 0 ? 0.9 : undefined },
  }));
  const alone: unknown[] = [];
  await withEngine({ slots: 1 }, async (engine) => {
    for (const { question, options } of requests) {
      const [answer] = await (await engine.submit(question, options)).result;
      alone.push(essence(answer));
    }
  });
  await withEngine({ slots: 32 }, async (engine) => {
    const handles = await Promise.all(requests.map(({ question, options }) => engine.submit(question, options)));
    const together = await Promise.all(handles.map(async ({ result }) => essence((await result)[0])));
    assert.deepEqual(together, alone);
  });
});

test("events join to the answer, the last one carries it, and several answers are told apart", async () => {
  await withEngine({ slots: 2 }, async (engine) => {
    const handle = await engine.submit(ask("1 + 1?"), { maxTokens: 30, seed: 3, n: 3, thinkBudget: 8 });
    const events = await collect(handle);
    const answers = await handle.result;
    assert.equal(answers.length, 3);
    answers.forEach((answer, index) => {
      const own = events.filter((event) => event.index === index);
      assert.equal(own.map(({ reasoning }) => reasoning).join(""), answer.reasoning);
      assert.equal(own.map(({ content }) => content).join(""), answer.answer);
      assert.equal(own.at(-1)?.answer, answer);
      assert.ok(own.slice(0, -1).every((event) => event.answer === null));
    });
    assert.equal(handle.state, "done");
  });
});

test("a reader that asks for the events right after submitting misses none, however soon they come", async () => {
  await withEngine({ slots: 1 }, async (engine) => {
    for (let round = 0; round < 3; round++) {
      const handle = await engine.submit(ask("again"), { maxTokens: 12, seed: 1 });
      const events = await collect(handle);
      const [answer] = await handle.result;
      assert.equal(events.map(({ reasoning }) => reasoning).join(""), answer.reasoning);
      if (round > 0) assert.equal(handle.cachedTokens, handle.promptTokens - 1);
    }
  });
});

test("a cancelled request frees its slot before the next token and keeps what it has", async () => {
  const records: RequestRecord[] = [];
  await withEngine({ slots: 1, observer: { finished: (record) => records.push(record) } }, async (engine) => {
    const long = await engine.submit(ask("go on"), { maxTokens: 200, ignoreEos: true, seed: 1, thinkBudget: 0 });
    const next = await engine.submit(ask("and I"), { maxTokens: 3, seed: 2 });
    let seen = 0;
    for await (const { content } of long.events) if (content !== "" && ++seen === 5) break;
    const [answer] = await long.result;
    assert.equal(answer.finish_reason, "abort");
    assert.ok(answer.ids.length < 100);
    assert.equal((await next.result)[0].ids.length, 3);
    assert.deepEqual(
      records.map(({ outcome }) => outcome),
      ["cancelled", "done"],
    );
    const stop = new AbortController();
    const third = await engine.submit(ask("and they"), { maxTokens: 200, ignoreEos: true, signal: stop.signal });
    stop.abort();
    await third.result;
    assert.equal(engine.load.live, 0);
    assert.equal(engine.find(third.id), undefined);
  });
});

test("the queue is bounded, goes by priority, then by fairness, then by time", async () => {
  const order: string[] = [];
  const finished = ({ id }: RequestRecord): unknown => order.push(id);
  await withEngine({ slots: 2, queue: 5, observer: { finished } }, async (engine) => {
    const submit = (id: string, owner: string, priority = 0, maxTokens = 6) =>
      engine.submit(ask("x"), { id, owner, priority, maxTokens, ignoreEos: true });
    const all = [await submit("greedy 1", "greedy", 0, 40), await submit("greedy 2", "greedy", 0, 10)];
    all.push(await submit("greedy 3", "greedy"), await submit("greedy 4", "greedy"));
    all.push(await submit("modest", "modest"), await submit("low", "modest", -1), await submit("high", "greedy", 1));
    await assert.rejects(submit("too many", "other"), (error: UserError) => error.type === "queue_full");
    await Promise.all(all.map(({ result }) => result));
    assert.deepEqual(order, ["high", "modest", "greedy 2", "greedy 3", "greedy 4", "low", "greedy 1"]);
  });
});

test("a reader that takes nothing pauses its own request only, and loses nothing", async () => {
  await withEngine({ slots: 2, buffer: 4 }, async (engine) => {
    const options = { maxTokens: 40, ignoreEos: true, seed: 4, thinkBudget: 0 };
    const [reference] = await (await engine.submit(ask("slow"), options)).result;
    const slow = await engine.submit(ask("slow"), options);
    const events = slow.events[Symbol.asyncIterator]();
    const first = await events.next();
    const [other] = await (await engine.submit(ask("fast"), { maxTokens: 100, ignoreEos: true })).result;
    assert.equal(other.ids.length, 100);
    assert.equal(engine.load.paused, 1);
    let text = first.value.content;
    for (;;) {
      const { done, value } = await events.next();
      if (done) break;
      text += value.content;
    }
    assert.equal(text, reference.answer);
    assert.deepEqual((await slow.result)[0].ids, reference.ids);
  });
});

test("a reader gone to sleep and a request past its time lose their slots with an error that says so", async () => {
  await withEngine({ slots: 1, buffer: 2, stallMs: 30 }, async (engine) => {
    const sleeping = await engine.submit(ask("slow"), { maxTokens: 100, ignoreEos: true, thinkBudget: 0 });
    const events = sleeping.events[Symbol.asyncIterator]();
    await events.next();
    await assert.rejects(sleeping.result, /reader took nothing/);
    const late = await engine.submit(ask("late"), { maxTokens: 100, ignoreEos: true, deadlineMs: 0 });
    await assert.rejects(late.result, /time is up/);
    await assert.rejects(collect(late), /time is up/);
    assert.equal(engine.load.live + engine.load.paused, 0);
  });
});

test("thinking can be ended while it goes on", async () => {
  await withEngine({ slots: 1 }, async (engine) => {
    const handle = await engine.submit(ask("think"), { maxTokens: 120, seed: 8 });
    let asked = false;
    let thoughts = 0;
    for await (const { reasoning } of handle.events) {
      if (reasoning !== "" && ++thoughts === 3) asked = engine.find(handle.id)?.endThinkingNow() ?? false;
    }
    const [answer] = await handle.result;
    assert.ok(asked);
    assert.equal(answer.thinking_ended_by, "caller");
    assert.ok(answer.usage.reasoning_tokens < 10);
    assert.equal(handle.endThinkingNow(), false);
  });
});

test("an engine that breaks fails what it was at, runs what waited on a fresh one, and says so", async () => {
  const broke: unknown[] = [];
  const options = { slots: 1, reopen: open, observer: { broke: (error: unknown) => broke.push(error) } };
  await withEngine(options, async (engine) => {
    const reference = (await (await engine.submit(ask("b"), { maxTokens: 9, seed: 1 })).result)[0].ids;
    engine.session.decoder.step = () => {
      throw new Error("CPU kernel 7 stopped");
    };
    const lost = await engine.submit(ask("a"), { maxTokens: 9 });
    const waiting = await engine.submit(ask("b"), { maxTokens: 9, seed: 1 });
    await assert.rejects(lost.result, (error: UserError) => error.type === "engine_failed");
    assert.deepEqual((await waiting.result)[0].ids, reference);
    assert.match(String(broke), /CPU kernel 7 stopped/);
    assert.equal(engine.state, "ready");
  });
  await withEngine({ slots: 1 }, async (engine) => {
    engine.session.decoder.step = () => {
      throw new Error("gone");
    };
    const lost = await engine.submit(ask("a"), { maxTokens: 9 });
    await assert.rejects(lost.result, (error: UserError) => error.type === "engine_failed");
    assert.equal(engine.state, "failed");
    await assert.rejects(engine.submit(ask("b")), (error: UserError) => error.type === "engine_failed");
  });
});

test("a draining engine finishes what it has and takes no more", async () => {
  await withEngine({ slots: 1 }, async (engine) => {
    const last = await engine.submit(ask("a"), { maxTokens: 20, ignoreEos: true });
    const drained = engine.drain();
    await assert.rejects(engine.submit(ask("b")), (error: UserError) => error.type === "draining");
    await drained;
    assert.equal((await last.result)[0].ids.length, 20);
  });
});

test("a next turn computes only what follows the tokens it shares with the last one, with its thinking or without", async () => {
  await withEngine({ slots: 1 }, async (engine) => {
    const question = ask("What is 2 + 3?");
    const [answer] = await (await engine.submit(question, { maxTokens: 40, seed: 2, thinkBudget: 12 })).result;
    const first = engine.session.prompt(question).ids;
    const held = [...first, ...answer.ids];
    const kept = await engine.submit({ text: "", ids: [...held, ...first] }, { maxTokens: 4 });
    await kept.result;
    assert.equal(kept.cachedTokens, held.length - 1, "all but the token that was written last and never read");
    const turn = { role: "assistant", content: answer.answer };
    const stripped = { messages: [...question.messages, turn, ...ask("And 3 + 4?").messages] };
    const next = await engine.submit(stripped, { maxTokens: 10, seed: 3 });
    const [second] = await next.result;
    assert.equal(next.cachedTokens, first.length - 1, "the first prompt up to the tag that opened the thinking");
    const anew = await engine.submit(stripped, { maxTokens: 10, seed: 3, reusePrompt: false });
    assert.deepEqual(essence((await anew.result)[0]), essence(second));
    assert.equal(anew.cachedTokens, 0);
  });
});

test("log-probabilities of a prompt are those its tokens have as an answer", async () => {
  await withEngine({ slots: 2 }, async (engine) => {
    const options = { maxTokens: 20, seed: 3, logprobs: 2, plain: true };
    const prompt = engine.session.prompt({ raw: "What is 2 + 3?" });
    const [answer] = await (await engine.submit(prompt, options)).result;
    const whole = { text: "", ids: [...prompt.ids, ...answer.ids] };
    await (await engine.submit(whole, { maxTokens: 1 })).result; // what is cached must not matter
    const handle = await engine.submit(whole, { maxTokens: 1, promptLogprobs: 2 });
    await handle.result;
    assert.equal(handle.promptLogprobs.length, whole.ids.length - 1);
    assert.deepEqual(handle.promptLogprobs.slice(prompt.ids.length - 1), answer.logprobs);
  });
});

test("a prompt that does not fit, a wrong setting and a wrong schema are refused before anything runs", async () => {
  await withEngine({ slots: 1, context: 64 }, async (engine) => {
    const refuses = (promise: Promise<unknown>, message: RegExp) =>
      assert.rejects(promise, (error: UserError) => error instanceof UserError && message.test(error.message));
    await refuses(engine.submit(ask("1 + ".repeat(30))), /prompt has 12\d tokens, but the context holds 64/);
    await refuses(engine.submit(ask("a"), { maxTokens: 100 }), /the context holds 64/);
    await refuses(engine.submit(ask("a"), { temperature: -1 }), /temperature must be between/);
    await refuses(engine.submit(ask("a"), { n: 0 }), /n must be a whole number/);
    const handle = await engine.submit(ask("a"), { id: "same", maxTokens: 30 });
    await refuses(engine.submit(ask("a"), { id: "same" }), /under way already/);
    await handle.result;
  });
});
