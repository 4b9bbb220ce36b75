// Guesses among many: every text is the one that is written alone and without them, whoever joins, leaves or waits meanwhile.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { cpuDevice } from "../../kernels/cpu/device.ts";
import type { Device } from "../../kernels/kernels.ts";
import type { Decoder } from "../../model/decoder.ts";
import { Random } from "../../random.ts";
import { completionOf } from "../batch.ts";
import { Scheduler, type SchedulerOptions } from "../scheduler.ts";
import type { Request, Sequence } from "../sequence.ts";
import { tinyConfigs, tinyDecoder } from "../tiny-models.ts";
import type { BatchDrafter, SequenceGuesses } from "./batch-guesses.ts";

let device: Device;
before(async () => {
  device = await cpuDevice({ threads: 1 });
});
after(() => device.close());

/** Guesses right about `share` of the time, of texts it was told by their prompts. */
class Oracle implements BatchDrafter {
  readonly texts = new Map<ArrayLike<number>, readonly number[]>();
  readonly #random = Random.from(8);
  readonly #share: number;

  constructor(share: number) {
    this.#share = share;
  }

  draft(all: readonly SequenceGuesses[]): void {
    for (const guesses of all) {
      const { request, ids } = guesses.sequence;
      const text = this.texts.get(request.prompt) ?? [];
      guesses.count = guesses.wanted;
      for (let k = 0; k < guesses.wanted; k++) {
        const wrong = this.#random.int(0, 111);
        guesses.ids[k] = this.#random.chance(this.#share) ? (text[ids.length + k] ?? wrong) : wrong;
      }
    }
  }
}

const drawn = (seed: number, length: number): number[] => {
  const random = Random.from(seed);
  return Array.from({ length }, () => random.int(2, 111));
};

const request = (seed: number, more: Partial<Request> = {}): Request => ({
  prompt: drawn(seed, 4 + seed),
  maxTokens: 40,
  sampling: [
    { temperature: 0 },
    { temperature: 1, seed },
    { temperature: 0.7, topK: 20, topP: 0.9, seed },
    { temperature: 0, repetitionPenalty: 1.3, dry: { multiplier: 1 } },
  ][seed % 4],
  stopIds: [1],
  ...more,
});

function withScheduler<T>(decoder: Decoder, options: Partial<SchedulerOptions>, use: (scheduler: Scheduler) => T): T {
  const scheduler = new Scheduler(decoder, { slots: 1, capacity: 128, ...options });
  try {
    return use(scheduler);
  } finally {
    scheduler.close();
  }
}

function run(scheduler: Scheduler, one: Request): Sequence {
  const sequence = scheduler.add(one);
  while (!scheduler.idle) scheduler.step();
  return sequence;
}

/** What each request says alone and without guesses, and an oracle that knows it. */
function alone(decoder: Decoder, requests: readonly Request[], share = 0.8) {
  const oracle = new Oracle(share);
  const plain = requests.map((one) => {
    const sequence = withScheduler(decoder, {}, (scheduler) => run(scheduler, one));
    oracle.texts.set(one.prompt, sequence.ids);
    return completionOf(sequence);
  });
  return { plain, oracle };
}

for (const [name, config] of Object.entries(tinyConfigs)) {
  test(`${name}: alone or among others that come and go, texts and log-probs are those without guesses, bit for bit`, () => {
    const decoder = tinyDecoder(config, device);
    const requests = Array.from({ length: 12 }, (_, i) => request(i, { maxTokens: 20 + 3 * i }));
    const { plain, oracle } = alone(decoder, requests);
    for (const slots of [1, 3, 8]) {
      for (const drafter of [oracle, undefined]) {
        withScheduler(decoder, { slots, speculate: 9, drafter, chunk: 16 }, (scheduler) => {
          const sequences: Sequence[] = [];
          let [drafted, accepted, steps] = [0, 0, 0];
          while (sequences.length < requests.length || !scheduler.idle) {
            if (steps++ % 4 === 0 && sequences.length < requests.length)
              sequences.push(scheduler.add(requests[sequences.length]));
            scheduler.step();
            drafted += scheduler.guessed.drafted;
            accepted += scheduler.guessed.accepted;
            assert.ok(scheduler.rows <= Math.max(slots, 10) + 16);
          }
          assert.deepEqual(sequences.map(completionOf), plain);
          if (drafter === oracle) assert.ok(accepted > 0 && accepted < drafted, `${accepted} of ${drafted}`);
          assert.equal(
            sequences.reduce((sum, { speculation }) => sum + (speculation?.accepted ?? 0), 0),
            accepted,
          );
        });
      }
    }
    decoder.free();
  });
}

