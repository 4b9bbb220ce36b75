import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { UserError } from "../error.ts";
import { cpuDevice } from "../kernels/cpu/device.ts";
import type { Device } from "../kernels/kernels.ts";
import { packBatch } from "../model/batch.ts";
import type { Decoder } from "../model/decoder.ts";
import { Random } from "../random.ts";
import { type Completion, generateBatch } from "./batch.ts";
import type { Request } from "./sequence.ts";
import { denseVariants, tinyConfigs, tinyDecoder } from "./tiny-models.ts";

const threadCounts = [1, 2];
const devices = new Map<number, Device>();
before(async () => {
  for (const threads of threadCounts) devices.set(threads, await cpuDevice({ threads }));
});
after(async () => {
  for (const device of devices.values()) await device.close();
});

for (const [name, config] of Object.entries({ ...tinyConfigs, ...denseVariants }))
  test(`${name}: log-probs and entropies are the training pass's, bit for bit, also after parameters change`, async () => {
    const device = devices.get(2)!;
    const decoder = tinyDecoder(config, device);
    for (let update = 0; update < 3; update++) {
      for (const temperature of [1, 0.7]) {
        const requests = mixedRequests().map((one) => ({
          ...one,
          sampling: { temperature, topK: one.sampling.topK, seed: one.sampling.seed },
        }));
        const completions = await generateBatch(decoder, requests, { slots: 6, chunk: 11 });
        const scored = score(decoder, requests, completions, temperature);
        completions.forEach(({ logps, entropies }, i) => {
          assert.deepEqual(logps, scored[i].logps);
          assert.deepEqual(entropies, scored[i].entropies);
        });
      }
      perturb(decoder, update);
    }
    decoder.free();
  });

for (const [name, config] of Object.entries(tinyConfigs)) {
  describe(name, () => {
    test("a completion depends on its own request alone: not on batch, order, slots, chunks or threads", async () => {
      const requests = mixedRequests();
      let reference: Completion[] | null = null;
      for (const threads of threadCounts) {
        const decoder = tinyDecoder(config, devices.get(threads)!);
        const single: Completion[] = [];
        for (const request of requests) single.push((await generateBatch(decoder, [request], { slots: 1 }))[0]);
        reference ??= single;
        assertSame(single, reference);
        for (const [slots, chunk] of [
          [3, 512],
          [5, 7],
          [64, 1],
        ]) {
          assertSame(await generateBatch(decoder, requests, { slots, chunk, capacity: 128 }), reference);
        }
        const order = Random.from(9).shuffle(requests.map((_, i) => i));
        const shuffled = await generateBatch(
          decoder,
          order.map((i) => requests[i]),
          { slots: 4 },
        );
        assertSame(
          order.map((_, i) => shuffled[order.indexOf(i)]),
          reference,
        );
        decoder.free();
      }
      assert.ok(
        reference!.some(({ finish }) => finish === "stop") && reference!.some(({ finish }) => finish === "length"),
      );
    });

    test("one prompt shared by a group is read once, and each of its samples is its own", async () => {
      const device = devices.get(1)!;
      const decoder = tinyDecoder(config, device);
      const prompt = Random.from(4).shuffle(Array.from({ length: 100 }, (_, i) => i + 2));
      const requests = Array.from({ length: 12 }, (_, seed): Request => request(prompt, 6, { seed }));
      const counting = countSteps(decoder);
      const completions = await generateBatch(decoder, requests, { slots: 4 });
      assert.equal(counting.rows, 99 + 12 * 6, "each row of the prompt but its last once, and a row for each token");
      assert.equal(new Set(completions.map(({ ids }) => ids.join())).size, 12);
      decoder.free();
    });

    test("an aborted batch ends at once with the tokens it has", async () => {
      const decoder = tinyDecoder(config, devices.get(1)!);
      const stop = new AbortController();
      let seen = 0;
      const completions = await generateBatch(
        decoder,
        Array.from({ length: 5 }, (_, seed) => request([5, 6, 7], 100, { seed })),
        {
          slots: 2,
          signal: stop.signal,
          onToken: () => {
            if (++seen === 8) stop.abort();
          },
        },
      );
      assert.deepEqual(
        completions.map(({ finish, ids }) => [finish, ids.length]),
        [
          ["abort", 4],
          ["abort", 4],
          ["abort", 0],
          ["abort", 0],
          ["abort", 0],
        ],
      );
      decoder.free();
    });

    test("weights that are not numbers end in a sentence that names the step", async () => {
      const decoder = tinyDecoder(config, devices.get(1)!);
      const norm = decoder.parameters.get("model.norm.weight")!;
      decoder.device.write(norm.buf, [Number.NaN]);
      for (const temperature of [0, 1])
        await assert.rejects(
          generateBatch(decoder, [request([1, 2], 4, { temperature })], { slots: 1 }),
          (error: UserError) =>
            error instanceof UserError && /not finite at generation step 2 .*NaN/.test(error.message),
        );
      decoder.free();
    });

    test("memory is given back, however many batches run", async () => {
      const device = devices.get(1)!;
      const decoder = tinyDecoder(config, device);
      const run = () => generateBatch(decoder, mixedRequests(), { slots: 5 });
      await run();
      const { bytes } = device.usage();
      for (let i = 0; i < 5; i++) await run();
      assert.equal(device.usage().bytes, bytes);
      decoder.free();
    });
  });
}

