// Each way of getting at a server that it must not allow, tried over a real socket.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { Keys } from "./keys.ts";
import { Limits } from "./limits.ts";
import { startServer } from "./server.ts";
import { call, tinyModelFolder, user, withServer } from "./test-server.ts";

let tiny: Awaited<ReturnType<typeof tinyModelFolder>>;
before(async () => {
  tiny = await tinyModelFolder();
});
after(() => tiny.remove());

const ask = { messages: user("hi"), max_tokens: 2 };

/** Sends bytes as they are and gives back whatever comes until the other side closes. */
function raw(url: string, bytes: string | readonly string[], end = true): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    let text = "";
    const socket = connect(Number(port), hostname, () => {
      for (const part of typeof bytes === "string" ? [bytes] : bytes) socket.write(part);
      if (end) socket.end();
    });
    socket.setEncoding("utf8");
    socket.on("data", (data) => {
      text += data;
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(text));
  });
}

test("without a key only this machine can reach the server", async () => {
  await assert.rejects(startServer({ host: "0.0.0.0", port: 0, models: [tiny.folder] }), /add --api-key/);
  await withServer({ host: "0.0.0.0", apiKeys: ["secret"], models: [tiny.folder] }, async (url) => {
    assert.equal((await call(`${url.replace("0.0.0.0", "127.0.0.1")}/health`)).status, 200);
  });
});

test("every path but the health check needs a key that is ours", async () => {
  await withServer({ apiKeys: ["one", "two"], models: [tiny.folder] }, async (url) => {
    const at = `${url}/v1/chat/completions`;
    const withKey = (key: string) => ({ headers: { authorization: `Bearer ${key}` } });
    assert.equal((await call(`${url}/health`)).status, 200);
    for (const path of ["/v1/models", "/metrics", "/v1/chat/completions", "/nowhere", "/v1/streams/x"]) {
      const { status, body } = await call(`${url}${path}`);
      assert.deepEqual([status, body.error.type, body.error.code], [401, "authentication_error", "missing_api_key"]);
    }
    for (const key of ["", "on", "onee", "ONE", "one,two", "x".repeat(8000)]) {
      const { status, body } = await call(at, ask, withKey(key));
      assert.deepEqual([status, body.error.type], [401, "authentication_error"], key);
    }
    for (const key of ["one", "two"]) assert.equal((await call(at, ask, withKey(key))).status, 200);
    assert.equal((await call(at, ask, { headers: { "x-api-key": "one" } })).status, 200);
  });
});

test("keys may be configured as hashes, are kept as nothing else, and have limits of their own", async () => {
  const one = `sha256:${createHash("sha256").update("one").digest("hex")}`;
  const apiKeys = [one, { key: "two", requestsPerMinute: 1 }];
  await withServer({ apiKeys, models: [tiny.folder], requestsPerMinute: 9 }, async (url, { core }) => {
    assert.ok(!JSON.stringify(core.config).includes('"two"') && core.config.apiKeys[0].key === one);
    const as = (key: string) =>
      call(`${url}/v1/chat/completions`, ask, { headers: { authorization: `Bearer ${key}` } });
    assert.equal((await as("one")).headers.get("x-ratelimit-limit-requests"), "9");
    assert.equal((await as(one)).status, 401);
    assert.equal((await as("two")).headers.get("x-ratelimit-limit-requests"), "1");
    assert.equal((await as("two")).status, 429);
    assert.equal((await as("one")).status, 200);
  });
  await assert.rejects(startServer({ apiKeys: ["sha256:1234"] }), /64 hexadecimal digits/);
});

test("a key's name tells nothing of the key, and keys are told apart", () => {
  const keys = new Keys(["one", "two"]);
  assert.match(keys.check("one") ?? "", /^key-[0-9a-f]{8}$/);
  assert.notEqual(keys.check("one"), keys.check("two"));
  assert.equal(keys.check("three"), null);
  assert.ok(!JSON.stringify(keys).includes("one"));
});

