import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { UserError } from "../error.ts";
import { cpuDevice } from "../kernels/cpu/device.ts";
import type { Device } from "../kernels/kernels.ts";
import { Random } from "../random.ts";
import { bundledTokenizer } from "../text/character-tokenizer.ts";
import { type Completion, generateBatch } from "./batch.ts";
import { breakersOf, DryPenalty } from "./dry.ts";
import { Penalties } from "./penalties.ts";
import type { Sampling } from "./sampling.ts";
import type { Request } from "./sequence.ts";
import { tinyConfigs, tinyDecoder } from "./tiny-models.ts";

let device: Device;
before(async () => {
  device = await cpuDevice({ threads: 1 });
});
after(() => device.close());

const ids = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 40 });

test("penalties are what their definitions say, one written plainly after the other", () => {
  const settings = fc.record({
    repetitionPenalty: fc.constantFrom(1, 1.3, 0.8),
    penaltyLastN: fc.constantFrom(-1, 0, 3, 64),
    presencePenalty: fc.constantFrom(0, 0.5, -2),
    frequencyPenalty: fc.constantFrom(0, 0.25, -0.125),
    logitBias: fc.constantFrom(new Map(), new Map([[1, -100]]), new Map([[4, 3]])),
  });
  fc.assert(
    fc.property(settings, ids, ids, (sampling, prompt, output) => {
      const logits = Float32Array.of(9, 2, -1, 0, 0.5, -3, 1, 9);
      const expected = penalisedPlainly(logits.subarray(1, 7), sampling, prompt, output);
      Penalties.of(sampling, prompt)?.apply(logits, 1, 6, output);
      close([...logits], [9, ...expected, 9]);
    }),
    { numRuns: 1000 },
  );
});

test("llama.cpp's own cases of its penalties and DRY come out as there", () => {
  const five = [0.2, 0.2, 0.2, 0.2, 0.2];
  const repeat = (last: number[]) =>
    probabilities(five, (logits) => Penalties.of({ repetitionPenalty: 50 }, last)?.apply(logits, 0, 5, []));
  close(repeat([0]), [0, 0.25, 0.25, 0.25, 0.25]);
  close(repeat([0, 1, 2, 0, 0]), [0, 0, 0, 0.5, 0.5]);
  const dry = (from: number[], last: number[], multiplier: number, allowedLength: number, breaker?: number) =>
    probabilities(from, (logits) =>
      new DryPenalty({
        multiplier,
        base: 1.1,
        allowedLength,
        breakers: breaker === undefined ? undefined : new Map([[breaker, [[]]]]),
      }).apply(logits, 0, last, []),
    );
  const four = [0.25, 0.25, 0.25, 0.25];
  close(dry(four, [0, 1], 1, 2), four);
  close(dry(four, [0, 1, 2, 0, 1], 1, 2), [0.296923, 0.296923, 0.109232, 0.296923]);
  close(dry(five, [0, 1, 3, 4, 0, 1], 1, 2, 3), five);
  close(dry(five, [0, 1, 2, 0, 1], 2, 2), [0.241818, 0.241818, 0.032727, 0.241818, 0.241818]);
  close(dry(five, [0, 1, 2, 3, 4, 0, 1], 1, 4), five);
});

test("DRY penalises by the longest passage a token would go on with, found by trying every place", () => {
  const breakers = fc.constantFrom(new Map(), new Map([[5, [[]]]]), new Map([[5, [[4], [3, 2]]]]));
  fc.assert(
    fc.property(
      ids,
      ids,
      fc.integer({ min: 0, max: 4 }),
      fc.constantFrom(-1, 7),
      breakers,
      (prompt, output, allowed, lastN, broken) => {
        const dry = { multiplier: 0.5, base: 2, allowedLength: allowed, penaltyLastN: lastN, breakers: broken };
        const logits = new Float32Array(6);
        new DryPenalty(dry).apply(logits, 0, prompt, output);
        const text = [...prompt, ...output].slice(lastN < 0 ? 0 : -lastN);
        assert.deepEqual([...logits], dryPlainly(text, allowed, broken));
      },
    ),
    { numRuns: 3000 },
  );
});

test("a sequence breaker is found in the tokens it is written with", () => {
  const tokenizer = bundledTokenizer();
  const [a, b, c] = tokenizer.encode("~bc");
  const found = breakersOf(tokenizer, ["~", "bc", ""]);
  assert.deepEqual(
    [...found],
    [
      [b, [[c]]],
      [a, [[]]],
    ],
  );
});

