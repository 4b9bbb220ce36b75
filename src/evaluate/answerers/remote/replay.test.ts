// What DeepSeek's own API sent once, sent again over a socket and read by the client that evaluations use.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { testData } from "../../../checkpoint/test-data.ts";
import { openEndpoint } from "./endpoint.ts";
import { RemoteAnswerer } from "./remote.ts";
import { testServer } from "./test-server.ts";

const FOLDER = "oracles/deepseek_api";
const { skip } = testData(`${FOLDER}/deepseek-text.json`);
const capture = (name: string): string => readFileSync(testData(`${FOLDER}/${name}`).file, "utf8");

interface Piece {
  readonly content?: string | null;
  readonly reasoning_content?: string | null;
}

/** The text our client gives for an answer's reasoning and content. */
const told = (pieces: readonly Piece[]): string => {
  const [thinking, answer] = (["reasoning_content", "content"] as const).map((key) =>
    pieces.map((piece) => piece[key] ?? "").join(""),
  );
  return pieces.some((piece) => piece.reasoning_content !== undefined)
    ? `<think>${thinking}${answer === "" ? "" : `</think>${answer}`}`
    : answer!;
};

async function replayed(type: string, body: string) {
  await using server = await testServer((_, response) => {
    response.writeHead(200, { "content-type": type });
    const bytes = Buffer.from(body);
    for (let at = 0; at < bytes.length; at += 997) response.write(bytes.subarray(at, at + 997)); // cuts events and characters
    response.end();
  });
  const options = { concurrency: 1, retries: 0, timeout: 10, random: () => 0 };
  const model = new RemoteAnswerer(await openEndpoint(server.url, "deepseek-reasoner", null), options);
  const item = { id: "q", group: "g", variant: null, question: "q", prompt: "?", gold: "" };
  const { signal } = new AbortController();
  return await model.answer({ item, sample: 0, seed: 1 }, { temperature: 0, topP: 1, maxTokens: 500 }, { signal });
}

test("captured streams come out whole: thinking, answer, how they ended, and every token counted", {
  skip,
}, async () => {
  for (const name of ["deepseek-reasoning", "deepseek-text", "deepseek-tool-call"]) {
    const lines = capture(`${name}.chunks.txt`)
      .split("\n")
      .filter((line) => line !== "");
    const chunks = lines.map((line) => JSON.parse(line));
    const { usage, choices } = chunks.at(-1);
    const events = `${lines.map((line) => `data: ${line}\n\n`).join(": keep-alive\n\n")}data: [DONE]\n\n`;
    const reply = await replayed("text/event-stream", events);
    assert.equal(reply.text, told(chunks.map((chunk) => chunk.choices[0].delta)), name);
    assert.equal(reply.finish, choices[0].finish_reason === "length" ? "length" : "stop");
    assert.deepEqual(
      [reply.tokens, reply.thinking, reply.promptTokens, reply.cachedTokens],
      [
        usage.completion_tokens,
        usage.completion_tokens_details?.reasoning_tokens ?? 0,
        usage.prompt_tokens,
        usage.prompt_cache_hit_tokens,
      ],
    );
  }
});

test("captured bodies come out whole", { skip }, async () => {
  for (const name of ["deepseek-reasoning", "deepseek-text", "deepseek-json", "deepseek-tool-call"]) {
    const body = JSON.parse(capture(`${name}.json`));
    const reply = await replayed("application/json", JSON.stringify(body));
    assert.equal(reply.text, told([body.choices[0].message]), name);
    assert.equal(reply.tokens, body.usage.completion_tokens);
  }
});
