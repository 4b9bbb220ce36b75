import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { UserError } from "../error.ts";
import { Random } from "../random.ts";
import { argmax, Sampler, type Sampling } from "./sampling.ts";

test("temperature 0 takes the largest logit, the lowest id among equals, and uses up no random number", () => {
  const sampler = new Sampler({ temperature: 0, seed: 3 });
  const before = sampler.random.state();
  assert.equal(sampler.sample(Float32Array.of(9, 1, 5, 2, 5, -1), 1, 5, 0), 1);
  assert.deepEqual(sampler.random.state(), before);
  assert.equal(argmax(Float32Array.of(0, 0, 0), 0, 3), 0);
});

test("the same seed draws the same tokens, and another seed others", () => {
  const logits = gaussian(112, 1);
  const drawn = (seed: number, sampling: Sampling = {}) => draw(logits, { ...sampling, seed }, 200);
  assert.deepEqual(drawn(5), drawn(5));
  assert.notDeepEqual(drawn(5), drawn(6));
  assert.deepEqual(drawn(5, { topK: 9, topP: 0.8 }), drawn(5, { topK: 9, topP: 0.8 }));
});

test("no token outside the kept set is ever drawn", () => {
  const settings = fc.record({
    temperature: fc.double({ min: 0.05, max: 4, noNaN: true }),
    topK: fc.integer({ min: 0, max: 40 }),
    topP: fc.oneof(fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true })),
    minP: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1, noNaN: true })),
    typical: fc.oneof(fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true })),
    seed: fc.nat(),
  });
  // Few distinct values, so that ties are common.
  const rows = fc.array(fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constant(Number.NEGATIVE_INFINITY)), {
    minLength: 1,
    maxLength: 300,
  });
  fc.assert(
    fc.property(settings, rows, (sampling, values) => {
      const logits = Float32Array.from([...values, 0]);
      const kept = keptPlainly(logits, sampling, 1e-6);
      for (const id of draw(logits, sampling, 20)) assert.ok(kept.has(id), `${id} of ${[...kept]}`);
    }),
    { numRuns: 500 },
  );
});

for (const [name, sampling] of Object.entries<Sampling>({
  "temperature alone": { temperature: 0.7 },
  "top-k": { topK: 20 },
  "top-p": { topP: 0.85 },
  "min-p": { minP: 0.1 },
  typical: { typical: 0.7 },
  "all of them": { temperature: 1.3, topK: 60, topP: 0.9, minP: 0.02, typical: 0.8 },
})) {
  test(`tokens are drawn as often as their renormalised probability says: ${name}`, () => {
    const logits = gaussian(112, 7);
    const n = 40_000;
    const counts = new Map<number, number>();
    for (const id of draw(logits, { ...sampling, seed: 11 }, n)) counts.set(id, (counts.get(id) ?? 0) + 1);
    const kept = keptPlainly(logits, sampling, 0);
    const p = new Map([...kept].map((id) => [id, Math.exp(logits[id] / (sampling.temperature ?? 1))]));
    const total = [...p.values()].reduce((sum, x) => sum + x, 0);
    // Rare tokens share one cell, as the chi-square approximation wants at least 5 expected in each.
    let [chi, cells, rareSeen, rareExpected] = [0, 0, 0, 0];
    for (const [id, weight] of p) {
      const expected = (n * weight) / total;
      const seen = counts.get(id) ?? 0;
      if (expected < 5) {
        rareSeen += seen;
        rareExpected += expected;
      } else {
        chi += (seen - expected) ** 2 / expected;
        cells++;
      }
    }
    if (rareExpected >= 1) {
      chi += (rareSeen - rareExpected) ** 2 / rareExpected;
      cells++;
    }
    // Wilson-Hilferty: chi-square with f degrees lies under this with probability 0.9999.
    const f = cells - 1;
    assert.ok(chi < f * (1 - 2 / (9 * f) + 3.72 * Math.sqrt(2 / (9 * f))) ** 3, `chi-square ${chi} over ${f}`);
  });
}

test("a vocabulary of 129,280 is filtered as exactly as a small one", () => {
  const logits = gaussian(129_280, 3).map((x) => 3 * x);
  for (const sampling of [{ topK: 50 }, { topP: 0.5 }, { topP: 0.999 }, { topK: 5000, topP: 0.9, minP: 0.001 }]) {
    const kept = keptPlainly(logits, sampling, 1e-6);
    const seen = draw(logits, { ...sampling, seed: 1 }, 30);
    for (const id of seen) assert.ok(kept.has(id));
    assert.ok(new Set(seen).size > 5, "and more than a few tokens are drawn");
  }
});

