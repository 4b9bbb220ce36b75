import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { call, tinyModelFolder, user, withServer } from "./test-server.ts";

let tiny: Awaited<ReturnType<typeof tinyModelFolder>>;
before(async () => {
  tiny = await tinyModelFolder();
});
after(() => tiny.remove());

test("guesses are counted, and the answer is the one without them", async () => {
  const ask = { prompt: "1 2 3 4 ".repeat(12), max_tokens: 60, temperature: 0, ignore_eos: true };
  const texts: string[] = [];
  const counts: number[][] = [];
  for (const speculate of [0, 7]) {
    await withServer({ models: [tiny.folder], speculate }, async (url) => {
      texts.push((await call(`${url}/v1/completions`, ask)).body.choices[0].text);
      const metrics: string = (await call(`${url}/metrics`)).body;
      const value = (name: string): number =>
        Number(new RegExp(`^reckon_${name}\\{.*\\} (\\S+)$`, "m").exec(metrics)?.[1]);
      const guesses = (which: string): number => value(`spec_decode_num_${which}_tokens_total`);
      counts.push([guesses("draft"), guesses("accepted"), value("inter_token_latency_seconds_count")]);
    });
  }
  assert.equal(texts[1], texts[0]);
  const [without, [drafted, accepted, tokens]] = counts;
  assert.deepEqual(without, [0, 0, 60]);
  assert.ok(drafted > 0 && accepted >= 0 && accepted <= drafted, `${accepted} of ${drafted}`);
  assert.equal(tokens, 60);
});

test("what Prometheus reads adds up to what clients were told", async () => {
  await withServer({ models: [tiny.folder] }, async (url) => {
    const ask = { messages: user("go"), max_tokens: 9, seed: 1, ignore_eos: true };
    const usages: Record<string, number>[] = [];
    for (const n of [1, 2]) usages.push((await call(`${url}/v1/chat/completions`, { ...ask, n })).body.usage);
    const text: string = (await call(`${url}/metrics`)).body;
    const value = (name: string): number =>
      Number(new RegExp(`^reckon_${name}\\{.*model_name="tiny".*\\} (\\S+)$`, "m").exec(text)?.[1]);
    const sum = (of: (usage: Record<string, number>) => number) => usages.reduce((all, usage) => all + of(usage), 0);
    assert.equal(value("generation_tokens_total"), 27);
    assert.equal(value("inter_token_latency_seconds_count"), 27);
    assert.equal(
      value("prompt_tokens_total"),
      sum((usage) => usage.prompt_tokens),
    );
    assert.equal(
      value("prefix_cache_hits_total"),
      sum((usage) => usage.prompt_cache_hit_tokens),
    );
    assert.equal(value("time_to_first_token_seconds_count"), 2);
    assert.equal(value("request_queue_time_seconds_count"), 2);
    assert.equal(value("request_success_total"), 3);
    assert.match(text, /reckon_request_success_total\{[^}]*finished_reason="length"[^}]*\} 3\n/);
  });
});
