// The AI SDK against the server, with its providers for DeepSeek and for servers of OpenAI's shape.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createDeepSeek } from "@ai-sdk/deepseek";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { APICallError, generateText, jsonSchema, type LanguageModel, Output, streamText, tool } from "ai";
import { BUNDLED_MODEL } from "../../generate/session.ts";
import { type RunningServer, startServer } from "../server.ts";
import { TOOL_TEMPLATE, tinyModelFolder } from "../test-server.ts";

Object.assign(globalThis, { AI_SDK_LOG_WARNINGS: false });

let server: RunningServer;
let models: readonly LanguageModel[] = [];
let modelOf: (id: string) => LanguageModel;
/** Nonsense with a template that has a place for tools. */
let callers: readonly LanguageModel[] = [];
let tiny: Awaited<ReturnType<typeof tinyModelFolder>>;
before(async () => {
  tiny = await tinyModelFolder();
  writeFileSync(join(tiny.folder, "chat_template.jinja"), TOOL_TEMPLATE);
  const served = [BUNDLED_MODEL, tiny.folder];
  server = await startServer({ port: 0, logLevel: "silent", threads: 1, models: served, apiKeys: ["secret"] });
  // the provider leaves the temperature out where a model thinks; two answers to compare must not be two draws
  const greedy: typeof fetch = (url, init) =>
    fetch(url, { ...init, body: JSON.stringify({ ...JSON.parse(String(init?.body)), temperature: 0 }) });
  const deepseek = createDeepSeek({ baseURL: server.url, apiKey: "secret", fetch: greedy });
  const compatible = createOpenAICompatible({
    name: "reckon",
    baseURL: `${server.url}/v1`,
    apiKey: "secret",
    supportsStructuredOutputs: true,
    includeUsage: true,
  });
  models = [deepseek("deepseek-reasoner"), compatible("reckon-nano")];
  modelOf = (id) => compatible(id);
  // nonsense calls on and on unless it may call only once
  const once: typeof fetch = (url, init) =>
    fetch(url, { ...init, body: JSON.stringify({ ...JSON.parse(String(init?.body)), parallel_tool_calls: false }) });
  const settings = { baseURL: `${server.url}/v1`, apiKey: "secret", fetch: once };
  callers = [createDeepSeek(settings)("tiny"), createOpenAICompatible({ name: "reckon", ...settings })("tiny")];
});
after(async () => {
  await server.stop();
  tiny.remove();
});

const question = { prompt: "What is 37 * 48?", temperature: 0, maxRetries: 0 } as const;

test("an answer and its thinking arrive apart, whole and streamed, with usage", async () => {
  for (const model of models) {
    const whole = await generateText({ ...question, model });
    assert.equal(whole.finishReason, "stop");
    assert.ok(whole.text !== "" && (whole.reasoningText ?? "") !== "");
    assert.ok((whole.usage.outputTokenDetails.reasoningTokens ?? 0) > 0);
    const { fullStream } = streamText({ ...question, model });
    let [text, reasoning, usage] = ["", "", 0];
    const kinds = new Set<string>();
    for await (const part of fullStream) {
      kinds.add(part.type);
      if (part.type === "text-delta") text += part.text;
      if (part.type === "reasoning-delta") reasoning += part.text;
      if (part.type === "finish") usage = part.totalUsage.outputTokens ?? 0;
    }
    assert.deepEqual([text, reasoning, usage], [whole.text, whole.reasoningText, whole.usage.outputTokens]);
    for (const kind of ["reasoning-start", "reasoning-end", "text-start", "text-end"]) assert.ok(kinds.has(kind), kind);
    assert.ok(!kinds.has("error"));
  }
});

test("a conversation with thinking in it goes back as it came", async () => {
  for (const model of models) {
    const first = await generateText({ ...question, model });
    const { prompt: _, ...rest } = question;
    const second = await generateText({
      ...rest,
      model,
      messages: [
        { role: "user", content: question.prompt },
        ...first.response.messages,
        { role: "user", content: "What is 7 + 8?" },
      ],
    });
    assert.notEqual(second.text, "");
  }
});

test("an object is of its schema", async () => {
  const schema = jsonSchema<{ sum: number }>({
    type: "object",
    properties: { sum: { type: "integer" } },
    required: ["sum"],
    additionalProperties: false,
  });
  const { output } = await generateText({ ...question, model: models[1], output: Output.object({ schema }) });
  assert.ok(Number.isInteger(output.sum));
});

test("tools are called, whole and streamed, and their results go back", async () => {
  const inputSchema = jsonSchema<{ a: number }>({
    type: "object",
    properties: { a: { enum: [1, 2] } },
    required: ["a"],
    additionalProperties: false,
  });
  const prompt = { role: "user" as const, content: "2+2?" };
  for (const model of callers) {
    const asked = {
      model,
      maxOutputTokens: 120,
      maxRetries: 0,
      tools: { f: tool({ inputSchema }) },
      providerOptions: { deepseek: { thinking: { type: "disabled" } }, reckon: { thinking: { type: "disabled" } } },
    };
    const whole = await generateText({ ...asked, messages: [prompt], toolChoice: "required" });
    assert.equal(whole.finishReason, "tool-calls");
    const [call] = whole.toolCalls;
    assert.deepEqual([call.toolName, [1, 2].includes((call.input as { a: number }).a)], ["f", true]);
    const calls: unknown[] = [];
    let json = "";
    const { fullStream } = streamText({ ...asked, messages: [prompt], toolChoice: "required" });
    for await (const part of fullStream) {
      if (part.type === "tool-input-delta") json += part.delta;
      if (part.type === "tool-call") calls.push(part.input);
    }
    assert.deepEqual(calls, [JSON.parse(json)]);
    const { toolCallId, toolName } = call;
    const output = { type: "text", value: "4" } as const;
    const result = { role: "tool" as const, content: [{ type: "tool-result" as const, toolCallId, toolName, output }] };
    const next = await generateText({
      ...asked,
      maxOutputTokens: 5,
      toolChoice: "none",
      messages: [prompt, ...whole.response.messages, result],
    });
    assert.ok(["stop", "length"].includes(next.finishReason));
  }
});

test("errors are the SDK's own, with the server's sentence; aborting ends the request", async () => {
  await assert.rejects(generateText({ ...question, model: modelOf("nobody") }), (error: unknown) => {
    assert.ok(APICallError.isInstance(error));
    assert.equal(error.statusCode, 404);
    assert.match(error.message, /There is no model "nobody" here/);
    return true;
  });
  await assert.rejects(generateText({ ...question, model: models[1], topP: 7 }), /top_p/);
  const controller = new AbortController();
  const { fullStream } = streamText({
    ...question,
    model: models[1],
    abortSignal: controller.signal,
    providerOptions: { reckon: { ignore_eos: true } },
  });
  for await (const part of fullStream) if (part.type === "reasoning-delta") controller.abort();
  const engine = await server.core.models.resolve("reckon-nano").served.engine();
  while (engine.busy) await new Promise((resolve) => setTimeout(resolve, 1));
});
