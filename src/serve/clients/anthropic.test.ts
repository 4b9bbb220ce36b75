// Anthropic's own client against the server.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import Anthropic from "@anthropic-ai/sdk";
import { BUNDLED_MODEL } from "../../generate/session.ts";
import { type RunningServer, startServer } from "../server.ts";
import { call, TOOL_TEMPLATE, tinyModelFolder, user } from "../test-server.ts";

let server: RunningServer;
let tiny: Awaited<ReturnType<typeof tinyModelFolder>>;
let client: Anthropic;
before(async () => {
  tiny = await tinyModelFolder();
  writeFileSync(join(tiny.folder, "chat_template.jinja"), TOOL_TEMPLATE);
  const models = [BUNDLED_MODEL, tiny.folder];
  server = await startServer({ port: 0, logLevel: "silent", threads: 1, models, apiKeys: ["secret"] });
  client = new Anthropic({ baseURL: server.url, apiKey: "secret", maxRetries: 0 });
});
after(async () => {
  await server.stop();
  tiny.remove();
});

const messages = [{ role: "user" as const, content: "What is 12 + 30?" }];
const question = { model: "reckon-nano", max_tokens: 300, temperature: 0, messages };
const thinking = { type: "enabled", budget_tokens: 200 } as const;
const kinds = ({ content }: Anthropic.Message): string[] => content.map(({ type }) => type);
const textOf = ({ content }: Anthropic.Message): string =>
  content.map((block) => (block.type === "text" ? block.text : "")).join("");

test("an answer and its thinking are blocks, whole and streamed, with usage", async () => {
  const whole = await client.messages.create({ ...question, thinking });
  assert.deepEqual(kinds(whole), ["thinking", "text"]);
  assert.deepEqual([whole.type, whole.role, whole.model], ["message", "assistant", "reckon-nano"]);
  assert.deepEqual([whole.stop_reason, whole.stop_sequence], ["end_turn", null]);
  assert.ok((whole.usage.output_tokens_details?.thinking_tokens ?? 0) > 0);
  assert.match(whole._request_id ?? "", /^[0-9a-f-]{36}$/);
  const stream = client.messages.stream({ ...question, thinking });
  const types: string[] = [];
  for await (const event of stream) {
    const type = event.type === "content_block_delta" ? event.delta.type : event.type;
    if (types.at(-1) !== type) types.push(type);
  }
  const final = await stream.finalMessage();
  assert.deepEqual(final.content, whole.content);
  assert.equal(final.usage.output_tokens, whole.usage.output_tokens);
  const read = ({ usage }: Anthropic.Message) => usage.input_tokens + (usage.cache_read_input_tokens ?? 0);
  assert.equal(read(final), read(whole));
  assert.deepEqual(types, [
    "message_start",
    "content_block_start",
    "thinking_delta",
    "signature_delta",
    "content_block_stop",
    "content_block_start",
    "text_delta",
    "content_block_stop",
    "message_delta",
    "message_stop",
  ]);
});

test("it thinks where that is asked for or the name says so, and the thinking may be left out", async () => {
  assert.deepEqual(kinds(await client.messages.create(question)), ["text"]);
  const named = await client.messages.create({ ...question, model: "deepseek-reasoner" });
  assert.deepEqual(kinds(named), ["thinking", "text"]);
  const direct = await client.messages.create({
    ...question,
    model: "deepseek-reasoner",
    thinking: { type: "disabled" },
  });
  assert.deepEqual(kinds(direct), ["text"]);
  const hidden = await client.messages.create({ ...question, thinking: { ...thinking, display: "omitted" } });
  assert.deepEqual([kinds(hidden), textOf(hidden)], [["text"], textOf(named)]);
  const short = await client.messages.create({ ...question, thinking: { type: "enabled", budget_tokens: 2 } });
  assert.equal(short.usage.output_tokens_details?.thinking_tokens, 2);
  assert.ok(textOf(short) !== "");
  const lost = await client.messages.create({
    ...question,
    max_tokens: 3,
    thinking: { type: "adaptive" },
    model: "deepseek-reasoner",
  });
  assert.deepEqual([kinds(lost), lost.stop_reason], [["thinking"], "max_tokens"]);
  assert.deepEqual((lost as { incomplete_details?: object }).incomplete_details, { reason: "max_tokens_in_reasoning" });
});

test("stop texts are told; a last turn of the assistant's is gone on from; a conversation goes back as it came", async () => {
  const first = await client.messages.create({ ...question, thinking });
  const text = textOf(first);
  const stopped = await client.messages.create({ ...question, thinking, stop_sequences: [text.slice(1)] });
  assert.deepEqual([stopped.stop_reason, stopped.stop_sequence], ["stop_sequence", text.slice(1)]);
  assert.equal(textOf(stopped), text[0]);
  const more = await client.messages.create({
    ...question,
    messages: [...messages, { role: "assistant", content: text[0] }],
  });
  assert.notEqual(textOf(more), "");
  const next = await client.messages.create({
    ...question,
    system: [{ type: "text", text: "Be brief." }],
    thinking,
    messages: [...messages, { role: "assistant", content: first.content }, { role: "user", content: "And 5 + 6?" }],
  });
  assert.notEqual(textOf(next), "");
  const { input_tokens: counted } = await client.messages.countTokens({ model: "reckon-nano", messages, thinking });
  assert.equal(counted, first.usage.input_tokens + (first.usage.cache_read_input_tokens ?? 0));
});

