import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { readTestJson, testData } from "../../checkpoint/test-data.ts";
import { type RunningServer, startServer } from "../server.ts";
import { call, chunksOf, stream, tinyModelFolder, withServer } from "../test-server.ts";

const stories = testData("weights/stories260K.gguf");

interface Goldens {
  readonly greedy: readonly {
    readonly prompt: string;
    readonly content: string;
    readonly tokens: readonly number[];
    readonly logprobs: readonly { readonly logprob: number; readonly top: readonly (readonly [number, number])[] }[];
  }[];
  readonly tokenize: readonly { readonly text: string; readonly tokens: readonly number[] }[];
}

describe("a published model over HTTP", { skip: stories.skip }, () => {
  let server: RunningServer;
  let goldens: Goldens;
  before(async () => {
    goldens = readTestJson<Goldens>("oracles/llama_server_goldens.json.gz");
    server = await startServer({ port: 0, logLevel: "silent", models: [stories.file], threads: 1 });
  });
  after(() => server.stop());

  test("greedy texts and their log-probabilities are llama-server's", async () => {
    // Theirs come by a cache of 16-bit floats, so that a near tie may go the other way: up to there.
    const near = (a: number, b: number): boolean => Math.abs(a - b) < 0.02;
    for (const { prompt, content, logprobs } of goldens.greedy) {
      const tie = logprobs.findIndex(({ top }) => near(top[0][1], top[1][1]));
      const clear = logprobs.slice(0, tie < 0 ? undefined : tie);
      assert.ok(clear.length >= 20);
      const request = { prompt, max_tokens: clear.length, temperature: 0, logprobs: 3, ignore_eos: true };
      const { body } = await call(`${server.url}/v1/completions`, request);
      const [choice] = body.choices;
      assert.equal(choice.text, content.slice(0, choice.text.length));
      for (const [i, expected] of clear.entries()) {
        assert.ok(near(choice.logprobs.token_logprobs[i], expected.logprob), `token ${i}`);
        const alternatives = Object.values<number>(choice.logprobs.top_logprobs[i]).sort((a, b) => b - a);
        for (const [j, logprob] of alternatives.entries()) assert.ok(near(logprob, expected.top[j][1]), `${i}: ${j}`);
      }
      assert.equal(choice.logprobs.tokens.join(""), choice.text);
    }
  });

  test("texts become llama-server's tokens, and tokens texts", async () => {
    for (const { text, tokens } of goldens.tokenize) {
      const { body } = await call(`${server.url}/tokenize`, { content: text, add_special: true });
      assert.deepEqual(body.tokens, tokens);
      const back = await call(`${server.url}/detokenize`, { tokens: tokens.slice(1) });
      assert.equal(back.body.content.trim(), text);
    }
    const pieces = await call(`${server.url}/tokenize`, { content: "The 🙂", with_pieces: true });
    assert.equal(
      pieces.body.tokens.map(({ piece }: { piece: unknown }) => (Array.isArray(piece) ? "?" : piece)).join(""),
      " The ????",
    );
    assert.equal((await call(`${server.url}/detokenize`, { tokens: [100_000] })).body.error.code, "invalid_token");
  });

  test("a model without a chat template says so", async () => {
    const { status, body } = await call(`${server.url}/v1/chat/completions`, {
      messages: [{ role: "user", content: "x" }],
    });
    assert.deepEqual([status, body.error.code, body.error.param], [400, "no_chat_template", "model"]);
  });

  test("a prompt's own log-probabilities come with its echo", async () => {
    const { prompt } = goldens.greedy[0];
    const at = `${server.url}/v1/completions`;
    const written = (await call(at, { prompt, max_tokens: 8, temperature: 0, logprobs: 1 })).body.choices[0];
    const whole = prompt + written.text;
    const only = await call(at, { prompt: whole, max_tokens: 0, echo: true, logprobs: 1 });
    const [choice] = only.body.choices;
    assert.equal(choice.text.trim(), whole);
    assert.equal(only.body.usage.completion_tokens, 0);
    const { token_logprobs, tokens, text_offset } = choice.logprobs;
    assert.equal(token_logprobs[0], null);
    assert.deepEqual(token_logprobs.slice(-8), written.logprobs.token_logprobs);
    assert.deepEqual(tokens.slice(-8), written.logprobs.tokens);
    assert.equal(text_offset.at(-1) + tokens.at(-1).length, tokens.join("").length);
    const chunks = await chunksOf(await stream(at, { prompt: whole, max_tokens: 0, echo: true, logprobs: 1 }));
    const told = chunks.flatMap(({ choices }) => choices);
    assert.deepEqual(
      told.flatMap(({ logprobs }) => logprobs?.token_logprobs ?? []),
      token_logprobs,
    );
    assert.equal(told.map(({ text }) => text).join(""), choice.text);
  });

  test("a gap cannot be filled without marks for it", async () => {
    const { status, body } = await call(`${server.url}/v1/completions`, { prompt: "a", suffix: "b" });
    assert.deepEqual([status, body.error.code, body.error.param], [400, "fill_in_not_supported", "suffix"]);
  });
});

