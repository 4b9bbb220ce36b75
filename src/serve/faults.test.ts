// What breaks under a server, over real sockets: the requests it hits are told so, the others go on, and it mends itself.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Engine } from "../generate/engine/engine.ts";
import { BUNDLED_MODEL, ModelSession } from "../generate/session.ts";
import { DIES_IN_A_KERNEL, withWorkers } from "../kernels/cpu/test-workers.ts";
import type { RunningServer } from "./server.ts";
import { startServer } from "./server.ts";
import { call, frames, stream, tinyModelFolder, user } from "./test-server.ts";

// The bundled model: a smaller one's kernels are too small to be shared among threads.
const options = { port: 0, logLevel: "silent", threads: 2, slots: 2, drainMs: 0 } as const;
const at = ({ url }: RunningServer): string => `${url}/v1/chat/completions`;
const ask = (more: object = {}) => ({
  messages: user("What is 12 + 30?"),
  max_tokens: 8,
  temperature: 0,
  ignore_eos: true,
  ...more,
});
const health = async ({ url }: RunningServer) => {
  const { status, body } = await call(`${url}/health`);
  return [status, status === 200 ? body.status : body.error.code];
};

async function until(what: () => boolean): Promise<void> {
  while (!what()) await new Promise((resolve) => setTimeout(resolve, 1));
}

async function withFaults(
  how: { readonly preload?: string; readonly armed?: Int32Array },
  use: (server: RunningServer, engine: Engine, kill: () => Promise<unknown>) => Promise<void>,
): Promise<void> {
  const { result: server, started } = await withWorkers(() => startServer(options), how.preload, how.armed);
  try {
    await use(server, await server.core.models.resolve(undefined).served.engine(), () => started[0].terminate());
  } finally {
    await server.stop();
  }
}

test("a kernel thread that ends amid a step fails what was being written, and what waited goes on", async () => {
  const armed = new Int32Array(new SharedArrayBuffer(4));
  await withFaults({ preload: DIES_IN_A_KERNEL, armed }, async (server, engine) => {
    const alone = await call(at(server), ask());
    const long = ask({ max_tokens: 2000 });
    const streamed = frames(await stream(at(server), long));
    await streamed.next();
    const whole = call(at(server), long);
    await until(() => engine.load.live === 2);
    const waiting = call(at(server), ask());
    await until(() => engine.load.waiting === 1);
    armed[0] = 1;
    let last = "";
    for await (const { data } of streamed) last = data;
    assert.equal(JSON.parse(last).error.code, "engine_failed");
    const { status, body, headers } = await whole;
    assert.deepEqual([status, body.error.type, body.error.code], [503, "unavailable_error", "engine_failed"]);
    assert.ok(headers.has("retry-after"));
    const { status: later, body: told } = await waiting;
    assert.equal(later, 200);
    assert.deepEqual(told.choices, alone.body.choices);
    assert.deepEqual(await health(server), [200, "ok"]);
    assert.match((await call(`${server.url}/metrics`)).body, /reckon_engine_failure_total\{[^}]*\} 1\n/);
  });
});

test("a kernel thread that ends while nothing runs costs no request; health tells of the restart", async (t) => {
  await withFaults({}, async (server, engine, kill) => {
    const alone = await call(at(server), ask());
    const open = ModelSession.open.bind(ModelSession);
    const held = Promise.withResolvers<void>();
    t.mock.method(ModelSession, "open", (given: object) => held.promise.then(() => open(given)));
    await kill();
    await until(() => engine.state === "restarting");
    assert.deepEqual(await health(server), [503, "restarting"]);
    const meanwhile = call(at(server), ask());
    await until(() => engine.load.waiting === 1);
    held.resolve();
    assert.deepEqual((await meanwhile).body.choices, alone.body.choices);
    assert.deepEqual(await health(server), [200, "ok"]);
  });
});

