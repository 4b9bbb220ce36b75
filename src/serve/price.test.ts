import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Answer } from "../generate/answer.ts";
import { costField, priceOf } from "./price.ts";
import { call, chunksOf, stream, tinyModelFolder, user, withServer } from "./test-server.ts";

let tiny: Awaited<ReturnType<typeof tinyModelFolder>>;
before(async () => {
  tiny = await tinyModelFolder();
});
after(() => tiny.remove());

const answer = {
  usage: { completion_tokens: 40, reasoning_tokens: 30 },
  timing: { prefill_ms: 1000, decode_ms: 4000 },
} as Answer;

test("tokens are paid for by kind, a slot's time by its share of the hour", () => {
  assert.deepEqual(costField(null, 10, 0, [answer]), {});
  const { cost } = costField(priceOf({ prompt: 1, cached: 0.1, answer: 2 }, 8), 100, 60, [answer, answer]);
  const near = (a: number | undefined, b: number) => assert.ok(Math.abs((a ?? -1) - b) < 1e-12, `${a} ${b}`);
  near(cost?.prompt, 46e-6);
  near(cost?.thinking, 120e-6);
  near(cost?.answer, 40e-6);
  near(cost?.total, 206e-6);
  const { cost: timed } = costField(priceOf({ perHour: 7.2 }, 2), 100, 60, [answer]);
  near(timed?.prompt, 0.001);
  near(timed?.thinking, 0.003);
  near(timed?.answer, 0.001);
});

test("usages tell the cost where the server states a price, in every API", async () => {
  const price = { prompt: 1e6, answer: 2e6 };
  await withServer({ models: [tiny.folder], price }, async (url) => {
    const ask = { model: "tiny", seed: 1, temperature: 0 };
    const chat = { ...ask, messages: user("go"), max_tokens: 9, ignore_eos: true };
    const { usage } = (await call(`${url}/v1/chat/completions`, chat)).body;
    assert.deepEqual(usage.cost, {
      prompt: usage.prompt_tokens,
      thinking: 2 * usage.completion_tokens_details.reasoning_tokens,
      answer: 2 * (usage.completion_tokens - usage.completion_tokens_details.reasoning_tokens),
      total: usage.prompt_tokens + 2 * usage.completion_tokens,
      currency: "USD",
    });
    const options = { stream_options: { include_usage: true } };
    const chunks = await chunksOf(await stream(`${url}/v1/chat/completions`, { ...chat, ...options }));
    assert.equal(chunks.at(-1).usage.cost.total, usage.cost.total);
    const text = (await call(`${url}/v1/completions`, { ...ask, prompt: "2+2", max_tokens: 3 })).body.usage;
    assert.equal(text.cost.total, text.prompt_tokens + 2 * text.completion_tokens);
    const response = (await call(`${url}/v1/responses`, { ...ask, input: "go", max_output_tokens: 9 })).body.usage;
    assert.equal(response.cost.total, response.input_tokens + 2 * response.output_tokens);
    const message = (await call(`${url}/v1/messages`, { ...ask, messages: user("go"), max_tokens: 9 })).body.usage;
    assert.equal(
      message.cost.total,
      message.input_tokens + message.cache_read_input_tokens + 2 * message.output_tokens,
    );
  });
  await withServer({ models: [tiny.folder] }, async (url) => {
    const { usage } = (await call(`${url}/v1/chat/completions`, { messages: user("go"), max_tokens: 3 })).body;
    assert.ok(!("cost" in usage));
  });
});
