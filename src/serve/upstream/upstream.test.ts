// Requests passed on to other servers: a second one of ours, and servers that misbehave in each way.
import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { type RunningServer, startServer } from "../server.ts";
import { call, chunksOf, frames, stream, tinyModelFolder, user, withServer } from "../test-server.ts";
import { Breaker } from "./breaker.ts";

let tiny: Awaited<ReturnType<typeof tinyModelFolder>>;
let other: RunningServer;
/** Answers of the server that misbehaves, in order; what it was asked. */
let answers: ((request: IncomingMessage, response: ServerResponse) => void)[] = [];
let asked: { readonly path: string; readonly headers: IncomingMessage["headers"] }[] = [];
let bad: Server;
let badUrl = "";
before(async () => {
  tiny = await tinyModelFolder();
  other = await startServer({ port: 0, logLevel: "silent", threads: 1, models: [tiny.folder], apiKeys: ["theirs"] });
  bad = createServer((request, response) => {
    asked.push({ path: request.url ?? "", headers: request.headers });
    request.resume();
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    answer?.(request, response);
  });
  await new Promise<void>((resolve) => bad.listen(0, "127.0.0.1", resolve));
  badUrl = `http://127.0.0.1:${(bad.address() as AddressInfo).port}/v1`;
});
after(async () => {
  bad.closeAllConnections();
  bad.close();
  await other.stop();
  tiny.remove();
});

const status =
  (code: number, headers: Record<string, string> = {}, body = '{"error":{"message":"no sk-secret"}}') =>
  (_: IncomingMessage, response: ServerResponse): void => {
    response.writeHead(code, { "content-type": "application/json", ...headers }).end(body);
  };

/** A server that passes "far" on, to the misbehaving server first where `detour`, then to the good one. */
async function withFront(
  detour: boolean,
  use: (url: string, front: RunningServer) => Promise<void>,
  more: object = {},
) {
  const good = { url: `${other.url}/v1`, model: "tiny", apiKey: "theirs" };
  const servers = detour ? [{ url: badUrl, apiKey: "sk-secret" }, good] : [good];
  asked = [];
  const upstreams = [{ model: "far", servers, retries: 1, breakAfter: 2, breakMs: 60_000, ...more }];
  await withServer({ models: [tiny.folder], upstreams, apiKeys: ["ours"] }, use);
}

const withKey = { headers: { authorization: "Bearer ours", "x-private": "mine" } };
const ask = { model: "far", messages: user("go"), seed: 4, max_tokens: 12, ignore_eos: true };

test("a request goes to the server of its model and comes back as from there, streamed or not", async () => {
  await withFront(false, async (url) => {
    const there = { headers: { authorization: "Bearer theirs" } };
    for (const [path, body] of [
      ["/v1/chat/completions", ask],
      ["/chat/completions", ask],
      ["/v1/completions", { model: "far", prompt: "2+2", seed: 1, max_tokens: 5, ignore_eos: true }],
    ] as const) {
      const direct = await call(`${other.url}${path}`, { ...body, model: "tiny" }, there);
      const passed = await call(`${url}${path}`, body, withKey);
      assert.deepEqual([passed.status, passed.body.choices], [200, direct.body.choices]);
      const own = await chunksOf(await stream(`${other.url}${path}`, { ...body, model: "tiny" }, there));
      const chunks = await chunksOf(await stream(`${url}${path}`, body, withKey));
      // biome-ignore lint/suspicious/noExplicitAny: chunks
      const choices = (all: any[]) => all.map((chunk) => chunk.choices);
      assert.deepEqual(choices(chunks), choices(own));
    }
    const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: "ours", maxRetries: 0 });
    const ids: string[] = [];
    for await (const { id } of client.models.list()) ids.push(id);
    assert.ok(ids.includes("far") && (await client.models.retrieve("far")).owned_by === "upstream");
    const refused = await call(`${url}/v1/chat/completions`, { ...ask, top_p: 7 }, withKey);
    assert.deepEqual([refused.status, refused.body.error.param], [400, "top_p"]);
    const local = await call(`${url}/v1/chat/completions`, { ...ask, model: "tiny" }, withKey);
    assert.equal(local.status, 200);
  });
});

test("routes its servers do not have are refused with a sentence that names those they have, in each API's shape", async () => {
  await withFront(false, async (url) => {
    const said = /another server's: ask for it at \/v1\/chat\/completions, \/v1\/completions/;
    for (const [path, body] of [
      ["/v1/responses", { input: "x" }],
      ["/v1/messages", { messages: user("x"), max_tokens: 2 }],
      ["/v1/messages/count_tokens", { messages: user("x") }],
      ["/api/chat", { messages: user("x") }],
      ["/tokenize", { content: "x" }],
    ] as const) {
      const { status: code, body: told } = await call(url + path, { ...body, model: "far" }, withKey);
      assert.equal(code, 400, path);
      assert.match(told.error.message ?? told.error, said, path);
      if (path === "/v1/responses") assert.deepEqual([told.error.code, told.error.param], ["model_elsewhere", "model"]);
      if (path === "/v1/messages") assert.deepEqual([told.type, told.error.type], ["error", "invalid_request_error"]);
    }
  });
});

