import assert from "node:assert/strict";
import { test } from "node:test";
import { logTicks, ticks } from "./ticks.ts";

test("an axis has a few round values, all of them within it", () => {
  assert.deepEqual(ticks(0.198, 1, 5), [0.2, 0.4, 0.6, 0.8, 1]);
  assert.deepEqual(ticks(0.47, 0.53, 5), [0.48, 0.5, 0.52]);
  assert.deepEqual(logTicks(5.3, 91, 5), [10, 20, 50]);
  assert.deepEqual(logTicks(0.0001, 20, 7), [0.0001, 0.001, 0.01, 0.1, 1, 10]);
  assert.deepEqual(logTicks(1.1e-7, 5e-7, 7), [1.5e-7, 2e-7, 3e-7, 5e-7]);
});