test("a web page reaches nothing: neither by another name for this machine nor from another origin", async () => {
  await withServer({ models: [tiny.folder] }, async (url) => {
    const { port } = new URL(url);
    const request = (headers: string) =>
      raw(
        url,
        `POST /v1/chat/completions HTTP/1.1\r\n${headers}\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}`,
        false,
      );
    assert.match(await request("host: evil.example"), /^HTTP\/1.1 403[\s\S]*host_not_allowed/);
    assert.match(await request(`host: evil.example:${port}`), /^HTTP\/1.1 403/);
    assert.match(await request(`host: 127.0.0.1.evil.example:${port}`), /^HTTP\/1.1 403/);
    assert.match(
      await request(`host: localhost:${port}\r\norigin: https://evil.example`),
      /403[\s\S]*origin_not_allowed/,
    );
    assert.match(await request(`host: localhost:${port}\r\norigin: null`), /403/);
    assert.match(await request(`host: localhost:${port}\r\norigin: http://localhost:1`), /403/);
    assert.match(await request(`host: localhost:${port}\r\norigin: http://localhost:${port}`), /400[\s\S]*messages/);
    assert.match(await request(`host: [::1]:${port}`), /400/);
    const plain = await call(`${url}/v1/models`);
    assert.equal(plain.headers.get("access-control-allow-origin"), null);
  });
  await withServer({ models: [tiny.folder], cors: ["https://good.example"] }, async (url) => {
    const good = { headers: { origin: "https://good.example" } };
    assert.equal(
      (await call(`${url}/v1/models`, undefined, good)).headers.get("access-control-allow-origin"),
      good.headers.origin,
    );
    const preflight = await fetch(`${url}/v1/chat/completions`, { method: "OPTIONS", ...good });
    assert.equal(preflight.status, 204);
    assert.equal(
      (await call(`${url}/v1/models`, undefined, { headers: { origin: "https://bad.example" } })).status,
      403,
    );
  });
});

test("bodies, headers and time have limits, with an answer that says which", async () => {
  await withServer({ models: [tiny.folder], bodyBytes: 2000, receiveMs: 300 }, async (url) => {
    const at = `${url}/v1/chat/completions`;
    const large = { ...ask, messages: user("x".repeat(3000)) };
    const { status, body } = await call(at, large);
    assert.deepEqual([status, body.error.code], [413, "request_too_large"]);
    const head = `POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\n`;
    const chunks = Array.from({ length: 30 }, () => `64\r\n${"y".repeat(100)}\r\n`);
    const chunked = await raw(url, [`${head}transfer-encoding: chunked\r\n\r\n`, ...chunks, "0\r\n\r\n"], false);
    assert.match(chunked, /^HTTP\/1.1 413[\s\S]*request_too_large/);
    assert.match(await raw(url, `${head}x: ${"z".repeat(20_000)}\r\n\r\n`), /^HTTP\/1.1 431[\s\S]*headers_too_large/);
    assert.match(await raw(url, "nonsense\r\n\r\n"), /^HTTP\/1.1 400[\s\S]*invalid_http/);
    // Bytes that stop coming: the connection does not stay open for them.
    assert.match(await raw(url, `${head}content-length: 100\r\n\r\n{`, false), /408[\s\S]*request_timeout|^$/);
    assert.equal((await call(at, ask)).status, 200);
  });
});