test("responses and Anthropic's messages are passed on where its servers have them, streamed or not", async () => {
  const routes = ["/responses", "/messages"];
  await withFront(
    false,
    async (url) => {
      const input = { model: "far", input: "go", max_output_tokens: 12, seed: 4 };
      const openai = new OpenAI({ baseURL: `${url}/v1`, apiKey: "ours", maxRetries: 0 });
      const there = new OpenAI({ baseURL: `${other.url}/v1`, apiKey: "theirs", maxRetries: 0 });
      const own = await there.responses.create({ ...input, model: "tiny" });
      const passed = await openai.responses.create(input);
      const texts = (response: typeof own) => response.output.map((item) => ("content" in item ? item.content : null));
      assert.deepEqual(texts(passed), texts(own));
      const next = await openai.responses.create({ ...input, previous_response_id: passed.id });
      assert.equal(next.previous_response_id, passed.id);
      let last = "";
      for await (const { type } of await openai.responses.create({ ...input, stream: true })) last = type;
      assert.match(last, /response\.(completed|incomplete)/);

      const message = {
        model: "far",
        messages: [{ role: "user" as const, content: "go" }],
        max_tokens: 12,
        temperature: 0,
      };
      const anthropic = new Anthropic({ baseURL: url, apiKey: "ours", maxRetries: 0 });
      const direct = new Anthropic({ baseURL: other.url, apiKey: "theirs", maxRetries: 0 });
      const { content, usage } = await direct.messages.create({ ...message, model: "tiny" });
      const whole = await anthropic.messages.create(message);
      const streamed = await anthropic.messages.stream(message).finalMessage();
      assert.deepEqual([whole.content, streamed.content], [content, content]);
      assert.equal(whole.usage.output_tokens, usage.output_tokens);
      const chat = await call(`${url}/v1/chat/completions`, ask, withKey);
      assert.deepEqual([chat.status, chat.body.error.code], [400, "model_elsewhere"]);
    },
    { routes },
  );
  // One that breaks off ends as the API has it.
  answers = [
    (request, response) => {
      request.on("end", () => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.write('event: ping\ndata: {"type":"ping"}\n\n', () => response.destroy());
      });
    },
  ];
  await withFront(
    true,
    async (url) => {
      for (const [path, body] of [
        ["/v1/messages", { messages: user("x"), max_tokens: 2 }],
        ["/v1/responses", { input: "x" }],
      ] as const) {
        const told: string[] = [];
        const response = await stream(url + path, { ...body, model: "far" }, withKey);
        for await (const { data } of frames(response)) told.push(data);
        assert.equal(JSON.parse(told.at(-1)!).type, "error");
      }
      const [messages, responses] = asked;
      assert.deepEqual(
        [messages.path, messages.headers["x-api-key"], messages.headers["anthropic-version"]],
        ["/v1/messages", "sk-secret", "2023-06-01"],
      );
      assert.deepEqual([responses.path, responses.headers["x-api-key"]], ["/v1/responses", undefined]);
    },
    { routes, retries: 0, breakAfter: 5 },
  );
});

test("a server that fails is tried again, then the next is asked, and after some failures it is left alone", async () => {
  answers = [status(500), status(503)];
  await withFront(true, async (url, { core }) => {
    const at = `${url}/v1/chat/completions`;
    assert.equal((await call(at, ask, withKey)).status, 200);
    assert.equal(asked.length, 2);
    assert.equal((await call(at, ask, withKey)).status, 200);
    assert.equal(asked.length, 2, "the breaker is open");
    assert.ok(
      asked.every(({ path, headers }) => path === "/v1/chat/completions" && headers["x-private"] === undefined),
    );
    assert.equal(asked[0].headers.authorization, "Bearer sk-secret");
    const counted = await core.metrics.registry.getSingleMetricAsString("reckon_upstream_requests_total");
    assert.match(counted, /outcome="failed"\} 2/);
    assert.match(counted, /outcome="answered"\} 2/);
  });
});

test("redirects, refused keys and dropped connections are failures, of which nothing is told", async () => {
  for (const [answer, tries] of [
    [status(302, { location: `${other.url}/health` }), 1],
    [status(401), 1],
    [(request: IncomingMessage) => request.socket.destroy(), 2],
  ] as const) {
    answers = [answer];
    await withFront(true, async (url) => {
      assert.equal((await call(`${url}/v1/chat/completions`, ask, withKey)).status, 200);
      assert.equal(asked.length, tries);
    });
  }
  answers = [status(401)];
  const upstreams = [{ model: "far", servers: [{ url: badUrl, apiKey: "sk-secret" }] }];
  await withServer({ models: [tiny.folder], upstreams }, async (url) => {
    const { status: code, body, headers } = await call(`${url}/v1/chat/completions`, ask);
    assert.deepEqual([code, body.error.code], [503, "upstream_unavailable"]);
    assert.ok(!JSON.stringify(body).includes("secret") && Number(headers.get("retry-after")) >= 1);
    // Only the names in the config lead anywhere.
    for (const model of [badUrl, "far/../x", "http://169.254.169.254/"]) {
      assert.equal((await call(`${url}/v1/chat/completions`, { ...ask, model })).status, 404);
    }
  });
});