describe("text completions", () => {
  let server: RunningServer;
  let tiny: Awaited<ReturnType<typeof tinyModelFolder>>;
  let at = "";
  before(async () => {
    tiny = await tinyModelFolder();
    server = await startServer({ port: 0, logLevel: "silent", models: [tiny.folder], threads: 1 });
    at = `${server.url}/v1/completions`;
  });
  after(async () => {
    await server.stop();
    tiny.remove();
  });

  test("several prompts with several answers each are numbered in order, streamed or not", async () => {
    const request = { prompt: ["one", "two"], n: 2, max_tokens: 9, seed: 1, ignore_eos: true, echo: true };
    const { body } = await call(at, request);
    const texts: string[] = body.choices.map(({ text }: { text: string }) => text);
    assert.deepEqual(
      body.choices.map(({ index }: { index: number }) => index),
      [0, 1, 2, 3],
    );
    assert.deepEqual(
      texts.map((text) => text.slice(0, 3)),
      ["one", "one", "two", "two"],
    );
    assert.equal(new Set(texts).size, 4);
    const chunks = await chunksOf(await stream(at, { ...request, stream_options: { include_usage: true } }));
    assert.deepEqual(chunks.pop().usage.completion_tokens, 36);
    const told = chunks.flatMap(({ choices }) => choices);
    assert.deepEqual(
      [0, 1, 2, 3].map((index) =>
        told
          .filter((choice) => choice.index === index)
          .map(({ text }) => text)
          .join(""),
      ),
      texts,
    );
  });

  test("token ids are gone on from, thinking tags are text, and a default of 16 tokens holds", async () => {
    const { body: tokenized } = await call(`${server.url}/tokenize`, { content: "2+2<think>", add_special: true });
    const byText = await call(at, { prompt: "2+2<think>", seed: 5, ignore_eos: true });
    const byIds = await call(at, { prompt: tokenized.tokens, seed: 5, ignore_eos: true });
    assert.equal(byIds.body.choices[0].text, byText.body.choices[0].text);
    assert.equal(byIds.body.usage.completion_tokens, 16);
    assert.ok(!("reasoning_content" in byIds.body.choices[0]));
    const stopped = await call(at, { prompt: "2", seed: 5, max_tokens: 60, stop: byText.body.choices[0].text[3] });
    assert.ok(!stopped.body.choices[0].text.includes(byText.body.choices[0].text[3]));
  });

  test("a gap is filled where the vocabulary has marks for it", async () => {
    const other = await tinyModelFolder();
    const file = join(other.folder, "tokenizer.json");
    const marks = ["prefix", "suffix", "middle"].map((name) => `<|fim_${name}|>`);
    const written = marks.reduce(
      (text, mark, i) => text.replaceAll(`<｜reserved_${i}｜>`, mark),
      readFileSync(file, "utf8"),
    );
    writeFileSync(file, written);
    await withServer({ models: [other.folder] }, async (url) => {
      // Under DeepSeek's base URL for it as well.
      const there = await call(`${url}/beta/completions`, { prompt: "2+", suffix: "=4", max_tokens: 2 });
      assert.equal(there.status, 200);
      const ids = async (content: string): Promise<number[]> =>
        (await call(`${url}/tokenize`, { content })).body.tokens;
      const [before, after, end] = (await Promise.all(marks.map(ids))).flat();
      const prompt = [0, before, ...(await ids("12 +")), after, ...(await ids("= 42")), end];
      const common = { seed: 3, max_tokens: 9, ignore_eos: true };
      const byIds = await call(`${url}/v1/completions`, { ...common, prompt });
      const filled = await call(`${url}/v1/completions`, { ...common, prompt: "12 +", suffix: "= 42" });
      assert.deepEqual([filled.status, filled.body.choices[0].text], [200, byIds.body.choices[0].text]);
      assert.equal(filled.body.usage.prompt_tokens, prompt.length);
      const chunks = await chunksOf(
        await stream(`${url}/v1/completions`, { ...common, prompt: "12 +", suffix: "= 42" }),
      );
      assert.equal(chunks.map(({ choices }) => choices[0]?.text ?? "").join(""), filled.body.choices[0].text);
    });
    other.remove();
  });

  test("what cannot be is refused by name", async () => {
    for (const [body, param] of [
      [{}, "prompt"],
      [{ prompt: [] }, "prompt"],
      [{ prompt: "x", max_tokens: 0 }, "max_tokens"],
      [{ prompt: "x", best_of: 3 }, "best_of"],
      [{ prompt: "x", return_token_ids: true, stream: true }, "return_token_ids"],
      [{ prompt: [1, 2], suffix: "x" }, "suffix"],
      [{ prompt: [99_999] }, "ids"],
      [{ prompt: "x".repeat(500) }, "messages"],
    ] as const) {
      const reply = await call(at, body);
      assert.deepEqual([reply.status, reply.body.error.param], [400, param], JSON.stringify(body).slice(0, 50));
    }
  });
});
