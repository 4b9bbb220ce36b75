import assert from "node:assert/strict";
import { test } from "node:test";
import { roundStochastically } from "./bf16.ts";

const isBf16 = (value: number) => (new Uint32Array(Float32Array.of(value).buffer)[0]! & 0xffff) === 0;

test("rounding gives a neighbour in bfloat16, leaves what is one, and the same seed throws the same dice", () => {
  const values = Float32Array.from({ length: 100 }, (_, i) => (i % 2 === 0 ? 1 : -1) * 1.1 ** (i - 50));
  const [once, again, other] = [values.slice(), values.slice(), values.slice()];
  roundStochastically(once, 7);
  roundStochastically(again, 7);
  roundStochastically(other, 8);
  assert.deepEqual(once, again);
  assert.notDeepEqual(once, other);
  once.forEach((value, i) => {
    assert.ok(isBf16(value));
    assert.ok(Math.abs(value - values[i]!) <= Math.abs(values[i]!) / 128);
  });
  const twice = once.slice();
  roundStochastically(twice, 9);
  assert.deepEqual(twice, once);
});

test("updates far smaller than the last digit arrive on average, which rounding to nearest would drop", () => {
  const weights = new Float32Array(4000).fill(1); // bfloat16's next number is 1.0078125
  for (let step = 1; step <= 50; step++) {
    for (let i = 0; i < weights.length; i++) weights[i]! += 0.0002;
    roundStochastically(weights, step * 7919);
  }
  const mean = weights.reduce((sum, value) => sum + value, 0) / weights.length;
  assert.ok(Math.abs(mean - 1.01) < 0.0005, String(mean));
});
