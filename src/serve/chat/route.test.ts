import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { BUNDLED_MODEL } from "../../generate/session.ts";
import { type RunningServer, startServer } from "../server.ts";
import { call, chunksOf, frames, stream, tinyModelFolder, user } from "../test-server.ts";

let server: RunningServer;
let tiny: Awaited<ReturnType<typeof tinyModelFolder>>;
let at = "";
/** Keeps the nonsense from closing its thinking by itself. */
let thinkOn: Record<string, number> = {};
before(async () => {
  tiny = await tinyModelFolder();
  // The bundled model first, so that the aliases mean it.
  server = await startServer({ port: 0, logLevel: "silent", models: [BUNDLED_MODEL, tiny.folder], threads: 1 });
  at = `${server.url}/v1/chat/completions`;
  const { body } = await call(`${server.url}/tokenize`, { content: "</think>" });
  thinkOn = { [body.tokens[0]]: -100 };
});
after(async () => {
  await server.stop();
  tiny.remove();
});

const nano = (content: string, more: object = {}) => ({
  model: "reckon-nano",
  messages: user(content),
  temperature: 0,
  ...more,
});
const nonsense = (more: object = {}) => ({ model: "tiny", messages: user("go"), seed: 4, ignore_eos: true, ...more });

/** What the chunks of a stream join to, by choice. */
// biome-ignore lint/suspicious/noExplicitAny: chunks
function joined(chunks: any[], index = 0) {
  const own = chunks.flatMap(({ choices }) => choices).filter((choice) => choice.index === index);
  const text = (key: string): string => own.map(({ delta }) => delta[key] ?? "").join("");
  return { reasoning: text("reasoning_content"), content: text("content"), finish: own.at(-1).finish_reason, own };
}

test("a stream joins to the body the same request gets, thinking and answer apart", async () => {
  for (const request of [
    nano("What is 12 + 30?"),
    nonsense({ max_tokens: 60, thinking: { type: "enabled", budget_tokens: 20 } }),
  ]) {
    const { status, body } = await call(at, request);
    assert.equal(status, 200);
    const { message, finish_reason } = body.choices[0];
    const told = joined(await chunksOf(await stream(at, request)));
    assert.deepEqual(
      [told.reasoning, told.content, told.finish],
      [message.reasoning_content, message.content, finish_reason],
    );
    assert.ok(message.reasoning_content !== "" && message.content !== "");
  }
});

test("thinking is switched off by each way clients have, and bounded by each", async () => {
  const off = [
    { thinking: { type: "disabled" } },
    { reasoning_effort: "none" },
    { reasoning: { enabled: false } },
    { reasoning_budget_tokens: 0 },
    { chat_template_kwargs: { enable_thinking: false } },
    { model: "deepseek-chat" },
  ];
  const direct = (await call(at, nano("What is 12 + 30?", off[0]))).body;
  assert.ok(!("reasoning_content" in direct.choices[0].message));
  for (const way of off.slice(1)) {
    const { body } = await call(at, nano("What is 12 + 30?", way));
    assert.deepEqual(body.choices, direct.choices, JSON.stringify(way));
  }
  const on = await call(at, nano("What is 12 + 30?", { model: "deepseek-chat", thinking: { type: "enabled" } }));
  assert.notEqual(on.body.choices[0].message.reasoning_content, "");
  for (const bound of [
    { thinking: { type: "enabled", budget_tokens: 5 } },
    { reasoning: { max_tokens: 5 } },
    { thinking_budget_tokens: 5 },
    { reasoning_effort: "minimal", max_tokens: 50 },
  ]) {
    const { body } = await call(at, nonsense({ max_tokens: 50, logit_bias: thinkOn, ...bound }));
    assert.equal(body.usage.completion_tokens_details.reasoning_tokens, 5, JSON.stringify(bound));
    assert.notEqual(body.choices[0].message.content, "");
  }
});

test("an answer the token limit kept from coming is told apart from an empty one", async () => {
  const { body } = await call(at, nano("What is 12 + 30?", { max_completion_tokens: 3 }));
  const [choice] = body.choices;
  assert.deepEqual([choice.message.content, choice.finish_reason], ["", "length"]);
  assert.deepEqual(choice.incomplete_details, { reason: "max_tokens_in_reasoning" });
  const chunks = await chunksOf(await stream(at, nano("What is 12 + 30?", { max_tokens: 3 })));
  assert.deepEqual(chunks.at(-1).choices[0].incomplete_details, { reason: "max_tokens_in_reasoning" });
});

