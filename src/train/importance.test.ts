// Numbers by TRL's formulas, computed apart from this code.
import assert from "node:assert/strict";
import { test } from "node:test";
import { importance } from "./importance.ts";

test("weights are ratios of the trained policy to the one that sampled, truncated by token and by sequence", () => {
  const { tokens, sequence, kl } = importance([-0.5, -1, -2], [-0.6, -0.9, -4], 3);
  const near = (actual: number, expected: number) => assert.ok(Math.abs(actual - expected) < 1e-8, String(actual));
  near(tokens[0]!, 1.105170918);
  near(tokens[1]!, 0.904837418);
  assert.equal(tokens[2], 3);
  assert.equal(sequence, 3);
  near(importance([-0.5, -1], [-0.6, -0.8], 3).sequence, 0.904837418);
  near(kl, 0.005170918 + 0.004837418 + 4.389056099);
});

test("where training's own engine sampled, every weight is exactly 1 and the mismatch exactly 0", () => {
  const logp = Float32Array.of(-0.1, -3.3333, -0.7);
  assert.deepEqual(importance(logp, logp, 3), { tokens: Float64Array.of(1, 1, 1), sequence: 1, kl: 0 });
});
