import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { test } from "node:test";
import { listenForInterrupt, type SignalSource } from "./interrupt.ts";
import { Interrupted } from "./output.ts";

class FakeProcess extends EventEmitter implements SignalSource {
  readonly exits: number[] = [];
  exit(code: number): void {
    this.exits.push(code);
  }
}

const start = () => {
  const source = new FakeProcess();
  const clock = { time: 0 };
  return { source, clock, interrupt: listenForInterrupt("stopping", source, () => clock.time) };
};

test("the first Ctrl-C asks for a stop, the second ends the process with 130", () => {
  const { source, clock, interrupt } = start();
  assert.equal(interrupt.signal.aborted, false);
  source.emit("SIGINT");
  assert.equal(interrupt.signal.aborted, true);
  assert.deepEqual(source.exits, []);
  clock.time = 1000;
  source.emit("SIGINT");
  assert.deepEqual(source.exits, [130]);
});

test("one request that arrives twice, by the group and by the launcher, is one", () => {
  const { source, clock, interrupt } = start();
  source.emit("SIGTERM");
  clock.time = 20;
  source.emit("SIGTERM");
  assert.deepEqual(source.exits, []);
  assert.ok(interrupt.signal.reason instanceof Interrupted);
  assert.equal(interrupt.signal.reason.exitCode, 143);
});

test("once disposed it listens no more", () => {
  const { source, interrupt } = start();
  interrupt[Symbol.dispose]();
  assert.deepEqual([source.listenerCount("SIGINT"), source.listenerCount("SIGTERM")], [0, 0]);
});