test("rows with penalties change nothing for rows without, nor for each other", async () => {
  const decoder = tinyDecoder(tinyConfigs.llama, device);
  const samplings: Sampling[] = [
    { temperature: 1 },
    { temperature: 0 },
    { temperature: 0, repetitionPenalty: 1.5, penaltyLastN: -1 },
    { temperature: 0.8, presencePenalty: 1.5, frequencyPenalty: 0.5, topP: 0.9 },
    { temperature: 1.2, typical: 0.6, logitBias: new Map([[7, Number.NEGATIVE_INFINITY]]) },
    { temperature: 0, dry: { multiplier: 2, allowedLength: 1 } },
  ];
  const random = Random.from(5);
  const requests = samplings.map(
    (sampling, i): Request => ({
      prompt: Array.from({ length: 3 + 4 * i }, () => random.int(2, 111)),
      maxTokens: 24,
      sampling: { ...sampling, seed: i },
      stopIds: [],
    }),
  );
  const alone: Completion[] = [];
  for (const request of requests) alone.push((await generateBatch(decoder, [request], { slots: 1 }))[0]);
  assert.deepEqual(await generateBatch(decoder, requests, { slots: 6 }), alone);
  assert.ok(!alone[4].ids.includes(7));
  const greedy = await generateBatch(decoder, [{ ...requests[2], sampling: { temperature: 0 } }], { slots: 1 });
  assert.notDeepEqual(greedy[0].ids, alone[2].ids, "the penalty changes what is written");
  assert.ok(new Set(alone[2].ids).size > new Set(greedy[0].ids).size, "towards fewer repetitions");
  // Log-probs are the model's: those of a plain run that is made to write the same.
  const forced = { ...requests[2], sampling: { temperature: 0 }, force: (count: number) => alone[2].ids[count] };
  assert.deepEqual((await generateBatch(decoder, [forced], { slots: 1 }))[0].logps, alone[2].logps);
  decoder.free();
});

test("settings outside their range and bans of every token are one sentence", async () => {
  const message = (sampling: Sampling): string => {
    try {
      Penalties.of(sampling, [1]);
    } catch (error) {
      assert.ok(error instanceof UserError && error.exitCode === 2);
      return error.message;
    }
    return "";
  };
  assert.match(message({ presencePenalty: 3 }), /presence-penalty must be between -2 and 2, not 3/);
  assert.match(message({ frequencyPenalty: -2.5 }), /frequency-penalty must be between/);
  assert.match(message({ repetitionPenalty: 0 }), /repetition-penalty must be/);
  assert.match(message({ logitBias: new Map([[3, 101]]) }), /logit-bias must be between -100 and 100/);
  assert.match(message({ logitBias: new Map([[-3, 1]]) }), /names tokens by id/);
  assert.match(message({ dry: { multiplier: 1, base: 0.5 } }), /dry-base must be/);
  const decoder = tinyDecoder(tinyConfigs.llama, device);
  const all = new Map(Array.from({ length: 112 }, (_, id) => [id, Number.NEGATIVE_INFINITY]));
  const banned = { prompt: [5], maxTokens: 2, sampling: { temperature: 0, logitBias: all }, stopIds: [] };
  await assert.rejects(generateBatch(decoder, [banned], { slots: 1 }), /No token is left to draw/);
  decoder.free();
});

function penalisedPlainly(row: Float32Array, sampling: Sampling, prompt: number[], output: number[]): number[] {
  const { repetitionPenalty = 1, penaltyLastN = 64, presencePenalty = 0, frequencyPenalty = 0, logitBias } = sampling;
  const all = [...prompt, ...output];
  const window = penaltyLastN < 0 ? all : penaltyLastN === 0 ? [] : all.slice(-penaltyLastN);
  return Array.from(row, (logit, id) => {
    let l = Math.fround(logit + (logitBias?.get(id) ?? 0));
    if (window.includes(id)) l = Math.fround(l > 0 ? l / repetitionPenalty : l * repetitionPenalty);
    const count = output.filter((one) => one === id).length;
    return l - count * frequencyPenalty - (count > 0 ? presencePenalty : 0);
  });
}

function dryPlainly(text: number[], allowed: number, breakers: ReadonlyMap<number, number[][]>): number[] {
  const n = text.length;
  // Only what stands after the last breaker can repeat.
  const broken = (at: number): number[] =>
    (breakers.get(text[at]) ?? [])
      .filter((tail) => tail.every((id, i) => text[at + 1 + i] === id))
      .map((t) => t.length);
  let limit = n;
  for (let at = n - 1; at >= 0 && limit === n; at--)
    if (broken(at).length > 0) limit = n - 1 - at - Math.max(...broken(at));
  return Array.from({ length: 6 }, (_, id) => {
    let longest = -1;
    for (let at = 1; at < n; at++) {
      if (text[at] !== id) continue;
      let length = 0;
      while (length < at && text[at - 1 - length] === text[n - 1 - length]) length++;
      longest = Math.max(longest, Math.min(length, limit));
    }
    const free = n <= allowed || limit < allowed || longest < allowed || breakers.get(id)?.some((t) => t.length === 0);
    return free ? 0 : -0.5 * 2 ** (longest - allowed);
  });
}

function probabilities(from: number[], change: (logits: Float32Array) => void): number[] {
  const logits = Float32Array.from(from, Math.log);
  change(logits);
  const total = logits.reduce((sum, l) => sum + Math.exp(l), 0);
  return Array.from(logits, (l) => Math.exp(l) / total);
}

function close(actual: number[], expected: number[]): void {
  actual.forEach((p, i) => {
    assert.ok(Math.abs(p - expected[i]) < 1e-5, `${actual} for ${expected}`);
  });
}