test("a schema holds the answer", async () => {
  const schema = { type: "object", properties: { sum: { type: "integer" } }, required: ["sum"] };
  const held = await client.messages.create({
    ...question,
    thinking,
    output_config: { format: { type: "json_schema", schema } },
  });
  assert.ok(Number.isInteger(JSON.parse(textOf(held)).sum));
});

test("tools are called with an object, whole and streamed, and their results are read", async () => {
  const tool = {
    name: "f",
    input_schema: {
      type: "object" as const,
      properties: { a: { enum: [1, 2] } },
      required: ["a"],
      additionalProperties: false,
    },
    strict: true,
  };
  const asked = {
    model: "tiny",
    max_tokens: 120,
    messages: [{ role: "user" as const, content: "2+2?" }],
    tools: [tool],
    tool_choice: { type: "any" as const, disable_parallel_tool_use: true },
    ...{ seed: 1 },
  };
  const whole = await client.messages.create(asked);
  const used = whole.content.find((block) => block.type === "tool_use")!;
  assert.deepEqual([whole.stop_reason, used.name], ["tool_use", "f"]);
  assert.ok([1, 2].includes((used.input as { a: number }).a));
  let json = "";
  const stream = client.messages.stream(asked).on("inputJson", (delta) => {
    json += delta;
  });
  const final = await stream.finalMessage();
  const streamed = final.content.find((block) => block.type === "tool_use")!;
  assert.deepEqual([streamed.input, JSON.parse(json)], [used.input, used.input]);
  const next = await client.messages.create({
    ...asked,
    max_tokens: 5,
    tool_choice: { type: "none" },
    messages: [
      ...asked.messages,
      { role: "assistant", content: [used] },
      {
        role: "user",
        content: [
          { type: "tool_result", tool_use_id: used.id, content: "4" },
          { type: "text", text: "?" },
        ],
      },
    ],
  });
  assert.equal(next.type, "message");
  await assert.rejects(client.messages.create({ ...asked, model: "reckon-nano" }), /was not trained to call tools/);
});

test("errors have Anthropic's shape and the client's classes", async () => {
  const create = (body: object, with_ = client) => with_.messages.create({ ...question, ...body });
  await assert.rejects(create({ model: "nobody" }), (error: unknown) => {
    assert.ok(error instanceof Anthropic.NotFoundError);
    const body = error.error as { type: string; error: { type: string; message: string }; request_id: string };
    assert.deepEqual([body.type, body.error.type], ["error", "not_found_error"]);
    assert.match(body.error.message, /There is no model "nobody" here/);
    assert.equal(body.request_id, error.requestID);
    return true;
  });
  await assert.rejects(create({}, client.withOptions({ apiKey: "wrong" })), Anthropic.AuthenticationError);
  const bearer = new Anthropic({ baseURL: server.url, apiKey: null, authToken: "secret", maxRetries: 0 });
  assert.equal((await bearer.messages.create(question)).type, "message");
  for (const [body, said] of [
    [{ messages: [] }, /messages/],
    [{ max_tokens: 0 }, /max_tokens/],
    [{ max_tokens: undefined }, /max_tokens/],
    [{ thinking: { type: "enabled", budget_tokens: 300 } }, /must be less than max_tokens/],
    [{ messages: [{ role: "user", content: [{ type: "image" }] }] }, /messages\[0\]\.content\[0\].*reads text only/],
    [{ tools: [{ type: "web_search_20250305", name: "web_search" }] }, /tools\[0\]/],
    [{ model: "tiny", messages: [{ role: "user", content: "x".repeat(500) }] }, /context|tokens/],
  ] as const) {
    await assert.rejects(create(body), (error: unknown) => {
      assert.ok(error instanceof Anthropic.BadRequestError, JSON.stringify(body));
      assert.match(error.message, said);
      return true;
    });
  }
  const broken = await call(`${server.url}/v1/messages`, "{", { headers: { "x-api-key": "secret" } });
  assert.deepEqual([broken.status, broken.body.error.type], [400, "invalid_request_error"]);
  const nothing = await call(`${server.url}/v1/messages/batches`, { x: 1 }, { headers: { "x-api-key": "secret" } });
  assert.deepEqual([nothing.status, nothing.body.type], [404, "error"]);
});

test("aborting ends the request", async () => {
  const engine = await server.core.models.resolve("tiny").served.engine();
  const long = { model: "tiny", max_tokens: 230, messages: user("go") as typeof messages, ...{ ignore_eos: true } };
  const stream = client.messages.stream(long);
  await assert.rejects(async () => {
    for await (const event of stream) if (event.type === "content_block_delta") stream.abort();
  }, Anthropic.APIUserAbortError);
  while (engine.busy) await new Promise((resolve) => setTimeout(resolve, 1));
});
