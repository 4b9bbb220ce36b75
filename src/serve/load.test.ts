// Many at once, slow ones, ones that leave: over real sockets.
import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { BUNDLED_MODEL } from "../generate/session.ts";
import { createApp } from "./app.ts";
import type { ServeOptions } from "./config.ts";
import { type RunningServer, startServer } from "./server.ts";
import { call, chunksOf, frames, stream, tinyModelFolder, user, withServer } from "./test-server.ts";

let tiny: Awaited<ReturnType<typeof tinyModelFolder>>;
before(async () => {
  tiny = await tinyModelFolder();
});
after(() => tiny.remove());

const long = (more: object = {}) => ({
  messages: user("go on"),
  max_tokens: 230,
  ignore_eos: true,
  seed: 3,
  thinking: { type: "disabled" },
  ...more,
});

const at = (url: string): string => `${url}/v1/chat/completions`;

async function until(what: () => boolean): Promise<void> {
  while (!what()) await new Promise((resolve) => setTimeout(resolve, 1));
}

const engineOf = ({ core }: RunningServer) => core.models.resolve(undefined).served.engine();

test("32 requests at once get what each gets alone", async () => {
  const requests = Array.from({ length: 32 }, (_, i) => ({
    messages: user(`What is ${i} + ${(3 * i) % 7}?`),
    max_tokens: 10 + i,
    seed: i,
    temperature: (i % 3) / 2,
    logprobs: true,
    stream: i % 2 === 0,
  }));
  const answer = async (url: string, request: (typeof requests)[number]) => {
    if (!request.stream) {
      const { choices } = (await call(at(url), request)).body;
      return [choices[0].message.reasoning_content, choices[0].message.content];
    }
    const deltas = (await chunksOf(await stream(at(url), request))).map(({ choices }) => choices[0].delta);
    return ["reasoning_content", "content"].map((key) => deltas.map((delta) => delta[key] ?? "").join(""));
  };
  await withServer({ models: [tiny.folder], slots: 32, cacheBytes: 0 }, async (url) => {
    const alone: unknown[] = [];
    for (const request of requests) alone.push(await answer(url, request));
    assert.deepEqual(await Promise.all(requests.map((request) => answer(url, request))), alone);
  });
});

test("whoever comes when slots and queue are full is told to come back", async () => {
  await withServer({ models: [tiny.folder], slots: 1, queue: 1 }, async (url, server) => {
    const stop = new AbortController();
    const busy = await stream(at(url), long(), { signal: stop.signal });
    const waiting = call(at(url), long({ max_tokens: 3 }));
    const engine = await engineOf(server);
    await until(() => engine.load.waiting === 1);
    const refused = await call(at(url), long());
    assert.deepEqual(
      [refused.status, refused.body.error.type, refused.body.error.code],
      [429, "rate_limit_error", "queue_full"],
    );
    assert.equal(refused.headers.get("retry-after"), "1");
    await busy.body?.cancel();
    stop.abort();
    assert.equal((await waiting).status, 200);
  });
});

test("among those who wait the more urgent goes first, whoever came first", async () => {
  await withServer({ models: [tiny.folder], slots: 1 }, async (url, server) => {
    const busy = await stream(at(url), long());
    const engine = await engineOf(server);
    const order: string[] = [];
    const wait = async (name: string, priority: number, maxTokens: number): Promise<void> => {
      await call(at(url), long({ priority, max_tokens: maxTokens }));
      order.push(name);
    };
    const later = wait("later", 5, 200);
    await until(() => engine.load.waiting === 1);
    const sooner = wait("sooner", -1, 2);
    await until(() => engine.load.waiting === 2);
    await busy.body?.cancel();
    await Promise.all([later, sooner]);
    assert.deepEqual(order, ["sooner", "later"]);
  });
});

