// How requests share the engine's steps: who joins, leaves or has much to read takes no token from those who write. All by counting.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, type TestContext, test } from "node:test";
import { referenceDevice } from "../../kernels/reference/device.ts";
import { ModelSession } from "../session.ts";
import { saveTinyModel } from "../tiny-models.ts";
import { Engine } from "./engine.ts";
import type { Handle, StepRecord } from "./handle.ts";

const place = mkdtempSync(join(tmpdir(), "reckon-joining-"));
const folder = join(place, "tiny");
before(() => saveTinyModel(folder, referenceDevice()));
after(() => rmSync(place, { recursive: true }));

const ask = (text: string) => ({ messages: [{ role: "user", content: text }] });
const writing = { ignoreEos: true, thinkBudget: 0, seed: 1 };

/** An engine whose clock goes ten milliseconds a row, as with a large model: how much a step reads depends on it. */
async function withSlowEngine(
  t: TestContext,
  use: (engine: Engine, steps: StepRecord[]) => Promise<void>,
): Promise<void> {
  const steps: StepRecord[] = [];
  let now = 1000;
  t.mock.method(performance, "now", () => now);
  const session = await ModelSession.open({ model: folder, threads: 1 });
  const step = session.decoder.step.bind(session.decoder);
  session.decoder.step = (cache, rows) => {
    now += 10 * rows.count;
    return step(cache, rows);
  };
  const engine = new Engine(session, {
    slots: 3,
    context: 256,
    saveBytes: 0,
    observer: { step: (record) => steps.push(record) },
  });
  try {
    await use(engine, steps);
  } finally {
    await engine.close();
  }
}

/** Reads a request's events, one for each token. */
function reader(handle: Handle): { readonly count: () => number; readonly at: (count: number) => Promise<void> } {
  let count = 0;
  let wake = (): void => {};
  void (async () => {
    for await (const { answer } of handle.events) {
      if (answer === null) count++;
      wake();
    }
  })().catch(() => {});
  return {
    count: () => count,
    at: async (wanted) => {
      while (count < wanted) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}

test("a long prompt stalls nobody: whoever is writing gets and reads a token at each step that reads a part of it", async (t) => {
  await withSlowEngine(t, async (engine, steps) => {
    const stream = await engine.submit(ask("go on"), { ...writing, maxTokens: 200 });
    const told = reader(stream);
    await told.at(3);
    const long = await engine.submit(ask("1+".repeat(110)), { ...writing, maxTokens: 2 });
    assert.ok(long.promptTokens > 220);
    const [first, seen] = [steps.length, told.count()];
    await long.result;
    const during = steps.slice(first);
    const reading = during.filter(({ rows, newTokens }) => rows > newTokens);
    assert.ok(reading.length >= 6, `read in ${reading.length} parts`);
    assert.ok(reading.every(({ rows }) => rows <= 1 + 64));
    assert.ok(during.every(({ newTokens }) => newTokens >= 1));
    // Not only written but told, between the parts: of the last step the token may still be on its way.
    assert.ok(told.count() - seen >= during.length - 1, `${told.count() - seen} of ${during.length}`);
    stream.cancel();
  });
});

test("a short question asked after a long prompt is answered before that has been read", async (t) => {
  await withSlowEngine(t, async (engine) => {
    const order: string[] = [];
    const named = async (name: string, handle: Handle): Promise<void> => {
      for await (const _ of handle.events) {
        order.push(name);
        break;
      }
    };
    const long = await engine.submit(ask("1+".repeat(110)), { ...writing, maxTokens: 20 });
    const short = await engine.submit(ask("hi"), { ...writing, maxTokens: 20 });
    await Promise.all([named("long", long), named("short", short)]);
    assert.deepEqual(order, ["short", "long"]);
  });
});

test("a request joins and leaves between two tokens of another, which misses no step", async (t) => {
  await withSlowEngine(t, async (engine, steps) => {
    const stream = await engine.submit(ask("go on"), { ...writing, maxTokens: 150 });
    const told = reader(stream);
    await told.at(5);
    const joined = steps.length;
    const other = await engine.submit(ask("and I"), { ...writing, maxTokens: 10 });
    await other.result;
    const [first, last] = [joined, steps.length - 1];
    assert.ok(steps.slice(first, last + 1).every(({ newTokens }) => newTokens >= 1));
    assert.equal(steps.slice(first, last + 1).filter(({ newTokens }) => newTokens === 2).length, 10);
    assert.equal(engine.load.live, 1);
    await stream.result;
    assert.ok(steps.slice(last + 1).every(({ newTokens }) => newTokens === 1));
  });
});

test("a reader that leaves frees the slot within one token, wherever its request is", async (t) => {
  await withSlowEngine(t, async (engine, steps) => {
    const stop = new AbortController();
    const gone = await engine.submit(ask("go on"), { ...writing, maxTokens: 200, signal: stop.signal });
    await reader(gone).at(4);
    stop.abort();
    const before = steps.length;
    const [answer] = await gone.result;
    assert.equal(answer.finish_reason, "abort");
    assert.ok(steps.length - before <= 1, `${steps.length - before} steps more`);
    assert.equal(engine.load.freeSlots, 3);

    // While its prompt is still being read, too.
    const reading = new AbortController();
    const unread = await engine.submit(ask("1+".repeat(110)), { ...writing, signal: reading.signal });
    while (engine.load.reading === 0) await new Promise(setImmediate);
    reading.abort();
    const then = steps.length;
    assert.deepEqual((await unread.result)[0].ids, []);
    assert.ok(steps.length - then <= 1);
    assert.equal(engine.load.freeSlots, 3);
  });
});
