// OpenAI's own client on /v1/responses: whole, streamed, followed, kept, deleted, refused.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import OpenAI from "openai";
import { BUNDLED_MODEL } from "../../generate/session.ts";
import { BUNDLED_TEMPLATE } from "../../text/template.ts";
import { type RunningServer, startServer } from "../server.ts";
import { frames, tinyModelFolder, withServer } from "../test-server.ts";

let server: RunningServer;
let tiny: Awaited<ReturnType<typeof tinyModelFolder>>;
let client: OpenAI;
before(async () => {
  tiny = await tinyModelFolder();
  const place = BUNDLED_TEMPLATE.replace(
    "{%- elif message['role'] != 'system' -%}",
    "{%- elif message['role'] == 'tool' -%}{{- message['content'] -}}{%- elif message['role'] != 'system' -%}",
  );
  const template = `{%- for tool in tools or [] -%}{{ tool.function.name }}<tool_call>{%- endfor -%}${place}`;
  writeFileSync(join(tiny.folder, "chat_template.jinja"), template);
  const models = [BUNDLED_MODEL, tiny.folder];
  server = await startServer({ port: 0, logLevel: "silent", models, threads: 1, apiKeys: ["secret", "other"] });
  client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "secret", maxRetries: 0 });
});
after(async () => {
  await server.stop();
  tiny.remove();
});

const question = { model: "deepseek-reasoner", input: "What is 12 + 30?", temperature: 0 } as const;

/** The text of thinking, which stands in the open. */
const thinkingOf = ({ output }: { readonly output: readonly OpenAI.Responses.ResponseOutputItem[] }): string =>
  output
    .map((item) => (item.type === "reasoning" ? (item.content ?? []).map(({ text }) => text).join("") : ""))
    .join("");

test("a response with its thinking is the same whole and streamed, and as the chat gives it", async () => {
  const whole = await client.responses.create(question);
  assert.equal(whole.status, "completed");
  assert.deepEqual(
    whole.output.map(({ type }) => type),
    ["reasoning", "message"],
  );
  assert.ok((whole.usage?.output_tokens_details.reasoning_tokens ?? 0) > 0);
  const chat = await client.chat.completions.create({
    model: question.model,
    temperature: 0,
    messages: [{ role: "user", content: question.input }],
  });
  assert.equal(whole.output_text, chat.choices[0].message.content);
  const types: string[] = [];
  const stream = client.responses.stream(question);
  let [text, thinking, last] = ["", "", -1];
  for await (const event of stream) {
    assert.equal(event.sequence_number, ++last);
    if (types.at(-1) !== event.type) types.push(event.type);
    if (event.type === "response.output_text.delta") text += event.delta;
    if (event.type === "response.reasoning_text.delta") thinking += event.delta;
  }
  const final = await stream.finalResponse();
  assert.deepEqual([text, thinking], [whole.output_text, thinkingOf(whole)]);
  assert.deepEqual([final.output_text, thinkingOf(final), final.status], [text, thinking, "completed"]);
  assert.deepEqual(types, [
    "response.created",
    "response.in_progress",
    "response.output_item.added",
    "response.content_part.added",
    "response.reasoning_text.delta",
    "response.reasoning_text.done",
    "response.content_part.done",
    "response.output_item.done",
    "response.output_item.added",
    "response.content_part.added",
    "response.output_text.delta",
    "response.output_text.done",
    "response.content_part.done",
    "response.output_item.done",
    "response.completed",
  ]);
});

test("a response follows another as if all had been sent, and instructions do not carry over", async () => {
  const first = await client.responses.create({ ...question, instructions: "Be brief." });
  const next = await client.responses.create({
    ...question,
    input: "And 5 + 6?",
    previous_response_id: first.id,
  });
  const items = [
    { role: "user" as const, content: question.input },
    ...(first.output as OpenAI.Responses.ResponseInputItem[]),
    { role: "user" as const, content: "And 5 + 6?" },
  ];
  const sent = await client.responses.create({ ...question, input: items, store: false });
  assert.deepEqual([next.output_text, next.usage?.input_tokens], [sent.output_text, sent.usage?.input_tokens]);
  assert.ok((next.usage?.input_tokens ?? 0) > (first.usage?.input_tokens ?? 0));
  assert.equal((await client.responses.retrieve(first.id)).output_text, first.output_text);
  const inputs = await client.responses.inputItems.list(next.id);
  assert.equal(inputs.data.length, 1);
  await assert.rejects(client.responses.retrieve(sent.id), OpenAI.NotFoundError);
  await assert.rejects(client.withOptions({ apiKey: "other" }).responses.retrieve(first.id), OpenAI.NotFoundError);
  await client.responses.delete(first.id);
  await assert.rejects(
    client.responses.create({ ...question, previous_response_id: next.id }),
    (error: unknown) => error instanceof OpenAI.NotFoundError && error.code === "previous_response_not_found",
  );
});

