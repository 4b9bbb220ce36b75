import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { cpuDevice } from "../../kernels/cpu/device.ts";
import type { Device } from "../../kernels/kernels.ts";
import type { Decoder } from "../../model/decoder.ts";
import { Random } from "../../random.ts";
import { Scheduler } from "../scheduler.ts";
import type { Request, Sequence } from "../sequence.ts";
import { tinyConfigs, tinyDecoder } from "../tiny-models.ts";

let device: Device;
before(async () => {
  device = await cpuDevice({ threads: 1 });
});
after(() => device.close());

const ids = (seed: number, length: number): number[] => {
  const random = Random.from(seed);
  return Array.from({ length }, () => random.int(2, 111));
};

const request = (prompt: readonly number[], more: Partial<Request> = {}): Request => ({
  prompt,
  maxTokens: 5,
  sampling: { seed: 1 },
  stopIds: [],
  ...more,
});

function run(scheduler: Scheduler, one: Request): Sequence {
  const sequence = scheduler.add(one);
  while (!scheduler.idle) scheduler.step();
  return sequence;
}

for (const [name, config] of Object.entries(tinyConfigs))
  test(`${name}: a beginning survives its slot's reuse within the memory limit, with the same bits`, () => {
    const decoder: Decoder = tinyDecoder(config, device);
    const system = ids(1, 100);
    const scheduler = new Scheduler(decoder, { slots: 1, capacity: 160, saveBytes: 1e6 });
    const first = run(scheduler, request([...system, ...ids(2, 9)]));
    assert.equal(first.cached, 0);
    run(scheduler, request(ids(3, 90)));
    assert.ok(scheduler.state.savedBytes > 0);
    const again = run(scheduler, request([...system, ...ids(2, 9)]));
    assert.equal(again.cached, 96, "three blocks of 32 tokens");
    assert.deepEqual(again.ids, first.ids);
    assert.deepEqual(again.logps, first.logps);
    const other = run(scheduler, request([...system, ...ids(4, 9)]));
    assert.equal(other.cached, 100, "in the slot itself token by token");
    const fresh = new Scheduler(decoder, { slots: 1, capacity: 160 });
    assert.deepEqual(other.logps, run(fresh, request([...system, ...ids(4, 9)])).logps);
    run(fresh, request(ids(3, 90)));
    assert.equal(run(fresh, request([...system, ...ids(4, 9)])).cached, 0, "without memory for it nothing is saved");
    const unwilling = run(scheduler, request([...system, ...ids(4, 9)], { reusePrompt: false }));
    assert.equal(unwilling.cached, 0);
    assert.deepEqual(unwilling.logps, other.logps);
    for (const one of [scheduler, fresh]) one.close();
    decoder.free();
  });

test("a limit smaller than the prompt saves what fits and harms nothing", () => {
  const decoder = tinyDecoder(tinyConfigs.llama, device);
  const blockBytes = 3 * 2 * 16 * 32 * 4; // layers, key heads, key and value width, positions, bytes
  const scheduler = new Scheduler(decoder, { slots: 1, capacity: 160, saveBytes: 2 * blockBytes });
  const prompt = ids(1, 120);
  const first = run(scheduler, request(prompt));
  for (let seed = 5; seed < 9; seed++) run(scheduler, request(ids(seed, 20)));
  const again = run(scheduler, request(prompt));
  assert.equal(again.cached, 64);
  assert.deepEqual(again.logps, first.logps);
  assert.ok(scheduler.state.savedBytes <= 2 * blockBytes);
  scheduler.close();
  decoder.free();
});

test("a short prompt is read beside a long one, and what is already writing gets a token at every step", () => {
  const decoder = tinyDecoder(tinyConfigs.llama, device);
  const scheduler = new Scheduler(decoder, { slots: 3, capacity: 256, chunk: 16 });
  const writing = scheduler.add(request(ids(1, 2), { maxTokens: 30 }));
  while (writing.ids.length === 0) scheduler.step();
  const long = scheduler.add(request(ids(2, 200)));
  const short = scheduler.add(request(ids(3, 16)));
  let before = writing.ids.length;
  while (short.ids.length === 0) {
    scheduler.step();
    assert.equal(writing.ids.length, ++before);
  }
  assert.equal(long.ids.length, 0);
  assert.ok(before <= 4);
  scheduler.close();
  decoder.free();
});

test("a paused sequence waits while others go on, and continues as if nothing had been", () => {
  const decoder = tinyDecoder(tinyConfigs.llama, device);
  const scheduler = new Scheduler(decoder, { slots: 2, capacity: 64 });
  const reference = run(scheduler, request(ids(1, 5), { maxTokens: 20 }));
  const paused = scheduler.add(request(ids(1, 5), { maxTokens: 20 }));
  while (paused.ids.length < 6) scheduler.step();
  assert.ok(scheduler.pause(paused));
  run(scheduler, request(ids(2, 30), { maxTokens: 20 }));
  assert.equal(paused.ids.length, 6);
  scheduler.resume(paused);
  while (!scheduler.idle) scheduler.step();
  assert.deepEqual(paused.ids, reference.ids);
  assert.deepEqual(paused.logps, reference.logps);
  scheduler.close();
  decoder.free();
});

test("a request whose own rule throws fails alone", () => {
  const decoder = tinyDecoder(tinyConfigs.llama, device);
  const scheduler = new Scheduler(decoder, { slots: 2, capacity: 64 });
  const force = (count: number): number => {
    if (count === 3) throw new Error("the rule broke");
    return -1;
  };
  const other = scheduler.add(request(ids(1, 5), { maxTokens: 20 }));
  const failing = scheduler.add(request(ids(2, 5), { maxTokens: 20, force }));
  while (!scheduler.idle) scheduler.step();
  assert.equal(String(failing.error), "Error: the rule broke");
  assert.deepEqual([failing.finish, failing.ids.length], ["abort", 3]);
  assert.deepEqual([other.finish, other.ids.length], ["length", 20]);
  assert.equal(scheduler.freeSlots, 2);
  scheduler.close();
  decoder.free();
});