test("a text that ends or is stopped amid right guesses has no token more, and what it leaves in the cache goes on the same", () => {
  const decoder = tinyDecoder(tinyConfigs.llama, device);
  const requests = [0, 1, 2, 5].map((seed) => request(seed, { stopIds: [] }));
  const { plain, oracle } = alone(decoder, requests, 1);
  for (const [i, one] of requests.entries()) {
    const cached: number[] = [];
    const continued: unknown[] = [];
    for (const speculate of [0, 7]) {
      withScheduler(decoder, { speculate, drafter: oracle }, (scheduler) => {
        const sequence = scheduler.add(one);
        const told: number[] = [];
        while (!scheduler.idle) {
          scheduler.step(({ ids }) => {
            told.push(ids.at(-1)!);
            if (ids.length === 14) scheduler.cancel(sequence, "stop"); // a stop text in the middle of a step's tokens
          });
        }
        assert.deepEqual([sequence.ids, sequence.finish], [plain[i].ids.slice(0, 14), "stop"]);
        assert.deepEqual(told, sequence.ids, "told in order, nothing after the end");
        const next = run(scheduler, { ...one, prompt: [...Array.from(one.prompt), ...sequence.ids, 7, 8] });
        cached.push(next.cached);
        continued.push(completionOf(next));
      });
    }
    assert.equal(cached[0], one.prompt.length + 13, "all but the token that was never read");
    // Of a text that was stopped between two tokens of a step nothing more is known than without guesses.
    assert.equal(cached[1], cached[0]);
    assert.deepEqual(continued[1], continued[0]);
  }
  for (const maxTokens of [1, 2, 7, 23]) {
    const [one] = requests;
    const exact = { speculate: 7, drafter: oracle, capacity: one.prompt.length + maxTokens };
    const sequence = withScheduler(decoder, exact, (scheduler) => run(scheduler, { ...one, maxTokens }));
    assert.deepEqual([sequence.ids, sequence.finish], [plain[0].ids.slice(0, maxTokens), "length"]);
  }
  const stop = plain[1].ids[9];
  const stopped = withScheduler(decoder, { speculate: 7, drafter: oracle }, (scheduler) =>
    run(scheduler, { ...requests[1], stopIds: [stop] }),
  );
  assert.deepEqual(stopped.ids, plain[1].ids.slice(0, plain[1].ids.indexOf(stop) + 1));
  decoder.free();
});

test("a sequence that pauses amid right guesses gets no token until it goes on, and then the same ones", () => {
  const decoder = tinyDecoder(tinyConfigs.deepseek_v3, device);
  const requests = [request(1, { stopIds: [] }), request(4, { stopIds: [] })];
  const { plain, oracle } = alone(decoder, requests, 1);
  withScheduler(decoder, { slots: 2, speculate: 7, drafter: oracle }, (scheduler) => {
    const [pausing, other] = requests.map((one) => scheduler.add(one));
    const pauseAt = 6;
    while (!scheduler.idle) {
      scheduler.step((sequence) => {
        if (sequence === pausing && sequence.ids.length === pauseAt) scheduler.pause(sequence);
      });
    }
    assert.equal(pausing.ids.length, pauseAt);
    assert.equal(other.finish, "length");
    scheduler.resume(pausing);
    while (!scheduler.idle) scheduler.step();
    assert.deepEqual([pausing, other].map(completionOf), plain);
  });
  decoder.free();
});

test("guesses are as many as there are rows left for them, shared, and none once there are too many texts", () => {
  const decoder = tinyDecoder(tinyConfigs.llama, device);
  const requests = Array.from({ length: 6 }, (_, i) => request(4 * i, { stopIds: [], maxTokens: 90 }));
  const { oracle } = alone(decoder, requests, 1);
  withScheduler(decoder, { slots: 6, speculate: 3, drafter: oracle }, (scheduler) => {
    const most: number[] = [];
    for (const one of requests) {
      const sequence = scheduler.add(one);
      while (sequence.ids.length === 0) scheduler.step();
      const { live } = scheduler.state;
      scheduler.step();
      const { drafted } = scheduler.guessed;
      most[live] = drafted;
      assert.equal(scheduler.rows, live + drafted);
    }
    assert.deepEqual(most.slice(1), [3, 2, 1, 0, 0, 0]);
  });
  decoder.free();
});

test("a request whose own rule throws at a guessed token fails alone, with the tokens it had", () => {
  const decoder = tinyDecoder(tinyConfigs.llama, device);
  const requests = [request(0, { stopIds: [] }), request(4, { stopIds: [] })];
  const { plain, oracle } = alone(decoder, requests, 1);
  const observe = (() => {
    let count = 0;
    return () => {
      if (count++ === 5) throw new Error("the rule broke");
    };
  })();
  withScheduler(decoder, { slots: 2, speculate: 7, drafter: oracle }, (scheduler) => {
    const [failing, other] = [scheduler.add({ ...requests[0], observe }), scheduler.add(requests[1])];
    while (!scheduler.idle) scheduler.step();
    assert.equal(String(failing.error), "Error: the rule broke");
    assert.deepEqual([failing.finish, failing.ids], ["abort", plain[0].ids.slice(0, 5)]);
    assert.deepEqual(completionOf(other), plain[1]);
    assert.equal(scheduler.freeSlots, 2);
  });
  decoder.free();
});
