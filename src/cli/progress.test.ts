import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { renderBar, sparkline, startProgress } from "./progress.ts";

const start = (isTTY: boolean, total?: number, first: number = 0) => {
  const clock = { time: 0 };
  const written: string[] = [];
  const stream = { isTTY, columns: 80, write: (text: string) => written.push(text) };
  const progress = startProgress({
    label: "training",
    total,
    unit: "tok",
    start: first,
    stream,
    now: () => clock.time,
  });
  return { clock, written, progress };
};

test("on a terminal the bar redraws itself, at most ten times a second", () => {
  const { clock, written, progress } = start(true, 1000);
  for (let step = 1; step <= 1000; step++) {
    clock.time = step / 1000;
    progress.update(step);
  }
  progress.finish();
  assert.ok(written.length <= 13, `${written.length} writes`);
  assert.ok(written.slice(0, -1).every((text) => text.startsWith("\r") && text.endsWith("\x1b[K")));
  assert.match(written.at(-2) ?? "", /1k\/1k/);
  assert.equal(written.at(-1), "\n");
});

test("elsewhere it is a plain line every few seconds, and the end", () => {
  const { clock, written, progress } = start(false, 600);
  for (let step = 1; step <= 600; step++) {
    clock.time = step / 50; // 12 seconds
    progress.update(step, `loss ${step}`);
  }
  progress.finish();
  progress.finish();
  assert.equal(written.length, 3);
  assert.equal(written[0], "training 250/600  50 tok/s  7.0 s left  loss 250\n");
  assert.equal(written[2], "training 600/600  50 tok/s  12.0 s  loss 600\n");
  assert.ok(written.every((text) => !text.includes("\x1b") && !text.includes("\r")));
});

test("a resumed run's rate and time left count only what this process did", () => {
  const { clock, written, progress } = start(false, 200, 100);
  clock.time = 10;
  progress.update(150);
  assert.equal(written[0], "training 150/200  5 tok/s  10.0 s left\n");
});

test("a line of its own does not break the bar", () => {
  const { written, progress } = start(true, 10);
  progress.update(5);
  progress.line("evaluated: 0.5");
  assert.equal(written[1], "\r\x1b[Kevaluated: 0.5\n");
  assert.match(written[2], /5\/10/);
});

test("a bar never overflows the terminal", () => {
  const state = fc.record({
    label: fc.string({ maxLength: 20 }),
    total: fc.option(fc.nat(), { nil: undefined }),
    unit: fc.constant("tok"),
    done: fc.nat(),
    rate: fc.oneof(fc.constant(Number.NaN), fc.double({ min: 0.001, max: 1e9, noNaN: true })),
    elapsed: fc.double({ min: 0, max: 1e6, noNaN: true }),
    remark: fc.string({ maxLength: 60 }),
  });
  fc.assert(fc.property(state, fc.integer({ min: 1, max: 200 }), (s, width) => renderBar(s, width).length <= width));
});

test("a sparkline spans its least and its greatest value", () => {
  assert.equal(sparkline([0, 0.5, 1, 0]), "▁▅█▁  ");
  assert.deepEqual([sparkline([]), sparkline([1]), sparkline([2, 2])], ["", "", "▁▁  "]);
});
