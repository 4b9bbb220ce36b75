// The vote: which answers are one, what is returned, whole and streamed.
import assert from "node:assert/strict";
import { test } from "node:test";
import { call, chunksOf, stream, user, withServer } from "../test-server.ts";
import { voteOn } from "./vote.ts";

test("answers that are the same mathematics are one, where they are to be verified", async () => {
  const answers = ["\\boxed{0.5}", "\\boxed{7}", "It is \\boxed{\\frac{1}{2}}.", "\\boxed{7}", "\\boxed{50\\%}", ""];
  const verified = await voteOn(answers, true);
  assert.deepEqual([verified.index, verified.votes, verified.tally.map(({ votes }) => votes)], [0, 3, [3, 2, 1]]);
  const written = await voteOn(answers, false);
  assert.deepEqual([written.index, written.votes], [1, 2]);
});

test("a vote gives one answer, the distribution, and the usage of all", async () => {
  await withServer({}, async (url) => {
    const at = `${url}/v1/chat/completions`;
    const ask = { messages: user("What is 12 + 30?"), seed: 5, temperature: 1.2, max_tokens: 60 };
    const all = (await call(at, { ...ask, n: 5 })).body;
    const { choices, vote, usage } = (await call(at, { ...ask, vote: { n: 5 } })).body;
    assert.equal(choices.length, 1);
    assert.deepEqual([vote.n, vote.verified], [5, true]);
    const sum = (of: "votes" | "share") =>
      vote.distribution.reduce((total: number, one: Record<string, number>) => total + one[of], 0);
    assert.equal(sum("votes"), 5);
    assert.ok(Math.abs(sum("share") - 1) < 1e-9);
    const { message } = choices[0];
    assert.ok(all.choices.some((one: { message: object }) => JSON.stringify(one.message) === JSON.stringify(message)));
    assert.equal(usage.completion_tokens, all.usage.completion_tokens);
    const chunks = await chunksOf(
      await stream(at, { ...ask, vote: { n: 5 }, stream_options: { include_usage: true } }),
    );
    const told = (key: string) => chunks.map((chunk) => chunk.choices[0]?.delta[key] ?? "").join("");
    assert.deepEqual([told("content"), told("reasoning_content")], [message.content, message.reasoning_content]);
    assert.deepEqual([chunks.at(-2).vote, chunks.at(-1).usage], [vote, { ...usage, ...cacheOf(chunks.at(-1).usage) }]);
    for (const [more, param] of [
      [{ vote: { n: 1 } }, "vote.n"],
      [{ vote: { n: 3 }, n: 2 }, "n"],
    ] as const) {
      const { status, body } = await call(at, { ...ask, ...more });
      assert.deepEqual([status, body.error.param], [400, param]);
    }
  });
});

/** How much was cached differs from one time to the next. */
const cacheOf = ({
  prompt_tokens_details,
  prompt_cache_hit_tokens,
  prompt_cache_miss_tokens,
}: Record<string, unknown>) => ({
  prompt_tokens_details,
  prompt_cache_hit_tokens,
  prompt_cache_miss_tokens,
});