test("a dropped connection frees its slot at once, streamed or not", async () => {
  await withServer({ models: [tiny.folder], slots: 1, queue: 0 }, async (url, server) => {
    const engine = await engineOf(server);
    const { port } = new URL(url);
    for (const isStream of [true, false]) {
      const body = JSON.stringify({ ...long(), stream: isStream });
      const socket = connect(Number(port), "127.0.0.1");
      socket.write(
        `POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
      );
      await until(() => engine.load.live === 1);
      socket.destroy();
      await until(() => engine.load.live === 0);
      const { completion_tokens: tokens } = (await call(at(url), long({ max_tokens: 2 }))).body.usage;
      assert.equal(tokens, 2);
    }
    const metrics = (await call(`${url}/metrics`)).body as string;
    const [, aborted] = /finished_reason="abort"} (\d+)/.exec(metrics) ?? [];
    assert.equal(aborted, "2");
  });
});

test("a reader that takes nothing holds up only itself", async () => {
  await withServer({ models: [tiny.folder], slots: 2 }, async (url, server) => {
    const engine = await engineOf(server);
    const { port } = new URL(url);
    const body = JSON.stringify({ ...long({ n: 2, max_tokens: 240, logprobs: true, top_logprobs: 20 }), stream: true });
    const socket = connect(Number(port), "127.0.0.1");
    socket.pause();
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    await until(() => engine.busy);
    const other = await call(at(url), long({ max_tokens: 100 }));
    assert.equal(other.body.usage.completion_tokens, 100);
    // Nothing of it is lost: once it reads, everything comes, to the end.
    let text = "";
    socket.setEncoding("utf8").on("data", (data) => {
      text += data;
    });
    socket.resume();
    await until(() => text.includes("data: [DONE]"));
    assert.equal(text.match(/"finish_reason":"length"/g)?.length, 2);
    assert.ok(!engine.busy);
    socket.destroy();
  });
});

test("what waits for a slow reader is bounded: its answers pause, and go on as it reads, without the system's buffers", async () => {
  await withServer({ models: [tiny.folder], slots: 3 }, async (_, { core }) => {
    const engine = await core.models.resolve(undefined).served.engine();
    const app = createApp(core);
    const post = (body: object) =>
      app.fetch(
        new Request("http://localhost/v1/chat/completions", {
          method: "POST",
          headers: { host: "localhost" },
          body: JSON.stringify(body),
        }),
        {},
      );
    const response = await post({ ...long({ n: 2 }), stream: true });
    await until(() => engine.load.paused === 2);
    const other = (await (await post(long())).json()) as { usage: { completion_tokens: number } };
    assert.equal(other.usage.completion_tokens, 230);
    assert.equal(engine.load.paused, 2);
    const ends = (await chunksOf(response))
      .map(({ choices }) => choices[0].finish_reason)
      .filter((end) => end !== null);
    assert.deepEqual(ends, ["length", "length"]);
  });
});

test("a stream that is silent for long gets comments, and events come in one piece each", async () => {
  await withServer({ models: [tiny.folder], slots: 1, pingMs: 5 }, async (url, server) => {
    const engine = await engineOf(server);
    const busy = await stream(at(url), long());
    const waiting = await stream(at(url), long({ max_tokens: 2 }));
    const step = engine.session.decoder.step.bind(engine.session.decoder);
    // Each step takes a while, as with a large model.
    engine.session.decoder.step = (cache, rows) => {
      const end = performance.now() + 1;
      while (performance.now() < end);
      return step(cache, rows);
    };
    const comments: string[] = [];
    for await (const { data } of frames(waiting, (comment) => comments.push(comment))) if (data === "[DONE]") break;
    assert.ok(comments.length > 0 && comments.every((comment) => comment === ": ping"));
    await busy.body?.cancel();
  });
});

test("comments keep a connection alive while a long prompt is read, before the first token", async () => {
  await withServer({ models: [tiny.folder], slots: 1, pingMs: 5 }, async (url, server) => {
    const engine = await engineOf(server);
    const step = engine.session.decoder.step.bind(engine.session.decoder);
    engine.session.decoder.step = (cache, rows) => {
      const end = performance.now() + rows.count / 2;
      while (performance.now() < end);
      return step(cache, rows);
    };
    const order: string[] = [];
    const response = await stream(at(url), { ...long({ max_tokens: 2 }), messages: user("1+".repeat(100)) });
    for await (const { data } of frames(response, (comment) => order.push(comment))) {
      if (data !== "[DONE]" && JSON.parse(data).choices[0].delta.content) order.push("token");
    }
    assert.equal(order[0], ": ping");
    assert.ok(order.includes("token"));
  });
});

test("a resumable stream goes on where its reader was, once the connection is back", async () => {
  await withServer({ models: [tiny.folder], slots: 1, apiKeys: ["a", "b"] }, async (url, server) => {
    const as = (key: string, more: object = {}) => ({ headers: { authorization: `Bearer ${key}`, ...more } });
    const request = long({ stream_options: { resumable: true } });
    const whole: string[] = [];
    for await (const { data } of frames(await stream(at(url), long(), as("a")))) whole.push(data);
    const content = (all: readonly string[]) =>
      all.map((data) => (data === "[DONE]" ? data : (JSON.parse(data).choices[0].delta.content ?? ""))).join("");
    const response = await stream(at(url), request, as("a"));
    const id = response.headers.get("x-stream-id") ?? "";
    const told: string[] = [];
    let last = "";
    for await (const frame of frames(response)) {
      told.push(frame.data);
      last = frame.id ?? "";
      if (told.length === 20) break; // closes the connection
    }
    const foreign = await call(`${url}/v1/streams/${id}`, undefined, as("b"));
    assert.deepEqual([foreign.status, foreign.body.error.code], [404, "stream_not_found"]);
    await until(() => server.core.models.find(id) === undefined);
    const lost = await call(`${url}/v1/streams/${id}`, undefined, as("a", { "last-event-id": "99999" }));
    assert.deepEqual([lost.status, lost.body.error.code], [410, "stream_position_lost"]);
    const resumed = await fetch(`${url}/v1/streams/${id}`, as("a", { "last-event-id": last }));
    for await (const { data } of frames(resumed)) told.push(data);
    assert.equal(content(told), content(whole));
  });
});

test("a resumable stream nobody comes back to is given up", async () => {
  await withServer({ models: [tiny.folder], slots: 1, resumeMs: 10 }, async (url, server) => {
    const response = await stream(at(url), long({ stream_options: { resumable: true } }));
    const id = response.headers.get("x-stream-id") ?? "";
    for await (const _ of frames(response)) break;
    await until(() => server.core.models.find(id) === undefined);
    await new Promise((resolve) => setTimeout(resolve, 30));
    assert.equal((await call(`${url}/v1/streams/${id}`)).status, 404);
  });
});

test("the health check tells loading, ready and stopping apart", async () => {
  let early: Promise<{ status: number; body: { error: { code: string } } }> | undefined;
  const options = { port: 0, logLevel: "silent", models: [tiny.folder], threads: 1 } satisfies ServeOptions;
  const server = await startServer(options, (url) => {
    early = call(`${url}/health`);
  });
  const told = await early!;
  assert.ok(told.status === 503 ? told.body.error.code === "loading" : told.status === 200);
  assert.deepEqual((await call(`${server.url}/health`)).body, { status: "ok" });
  server.core.state = "draining";
  const { status, body, headers } = await call(`${server.url}/health`);
  assert.deepEqual([status, body.error.type, body.error.code], [503, "unavailable_error", "draining"]);
  assert.ok(headers.has("retry-after"));
  await server.stop();
});

test("a server that is told to stop finishes what it writes, and says that it takes no more", async () => {
  await withServer({ models: [tiny.folder], slots: 1 }, async (url, server) => {
    const last = stream(at(url), long({ max_tokens: 100 }));
    const chunks = chunksOf(await last);
    const stopped = server.stop();
    assert.equal(server.core.state, "draining");
    const told = await chunks;
    assert.equal(told.at(-1).choices[0].finish_reason, "length");
    await stopped;
    await assert.rejects(fetch(`${url}/health`));
  });
});

test("what takes longer than a stopping server waits ends with a reason", async () => {
  await withServer({ models: [tiny.folder], slots: 1, drainMs: 0 }, async (url, server) => {
    const response = await stream(at(url), long());
    const chunks = chunksOf(response);
    await server.stop();
    assert.equal((await chunks).at(-1).choices[0].finish_reason, "insufficient_system_resource");
  });
});

test("a model is opened when first asked for, and one unused the longest gives way", async () => {
  const options = { models: [BUNDLED_MODEL, tiny.folder], modelBytes: 1 };
  await withServer(options, async (url) => {
    const loaded = async () =>
      (await call(`${url}/v1/models`)).body.data.slice(0, 2).map((model: { loaded: boolean }) => model.loaded);
    assert.deepEqual(await loaded(), [true, false]);
    assert.equal((await call(at(url), long({ model: "tiny", max_tokens: 2 }))).status, 200);
    assert.deepEqual(await loaded(), [false, true]);
    assert.equal((await call(at(url), long({ model: "reckon-nano", max_tokens: 2 }))).status, 200);
    assert.deepEqual(await loaded(), [true, false]);
  });
});
