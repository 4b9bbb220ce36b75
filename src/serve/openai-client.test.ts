// OpenAI's own client against the server: what people's programs do on their first day with it.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import OpenAI from "openai";
import { BUNDLED_MODEL } from "../generate/session.ts";
import { type RunningServer, startServer } from "./server.ts";
import { TOOL_TEMPLATE, tinyModelFolder, user } from "./test-server.ts";

let server: RunningServer;
let tiny: Awaited<ReturnType<typeof tinyModelFolder>>;
let client: OpenAI;
before(async () => {
  tiny = await tinyModelFolder();
  writeFileSync(join(tiny.folder, "chat_template.jinja"), TOOL_TEMPLATE);
  server = await startServer({
    port: 0,
    logLevel: "silent",
    models: [BUNDLED_MODEL, tiny.folder],
    threads: 1,
    apiKeys: ["secret"],
  });
  client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "secret", maxRetries: 0 });
});
after(async () => {
  await server.stop();
  tiny.remove();
});

/** DeepSeek's field, which OpenAI's types do not know. */
interface Thinking {
  readonly reasoning_content?: string | null;
}

const question = { model: "deepseek-reasoner", messages: user("What is 12 + 30?"), temperature: 0 } as const;

test("an answer with its thinking, whole and streamed", async () => {
  const whole = await client.chat.completions.create({
    ...question,
    messages: [{ role: "user", content: "What is 12 + 30?" }],
  });
  const { message } = whole.choices[0];
  const { reasoning_content: thinking } = message as typeof message & Thinking;
  assert.ok(thinking !== undefined && thinking !== "" && message.content !== "");
  assert.ok((whole.usage?.completion_tokens_details?.reasoning_tokens ?? 0) > 0);
  const stream = await client.chat.completions.create({
    ...question,
    messages: [{ role: "user", content: "What is 12 + 30?" }],
    stream: true,
    stream_options: { include_usage: true },
  });
  let [content, reasoning] = ["", ""];
  let usage: OpenAI.CompletionUsage | null | undefined;
  for await (const chunk of stream) {
    const delta = chunk.choices[0]?.delta as (OpenAI.ChatCompletionChunk.Choice.Delta & Thinking) | undefined;
    content += delta?.content ?? "";
    reasoning += delta?.reasoning_content ?? "";
    usage = chunk.usage ?? usage;
  }
  assert.deepEqual([content, reasoning], [message.content, thinking]);
  assert.equal(usage?.completion_tokens, whole.usage?.completion_tokens);
});

test("the streaming helper puts the answer together", async () => {
  const stream = client.chat.completions.stream({
    ...question,
    model: "reckon-nano",
    messages: [{ role: "user", content: "What is 12 + 30?" }],
    logprobs: true,
  });
  const final = await stream.finalChatCompletion();
  assert.equal(final.choices[0].finish_reason, "stop");
  assert.equal(
    final.choices[0].message.content,
    final.choices[0].logprobs?.content?.map(({ token }) => token).join(""),
  );
});

test("tools are called, whole and streamed, and their results go back", async () => {
  const parameters = {
    type: "object",
    properties: { a: { enum: [1, 2] } },
    required: ["a"],
    additionalProperties: false,
  };
  const ask = {
    model: "tiny",
    messages: [{ role: "user" as const, content: "2+2?" }],
    tools: [{ type: "function" as const, function: { name: "f", parameters } }],
    tool_choice: "required" as const,
    parallel_tool_calls: false,
    max_tokens: 120,
    seed: 2,
    ...{ thinking: { type: "disabled" } },
  };
  const { choices } = await client.chat.completions.create(ask);
  const { message, finish_reason: finish } = choices[0];
  const [made] = message.tool_calls ?? [];
  assert.ok(finish === "tool_calls" && made.type === "function" && made.function.name === "f");
  assert.ok([1, 2].includes(JSON.parse(made.function.arguments).a));
  const pieces: string[] = [];
  const stream = client.chat.completions.stream(ask);
  stream.on("tool_calls.function.arguments.delta", ({ arguments_delta: delta }) => pieces.push(delta));
  const final = (await stream.finalChatCompletion()).choices[0];
  const [streamed] = final.message.tool_calls ?? [];
  assert.ok(final.finish_reason === "tool_calls" && streamed.type === "function");
  assert.deepEqual(streamed.function.arguments, made.function.arguments);
  assert.ok(pieces.length > 1 && pieces.join("") === made.function.arguments);
  const next = await client.chat.completions.create({
    ...ask,
    messages: [...ask.messages, message, { role: "tool", tool_call_id: made.id, content: "4" }],
    tool_choice: "none",
    max_tokens: 3,
  });
  assert.match(next.choices[0].finish_reason, /^(stop|length)$/);
});

test("stopping the stream frees the slot", async () => {
  const engine = await server.core.models.resolve("tiny").served.engine();
  const stream = await client.chat.completions.create({
    model: "tiny",
    messages: [{ role: "user", content: "go" }],
    max_tokens: 240,
    stream: true,
    ...{ ignore_eos: true },
  });
  for await (const _ of stream) {
    stream.controller.abort();
    break;
  }
  while (engine.busy) await new Promise((resolve) => setTimeout(resolve, 1));
});

test("a schema's answer parses, errors have their classes, models are listed", async () => {
  const parsed = await client.chat.completions.parse({
    ...question,
    messages: [{ role: "user", content: "What is 12 + 30?" }],
    response_format: {
      type: "json_schema",
      json_schema: {
        name: "sum",
        strict: true,
        schema: {
          type: "object",
          properties: { sum: { type: "integer" } },
          required: ["sum"],
          additionalProperties: false,
        },
      },
    },
  });
  assert.equal(typeof JSON.parse(parsed.choices[0].message.content ?? "").sum, "number");
  const create = (body: object, options: Partial<ConstructorParameters<typeof OpenAI>[0]> = {}) =>
    client.withOptions({ ...options }).chat.completions.create({ ...question, messages: [], ...body });
  await assert.rejects(create({ messages: user("x"), model: "nobody" }), OpenAI.NotFoundError);
  await assert.rejects(
    create({}),
    (error: unknown) => error instanceof OpenAI.BadRequestError && error.param === "messages",
  );
  await assert.rejects(create({ messages: user("x") }, { apiKey: "wrong" }), OpenAI.AuthenticationError);
  const ids: string[] = [];
  for await (const { id } of client.models.list()) ids.push(id);
  assert.deepEqual(ids, ["reckon-nano", "tiny", "deepseek-reasoner", "deepseek-chat"]);
  const text = await client.completions.create({
    model: "tiny",
    prompt: "2+2",
    max_tokens: 3,
    seed: 1,
    ...{ ignore_eos: true },
  });
  assert.equal(text.usage?.completion_tokens, 3);
});
