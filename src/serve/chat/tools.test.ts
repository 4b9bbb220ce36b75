import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { readTestJson, testData } from "../../checkpoint/test-data.ts";
import { compileConstraint } from "../../generate/constraint/compile.ts";
import { makeTokenizer } from "../../text/load-tokenizer.ts";
import { parse } from "../http/body.ts";
import { type RunningServer, startServer } from "../server.ts";
import { call, chunksOf, stream, TOOL_TEMPLATE, tinyModelFolder, user } from "../test-server.ts";
import { type ChatRequest, chatRequest } from "./schema.ts";
import { constraintOf } from "./tools.ts";

let server: RunningServer;
let tiny: Awaited<ReturnType<typeof tinyModelFolder>>;
let at = "";
before(async () => {
  tiny = await tinyModelFolder();
  writeFileSync(join(tiny.folder, "chat_template.jinja"), TOOL_TEMPLATE);
  server = await startServer({ port: 0, logLevel: "silent", models: [tiny.folder], threads: 1 });
  at = `${server.url}/v1/chat/completions`;
});
after(async () => {
  await server.stop();
  tiny.remove();
});

const tool = (
  name: string,
  parameters: object = {
    type: "object",
    properties: { a: { enum: [1, 2] } },
    required: ["a"],
    additionalProperties: false,
  },
) => ({
  type: "function",
  function: { name, parameters },
});

const ask = (more: object) => ({
  messages: user("2+2?"),
  tools: [tool("f"), tool("g")],
  max_tokens: 120,
  thinking: { type: "disabled" },
  ...more,
});

test("a model that must call a tool calls one of those there are, with arguments of its schema", async () => {
  for (const [choice, names] of [
    ["required", ["f", "g"]],
    [{ type: "function", function: { name: "g" } }, ["g"]],
  ] as const) {
    for (let seed = 0; seed < 4; seed++) {
      const request = ask({ tool_choice: choice, parallel_tool_calls: false, seed });
      const { body, status } = await call(at, request);
      assert.equal(status, 200, JSON.stringify(body));
      const { message, finish_reason } = body.choices[0];
      assert.deepEqual([finish_reason, message.content, message.tool_calls.length], ["tool_calls", "", 1]);
      const [{ id, type, function: called }] = message.tool_calls;
      assert.ok(names.includes(called.name as never) && type === "function" && id !== "");
      assert.ok([1, 2].includes(JSON.parse(called.arguments).a));
      const deltas = (await chunksOf(await stream(at, request))).flatMap(
        ({ choices }) => choices[0].delta.tool_calls ?? [],
      );
      assert.equal(deltas[0].function.name, called.name);
      assert.equal(deltas.map((delta) => delta.function.arguments).join(""), called.arguments);
    }
  }
});

test("several calls of one answer are numbered, and stream one after the other", async () => {
  for (let seed = 0; ; seed++) {
    assert.ok(seed < 50, "no seed makes two calls");
    const request = ask({ tool_choice: "required", seed, temperature: 1, max_tokens: 200 });
    const { message, finish_reason } = (await call(at, request)).body.choices[0];
    const calls: { index: number; id: string; function: { name: string; arguments: string } }[] = message.tool_calls;
    if (finish_reason !== "tool_calls" || calls.length < 2) continue;
    assert.deepEqual(
      calls.map(({ index }) => index),
      [...calls.keys()],
    );
    assert.equal(new Set(calls.map(({ id }) => id)).size, calls.length);
    for (const { function: called } of calls) {
      assert.ok(["f", "g"].includes(called.name) && [1, 2].includes(JSON.parse(called.arguments).a));
    }
    const deltas = (await chunksOf(await stream(at, request))).flatMap(
      ({ choices }) => choices[0].delta.tool_calls ?? [],
    );
    const order: number[] = deltas.map(({ index }) => index);
    assert.deepEqual(
      order,
      order.toSorted((a, b) => a - b),
    );
    const joined = calls.map((_, index) =>
      deltas.filter((delta) => delta.index === index).reduce((text, delta) => text + delta.function.arguments, ""),
    );
    assert.deepEqual(
      joined,
      calls.map(({ function: called }) => called.arguments),
    );
    return;
  }
});

