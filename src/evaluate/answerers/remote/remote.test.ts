import assert from "node:assert/strict";
import { test } from "node:test";
import type { Reply } from "../../item.ts";
import type { AnswerSettings, Ask } from "../answerer.ts";
import { apiKey, baseUrl, openEndpoint } from "./endpoint.ts";
import { RemoteAnswerer, type RemoteOptions } from "./remote.ts";
import { delayBefore, isPassing, retryAfter } from "./retry.ts";
import { failed, type Handler, streamed, sumIn, type TestServer, testServer, whole } from "./test-server.ts";

const settings: AnswerSettings = { temperature: 0.6, topP: 0.95, maxTokens: 77 };

const asks = (count: number): Ask[] =>
  Array.from({ length: count }, (_, i) => {
    const item = {
      id: `q${i}`,
      group: "g",
      variant: null,
      question: `q${i}`,
      prompt: `What is ${i}+1?`,
      gold: String(i + 1),
    };
    return { item, sample: 0, seed: 4_000_000_000 + i };
  });

interface Answered {
  readonly replies: Map<string, Reply>;
  readonly notices: string[];
}

/** Asks a server; random numbers of 0 make every wait as short as it can be. */
async function answer(
  server: TestServer,
  count: number,
  options: Partial<RemoteOptions> = {},
  signal = new AbortController().signal,
): Promise<Answered> {
  const endpoint = await openEndpoint(server.url, "tiny", "k");
  const answerer = new RemoteAnswerer(endpoint, {
    concurrency: 4,
    retries: 3,
    timeout: 20,
    random: () => 0,
    ...options,
  });
  const [replies, notices] = [new Map<string, Reply>(), [] as string[]];
  await answerer.answerAll(asks(count), settings, {
    signal,
    onReply: ({ item }, reply) => {
      assert.ok(!replies.has(item.id), `${item.id} was told twice`);
      replies.set(item.id, reply);
    },
    onNotice: (line) => notices.push(line),
  });
  return { replies, notices };
}

const answering: Handler = ({ prompt }, response) => streamed(response, "let me see… 数", `\\boxed{${sumIn(prompt)}}`);

test("a question is asked as the protocol says, and thinking, answer, usage and cache hits are read from the stream", async () => {
  await using server = await testServer(answering);
  const { replies } = await answer(server, 1);
  const { path, headers, body } = server.asked[0]!;
  assert.deepEqual([path, headers.authorization], ["/v1/chat/completions", "Bearer k"]);
  assert.deepEqual(body, {
    model: "tiny",
    messages: [{ role: "user", content: "What is 0+1?" }],
    temperature: 0.6,
    top_p: 0.95,
    max_tokens: 77,
    seed: 4_000_000_000,
    stream: true,
    stream_options: { include_usage: true },
  });
  const { seconds, ...reply } = replies.get("q0")!;
  assert.ok(seconds! >= 0);
  assert.deepEqual(reply, {
    text: "<think>let me see… 数</think>\\boxed{1}",
    tokens: 9 + 13,
    thinking: 13,
    finish: "stop",
    promptTokens: 20,
    cachedTokens: 8,
  });
});

test("a server that sends one document is read too; thinking without an answer stays open; `reasoning` is another name for it", async () => {
  await using server = await testServer(({ prompt }, response, number) => {
    if (number === 1) whole(response, { content: `It is ${sumIn(prompt)}`, refusal: null });
    else if (number === 2) whole(response, { content: null, reasoning: "and so on" }, "length");
    else whole(response, { content: "<think>own tags</think>3" });
  });
  const { replies } = await answer(server, 3, { concurrency: 1 });
  assert.deepEqual(
    [...replies.values()].map(({ text, finish }) => [text, finish]),
    [
      ["It is 1", "stop"],
      ["<think>and so on", "length"],
      ["<think>own tags</think>3", "stop"],
    ],
  );
});

