import assert from "node:assert/strict";
import { test } from "node:test";
import type { Answer } from "../../generate/answer.ts";
import type { Handle } from "../../generate/engine/handle.ts";
import { OllamaTeller } from "./told.ts";

const text =
  '<tool_call>\n{"name": "f", "arguments": {"a": 1}}\n</tool_call>\n<tool_call>\n{"name": "g", "arguments": {}}\n</tool_call>';
const answer = {
  reasoning: "Hm.",
  answer: text,
  finish_reason: "stop",
  usage: { prompt_tokens: 9, completion_tokens: 20, reasoning_tokens: 2, total_tokens: 29 },
  timing: { load_ms: 0, prefill_ms: 1, decode_ms: 2 },
} as Answer;
const handle = { promptTokens: 9, cachedTokens: 0 } as Handle;
const shape = {
  reasoning: true,
  reasoningField: "reasoning_content",
  logprobs: false,
  tools: "hermes",
  price: null,
} as const;

interface Line {
  readonly message: { readonly thinking?: string; readonly tool_calls?: readonly { readonly function: object }[] };
  readonly done: boolean;
}

test("calls are told whole, with arguments as objects, before the last line", () => {
  const calls = [
    { name: "f", arguments: { a: 1 } },
    { name: "g", arguments: {} },
  ];
  const told = ({ message }: Line) => message.tool_calls?.map(({ function: called }) => called);
  const whole = new OllamaTeller("m", shape, handle, true, 0).whole(answer) as Line;
  assert.partialDeepStrictEqual(told(whole), calls);
  const teller = new OllamaTeller("m", shape, handle, true, 0);
  const events = [
    { index: 0, reasoning: "Hm.", content: "", tokens: [], answer: null },
    ...Array.from(text, (letter) => ({ index: 0, reasoning: "", content: letter, tokens: [], answer: null })),
    { index: 0, reasoning: "", content: "", tokens: [], answer },
  ];
  const lines = events.flatMap((event) => teller.of(event)) as Line[];
  const named = lines.filter((line) => told(line) !== undefined);
  assert.equal(named.length, 1);
  assert.partialDeepStrictEqual(told(named[0]), calls);
  assert.deepEqual([lines[0].message.thinking, lines.at(-1)?.done], ["Hm.", true]);
});