test("tools: a call is an item, its output goes back, and its arguments come in pieces", async () => {
  const parameters = {
    type: "object",
    properties: { a: { enum: [1, 2] } },
    required: ["a"],
    additionalProperties: false,
  };
  const request = {
    model: "tiny",
    input: "2+2?",
    seed: 1,
    max_output_tokens: 120,
    reasoning: { effort: "none" as const },
    tools: [{ type: "function" as const, name: "f", parameters, strict: true }],
    tool_choice: "required" as const,
    parallel_tool_calls: false,
  };
  const stream = client.responses.stream(request);
  let told = "";
  for await (const event of stream) {
    if (event.type === "response.function_call_arguments.delta") told += event.delta;
  }
  const final = await stream.finalResponse();
  const call = final.output.find((item) => item.type === "function_call")!;
  assert.deepEqual([call.name, told], ["f", call.arguments]);
  assert.ok([1, 2].includes(JSON.parse(told).a));
  const next = await client.responses.create({
    model: "tiny",
    previous_response_id: final.id,
    input: [{ type: "function_call_output", call_id: call.call_id, output: "4" }],
    max_output_tokens: 5,
  });
  assert.ok(["completed", "incomplete"].includes(next.status ?? ""));
});

test("a schema's answer parses; the token limit, wrong fields and unknown models are told", async () => {
  const parsed = await client.responses.parse({
    ...question,
    text: {
      format: {
        type: "json_schema",
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
  assert.equal(typeof JSON.parse(parsed.output_text).sum, "number");
  const cut = await client.responses.create({ ...question, max_output_tokens: 3 });
  assert.deepEqual(
    [cut.status, cut.incomplete_details?.reason, cut.output_text],
    ["incomplete", "max_output_tokens", ""],
  );
  const listed = await client.responses.create({
    ...question,
    include: ["message.output_text.logprobs"],
    top_logprobs: 2,
  });
  const message = listed.output.find((item) => item.type === "message")!;
  const [part] = message.content;
  assert.ok(part.type === "output_text" && part.logprobs?.map(({ token }) => token).join("") === part.text);
  await assert.rejects(client.responses.create({ ...question, model: "nobody" }), OpenAI.NotFoundError);
  for (const [body, param] of [
    [{ input: [] }, "input"],
    [{ input: undefined }, "input"],
    [{ background: true }, "background"],
    [{ tools: [{ type: "web_search" }] }, "tools[0].type"],
    [{ max_output_tokens: 0 }, "max_output_tokens"],
  ] as const) {
    await assert.rejects(
      client.responses.create({ ...question, ...(body as object) }),
      (error: unknown) => error instanceof OpenAI.BadRequestError && error.param === param,
    );
  }
});

test("stopping the stream frees the slot, and a resumable one is read on under its id", async () => {
  const engine = await server.core.models.resolve("tiny").served.engine();
  const long = { model: "tiny", input: "go", max_output_tokens: 230, reasoning: { effort: "none" as const }, seed: 3 };
  const stream = await client.responses.create({ ...long, stream: true, ...{ ignore_eos: true } });
  for await (const _ of stream) {
    stream.controller.abort();
    break;
  }
  while (engine.busy) await new Promise((resolve) => setTimeout(resolve, 1));
  const headers = { authorization: "Bearer secret", "content-type": "application/json" };
  const response = await fetch(`${server.url}/v1/responses`, {
    method: "POST",
    headers,
    body: JSON.stringify({ ...long, ignore_eos: true, stream: true, stream_options: { resumable: true } }),
  });
  const id = response.headers.get("x-stream-id") ?? "";
  const numbers: number[] = [];
  let last = "";
  for await (const frame of frames(response)) {
    numbers.push(JSON.parse(frame.data).sequence_number);
    last = frame.id ?? "";
    if (numbers.length === 9) break;
  }
  const rest = await fetch(`${server.url}/v1/streams/${id}`, { headers: { ...headers, "last-event-id": last } });
  for await (const { data } of frames(rest)) numbers.push(JSON.parse(data).sequence_number);
  assert.deepEqual(
    numbers,
    numbers.map((_, i) => i),
  );
  assert.equal((await client.responses.retrieve(id)).status, "incomplete");
});

test("what is kept in a file is there after a restart, and only so many", async () => {
  const place = mkdtempSync(join(tmpdir(), "reckon-responses-"));
  try {
    const options = { models: [tiny.folder], store: join(place, "responses.db"), storedResponses: 2 };
    const ask = { model: "tiny", input: "1+1?", max_output_tokens: 4, temperature: 0 };
    const at = (url: string): OpenAI => new OpenAI({ baseURL: `${url}/v1`, apiKey: "none", maxRetries: 0 });
    const ids: string[] = [];
    await withServer(options, async (url) => {
      for (let i = 0; i < 3; i++) ids.push((await at(url).responses.create(ask)).id);
    });
    await withServer(options, async (url) => {
      const next = await at(url).responses.create({ ...ask, previous_response_id: ids[2] });
      assert.equal(next.previous_response_id, ids[2]);
      await assert.rejects(at(url).responses.retrieve(ids[0]), OpenAI.NotFoundError);
    });
  } finally {
    rmSync(place, { recursive: true });
  }
});