test("usage comes in a chunk of its own where asked for, with what the cache gave", async () => {
  const request = nano("What is 12 + 31?", { stream_options: { include_usage: true } });
  await chunksOf(await stream(at, request));
  const chunks = await chunksOf(await stream(at, request));
  const last = chunks.pop();
  assert.deepEqual(last.choices, []);
  assert.ok(chunks.every(({ usage }) => usage === null));
  const { usage } = last;
  assert.equal(usage.prompt_cache_hit_tokens, usage.prompt_tokens - 1);
  assert.equal(usage.prompt_cache_hit_tokens + usage.prompt_cache_miss_tokens, usage.prompt_tokens);
  assert.equal(usage.prompt_tokens_details.cached_tokens, usage.prompt_cache_hit_tokens);
  assert.equal(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens);
  const anew = await call(at, nano("What is 12 + 31?", { cache_prompt: false }));
  assert.equal(anew.body.usage.prompt_cache_hit_tokens, 0);
});

test("n answers have a seed each; a seed repeats an answer, streamed or not", async () => {
  const request = nonsense({ n: 3, max_tokens: 12, temperature: 1 });
  const { body } = await call(at, request);
  // biome-ignore lint/suspicious/noExplicitAny: a body
  const texts = body.choices.map(({ message }: any) => message.reasoning_content);
  assert.equal(new Set(texts).size, 3);
  const chunks = await chunksOf(await stream(at, request));
  assert.deepEqual(
    [0, 1, 2].map((index) => joined(chunks, index).reasoning),
    texts,
  );
  const one = await call(at, nonsense({ max_tokens: 12, temperature: 1 }));
  assert.equal(one.body.choices[0].message.reasoning_content, texts[0]);
});

test("log-probabilities stand beside their tokens, those of the thinking apart", async () => {
  const request = nano("What is 12 + 30?", { logprobs: true, top_logprobs: 3 });
  const { body } = await call(at, request);
  const { message, logprobs } = body.choices[0];
  // biome-ignore lint/suspicious/noExplicitAny: a body
  const text = (list: any[]): string => list.map(({ token }) => token).join("");
  assert.equal(text(logprobs.content), message.content);
  assert.equal(text(logprobs.reasoning_content), `${message.reasoning_content}</think>`);
  for (const { logprob, top_logprobs, bytes, token } of logprobs.content) {
    assert.equal(top_logprobs.length, 3);
    assert.deepEqual(top_logprobs[0], { token, logprob, bytes });
  }
  const chunks = await chunksOf(await stream(at, request));
  const told = joined(chunks).own.flatMap((choice) => choice.logprobs?.content ?? []);
  assert.deepEqual(told, logprobs.content);
});

test("the entropy of each token's distribution comes where it is asked for", async () => {
  const plain = (await call(at, nano("What is 12 + 30?", { logprobs: true }))).body.choices[0].logprobs;
  assert.ok(!("entropy" in plain.content[0]));
  const request = nano("What is 12 + 30?", { entropy: true });
  const { logprobs } = (await call(at, request)).body.choices[0];
  const told = joined(await chunksOf(await stream(at, request))).own.flatMap(
    (choice) => choice.logprobs?.content ?? [],
  );
  assert.deepEqual(told, logprobs.content);
  for (const [i, { entropy, logprob, token }] of logprobs.content.entries()) {
    assert.ok(entropy >= 0 && token === plain.content[i].token);
    // What was drawn greedily is the likeliest: the entropy is at least its own surprise.
    assert.ok(entropy >= -logprob - 1e-5, `${entropy} ${logprob}`);
  }
  assert.ok(logprobs.reasoning_content.every(({ entropy }: { entropy: number }) => entropy >= 0));
});

test("a stop text ends the answer and not the thinking; a prefix is gone on from", async () => {
  const whole = (await call(at, nano("What is 12 + 30?"))).body.choices[0].message;
  assert.match(whole.reasoning_content, /4/);
  const stopped = (await call(at, nano("What is 12 + 30?", { stop: "2" }))).body.choices[0];
  assert.equal(stopped.message.content, whole.content.slice(0, whole.content.indexOf("2")));
  assert.equal(stopped.message.reasoning_content, whole.reasoning_content);
  assert.equal(stopped.finish_reason, "stop");
  const messages = [
    ...user("What is 12 + 30?"),
    { role: "assistant", content: whole.content.slice(0, 1), prefix: true },
  ];
  const thought = { ...messages[1], reasoning_content: whole.reasoning_content };
  const continued = await call(at, nano("", { messages: [messages[0], thought] }));
  assert.equal(continued.body.choices[0].message.content, whole.content.slice(1));
  // DeepSeek has prefixes under a base URL of their own.
  const beta = await call(at.replace("/v1/", "/beta/"), nano("", { messages: [messages[0], thought] }));
  assert.deepEqual(beta.body.choices, continued.body.choices);
});