test("no more requests are under way than asked for, and every question is answered once", async () => {
  let [now, most] = [0, 0];
  await using server = await testServer(async (asked, response, number) => {
    most = Math.max(most, ++now);
    await new Promise((resolve) => setTimeout(resolve, 5));
    now--;
    await answering(asked, response, number);
  });
  const { replies } = await answer(server, 20, { concurrency: 3 });
  assert.deepEqual([replies.size, most], [20, 3]);
  for (const [id, { text }] of replies) assert.ok(text.endsWith(`\\boxed{${Number(id.slice(1)) + 1}}`));
});

test("too many requests: everybody waits as long as the server asks", async () => {
  let limited = -1;
  await using server = await testServer((asked, response, number) => {
    if (number === 3) {
      limited = asked.at;
      failed(response, 429, "slow down", { "retry-after": "0.4" });
    } else answering(asked, response, number);
  });
  const { replies, notices } = await answer(server, 12, { concurrency: 2 });
  assert.equal(replies.size, 12);
  assert.match(notices[0]!, /^429 slow down; asking again in 0\.4 s \(q\d, attempt 1 of 4\)$/);
  // One request may have been on its way already when the other was refused.
  const soon = server.asked.filter(({ at }) => at > limited && at < limited + 380).length;
  assert.ok(soon <= 1, `${soon} requests came before the time`);
});

test("what may pass is asked again: server errors, broken streams, refused resources, nonsense, silence", async () => {
  const faults: Handler[] = [
    (_, response) => failed(response, 503, "loading"),
    (_, response) => response.destroy(),
    (_, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write('data: {"choices":[{"index":0,"delta":{"content":"half of an ans"}}]}\n\n');
      setTimeout(() => response.destroy(), 10);
    },
    (_, response) => streamed(response, "", "cut", "insufficient_system_resource"),
    (_, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.end("<html>gateway</html>");
    },
    (_, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.end('data: {"error":{"message":"out of memory"}}\n\n');
    },
    () => {}, // says nothing at all
  ];
  const reasons = [
    /^503 loading/,
    /^the connection failed/,
    /^the (connection failed|answer broke off)/,
    /^the server ran out/,
    /^the server sent no JSON/,
    /^the server reported "out of memory"/,
    /^no byte for 0\.3 s/,
  ];
  for (const [i, fault] of faults.entries()) {
    await using server = await testServer((asked, response, number) =>
      (number === 1 ? fault : answering)(asked, response, number),
    );
    const { replies, notices } = await answer(server, 1, { timeout: 0.3 });
    assert.match(notices[0]!, reasons[i]!);
    assert.deepEqual([replies.get("q0")?.text.endsWith("\\boxed{1}"), server.asked.length], [true, 2]);
  }
});

test("what does not pass by itself ends it with one sentence, and so do too many failures", async () => {
  const cases: readonly (readonly [number, string, RegExp])[] = [
    [401, "bad key", /refused the request \(401: bad key\); set the key with --api-key or RECKON_API_KEY\.$/],
    [402, "empty", /402: empty\); the account has no balance\.$/],
    [404, "no such model", /check the address and --api-model tiny\.$/],
    [422, "temperature is out of range", /\(422: temperature is out of range\)\.$/],
  ];
  for (const [status, said, message] of cases) {
    await using server = await testServer((_, response) => failed(response, status, said));
    await assert.rejects(answer(server, 6), { name: "UserError", message });
    assert.ok(server.asked.length <= 4, "nothing more is asked after the first refusal");
  }
  await using server = await testServer((_, response) => failed(response, 500, "oh"));
  await assert.rejects(answer(server, 1, { retries: 1 }), {
    message: /did not answer q0 in 2 attempts; the last time: 500 oh\.$/,
  });
  await using waiting = await testServer((_, response) =>
    failed(response, 429, "tomorrow", { "retry-after": "86400" }),
  );
  await assert.rejects(answer(waiting, 1), { message: /in 1 attempts; the last time: 429 tomorrow/ });
});

