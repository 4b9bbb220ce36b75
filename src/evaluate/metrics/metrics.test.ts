import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Random } from "../../random.ts";
import { bootstrapInterval, bootstrapMeans, percentileInterval } from "./bootstrap.ts";
import { choose, hypergeometric } from "./choose.ts";
import { consensusAtK, type Tally, tallied } from "./consensus.ts";
import { passAtK } from "./pass-at-k.ts";

const near = (actual: number, expected: number, tolerance = 1e-12): void =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected}`);

/** Every subset of k of the things. */
function* subsets<T>(things: readonly T[], k: number, from = 0): Generator<readonly T[]> {
  if (k === 0) yield [];
  else
    for (let i = from; i <= things.length - k; i++)
      for (const rest of subsets(things, k - 1, i + 1)) yield [things[i]!, ...rest];
}

/** The definition of cons@k taken literally: every subset, every tie. */
function byEnumeration({ right, wrong, silent }: Tally, k: number): number {
  const votes = [
    ...Array<string>(right).fill("right"),
    ...wrong.flatMap((size, i) => Array<string>(size).fill(`wrong ${i}`)),
    ...Array<string>(silent).fill(""),
  ];
  let [sum, count] = [0, 0];
  for (const subset of subsets(votes, k)) {
    count++;
    const tally = Map.groupBy(
      subset.filter((vote) => vote !== ""),
      (vote) => vote,
    );
    const most = Math.max(0, ...[...tally.values()].map(({ length }) => length));
    const winners = [...tally].filter(([, { length }]) => length === most).map(([name]) => name);
    if (winners.includes("right")) sum += 1 / winners.length;
  }
  return sum / count;
}

const tallies = fc.record({
  right: fc.integer({ min: 0, max: 5 }),
  wrong: fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 3 }),
  silent: fc.integer({ min: 0, max: 2 }),
});

test("pass@k is the share of subsets that hold a right answer", () => {
  for (let n = 1; n <= 8; n++)
    for (let right = 0; right <= n; right++)
      for (let k = 1; k <= n; k++) {
        const answers = Array.from({ length: n }, (_, i) => i < right);
        const all = [...subsets(answers, k)];
        near(passAtK(n, right, k), all.filter((some) => some.includes(true)).length / all.length);
      }
});

test("pass@k keeps its digits where factorials overflow and where differences would cancel", () => {
  // 1 - C(n-1,k)/C(n,k) = k/n exactly
  near(passAtK(10_000, 1, 64), 64 / 10_000, 1e-15);
  near(passAtK(1e9, 1, 2), 2e-9, 1e-22);
  assert.equal(passAtK(5000, 4990, 64), 1);
  assert.equal(passAtK(64, 0, 64), 0);
});

test("pass@k rises with k and with the number of right answers", () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 200 }), fc.nat(200), fc.nat(200), (n, a, b) => {
      const [right, k] = [a % n, 1 + (b % (n - 1))];
      assert.ok(passAtK(n, right, k + 1) >= passAtK(n, right, k) - 1e-12);
      assert.ok(passAtK(n, right + 1, k) >= passAtK(n, right, k) - 1e-12);
    }),
  );
});

test("cons@k is what every subset and every tie give, by enumeration", () => {
  fc.assert(
    fc.property(tallies, fc.nat(12), (tally, pick) => {
      const n = tallied(tally);
      fc.pre(n > 0);
      const k = 1 + (pick % n);
      near(consensusAtK(tally, k), byEnumeration(tally, k), 1e-10);
    }),
    { numRuns: 300 },
  );
});

test("cons@k in closed form: one wrong answer against the right one is a majority of a hypergeometric draw", () => {
  for (const [n, right, k] of [
    [64, 20, 16],
    [64, 40, 15],
    [1500, 700, 64],
  ] as const) {
    let expected = 0;
    for (let votes = 0; votes <= k; votes++) {
      const share = 2 * votes === k ? 0.5 : 2 * votes > k ? 1 : 0;
      expected += share * hypergeometric(votes, n, right, k);
    }
    near(consensusAtK({ right, wrong: [n - right], silent: 0 }, k), expected, 1e-9);
  }
});

test("cons@k: the whole vote, ties by chance, silent answers without a vote, one answer as pass@1", () => {
  assert.equal(consensusAtK({ right: 2, wrong: [2, 1], silent: 0 }, 5), 0.5);
  assert.equal(consensusAtK({ right: 1, wrong: [1, 1], silent: 5 }, 8), 1 / 3);
  assert.equal(consensusAtK({ right: 1, wrong: [], silent: 7 }, 8), 1);
  assert.equal(consensusAtK({ right: 0, wrong: [], silent: 3 }, 3), 0);
  assert.equal(consensusAtK({ right: 3, wrong: [4], silent: 0 }, 1), passAtK(7, 3, 1));
  // of two answers, a tie unless equal: the chance of a right one is the mean
  near(consensusAtK({ right: 3, wrong: [2, 2], silent: 0 }, 2), (3 * 2 + 2 * 3 * 4 * 0.5) / (7 * 6));
});

test("more answers make a clear majority surer and a clear minority hopeless", () => {
  const [strong, weak] = [
    { right: 40, wrong: [24], silent: 0 },
    { right: 24, wrong: [40], silent: 0 },
  ];
  let [before, after] = [consensusAtK(strong, 1), consensusAtK(weak, 1)];
  for (const k of [3, 7, 15, 31, 63]) {
    assert.ok(consensusAtK(strong, k) > before && consensusAtK(weak, k) < after, `k ${k}`);
    [before, after] = [consensusAtK(strong, k), consensusAtK(weak, k)];
  }
});

test("estimators refuse numbers that make no sense", () => {
  assert.throws(() => passAtK(4, 2, 5), RangeError);
  assert.throws(() => passAtK(4, 5, 1), RangeError);
  assert.throws(() => consensusAtK({ right: 1, wrong: [1], silent: 0 }, 3), RangeError);
  assert.throws(() => choose(1001, 2), RangeError);
});

test("hypergeometric probabilities add up to 1, over tables and over logarithms", () => {
  for (const population of [12, 60, 1400]) {
    const [marked, drawn] = [Math.floor(population / 3), Math.floor(population / 4)];
    let sum = 0;
    for (let hits = 0; hits <= drawn; hits++) sum += hypergeometric(hits, population, marked, drawn);
    near(sum, 1, 1e-9);
  }
});

test("the bootstrap is the same for a seed, centred, and as wide as the standard error says", () => {
  const values = Array.from({ length: 400 }, (_, i) => (i % 4 === 0 ? 1 : 0));
  const first = bootstrapInterval([values], 7);
  assert.deepEqual(bootstrapInterval([values], 7), first);
  assert.notDeepEqual(bootstrapMeans([values], Random.from(8), 20), bootstrapMeans([values], Random.from(7), 20));
  const half = 1.96 * Math.sqrt((0.25 * 0.75) / 400);
  near(first.low, 0.25 - half, 0.006);
  near(first.high, 0.25 + half, 0.006);
});

test("of very many values the mean is drawn at once, and as wide as drawing each would make it", () => {
  const values = Array.from({ length: 40_000 }, (_, i) => (i % 5 === 0 ? 1 : 0));
  const { low, high } = bootstrapInterval([values], 7);
  const half = 1.96 * Math.sqrt((0.2 * 0.8) / 40_000);
  near(low, 0.2 - half, half / 10);
  near(high, 0.2 + half, half / 10);
});

test("nobody right of a hundred is not certainly nobody: the binomial bound stands where drawing again says nothing", () => {
  const { low, high } = bootstrapInterval([Array.from({ length: 100 }, () => 0)], 1);
  assert.equal(low, 0);
  near((1 - high) ** 100, 0.025);
  const all = bootstrapInterval(
    [
      [1, 1],
      [1, 1, 1],
    ],
    1,
  );
  assert.equal(all.high, 1);
  near(all.low ** 5, 0.025);
});

test("groups are drawn within themselves, each counting the same", () => {
  const means = bootstrapMeans([[1, 1, 1], [0]], Random.from(1), 50);
  assert.ok(means.every((mean) => mean === 0.5));
  assert.deepEqual(
    percentileInterval(
      Float64Array.from({ length: 101 }, (_, i) => i),
      0.9,
    ),
    { low: 5, high: 95 },
  );
  assert.deepEqual(bootstrapInterval([], 1), { low: 0, high: 0 });
});
