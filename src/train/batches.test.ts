import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { referenceDevice } from "../kernels/reference/device.ts";
import { packBatch } from "../model/batch.ts";
import { countTargets, microBatches, type TrainingSequence, takeTokens, targetsOf } from "./batches.ts";

test("micro-batches hold every sequence once, in order, whole, within the bound unless one alone exceeds it", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 30 })), fc.integer({ min: 1, max: 40 }), (lengths, maxRows) => {
      const spans = microBatches(lengths, maxRows);
      assert.deepEqual(
        spans.flatMap(({ from, to }) => lengths.slice(from, to)),
        lengths,
      );
      for (const { from, to } of spans) {
        const rows = lengths.slice(from, to).reduce((sum, length) => sum + length, 0);
        assert.ok(to > from && (rows <= maxRows || to === from + 1));
      }
    }),
  );
});

test("a row's target is the next token where it counts; a sequence's last row has none", () => {
  const sequences: TrainingSequence[] = [
    { ids: [5, 6, 7], counted: null },
    { ids: [1, 2, 3, 4], counted: [1, 0, 1, 1] },
    { ids: [9], counted: null },
  ];
  const batch = packBatch(
    referenceDevice(),
    sequences.map(({ ids }) => ids),
    10,
  );
  assert.deepEqual([...targetsOf(batch, sequences)], [6, 7, -1, -1, 3, 4, -1, -1]);
  assert.equal(countTargets(sequences), 4);
  assert.equal(countTargets(sequences, 1), 3);
  assert.equal(countTargets(sequences, 9), 0);
});

test("a step's worth of documents ends with the one that reaches the number of tokens", () => {
  let made = 0;
  const taken = takeTokens(10, () => ({ ids: new Array(4).fill(made++), counted: null }));
  assert.equal(taken.length, 3);
});