test("a server that knows the token limit by its newer name gets that name", async () => {
  await using server = await testServer((asked, response, number) => {
    if ("max_tokens" in asked.body)
      failed(response, 400, "Unsupported parameter: use 'max_completion_tokens' instead.");
    else answering(asked, response, number);
  });
  assert.equal((await answer(server, 5)).replies.size, 5);
  assert.equal(server.asked.at(-1)!.body.max_completion_tokens, 77);
});

test("an interrupt cuts requests under way and tells nothing of them", async () => {
  const stop = new AbortController();
  await using server = await testServer((asked, response, number) => {
    if (number <= 2) answering(asked, response, number);
    else stop.abort();
  });
  const { replies } = await answer(server, 9, { concurrency: 1 }, stop.signal);
  assert.equal(replies.size, 2);
});

test("the only model of a server is taken; several have to be chosen from; an address that is none is told", async () => {
  const listing =
    (...ids: string[]): Handler =>
    (_, response) => {
      response.end(JSON.stringify({ data: ids.map((id) => ({ id })) }));
    };
  await using one = await testServer(listing("r1"));
  assert.deepEqual(await openEndpoint(`${one.url}/v1/`, undefined, null), {
    base: `${one.url}/v1`,
    model: "r1",
    headers: { "content-type": "application/json" },
  });
  await using aliased = await testServer(listing("own", "deepseek-reasoner", "deepseek-chat"));
  assert.equal((await openEndpoint(aliased.url, undefined, null)).model, "own");
  await using two = await testServer(listing("a", "b"));
  await assert.rejects(openEndpoint(two.url, undefined, null), {
    exitCode: 2,
    message: /several models \(a, b\); name one with --api-model/,
  });
  await assert.rejects(openEndpoint("http://127.0.0.1:1", undefined, null), { message: /does not list its models/ });
  assert.throws(() => baseUrl("http://"), { exitCode: 2 });
  assert.deepEqual(
    ["https://api.deepseek.com", "https://api.openai.com/v1", "http://h:1/api/v3/chat/completions", "http://h/x/"].map(
      baseUrl,
    ),
    ["https://api.deepseek.com/v1", "https://api.openai.com/v1", "http://h:1/api/v3", "http://h/x"],
  );
});

test("a key is given, named by its variable, or taken from the usual one", () => {
  const environment = { RECKON_API_KEY: "usual", MINE: "own" };
  assert.deepEqual(
    [
      apiKey("sk-1", environment),
      apiKey("env:MINE", environment),
      apiKey(undefined, environment),
      apiKey(undefined, {}),
    ],
    ["sk-1", "own", "usual", null],
  );
  assert.throws(() => apiKey("env:NONE", environment), { exitCode: 2, message: /no NONE/ });
});

test("waits double up to a minute with jitter, and are what the server asked for where it did", () => {
  assert.deepEqual(
    [1, 2, 3, 20].map((attempt) => delayBefore(attempt, null, () => 1)),
    [0.5, 1, 2, 60],
  );
  assert.equal(
    delayBefore(1, null, () => 0),
    0.25,
  );
  assert.deepEqual([delayBefore(1, 7, () => 0), delayBefore(5, 7, () => 1)], [7, 8]);
  const headers = (entries: Record<string, string>) => new Headers(entries);
  assert.equal(retryAfter(headers({ "retry-after-ms": "1500", "retry-after": "9" }), 0), 1.5);
  assert.equal(retryAfter(headers({ "retry-after": "Thu, 01 Jan 1970 00:00:30 GMT" }), 10_000), 20);
  assert.equal(retryAfter(headers({ "retry-after": "soon" }), 0), null);
  assert.deepEqual([429, 500, 503, 529, 408].map(isPassing).concat([400, 401, 404, 501].map(isPassing)), [
    true,
    true,
    true,
    true,
    true,
    false,
    false,
    false,
    false,
  ]);
});
