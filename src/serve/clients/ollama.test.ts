// Ollama's own client against the server.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Ollama } from "ollama";
import { BUNDLED_MODEL } from "../../generate/session.ts";
import { type RunningServer, startServer } from "../server.ts";
import { call, TOOL_TEMPLATE, tinyModelFolder, user } from "../test-server.ts";

let server: RunningServer;
let tiny: Awaited<ReturnType<typeof tinyModelFolder>>;
let client: Ollama;
before(async () => {
  tiny = await tinyModelFolder();
  writeFileSync(join(tiny.folder, "chat_template.jinja"), TOOL_TEMPLATE);
  const models = [BUNDLED_MODEL, tiny.folder];
  server = await startServer({ port: 0, logLevel: "silent", threads: 1, models, apiKeys: ["secret"] });
  client = new Ollama({ host: server.url, headers: { authorization: "Bearer secret" } });
});
after(async () => {
  await server.stop();
  tiny.remove();
});

const question = { model: "reckon-nano", messages: user("What is 12 + 30?"), options: { temperature: 0 } };

test("an answer and its thinking, whole and streamed, with counts and times", async () => {
  const whole = await client.chat({ ...question, model: "reckon-nano:latest" });
  const { content, thinking = "" } = whole.message;
  assert.ok(content !== "" && thinking !== "");
  assert.deepEqual([whole.done, whole.done_reason, whole.model], [true, "stop", "reckon-nano:latest"]);
  assert.ok(whole.eval_count > 0 && whole.prompt_eval_count > 0 && whole.total_duration > whole.eval_duration);
  let [text, thought] = ["", ""];
  const ends: unknown[] = [];
  for await (const part of await client.chat({ ...question, stream: true })) {
    text += part.message.content;
    thought += part.message.thinking ?? "";
    assert.ok(part.message.content === "" || !part.message.thinking);
    if (part.done) ends.push(part.eval_count);
  }
  assert.deepEqual([text, thought, ends], [content, thinking, [whole.eval_count]]);
  const direct = await client.chat({ ...question, think: false });
  assert.ok(direct.message.content !== "" && direct.message.thinking === undefined);
  const short = await client.chat({ ...question, options: { temperature: 0, num_predict: 3 } });
  assert.deepEqual([short.message.content, short.done_reason, short.eval_count], ["", "length", 3]);
});

test("generate answers a prompt as chat does, or goes on from it as it is", async () => {
  const chat = await client.chat(question);
  const asked = { model: "reckon-nano", prompt: "What is 12 + 30?", options: { temperature: 0 } };
  const whole = await client.generate(asked);
  assert.deepEqual([whole.response, whole.thinking], [chat.message.content, chat.message.thinking]);
  let text = "";
  for await (const part of await client.generate({ ...asked, stream: true })) text += part.response;
  assert.equal(text, whole.response);
  const raw = await client.generate({ ...asked, raw: true, options: { temperature: 0, num_predict: 5 } });
  assert.deepEqual([raw.eval_count, raw.thinking], [5, undefined]);
  await assert.rejects(client.generate({ ...asked, suffix: "." }), /cannot fill in the middle/);
});

test("a format holds the answer and leaves the thinking free; log-probabilities stand beside the text", async () => {
  const format = { type: "object", properties: { sum: { type: "integer" } }, required: ["sum"] };
  const { message } = await client.chat({ ...question, format, think: true });
  assert.ok(Number.isInteger(JSON.parse(message.content).sum));
  assert.notEqual(message.thinking, "");
  const { logprobs = [] } = await client.chat({ ...question, think: false, logprobs: true, top_logprobs: 2 });
  assert.ok(logprobs.length > 0 && logprobs.every((token) => token.logprob <= 0 && token.top_logprobs?.length === 2));
});

test("tools are called with arguments as an object, and their results are read", async () => {
  const parameters = { type: "object", properties: { a: { type: "string", enum: ["1", "2"] } }, required: ["a"] };
  const tools = [{ type: "function", function: { name: "f", description: "", parameters } }];
  const asked = { model: "tiny", messages: user("2+2?"), tools, think: false, options: { seed: 1, num_predict: 20 } };
  assert.equal((await client.chat(asked)).done, true);
  const called = { function: { name: "f", arguments: { a: "1" } } };
  const messages = [
    ...asked.messages,
    { role: "assistant", content: "", tool_calls: [called] },
    { role: "tool", content: "4", tool_name: "f" },
  ];
  assert.equal((await client.chat({ ...asked, messages })).done, true);
  await assert.rejects(client.chat({ ...asked, model: "reckon-nano" }), /was not trained to call tools/);
});

test("models are listed and described as Ollama has it", async () => {
  const { models } = await client.list();
  const own = models.find(({ name }) => name === "reckon-nano");
  assert.ok(own !== undefined && own.size > 0 && own.digest.length === 64);
  const shown = await client.show({ model: "reckon-nano" });
  assert.deepEqual(shown.capabilities, ["completion", "thinking"]);
  assert.equal(shown.details.parameter_size, own.details.parameter_size);
  assert.deepEqual((await client.show({ model: "tiny" })).capabilities, ["completion", "tools", "thinking"]);
  const { models: open } = await client.ps();
  assert.ok(open.some(({ name, size }) => name === "reckon-nano" && size > 0));
  const { version } = await client.version();
  assert.match(version, /^\d+\.\d+\.\d+$/);
  const loaded = await client.chat({ model: "reckon-nano", messages: [] });
  assert.deepEqual([loaded.done, loaded.done_reason], [true, "load"]);
});

test("errors are one sentence as Ollama tells them; aborting ends the request", async () => {
  await assert.rejects(client.chat({ ...question, model: "nobody" }), /There is no model "nobody" here/);
  await assert.rejects(client.chat({ ...question, options: { top_p: 7 } }), /options\.top_p/);
  const refused = await call(`${server.url}/api/chat`, question);
  assert.deepEqual([refused.status, Object.keys(refused.body), typeof refused.body.error], [401, ["error"], "string"]);
  const stream = await client.chat({
    ...question,
    model: "tiny",
    stream: true,
    options: { num_predict: 200, seed: 1 },
  });
  await assert.rejects(async () => {
    for await (const _ of stream) stream.abort();
  });
  const engine = await server.core.models.resolve("tiny").served.engine();
  while (engine.busy) await new Promise((resolve) => setTimeout(resolve, 1));
});
