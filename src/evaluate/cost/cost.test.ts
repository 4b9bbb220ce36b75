import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { generationFlops } from "../../generate/cost.ts";
import { tinyConfigs } from "../../generate/tiny-models.ts";
import type { ItemResult, Response } from "../item.ts";
import { evaluationCost } from "./cost.ts";
import { energyMeter } from "./energy.ts";
import { paretoFront } from "./pareto.ts";
import { dollarsFor, listedPrice, PRICES } from "./prices.ts";

const response = (accuracy: number, tokens: number, cachedTokens = 0): Response => ({
  ...{ accuracy, format: 1, reason: "", text: "", finish: "stop", tokens, thinking: 0 },
  ...{ promptTokens: 100, cachedTokens },
});
const item = { id: "q", group: "g", variant: null, question: "q", prompt: "p", gold: "1" };
const results: readonly ItemResult[] = [{ item, responses: [response(1, 400), response(0, 600, 99)] }];

test("token prices: R1 as billed on a day of February 2025, and o1 some 27 times as much", () => {
  const day = { prompt: 608e9, cached: 342e9, completion: 168e9 };
  const r1 = listedPrice("deepseek-reasoner", "https://api.deepseek.com/v1")!;
  assert.equal(Math.round(dollarsFor(day, r1)), 562_100);
  const o1 = listedPrice("o1", "https://api.openai.com/v1")!;
  const uncached = { prompt: 1e6, cached: 0, completion: 1e6 };
  assert.ok(Math.abs(dollarsFor(uncached, o1) / dollarsFor(uncached, r1) - 75 / 2.74) < 1e-9);
});

test("a price is a model's on its own host, and every row says where it is from and of when", () => {
  assert.equal(listedPrice("deepseek-reasoner", "http://127.0.0.1:8080/v1"), null);
  assert.equal(listedPrice("unknown", "https://api.openai.com/v1"), null);
  for (const { date, source, input, output } of PRICES)
    assert.ok(/^\d{4}/.test(date) && source.includes(".") && input < output);
});

test("cost an answer and a right answer: everything spent, over each", () => {
  const basis = { results, seconds: 30, core_seconds: 60, joules: 12 };
  const cost = evaluationCost({ ...basis, rate: { kind: "core-hour", usd: 0.06 } });
  assert.deepEqual([cost.usd, cost.per_answer.usd, cost.per_right_answer?.usd], [0.001, 0.0005, 0.001]);
  assert.deepEqual([cost.per_answer.tokens, cost.per_right_answer?.tokens, cost.tokens], [500, 1000, 100 + 1 + 1000]);
  assert.deepEqual([cost.core_hours, cost.joules], [60 / 3600, 12]);
  assert.equal(evaluationCost({ ...basis, rate: { kind: "hour", usd: 1.2 } }).usd, 0.01);
  const price = { input: 10, cached: 1, output: 100, date: "2025", source: "here" };
  const billed = evaluationCost({ ...basis, rate: { kind: "tokens", price } });
  assert.ok(Math.abs(billed.usd! - (101 * 10 + 99 * 1 + 1000 * 100) / 1e6) < 1e-15);
  assert.match(billed.rate!, /\(here, 2025\)/);
  const none = evaluationCost({ ...basis, results: [{ item, responses: [response(0, 5)] }], rate: null });
  assert.deepEqual([none.per_right_answer, none.usd, none.rate], [null, null, null]);
});

test("operations count what the cache gave once", () => {
  const config = tinyConfigs.llama;
  const { flops } = evaluationCost({ results, seconds: 1, core_seconds: 1, joules: null, rate: null, config });
  const expected = generationFlops(config, 500) + generationFlops(config, 700) - generationFlops(config, 99);
  assert.equal(flops, expected);
});

test("unknown token counts make unknown amounts, not wrong ones", () => {
  const unknown = [{ item, responses: [{ ...response(1, Number.NaN), promptTokens: Number.NaN }] }];
  const price = { input: 1, cached: null, output: 1, date: "2025", source: "here" };
  const cost = evaluationCost({
    results: unknown,
    seconds: 1,
    core_seconds: null,
    joules: null,
    rate: { kind: "tokens", price },
  });
  assert.deepEqual([cost.usd, cost.tokens, cost.per_answer.tokens], [null, null, null]);
});

test("energy is the packages' counters together, across a wrap-around, and null where there are none", () => {
  const folder = fs.mkdtempSync(path.join(tmpdir(), "reckon-energy-"));
  const write = (name: string, energy: number): void => {
    fs.mkdirSync(path.join(folder, name), { recursive: true });
    fs.writeFileSync(path.join(folder, name, "energy_uj"), `${energy}\n`);
    fs.writeFileSync(path.join(folder, name, "max_energy_range_uj"), "10000000\n");
  };
  assert.equal(energyMeter(folder), null);
  assert.equal(energyMeter(path.join(folder, "nowhere")), null);
  write("intel-rapl:0", 9_000_000);
  write("intel-rapl:1", 1_000_000);
  write("intel-rapl:0:0", 5);
  const meter = energyMeter(folder)!;
  assert.equal(meter(), 0);
  write("intel-rapl:0", 500_000);
  write("intel-rapl:1", 2_000_000);
  write("intel-rapl:0:0", 5_000_000);
  assert.equal(meter(), 1.5 + 1);
  assert.equal(meter(), 2.5);
  fs.rmSync(folder, { recursive: true });
});

test("the Pareto line holds exactly the offers nobody beats", () => {
  const offers = fc.array(fc.record({ cost: fc.nat(9), accuracy: fc.nat(9) }), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(offers, (all) => {
      const front = paretoFront(all);
      const beaten = (one: (typeof all)[number]) =>
        all.some(
          ({ cost, accuracy }) =>
            (cost < one.cost && accuracy >= one.accuracy) || (cost <= one.cost && accuracy > one.accuracy),
        );
      for (const one of all)
        assert.equal(
          front.some(({ cost, accuracy }) => cost === one.cost && accuracy === one.accuracy),
          !beaten(one),
        );
      assert.equal(new Set(front.map(({ cost }) => cost)).size, front.length);
    }),
  );
});