test("a call that cannot be read is reported with the reason, whole and streamed, and its text is not lost", async () => {
  const begun = tool("f", { type: "object", properties: { a: { const: "x".repeat(90) } }, required: ["a"] });
  for (const [max_tokens, index] of [
    [12, null],
    [70, 0],
  ] as const) {
    const request = ask({ tools: [begun], tool_choice: "required", max_tokens, seed: 1 });
    const [choice] = (await call(at, request)).body.choices;
    assert.equal(choice.finish_reason, "length");
    assert.deepEqual(choice.tool_call_problems, [{ index, reason: "the call is cut off" }]);
    if (index === null) assert.match(choice.message.content, /^<tool_call>/);
    else assert.match(choice.message.tool_calls[0].function.arguments, /^\{\s*"a"\s*:\s*"x+$/);
    const chunks = (await chunksOf(await stream(at, request))).map(({ choices }) => choices[0]);
    assert.deepEqual(chunks.at(-1).tool_call_problems, choice.tool_call_problems);
    assert.equal(chunks.map(({ delta }) => delta.content ?? "").join(""), choice.message.content);
  }
});

test("with tools and a schema the answer is either a call or JSON of the schema", async () => {
  const format = { type: "json_schema", json_schema: { schema: { const: "no" } } };
  const kinds = new Set<string>();
  for (let seed = 0; seed < 12 && kinds.size < 2; seed++) {
    const request = ask({ response_format: format, parallel_tool_calls: false, seed, temperature: 1 });
    const { message, finish_reason } = (await call(at, request)).body.choices[0];
    if (message.tool_calls === undefined) assert.deepEqual([message.content, finish_reason], ['"no"', "stop"]);
    else assert.deepEqual([message.content, finish_reason], ["", "tool_calls"]);
    kinds.add(finish_reason);
  }
});

test("a conversation with calls and their results is read, and a wrong choice refused", async () => {
  const messages = [
    ...user("2+2?"),
    {
      role: "assistant",
      content: null,
      tool_calls: [{ id: "1", type: "function", function: { name: "f", arguments: "{}" } }],
    },
    { role: "tool", tool_call_id: "1", content: "4" },
  ];
  assert.equal((await call(at, ask({ messages, max_tokens: 3 }))).status, 200);
  const error = async (more: object) => (await call(at, ask(more))).body.error;
  assert.equal(
    (await error({ tool_choice: { type: "function", function: { name: "h" } } })).param,
    "tool_choice.function.name",
  );
  assert.equal(
    (await error({ tools: [{ type: "function", function: { name: "a b" } }] })).param,
    "tools[0].function.name",
  );
  const strict = {
    ...tool("f", { type: "nope" }),
    function: { ...tool("f", { type: "nope" }).function, strict: true },
  };
  assert.equal((await error({ tools: [strict], tool_choice: "required" })).type, "invalid_request_error");
  assert.equal((await call(at, ask({ tools: [tool("f", { type: "nope" })], tool_choice: "required" }))).status, 200);
});

const vocabulary = testData("tokenizers/deepseek_v3.tokenizer.json.gz");

test("calls that DeepSeek's models must make have their own marks", { skip: vocabulary.skip }, () => {
  const tokenizer = makeTokenizer(readTestJson("tokenizers/deepseek_v3.tokenizer.json.gz"));
  const request = parse(chatRequest, ask({ tool_choice: "required" })) as ChatRequest;
  const fits = (template: string, text: string): boolean => {
    const state = compileConstraint(constraintOf(request, "deepseek", template)!, tokenizer).start();
    return tokenizer.encode(text, { parseSpecial: true }).every((id) => state.accept(id)) && state.mayEnd;
  };
  const call = (inner: string): string => `<｜tool▁call▁begin｜>${inner}<｜tool▁call▁end｜>`;
  const calls = (inner: string): string => `<｜tool▁calls▁begin｜>${inner}<｜tool▁calls▁end｜>`;
  const old = call('function<｜tool▁sep｜>f\n```json\n{"a": 1}\n```');
  const young = call('g<｜tool▁sep｜>{"a": 2}');
  assert.ok(fits("```json", calls(`${old}\n${old}`)));
  assert.ok(fits("", calls(`${young}${young}`)));
  assert.ok(!fits("", calls(old)) && !fits("", calls(call('h<｜tool▁sep｜>{"a": 2}'))) && !fits("", "Hello"));
});
