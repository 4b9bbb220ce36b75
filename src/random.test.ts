import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { hashText, Random } from "./random.ts";

test("the bits are those of the published xoshiro128** for the state 1, 2, 3, 4", () => {
  const random = new Random([1, 2, 3, 4]);
  assert.deepEqual(
    Array.from({ length: 10 }, () => random.bits()),
    [11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804],
  );
});

test("the same seed and streams give the same numbers, any other path gives different ones", () => {
  const draw = (random: Random) => Array.from({ length: 8 }, () => random.bits()).join();
  assert.equal(draw(Random.from(1, "a", 2)), draw(Random.from(1, "a", 2)));
  const paths = [
    Random.from(1),
    Random.from(2),
    Random.from(1, "a"),
    Random.from(1, 2),
    Random.from(1, "2"),
    Random.from(1, "a", "b"),
    Random.from(1, "ab"),
    Random.from(12),
  ];
  assert.equal(new Set(paths.map(draw)).size, paths.length);
});

test("a state taken as JSON and restored continues the same sequence", () => {
  fc.assert(
    fc.property(fc.integer(), fc.nat(50), (seed, skip) => {
      const random = Random.from(seed);
      for (let i = 0; i < skip; i++) random.next();
      const copy = new Random(JSON.parse(JSON.stringify(random.state())));
      assert.deepEqual([random.next(), random.int(3, 9), random.bits()], [copy.next(), copy.int(3, 9), copy.bits()]);
    }),
  );
});

test("whole numbers stay in their range and every value comes up about equally often", () => {
  const random = Random.from(5);
  const counts = new Array<number>(7).fill(0);
  for (let i = 0; i < 70_000; i++) counts[random.int(-3, 3) + 3]!++;
  for (const count of counts) assert.ok(Math.abs(count - 10_000) < 500, `${counts}`);
  assert.equal(random.int(4, 4), 4);
  assert.throws(() => random.int(2, 1), RangeError);
});

test("fractions lie in [0, 1) with mean one half", () => {
  const random = Random.from(6);
  let sum = 0;
  for (let i = 0; i < 50_000; i++) {
    const x = random.next();
    assert.ok(x >= 0 && x < 1);
    sum += x;
  }
  assert.ok(Math.abs(sum / 50_000 - 0.5) < 0.01);
});

test("weights decide how often an index is drawn and zero is never drawn", () => {
  const random = Random.from(7);
  const counts = [0, 0, 0];
  for (let i = 0; i < 30_000; i++) counts[random.weighted([1, 0, 3])]!++;
  assert.equal(counts[1], 0);
  assert.ok(Math.abs(counts[2]! / 30_000 - 0.75) < 0.02);
  assert.throws(() => random.weighted([0, 0]), RangeError);
  assert.throws(() => random.weighted([1, -1]), RangeError);
});

test("a shuffle keeps every item and leaves its input alone", () => {
  const items = [1, 2, 3, 4, 5];
  const shuffled = Random.from(8).shuffle(items);
  assert.deepEqual(items, [1, 2, 3, 4, 5]);
  assert.deepEqual(shuffled.toSorted(), items);
});

test("a broken state is refused", () => {
  assert.throws(() => new Random([0, 0, 0, 0]), RangeError);
  assert.throws(() => new Random([1, 2, 3, -4]), RangeError);
});

test("the hash of texts is spread evenly over its range", () => {
  let low = 0;
  for (let i = 0; i < 20_000; i++) if (hashText(`item ${i}`) < 0x1999999a) low++;
  assert.ok(Math.abs(low - 2_000) < 200, `${low} of 20000 in the lowest tenth`);
});