test("top-k 1, top-p 0 and min-p 1 are each greedy, ties to the lowest id", () => {
  const logits = Float32Array.of(0, 2, 1, 2, -5);
  assert.deepEqual(new Set(draw(logits, { topK: 1 }, 50)), new Set([1]));
  assert.deepEqual(new Set(draw(logits, { topP: 0 }, 50)), new Set([1]));
  assert.deepEqual(
    new Set(draw(logits, { minP: 1 }, 200)),
    new Set([1, 3]),
    "equal ones are both as likely as the best",
  );
});

test("a setting outside its range is a usage error that names it", () => {
  const message = (sampling: Sampling) => {
    try {
      new Sampler(sampling);
    } catch (error) {
      assert.ok(error instanceof UserError && error.exitCode === 2);
      return error.message;
    }
    return "";
  };
  assert.match(message({ temperature: -1 }), /temperature must be between 0/);
  assert.match(message({ topP: 1.5 }), /top-p must be between 0 and 1, not 1.5/);
  assert.match(message({ minP: Number.NaN }), /min-p/);
  assert.match(message({ topK: 2.5 }), /top-k must be a whole number/);
  assert.match(message({ typical: -0.1 }), /typical must be between 0 and 1/);
});

function draw(logits: Float32Array, sampling: Sampling, times: number): number[] {
  const sampler = new Sampler(sampling);
  const lse = Math.fround(logSumExp(logits, sampling.temperature ?? 1));
  return Array.from({ length: times }, () => sampler.sample(logits, 0, logits.length, lse));
}

function logSumExp(logits: Float32Array, temperature: number): number {
  const max = logits.reduce((a, b) => Math.max(a, b));
  return max / temperature + Math.log(logits.reduce((sum, l) => sum + Math.exp((l - max) / temperature), 0));
}

/** The kept set by a full sort, the way the paper definitions read; `slack` widens each bound by rounding errors. */
function keptPlainly(logits: Float32Array, sampling: Sampling, slack: number): Set<number> {
  const { temperature = 1, topK = 0, topP = 1, minP = 0, typical = 1 } = sampling;
  const lse = logSumExp(logits, temperature);
  const sorted = Array.from(logits, (l, id) => ({ id, l, p: Math.exp(l / temperature - lse) }));
  sorted.sort((a, b) => b.l - a.l || a.id - b.id);
  const top = topK > 0 ? sorted.slice(0, topK) : sorted;
  const total = top.reduce((sum, { p }) => sum + p, 0);
  const kept: { id: number; p: number }[] = [];
  let before = 0;
  for (const { id, p } of top) {
    if (kept.length > 0 && topP < 1 && before >= topP * total + slack) break;
    if (p < minP * sorted[0].p * (1 - slack)) break;
    if (p > 0) kept.push({ id, p });
    before += p;
  }
  return new Set(typical < 1 ? typicalPlainly(kept, typical, slack) : kept.map(({ id }) => id));
}

/** Locally typical sampling as the paper reads; ties of nearly equal surprisal all count as first. */
function typicalPlainly(kept: readonly { id: number; p: number }[], reach: number, slack: number): number[] {
  const total = kept.reduce((sum, { p }) => sum + p, 0);
  const entropy = kept.reduce((sum, { p }) => sum - (p / total) * Math.log(p / total), 0);
  const far = kept.map(({ id, p }) => ({ id, p: p / total, d: Math.abs(-Math.log(p / total) - entropy) }));
  far.sort((a, b) => a.d - b.d || a.id - b.id);
  return far
    .filter(({ d }, i) => {
      const nearer = far.slice(0, i).filter((one) => slack === 0 || one.d < d - 1e-4);
      return nearer.reduce((sum, { p }) => sum + p, 0) < reach + slack || i === 0;
    })
    .map(({ id }) => id);
}

function gaussian(length: number, seed: number): Float32Array {
  const random = Random.from(seed);
  return Float32Array.from({ length }, () => {
    const radius = Math.sqrt(-2 * Math.log(1 - random.next()));
    return radius * Math.cos(2 * Math.PI * random.next());
  });
}