test("hostile bodies are refused by name, whatever is in them", async () => {
  await withServer({ models: [tiny.folder] }, async (url) => {
    const at = `${url}/v1/chat/completions`;
    const deep = `{"messages":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
    const cases: [unknown, string | null, string][] = [
      ["{b", null, "invalid_json"],
      ["", null, "invalid_json"],
      ["[]", null, "invalid_json"],
      ["null", null, "invalid_json"],
      ["\u0000", null, "invalid_json"],
      [deep, "messages[0]", "invalid_type"],
      [{ ...ask, messages: undefined }, "messages", "missing_required_parameter"],
      [{ ...ask, messages: [] }, "messages", "invalid_value"],
      [{ ...ask, messages: {} }, "messages", "invalid_type"],
      [{ ...ask, messages: [{ role: "user" }] }, "messages[0].content", "missing_required_parameter"],
      [{ ...ask, messages: [{ role: 7, content: "x" }] }, "messages[0].role", "invalid_value"],
      [{ ...ask, messages: [{ role: "wizard", content: "x" }] }, "messages[0].role", "invalid_value"],
      [{ ...ask, messages: [{ role: "user", content: 5 }] }, "messages[0].content", "invalid_value"],
      [{ ...ask, temperature: "hot" }, "temperature", "invalid_type"],
      [{ ...ask, temperature: -1 }, "temperature", "invalid_value"],
      [{ ...ask, temperature: 1e308 }, "temperature", "invalid_value"],
      [{ ...ask, top_p: 2 }, "top_p", "invalid_value"],
      [{ ...ask, max_tokens: 1.5 }, "max_tokens", "invalid_type"],
      [{ ...ask, max_tokens: -5 }, "max_tokens", "invalid_value"],
      [{ ...ask, n: 0 }, "n", "invalid_value"],
      [{ ...ask, n: 100 }, "n", "invalid_value"],
      [{ ...ask, logprobs: true, top_logprobs: 21 }, "top_logprobs", "invalid_value"],
      [{ ...ask, logit_bias: { a: 1 } }, "logit_bias.a", "invalid_value"],
      [{ ...ask, logit_bias: { 999999: 1 } }, "logit_bias", "invalid_value"],
      [{ ...ask, stop: [""] }, "stop", "invalid_value"],
      [{ ...ask, seed: "x" }, "seed", "invalid_type"],
      [
        { ...ask, response_format: { type: "json_schema", json_schema: {} } },
        "response_format.json_schema.schema",
        "missing_required_parameter",
      ],
      [{ ...ask, tools: [{ type: "function", function: { name: "f" } }] }, "tools", "tools_not_supported"],
      [{ ...ask, tool_choice: "required" }, "tool_choice", "invalid_value"],
      [{ ...ask, chat_template_kwargs: [] }, "chat_template_kwargs", "invalid_type"],
      [{ ...ask, messages: user("1+".repeat(400)) }, "messages", "context_length_exceeded"],
    ];
    for (const [body, param, code] of cases) {
      const { status, body: told } = await call(at, body);
      const shown = JSON.stringify(body).slice(0, 80);
      assert.equal(status, 400, `${shown}: ${JSON.stringify(told)}`);
      assert.deepEqual(Object.keys(told.error), ["message", "type", "param", "code"], shown);
      assert.deepEqual(
        [told.error.type, told.error.param, told.error.code],
        ["invalid_request_error", param, code],
        shown,
      );
    }
    const harmless = { ...ask, __proto__: null, constructor: 1, unknown: { deep: [] }, user: "x", temperature: null };
    assert.equal((await call(at, JSON.stringify({ ...harmless }).replace("{", '{"__proto__":{"n":9},'))).status, 200);
    const overflow = (await call(at, { ...ask, messages: user("1+".repeat(400)) })).body.error.message;
    assert.match(overflow, /8\d\d tokens.*256/);
  });
});

test("unknown models, paths and methods are told apart", async () => {
  await withServer({ models: [tiny.folder], aliases: ["gpt-4o"] }, async (url) => {
    const error = async (path: string, body?: unknown, init: RequestInit = {}) => {
      const reply = await call(`${url}${path}`, body, init);
      return [reply.status, reply.body.error.type, reply.body.error.code];
    };
    assert.deepEqual(await error("/v1/chat/completions", { ...ask, model: "nobody" }), [
      404,
      "not_found_error",
      "model_not_found",
    ]);
    assert.deepEqual(await error("/v1/models/nobody"), [404, "not_found_error", "model_not_found"]);
    assert.deepEqual(await error("/v1/nothing"), [404, "not_found_error", "unknown_path"]);
    assert.deepEqual(await error("/v1/chat/completions"), [405, "invalid_request_error", "method_not_allowed"]);
    assert.deepEqual(await error("/health", {}), [405, "invalid_request_error", "method_not_allowed"]);
    assert.deepEqual(await error("/v1/embeddings", {}), [501, "not_supported_error", "not_supported"]);
    assert.deepEqual(await error("/../../etc/passwd"), [404, "not_found_error", "unknown_path"]);
    const ids = (await call(`${url}/v1/models`)).body.data.map(({ id }: { id: string }) => id);
    assert.deepEqual(ids, ["tiny", "gpt-4o", "deepseek-reasoner", "deepseek-chat"]);
    for (const model of ids) assert.equal((await call(`${url}/v1/chat/completions`, { ...ask, model })).status, 200);
    const named = await call(`${url}/v1/models`, undefined, { headers: { "x-request-id": "mine-1" } });
    assert.equal(named.headers.get("x-request-id"), "mine-1");
    const forged = await raw(
      url,
      "GET /health HTTP/1.1\r\nhost: localhost\r\nx-request-id: a b<script>\r\nconnection: close\r\n\r\n",
    );
    assert.match(forged, /x-request-id: [0-9a-f-]{36}/);
  });
});

test("a client that asks for more than its share is told to wait, and how long", async () => {
  let now = 0;
  const limits = new Limits(2, 100, () => now);
  limits.admit("a");
  assert.equal(limits.admit("a")["x-ratelimit-remaining-requests"], "0");
  assert.throws(() => limits.admit("a"), { status: 429, code: "rate_limit_exceeded" });
  limits.admit("b");
  now += 30_000;
  limits.admit("a");
  limits.spend("a", 400);
  now += 60_000;
  assert.throws(() => limits.admit("a"), /100 tokens a minute/);
  now += 180_000;
  limits.admit("a");
  await withServer({ models: [tiny.folder], apiKeys: ["a", "b"], requestsPerMinute: 2 }, async (url) => {
    const as = (key: string) =>
      call(`${url}/v1/chat/completions`, ask, { headers: { authorization: `Bearer ${key}` } });
    assert.equal((await as("a")).headers.get("x-ratelimit-limit-requests"), "2");
    await as("a");
    const refused = await as("a");
    assert.deepEqual([refused.status, refused.body.error.type], [429, "rate_limit_error"]);
    assert.match(refused.headers.get("retry-after") ?? "", /^(29|30)$/);
    assert.equal((await as("b")).status, 200);
  });
});
