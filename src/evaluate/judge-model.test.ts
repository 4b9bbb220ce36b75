import assert from "node:assert/strict";
import { test } from "node:test";
import { openEndpoint } from "./answerers/remote/endpoint.ts";
import { RemoteAnswerer } from "./answerers/remote/remote.ts";
import { failed, type Handler, streamed, testServer, whole } from "./answerers/remote/test-server.ts";
import { ModelJudge } from "./judge-model.ts";

const signal = new AbortController().signal;

async function withJudge<T>(
  handler: Handler,
  use: (judge: ModelJudge, prompts: () => string[]) => Promise<T>,
): Promise<T> {
  await using server = await testServer(handler);
  const options = { concurrency: 2, retries: 1, timeout: 5, random: () => 0 };
  const model = new RemoteAnswerer(await openEndpoint(server.url, "judge", null), options);
  return await use(new ModelJudge(model, 2, { signal }), () => server.asked.map(({ prompt }) => prompt));
}

test("the judge sees question, gold and answer, and its last verdict counts", async () => {
  const handler: Handler = ({ prompt }, response) =>
    prompt.includes("seven")
      ? streamed(response, "Verdict: wrong? No, it is 7.", "Seven is 7.\n**Verdict:** right")
      : whole(response, { content: "Verdict: right, I thought, but 8 is not 7.\nVerdict: wrong" });
  await withJudge(handler, async (judge, prompts) => {
    const own = judge.of("q1", "What is 3+4?", "7");
    const right = await own("<think>the answer is 8</think>\nIt is seven {gold}", true);
    assert.deepEqual(
      [right.accuracy, right.answer, right.reason],
      [1, "It is seven {gold}", "Seven is 7.\n**Verdict:** right"],
    );
    assert.equal((await own("8", true)).accuracy, 0);
    const [first] = prompts();
    assert.match(
      first!,
      /Question:\nWhat is 3\+4\?\n\nRight answer:\n7\n\nAnswer to be judged:\n(=== \w{16} ===)\nIt is seven \{gold\}\n\1\n/,
    );
    assert.ok(!first!.includes("the answer is 8"), "thinking is not judged");
    assert.equal(judge.used.calls, 2);
    assert.ok(judge.used.newTokens > 0);
  });
});

test("no answer is wrong unasked; a judge without a verdict is asked twice; its failures are tried again", async () => {
  const handler: Handler = ({ prompt }, response, number) => {
    if (number === 1) failed(response, 503, "busy");
    else if (prompt.includes("maybe")) whole(response, { content: number === 2 ? "Hard to tell." : "Verdict: right" });
    else whole(response, { content: "I cannot say." });
  };
  await withJudge(handler, async (judge, prompts) => {
    const own = judge.of("q1", "", "7");
    assert.equal((await own("<think>never ends", true)).accuracy, 0);
    assert.equal(prompts().length, 0);
    assert.equal((await own("maybe", true)).accuracy, 1);
    assert.equal(prompts().length, 3);
    const undecided = await own("8", true);
    assert.deepEqual([undecided.accuracy, undecided.reason], [0, "the judge gave no verdict: I cannot say."]);
  });
});

test("a long answer keeps its ends, and no more requests are under way than allowed", async () => {
  let [now, most] = [0, 0];
  const handler: Handler = async (_, response) => {
    most = Math.max(most, ++now);
    await new Promise((resolve) => setTimeout(resolve, 20));
    now--;
    whole(response, { content: "Verdict: right" });
  };
  await withJudge(handler, async (judge, prompts) => {
    const answers = Array.from({ length: 6 }, (_, i) => `start ${i} ${"x".repeat(100_000)} end ${i}`);
    await Promise.all(answers.map((answer) => judge.of("q", "?", "!")(answer, true)));
    assert.equal(most, 2);
    for (const prompt of prompts()) assert.match(prompt, /start (\d) x+\n\[\.\.\.\]\nx+ end \1\n/);
  });
});