test("a request that does not fit is refused with both figures, before anything runs", async () => {
  const decoder = tinyDecoder(tinyConfigs.llama, devices.get(1)!);
  const run = (prompt: number[], maxTokens: number, capacity?: number) =>
    generateBatch(decoder, [request([1], 1, {}), request(prompt, maxTokens, {})], { slots: 2, capacity });
  const rejects = (promise: Promise<unknown>, message: RegExp) =>
    assert.rejects(promise, (error: UserError) => error instanceof UserError && message.test(error.message));
  await rejects(run([1, 2, 3], 300), /3 tokens and 300 new ones make 303, but the context holds 256; .* at most 253/);
  await rejects(run([1, 2, 3], 30, 32), /make 33, but the context holds 32/);
  await rejects(run([], 3), /prompt is empty/);
  await rejects(run([1, 112], 3), /token id 112 is outside the vocabulary; ids go from 0 to 111/);
  await rejects(run([1], -1), /must be a whole number/);
  assert.deepEqual((await run([1], 0))[1].ids, [], "no new tokens is a request like another");
  assert.deepEqual(await generateBatch(decoder, [], { slots: 4 }), []);
  decoder.free();
});

function request(
  prompt: readonly number[],
  maxTokens: number,
  sampling: Request["sampling"],
  stopIds: number[] = [],
): Request {
  return { prompt, maxTokens, sampling, stopIds };
}

/** Prompts of many lengths, some shared and some beginning alike, every kind of sampling, some stopping early. */
function mixedRequests(): Request[] {
  const random = Random.from(3);
  const ids = (length: number) => Array.from({ length }, () => random.int(2, 111));
  const long = ids(40);
  const prompts = [long, long, long, ids(1), ids(9), [...long.slice(0, 25), ...ids(4)], ids(70), [7, 7], [7, 7]];
  const kinds: Request["sampling"][] = [
    {},
    { temperature: 0.7 },
    { topK: 8 },
    { temperature: 0 },
    { topP: 0.9, minP: 0.01 },
  ];
  return prompts.map((prompt, i) =>
    request(prompt, 4 + 3 * i, { ...kinds[i % kinds.length], seed: i }, i % 2 === 0 ? [1, 20, 30, 40, 50, 60] : []),
  );
}

function assertSame(actual: readonly Completion[], expected: readonly Completion[]): void {
  for (const [i, completion] of actual.entries()) assert.deepEqual(completion, expected[i], `request ${i}`);
}

/** The training pass over prompt and completion: log-probs and entropies of the completion's tokens. */
function score(
  decoder: Decoder,
  requests: readonly Request[],
  completions: readonly Completion[],
  temperature: number,
): { logps: Float32Array; entropies: Float32Array }[] {
  const { device, config } = decoder;
  const mark = device.mark();
  const sequences = completions.map(({ ids }, i) => [...Array.from(requests[i].prompt), ...ids]);
  const batch = packBatch(device, sequences, config.vocab_size);
  const hidden = decoder.forward(null, batch);
  const targets = device.scratchI32(batch.rows);
  const next = new Int32Array(batch.rows).fill(-1);
  for (let row = 0; row + 1 < batch.rows; row++) next[row] = batch.host.ids[row + 1];
  device.write(targets, next);
  const { logp, entropy } = decoder.logProbs(null, hidden, targets, temperature);
  const result = completions.map(({ ids }, i) => {
    const start = batch.host.starts[i] + requests[i].prompt.length - 1;
    return {
      logps: logp.host!.slice(start, start + ids.length),
      entropies: entropy.host!.slice(start, start + ids.length),
    };
  });
  device.release(mark);
  return result;
}

/** As an optimizer would: every weight moves a little, some by `write`, some in place and declared. */
function perturb(decoder: Decoder, seed: number): void {
  const random = Random.from(seed, "perturb");
  let index = 0;
  for (const { buf } of decoder.parameters.values()) {
    const values = buf.host!.map((value) => value + 0.02 * (random.next() - 0.5));
    if (index++ % 2 === 0) decoder.device.write(buf, values);
    else {
      buf.host!.set(values);
      decoder.device.changed(buf);
    }
  }
}

function countSteps(decoder: Decoder): { rows: number } {
  const counted = { rows: 0 };
  const step = decoder.step.bind(decoder);
  decoder.step = (cache, rows) => {
    counted.rows += rows.count;
    return step(cache, rows);
  };
  return counted;
}