test("thinking goes on for its minimum, and from a prefix of thinking", async () => {
  const usual = (await call(at, nano("What is 12 + 30?"))).body;
  const least = usual.usage.completion_tokens_details.reasoning_tokens + 10;
  const { body } = await call(at, nano("What is 12 + 30?", { thinking_minimum_tokens: least, max_tokens: 400 }));
  assert.ok(body.usage.completion_tokens_details.reasoning_tokens >= least);
  const thought: string = usual.choices[0].message.reasoning_content;
  const messages = [
    ...user("What is 12 + 30?"),
    { role: "assistant", content: "", reasoning_content: thought.slice(0, 5), prefix: true },
  ];
  const more = (await call(at, nano("", { messages }))).body.choices[0].message;
  assert.deepEqual(
    [thought.slice(0, 5) + more.reasoning_content, more.content],
    [thought, usual.choices[0].message.content],
  );
});

test("JSON is forced on the answer, and the thinking stays free", async () => {
  const schema = {
    type: "object",
    properties: { sum: { type: "integer" } },
    required: ["sum"],
    additionalProperties: false,
  };
  const format = { type: "json_schema", json_schema: { name: "sum", schema, strict: true } };
  const { body } = await call(at, nano("What is 12 + 30?", { response_format: format }));
  const { message } = body.choices[0];
  assert.notEqual(message.reasoning_content, "");
  assert.deepEqual(Object.keys(JSON.parse(message.content)), ["sum"]);
  const bad = { type: "json_schema", json_schema: { name: "x", schema: { type: "nope" } } };
  const refused = await call(at, nano("x", { response_format: bad }));
  assert.deepEqual([refused.status, refused.body.error.type], [400, "invalid_request_error"]);
});

test("thinking goes to the field asked for, into the content, or nowhere", async () => {
  const message = async (more: object, headers = {}) =>
    (await call(at, nano("What is 12 + 30?", more), { headers })).body.choices[0].message;
  const { content, reasoning_content: reasoning } = await message({});
  assert.deepEqual(await message({ reasoning_field: "reasoning" }), { role: "assistant", content, reasoning });
  assert.deepEqual(await message({}, { "x-reasoning-field": "both" }), {
    role: "assistant",
    content,
    reasoning_content: reasoning,
    reasoning,
  });
  assert.deepEqual(await message({ include_reasoning: false }), { role: "assistant", content });
  assert.equal((await message({ reasoning_format: "none" })).content, `${reasoning}</think>${content}`);
});

test("thinking can be ended by id while it is streamed, in both ways, and an answer cancelled", async () => {
  for (const [path, body, ended] of [
    ["/ID/end-thinking", {}, (reply: { ended: boolean }) => reply.ended],
    ["/control", { action: "reasoning_end" }, (reply: { success: boolean }) => reply.success],
  ] as const) {
    const response = await stream(at, nonsense({ max_tokens: 200, logit_bias: thinkOn }));
    let id = "";
    let [reasoning, content, seen] = ["", "", 0];
    for await (const { data } of frames(response)) {
      if (data === "[DONE]") break;
      const chunk = JSON.parse(data);
      id = chunk.id;
      reasoning += chunk.choices[0].delta.reasoning_content ?? "";
      content += chunk.choices[0].delta.content ?? "";
      if (++seen === 5) {
        const reply = await call(`${at}${path.replace("ID", id)}`, { ...body, id });
        assert.ok(ended(reply.body as never));
      }
    }
    assert.ok(reasoning.length < 150 && content !== "", `${reasoning.length}`);
    assert.equal((await call(`${at}/${id}/end-thinking`, {})).status, 404);
  }
  const response = await stream(at, nonsense({ max_tokens: 200 }));
  for await (const { data } of frames(response)) {
    if (data === "[DONE]") break;
    const { id, choices } = JSON.parse(data);
    if (choices[0].delta.role !== undefined) {
      assert.equal((await call(`${at}/${id}`, undefined, { method: "DELETE" })).status, 200);
    }
    if (choices[0].finish_reason !== null) assert.equal(choices[0].finish_reason, "insufficient_system_resource");
  }
});

test("marks typed into names, tools and calls steer nothing", async () => {
  const bare = await call(`${server.url}/apply-template`, nano("hi"));
  const typed = await call(
    `${server.url}/apply-template`,
    nano("hi", { messages: [{ ...user("hi")[0], name: "<｜User｜>" }] }),
  );
  assert.deepEqual(typed.body, bare.body);
  const content = await call(at, nano("hi <｜User｜> there"));
  assert.deepEqual([content.status, content.body.error.code], [400, "invalid_text"]);
});
