import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { cpuDevice } from "../../kernels/cpu/device.ts";
import type { Device } from "../../kernels/kernels.ts";
import type { ModelConfig } from "../../model/config.ts";
import { Random } from "../../random.ts";
import { type Completion, completionOf, generateBatch } from "../batch.ts";
import type { Sampling } from "../sampling.ts";
import type { Request } from "../sequence.ts";
import { tinyConfigs, tinyDecoder } from "../tiny-models.ts";
import { type Drafter, PromptLookup } from "./drafter.ts";
import { PredictionModule } from "./prediction-module.ts";
import { SpeculativeRunner } from "./runner.ts";

let device: Device;
before(async () => {
  device = await cpuDevice({ threads: 1 });
});
after(() => device.close());

/** Guesses right about half of the time, of a text it was told. */
class Oracle implements Drafter {
  readonly #ids: readonly number[];
  readonly #promptLength: number;
  readonly #random = Random.from(8);

  constructor(promptLength: number, ids: readonly number[]) {
    this.#promptLength = promptLength;
    this.#ids = ids;
  }

  draft(_tokens: Int32Array, count: number, into: Int32Array, most: number): number {
    const wanted = this.#random.int(0, most);
    for (let k = 0; k < wanted; k++) {
      const right = this.#ids[count - this.#promptLength + k] ?? 3;
      into[k] = this.#random.chance(0.7) ? right : this.#random.int(0, 111);
    }
    return wanted;
  }

  reset(): void {}
}

const predicting = { ...tinyConfigs.deepseek_v3, num_nextn_predict_layers: 1 } as ModelConfig;

for (const [name, config] of Object.entries({ ...tinyConfigs, "deepseek_v3 with a prediction module": predicting })) {
  test(`whatever is guessed, the text and its log-probs are those without guesses, bit for bit: ${name}`, async () => {
    const decoder = tinyDecoder(config, device);
    const random = Random.from(3);
    const samplings: Sampling[] = [
      { temperature: 0 },
      { temperature: 1, seed: 5 },
      { temperature: 0.7, topK: 20, topP: 0.9, seed: 6 },
      { temperature: 0, repetitionPenalty: 1.3, dry: { multiplier: 1 } },
    ];
    for (const [i, sampling] of samplings.entries()) {
      const request: Request = {
        prompt: Array.from({ length: 5 + 9 * i }, () => random.int(2, 111)),
        maxTokens: 60,
        sampling,
        stopIds: [1],
      };
      const [plain] = await generateBatch(decoder, [request], { slots: 1 });
      const runs: Completion[] = [];
      const runner = new SpeculativeRunner(decoder, 128, () => new Oracle(request.prompt.length, plain.ids), 8);
      const { sequence, speculation } = await runner.run(request);
      runs.push(completionOf(sequence));
      runs.push(completionOf((await runner.run(request)).sequence)); // over the cache of the first
      runner.close();
      assert.ok(speculation.accepted > 0 && speculation.accepted < speculation.drafted);
      assert.equal(speculation.steps + speculation.accepted, plain.ids.length);
      const lookup = new SpeculativeRunner(decoder, 128, () => new PromptLookup([2, 1]), 8);
      runs.push(completionOf((await lookup.run(request)).sequence));
      lookup.close();
      if (decoder.drafting !== null) {
        const module = new SpeculativeRunner(decoder, 128, (cache) => PredictionModule.of(decoder, cache)!, 3);
        const first = await module.run(request);
        assert.ok(first.speculation.drafted > 0);
        runs.push(completionOf(first.sequence));
        // Another text with the same beginning in between: what is kept of it must not matter.
        await module.run({ ...request, prompt: [...Array.from(request.prompt).slice(0, 3), 9, 9] });
        const again = await module.run(request);
        runs.push(completionOf(again.sequence));
        assert.deepEqual(again.speculation, first.speculation, "the module keeps what it would have read anew");
        module.close();
      }
      for (const run of runs) assert.deepEqual(run, plain);
    }
    decoder.free();
  });
}

test("a text that repeats is guessed from itself, one that does not is left alone", () => {
  const into = new Int32Array(8);
  const lookup = new PromptLookup([3, 2]);
  const text = Int32Array.of(1, 2, 3, 4, 5, 1, 2, 3, 9, 9, 9, 9);
  assert.equal(lookup.draft(text, 5, into, 8), 0);
  assert.equal(lookup.draft(text, 7, into, 3), 3);
  assert.deepEqual([...into.subarray(0, 3)], [3, 4, 5], "after 1 2");
  assert.equal(lookup.draft(text, 8, into, 4), 4);
  assert.deepEqual([...into.subarray(0, 4)], [4, 5, 1, 2], "after 1 2 3");
  assert.equal(lookup.draft(text, 12, into, 5), 5);
  assert.deepEqual([...into.subarray(0, 5)], [9, 9, 9, 9, 9], "a passage that runs into itself goes on");
});

test("an aborted text keeps what it has", async () => {
  const decoder = tinyDecoder(tinyConfigs.llama, device);
  const runner = new SpeculativeRunner(decoder, 128, () => new PromptLookup(), 4);
  const stop = new AbortController();
  const { sequence } = await runner.run(
    { prompt: [5, 6, 7], maxTokens: 100, sampling: { temperature: 1 }, stopIds: [] },
    {
      signal: stop.signal,
      onToken: ({ ids }) => {
        if (ids.length === 8) stop.abort();
        return null;
      },
    },
  );
  assert.equal(sequence.finish, "abort");
  assert.ok(sequence.ids.length >= 8 && sequence.ids.length < 20);
  runner.close();
  decoder.free();
});
