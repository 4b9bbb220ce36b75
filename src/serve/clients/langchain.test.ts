// LangChain's DeepSeek model against the server.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { AIMessage, type AIMessageChunk, HumanMessage, ToolMessage } from "@langchain/core/messages";
import { ChatDeepSeek } from "@langchain/deepseek";
import { BUNDLED_MODEL } from "../../generate/session.ts";
import { type RunningServer, startServer } from "../server.ts";
import { TOOL_TEMPLATE, tinyModelFolder } from "../test-server.ts";

let server: RunningServer;
let tiny: Awaited<ReturnType<typeof tinyModelFolder>>;
const chat = (more: object = {}) =>
  new ChatDeepSeek({
    model: "deepseek-reasoner",
    apiKey: "secret",
    temperature: 0,
    maxRetries: 0,
    configuration: { baseURL: `${server.url}/v1` },
    ...more,
  });
before(async () => {
  tiny = await tinyModelFolder();
  writeFileSync(join(tiny.folder, "chat_template.jinja"), TOOL_TEMPLATE);
  const models = [BUNDLED_MODEL, tiny.folder];
  server = await startServer({ port: 0, logLevel: "silent", threads: 1, models, apiKeys: ["secret"] });
});
after(async () => {
  await server.stop();
  tiny.remove();
});

const question = "What is 12 + 30?";
const thinking = (message: { additional_kwargs: Record<string, unknown> }) =>
  String(message.additional_kwargs.reasoning_content ?? "");

test("an answer and its thinking, whole and streamed, with usage", async () => {
  const whole = await chat().invoke(question);
  assert.ok(whole.text !== "" && thinking(whole) !== "");
  assert.ok((whole.usage_metadata?.output_token_details?.reasoning ?? 0) > 0);
  let [text, reasoning, tokens] = ["", "", 0];
  for await (const chunk of await chat().stream(question)) {
    text += chunk.text;
    reasoning += thinking(chunk);
    tokens += chunk.usage_metadata?.output_tokens ?? 0;
  }
  assert.deepEqual([text, reasoning, tokens], [whole.text, thinking(whole), whole.usage_metadata?.output_tokens]);
});

test("several questions at once, and a conversation", async () => {
  const answers = await chat({ model: "deepseek-chat" }).batch([question, "What is 7 + 8?"]);
  assert.equal(answers.length, 2);
  assert.ok(answers.every((answer) => answer.text !== "" && thinking(answer) === ""));
  const after = await chat().invoke([
    new HumanMessage(question),
    new AIMessage("42"),
    new HumanMessage("What is 1 + 2?"),
  ]);
  assert.notEqual(after.text, "");
});

test("tools are called, whole and streamed, and their results go back", async () => {
  const parameters = {
    type: "object",
    properties: { a: { enum: [1, 2] } },
    required: ["a"],
    additionalProperties: false,
  };
  const modelKwargs = { seed: 1, thinking: { type: "disabled" }, parallel_tool_calls: false };
  const model = chat({ model: "tiny", maxTokens: 120, modelKwargs });
  const tools = [{ type: "function", function: { name: "f", parameters } }];
  const caller = model.bindTools(tools, { tool_choice: "required" });
  const whole = await caller.invoke("2+2?");
  const [call] = whole.tool_calls ?? [];
  assert.deepEqual([call.name, [1, 2].includes(call.args.a)], ["f", true]);
  let joined: AIMessageChunk | undefined;
  for await (const chunk of await caller.stream("2+2?")) joined = joined?.concat(chunk) ?? chunk;
  assert.deepEqual(
    joined?.tool_calls?.map(({ name, args }) => ({ name, args })),
    [{ name: call.name, args: call.args }],
  );
  const result = new ToolMessage({ tool_call_id: call.id ?? "", content: "4" });
  const next = await chat({ model: "tiny", maxTokens: 5, modelKwargs })
    .bindTools(tools)
    .invoke([new HumanMessage("2+2?"), whole, result]);
  assert.ok((next.usage_metadata?.output_tokens ?? 0) > 0);
});

test("errors keep the server's sentence; aborting ends the request", async () => {
  await assert.rejects(chat({ model: "nobody" }).invoke(question), /There is no model "nobody" here/);
  await assert.rejects(chat({ topP: 7 }).invoke(question), /top_p/);
  const controller = new AbortController();
  const stream = await chat({ modelKwargs: { ignore_eos: true } }).stream(question, { signal: controller.signal });
  await assert.rejects(async () => {
    for await (const _ of stream) controller.abort();
  });
  const engine = await server.core.models.resolve("reckon-nano").served.engine();
  while (engine.busy) await new Promise((resolve) => setTimeout(resolve, 1));
});
