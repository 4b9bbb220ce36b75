// Spans as a real collector gets them: an HTTP server that takes OTLP as JSON, as OpenTelemetry's own collectors do.
import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { call, chunksOf, stream, tinyModelFolder, user, withServer } from "../test-server.ts";

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly status: { readonly code?: number };
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[];
}

let tiny: Awaited<ReturnType<typeof tinyModelFolder>>;
let collector: Server;
let traces = "";
let received = "";
const spans: Span[] = [];
before(async () => {
  tiny = await tinyModelFolder();
  collector = createServer(async (request, response) => {
    let text = "";
    for await (const piece of request) text += piece;
    received += `${request.url} ${text}\n`;
    for (const { scopeSpans } of JSON.parse(text).resourceSpans) for (const one of scopeSpans) spans.push(...one.spans);
    response.writeHead(200, { "content-type": "application/json" }).end("{}");
  });
  await new Promise<void>((resolve) => collector.listen(0, "127.0.0.1", resolve));
  traces = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
});
after(() => {
  collector.closeAllConnections();
  collector.close();
  tiny.remove();
});

/** Runs a server that sends its spans, which are all there afterwards. */
async function spansOf(use: (url: string) => Promise<void>): Promise<Span[]> {
  spans.length = 0;
  received = "";
  await withServer({ models: [tiny.folder], slots: 1, queue: 0, traces }, use);
  return [...spans];
}

const attributesOf = ({ attributes }: Span): Record<string, unknown> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, plain(value)]));
const plain = ({ arrayValue, intValue, ...other }: Readonly<Record<string, unknown>>): unknown =>
  arrayValue !== undefined
    ? (arrayValue as { values: Record<string, unknown>[] }).values.map(plain)
    : intValue !== undefined
      ? Number(intValue)
      : Object.values(other)[0];

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT = "00f067aa0ba902b7";
const ask = { messages: user("a secret question"), max_tokens: 12, seed: 3, temperature: 0.5, ignore_eos: true };
const from = (flags: string) => ({ headers: { traceparent: `00-${TRACE}-${PARENT}-${flags}` } });

const isLoaded = (): boolean =>
  Object.keys(createRequire(import.meta.url).cache).some((file) => /@opentelemetry.(sdk-trace|otlp)/.test(file));

test("without a collector nothing that makes or sends spans is loaded", async () => {
  await withServer({ models: [tiny.folder] }, async (url) => {
    assert.equal((await call(`${url}/v1/chat/completions`, ask, from("01"))).status, 200);
  });
  assert.ok(!isLoaded());
});

test("a request's spans stand in the trace of its client: HTTP, model, and queue, prefill and decode in it", async () => {
  const all = await spansOf(async (url) => {
    const chunks = await chunksOf(
      await stream(`${url}/v1/chat/completions`, { ...ask, model: "deepseek-chat" }, from("01")),
    );
    assert.equal(chunks.at(-1).choices[0].finish_reason, "length");
  });
  assert.ok(isLoaded());
  assert.match(received, /^\/v1\/traces /);
  assert.match(received, /"service\.name","value":\{"stringValue":"reckon"\}/);
  const named = (name: string): Span => {
    const found = all.filter((span) => span.name === name);
    assert.equal(found.length, 1, name);
    return found[0];
  };
  const http = named("POST /v1/chat/completions");
  const model = named("chat deepseek-chat");
  const parts = ["queue", "prefill", "decode"].map(named);
  assert.equal(all.length, 5);
  assert.ok(all.every(({ traceId }) => traceId === TRACE));
  assert.deepEqual([http.parentSpanId, http.kind, model.parentSpanId], [PARENT, 2, http.spanId]);
  assert.ok(parts.every(({ parentSpanId }) => parentSpanId === model.spanId));
  // Each part begins where the one before ends, and together they are the whole.
  const edges = [model.startTimeUnixNano, ...parts.map(({ endTimeUnixNano }) => endTimeUnixNano)].map(BigInt);
  for (const [i, part] of parts.entries()) assert.equal(BigInt(part.startTimeUnixNano), edges[i]);
  assert.ok(edges[3] <= BigInt(model.endTimeUnixNano));
  const told = attributesOf(http);
  assert.deepEqual(
    [told["http.request.method"], told["http.route"], told["http.response.status_code"]],
    ["POST", "/v1/chat/completions", 200],
  );
  const { "gen_ai.usage.input_tokens": read, "gen_ai.response.id": id, ...rest } = attributesOf(model);
  assert.ok(Number(read) > 10 && String(id).length > 10);
  assert.deepEqual(rest, {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "reckon",
    "gen_ai.request.model": "deepseek-chat",
    "gen_ai.request.max_tokens": 12,
    "gen_ai.request.temperature": 0.5,
    "gen_ai.request.seed": 3,
    "gen_ai.response.model": "tiny",
    "gen_ai.response.finish_reasons": ["length"],
    "gen_ai.usage.output_tokens": 12,
    "gen_ai.usage.cache_read.input_tokens": 0,
    "gen_ai.usage.reasoning.output_tokens": 0,
  });
  assert.ok(!received.includes("secret"));
});

test("every API's requests have their span, refused ones and failures too, and a client may ask for none", async () => {
  const all = await spansOf(async (url) => {
    const asks: [string, object][] = [
      ["/v1/completions", { prompt: "a secret", max_tokens: 2 }],
      ["/v1/responses", { input: "a secret", max_output_tokens: 2 }],
      ["/v1/messages", { messages: user("a secret"), max_tokens: 2, model: "tiny" }],
      ["/api/chat", { messages: user("a secret"), model: "tiny", stream: false, options: { num_predict: 2 } }],
      ["/api/generate", { prompt: "a secret", model: "tiny", raw: true, stream: false, options: { num_predict: 2 } }],
    ];
    for (const [path, body] of asks) assert.equal((await call(url + path, body)).status, 200, path);
    assert.equal((await call(`${url}/v1/chat/completions`, { ...ask, n: 2 })).status, 400);
    assert.equal((await call(`${url}/v1/chat/completions`, ask, from("00"))).status, 200);
    assert.equal((await call(`${url}/health`)).status, 200);
  });
  const names = (kind: number): string[] => all.filter((span) => span.kind === kind).map(({ name }) => name);
  const paths = ["/v1/completions", "/v1/responses", "/v1/messages", "/api/chat", "/api/generate"];
  assert.deepEqual(names(2).sort(), [...paths, "/v1/chat/completions"].map((path) => `POST ${path}`).sort());
  const models = names(1).filter((name) => / tiny$/.test(name));
  assert.deepEqual(models.sort(), [...Array(3).fill("chat tiny"), ...Array(2).fill("text_completion tiny")]);
  assert.ok(all.every(({ traceId }) => traceId !== TRACE));
  assert.ok(!received.includes("secret"));
});

test("a reader that leaves is told as that, and a collector that is not there costs neither an answer nor the end", async () => {
  const all = await spansOf(async (url) => {
    const response = await stream(`${url}/v1/chat/completions`, { ...ask, max_tokens: 200 });
    await response.body?.cancel();
  });
  const model = all.find(({ name }) => name.startsWith("chat "))!;
  assert.equal(attributesOf(model)["error.type"], "cancelled");
  assert.ok(all.some(({ name }) => name === "POST /v1/chat/completions"));
  await withServer({ models: [tiny.folder], traces: "http://127.0.0.1:1" }, async (url) => {
    assert.equal((await call(`${url}/v1/chat/completions`, ask)).status, 200);
  });
});
