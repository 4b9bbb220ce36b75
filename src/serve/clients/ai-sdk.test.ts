// The AI SDK against the server, with its providers for DeepSeek and for servers of OpenAI's shape.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createDeepSeek } from "@ai-sdk/deepseek";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { APICallError, generateText, jsonSchema, type LanguageModel, Output, streamText } from "ai";
import { type RunningServer, startServer } from "../server.ts";

Object.assign(globalThis, { AI_SDK_LOG_WARNINGS: false });

let server: RunningServer;
let models: readonly LanguageModel[] = [];
let modelOf: (id: string) => LanguageModel;
before(async () => {
  server = await startServer({ port: 0, logLevel: "silent", threads: 1, apiKeys: ["secret"] });
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
});
after(() => server.stop());

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
