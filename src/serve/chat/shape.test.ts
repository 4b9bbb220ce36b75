// The chat endpoint beside captures of DeepSeek's own API: the same keys in the same order, the same kinds of chunks.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { readTestJson, testData } from "../../checkpoint/test-data.ts";
import type { Answer } from "../../generate/answer.ts";
import type { Handle } from "../../generate/engine/handle.ts";
import { call, chunksOf, stream, user, withServer } from "../test-server.ts";
import { ChatChunks } from "./chunks.ts";
import { chatResponse } from "./response.ts";

const FOLDER = "oracles/deepseek_api";
const { skip } = testData(`${FOLDER}/deepseek-text.json`);

/** Keys with what kind of value stands there; texts are alike, the empty one apart. */
function kindOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(kindOf);
  if (typeof value === "object" && value !== null) {
    return Object.entries(value).map(([key, item]) => [key, FIXED.has(key) ? item : kindOf(item)]);
  }
  return value === null || value === "" ? value : typeof value;
}
const FIXED = new Set(["object", "role", "index", "type"]);

/** Runs of chunks of one kind, each told once. */
function kinds(chunks: readonly unknown[]): string[] {
  const all = chunks.map((chunk) => JSON.stringify(kindOf(chunk)));
  return all.filter((kind, i) => kind !== all[i - 1]);
}

const captured = (name: string): unknown[] =>
  readFileSync(testData(`${FOLDER}/${name}.chunks.txt`).file, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));

test("streams and bodies have the keys, order and kinds of chunks of DeepSeek's API", { skip }, async () => {
  await withServer({}, async (url) => {
    const ask = { messages: user("What is 2 + 3?"), temperature: 0 };
    const at = `${url}/v1/chat/completions`;
    const reasoner = { ...ask, model: "deepseek-reasoner" };
    const chat = { ...ask, model: "deepseek-chat" };
    assert.deepEqual(kinds(await chunksOf(await stream(at, reasoner))), kinds(captured("deepseek-reasoning")));
    // The captured one ran into its limit.
    const short = await chunksOf(await stream(at, { ...chat, max_tokens: 1 }));
    assert.deepEqual(kinds(short), kinds(captured("deepseek-text")));
    assert.equal(short.at(-1).choices[0].finish_reason, "length");
    const whole = await call(at, reasoner);
    assert.deepEqual(kindOf(whole.body), kindOf(readTestJson(`${FOLDER}/deepseek-reasoning.json`)));
    const direct = await call(`${url}/chat/completions`, chat);
    assert.deepEqual(kindOf(direct.body), kindOf(readTestJson(`${FOLDER}/deepseek-text.json`)));
  });
});

test("tool calls stream and stand in bodies as in DeepSeek's API", { skip }, () => {
  const shape = {
    reasoning: true,
    reasoningField: "reasoning_content",
    logprobs: false,
    tools: "deepseek",
    price: null,
  } as const;
  const text =
    '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>weather<｜tool▁sep｜>{"location": "San Francisco"}' +
    "<｜tool▁call▁end｜><｜tool▁calls▁end｜>";
  const usage = { prompt_tokens: 9, completion_tokens: 20, reasoning_tokens: 2, total_tokens: 29 };
  const answer = {
    reasoning: "I look.",
    answer: text,
    finish_reason: "stop",
    usage,
    logprobs: null,
  } as unknown as Answer;
  const handle = { promptTokens: 9, cachedTokens: 4 } as Handle;
  const identity = { id: "x", created: 1, model: "deepseek-reasoner", system_fingerprint: "fp_1" };
  const chunks = new ChatChunks(identity, shape, handle, 1, "finish");
  const event = (reasoning: string, content: string) => ({ reasoning, content, tokens: [], index: 0, answer: null });
  const told = [
    ...chunks.opening(),
    ...chunks.of(event("I ", "")),
    ...chunks.of(event("look.", "")),
    ...(text.match(/<｜[^｜]*｜>|./gs) ?? []).flatMap((piece) => chunks.of(event("", piece))),
    ...chunks.of({ ...event("", ""), answer }),
  ].map((chunk) => JSON.parse(chunk));
  assert.deepEqual(kinds(told), kinds(captured("deepseek-tool-call")));
  const calls = told.flatMap(({ choices }) => choices[0].delta.tool_calls ?? []);
  assert.equal(calls.map((one) => one.function.arguments).join(""), '{"location": "San Francisco"}');
  assert.match(calls[0].id, /^call_00_\w{24}$/);
  const body = chatResponse(identity, shape, handle, [answer]);
  assert.deepEqual(kindOf(body), kindOf(readTestJson(`${FOLDER}/deepseek-tool-call.json`)));
});
