import assert from "node:assert/strict";
import { test } from "node:test";
import { trainView } from "./train-view.ts";

const watch = (isTTY: boolean) => {
  const clock = { time: 0 };
  const written: string[] = [];
  const stream = { isTTY, columns: 160, write: (text: string) => written.push(text) };
  const view = trainView(false, stream, () => clock.time);
  const steps = (count: number) => {
    for (let step = 1; step <= count; step++) {
      clock.time += 6;
      view.step({ step, reward: step / 10, "completions/mean_thinking": 30, entropy: 0.5, tokens: 600, step_time: 6 });
      view.sample?.({
        prompt: "What is 2+3?",
        response: "2+3=5\n\u001b[2J</think>5",
        parts: { accuracy: 1, format: 1, language: Number.NaN },
        reward: 1.2,
      });
    }
  };
  return { written, view, steps };
};

test("on a terminal one line redraws itself: stage, step, time left, rewards as bars; now and then a sample with its reward parts above it", () => {
  const { written, view, steps } = watch(true);
  view.begin("2/15 r1-zero", 0, 10);
  steps(5);
  view.end();
  const line = written.at(-2)!;
  assert.match(
    line,
    /^\r2\/15 r1-zero █+░+ 5\/10 .* 30\.0 s left {2}▁▃▄▆█ {2}reward 0\.500 {2}thinking 30 {2}entropy 0\.500/,
  );
  const samples = written.filter((text) => text.includes("reward 1.2:"));
  assert.equal(samples.length, 1); // thirty seconds: one
  assert.equal(
    samples[0],
    "\r\x1b[K  What is 2+3? -> 2+3=5 / \ufffd[2J</think>5\n  reward 1.2: accuracy 1, format 1\n",
  );
});

test("elsewhere there are plain lines: no control characters, and notes between them", () => {
  const { written, view, steps } = watch(false);
  view.note("pre-training first");
  view.begin("base", 0, 5);
  steps(5);
  view.note("done");
  view.end();
  assert.equal(written[0], "pre-training first\n");
  assert.ok(written.some((text) => /^base 5\/5 .*reward 0\.500/.test(text)));
  assert.ok(written.every((text) => text.endsWith("\n") && !/[^\n\P{Cc}]/u.test(text)));
});