test("an engine that cannot start anew says so, and is tried again with the next request", async (t) => {
  await withFaults({}, async (server, engine, kill) => {
    const mocked = t.mock.method(ModelSession, "open", () => Promise.reject(new Error("no memory for it")));
    await kill();
    await until(() => engine.state === "failed");
    assert.deepEqual(await health(server), [503, "engine_failed"]);
    mocked.mock.restore();
    assert.equal((await call(at(server), ask())).status, 200);
    assert.deepEqual(await health(server), [200, "ok"]);
  });
});

test("a step that runs out of memory fails what it wrote with that reason, and what waited goes on", async () => {
  await withFaults({}, async (server, engine) => {
    const alone = await call(at(server), ask());
    const { decoder } = engine.session;
    const step = decoder.step.bind(decoder);
    let short = false;
    decoder.step = (cache, rows) => {
      if (short) decoder.device.f32(2 ** 30); // 4 GiB, all there is
      return step(cache, rows);
    };
    const streams = await Promise.all([1, 2].map(() => stream(at(server), ask({ max_tokens: 2000 }))));
    const waiting = call(at(server), ask());
    await until(() => engine.load.waiting === 1);
    short = true;
    for (const response of streams) {
      let last = "";
      for await (const { data } of frames(response)) last = data;
      assert.equal(JSON.parse(last).error.code, "out_of_memory");
    }
    assert.deepEqual((await waiting).body.choices, alone.body.choices);
    assert.deepEqual(await health(server), [200, "ok"]);
  });
});

test("a model there is no memory for is refused with the figures, and the others go on", async (t) => {
  const tiny = await tinyModelFolder();
  const server = await startServer({ ...options, models: [BUNDLED_MODEL, tiny.folder] });
  const free = t.mock.method(process, "availableMemory", () => 20e6);
  const { status, body } = await call(at(server), ask({ model: "tiny" }));
  assert.deepEqual([status, body.error.code], [503, "out_of_memory"]);
  assert.match(body.error.message, /needs 0\.\d GB here, but 0\.0 GB of memory are free/);
  assert.equal((await call(at(server), ask())).status, 200);
  free.mock.restore();
  assert.equal((await call(at(server), ask({ model: "tiny" }))).status, 200);
  await server.stop();
  tiny.remove();
});

test("a clock that jumps by a day, either way, ends no request early and opens no limit", async (t) => {
  const server = await startServer({ ...options, threads: 1, deadlineMs: 600_000, requestsPerMinute: 1 });
  const now = Date.now;
  let shift = 0;
  t.mock.method(Date, "now", () => now() + shift);
  const day = 86_400_000;
  const told: string[] = [];
  for await (const { data } of frames(await stream(at(server), ask({ max_tokens: 60 })))) {
    told.push(data);
    shift = told.length % 2 === 0 ? day : -day;
  }
  assert.equal(told.at(-1), "[DONE]");
  assert.equal(JSON.parse(told.at(-2)!).choices[0].finish_reason, "length");
  for (shift of [day, -day]) {
    const { status, body, headers } = await call(at(server), ask());
    assert.deepEqual([status, body.error.code], [429, "rate_limit_exceeded"]);
    const seconds = Number(headers.get("retry-after"));
    assert.ok(seconds >= 1 && seconds <= 60, `${seconds} s`);
  }
  await server.stop();
});

test("a request past its deadline ends with a code that says so, streamed or not", async () => {
  const server = await startServer({ ...options, threads: 1, deadlineMs: 100 });
  const { status, body } = await call(at(server), ask({ max_tokens: 2000 }));
  assert.deepEqual([status, body.error.code], [503, "deadline_exceeded"]);
  let last = "";
  for await (const { data } of frames(await stream(at(server), ask({ max_tokens: 2000 })))) last = data;
  assert.equal(JSON.parse(last).error.code, "deadline_exceeded");
  await server.stop();
});