test("a stream that breaks off ends with an error in its place, whole events before it", async () => {
  answers = [
    (request, response) => {
      request.on("end", () => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.write('data: {"choices":[],"a":1}\n\ndata: {"cho', () => response.destroy());
      });
    },
  ];
  await withFront(true, async (url) => {
    const told: string[] = [];
    for await (const { data } of frames(await stream(`${url}/v1/chat/completions`, ask, withKey))) told.push(data);
    assert.equal(told.length, 2);
    assert.equal(JSON.parse(told[0]).a, 1);
    assert.equal(JSON.parse(told[1]).error.code, "upstream_lost");
  });
});

test("a client that leaves takes the other server's request with it", async () => {
  const engine = await other.core.models.resolve("tiny").served.engine();
  await withFront(false, async (url) => {
    const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: "ours", maxRetries: 0 });
    const long = { ...ask, messages: [{ role: "user" as const, content: "go" }], max_tokens: 240, ignore_eos: true };
    const events = await client.chat.completions.create({ ...long, stream: true });
    for await (const _ of events) {
      events.controller.abort();
      break;
    }
    while (engine.busy) await new Promise((resolve) => setTimeout(resolve, 1));
    const controller = new AbortController();
    const whole = client.chat.completions.create(long, { signal: controller.signal });
    while (!engine.busy) await new Promise((resolve) => setTimeout(resolve, 1));
    controller.abort();
    await assert.rejects(whole);
    while (engine.busy) await new Promise((resolve) => setTimeout(resolve, 1));
  });
});

test("a key's tokens are counted for other servers' models too", async () => {
  const upstreams = [{ model: "far", servers: [{ url: `${other.url}/v1`, model: "tiny", apiKey: "theirs" }] }];
  await withServer({ models: [tiny.folder], upstreams, apiKeys: ["ours"], tokensPerMinute: 5 }, async (url) => {
    assert.equal((await call(`${url}/v1/chat/completions`, ask, withKey)).status, 200);
    assert.equal((await call(`${url}/v1/chat/completions`, ask, withKey)).status, 429);
  });
  // Anthropic's shape has them in two figures, one at the beginning of a stream and one at its end.
  const anthropic = [{ ...upstreams[0], routes: ["/messages" as const] }];
  await withServer(
    { models: [tiny.folder], upstreams: anthropic, apiKeys: ["ours"], tokensPerMinute: 5 },
    async (url) => {
      const response = await stream(
        `${url}/v1/messages`,
        { model: "far", messages: user("x"), max_tokens: 9 },
        withKey,
      );
      for await (const _ of frames(response));
      assert.equal((await call(`${url}/v1/messages`, ask, withKey)).status, 429);
    },
  );
});

test("a breaker opens after failures in a row, and lets one request through when its time is over", () => {
  let now = 0;
  const breaker = new Breaker(2, 100, () => now);
  assert.ok(breaker.enter());
  breaker.failed();
  breaker.succeeded();
  for (let i = 0; i < 2; i++) {
    assert.ok(breaker.enter());
    breaker.failed();
  }
  assert.deepEqual([breaker.enter(), breaker.waitMs], [false, 100]);
  now = 100;
  assert.ok(breaker.enter());
  assert.ok(!breaker.enter(), "one at a time");
  breaker.left();
  assert.ok(breaker.enter());
  breaker.failed();
  assert.equal(breaker.waitMs, 100);
  now = 200;
  assert.ok(breaker.enter());
  breaker.succeeded();
  assert.ok(breaker.enter() && breaker.enter());
});

test("what cannot be an upstream is refused at the start", async () => {
  const start = (upstreams: object[]) =>
    startServer({ port: 0, logLevel: "silent", models: [tiny.folder], upstreams: upstreams as never });
  const url = "http://127.0.0.1:1/v1";
  for (const [upstream, said] of [
    [{ model: "far", servers: [{ url: "file:///etc/passwd" }] }, /http or https/],
    [{ model: "far", servers: [{ url: "http://key@host/" }] }, /no user/],
    [{ model: "far", servers: [{ url, apiKeyEnv: "RECKON_NOT_SET" }] }, /RECKON_NOT_SET, which is not set/],
    [{ model: "far", servers: [] }, /upstreams/],
    [{ model: "tiny", servers: [{ url }] }, /two models would have the name tiny/i],
  ] as const) {
    await assert.rejects(start([upstream]), said);
  }
});
