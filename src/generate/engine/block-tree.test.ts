import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BLOCK, BlockTree } from "./block-tree.ts";

/** A prompt made of block numbers: block b is BLOCK times the token b. */
const prompt = (blocks: readonly number[], rest = 0): number[] => [
  ...blocks.flatMap((block) => Array.from({ length: BLOCK }, () => block)),
  ...Array.from({ length: rest }, () => 999),
];

const put = (tree: BlockTree<string>, blocks: readonly number[]): void =>
  tree.put(prompt(blocks), BLOCK * blocks.length, (block) => blocks.slice(0, block + 1).join());

const found = (tree: BlockTree<string>, blocks: readonly number[], rest = 0): string[] => {
  const tokens = prompt(blocks, rest);
  return tree.find(tokens, tokens.length);
};

test("beginnings share their blocks, and only whole blocks count", () => {
  const tree = new BlockTree<string>(10);
  put(tree, [1, 2, 3]);
  put(tree, [1, 2, 4]);
  assert.equal(tree.size, 4);
  assert.deepEqual(found(tree, [1, 2, 4], 5), ["1", "1,2", "1,2,4"]);
  assert.deepEqual(found(tree, [1, 5, 3]), ["1"]);
  assert.deepEqual(found(tree, [2]), []);
  assert.deepEqual(tree.find(prompt([1, 2]), 2 * BLOCK - 1), ["1"]);
});

test("the ends used longest ago give way, never what another beginning stands on", () => {
  const tree = new BlockTree<string>(4);
  put(tree, [1, 2]);
  put(tree, [1, 3]);
  put(tree, [7]);
  found(tree, [1, 2]);
  put(tree, [8]);
  assert.deepEqual(found(tree, [1, 3]), ["1"]);
  assert.deepEqual(found(tree, [1, 2]), ["1", "1,2"]);
  assert.equal(tree.size, 4);
  put(tree, [9, 9, 9, 9, 9, 9]);
  assert.deepEqual(
    found(tree, [9, 9, 9, 9, 9, 9]).length,
    4,
    "a beginning longer than the limit is kept as far as it fits",
  );
  assert.deepEqual(found(tree, [1, 2]), []);
});

test("whatever is put in and asked for, what is found is right and the limit holds", () => {
  const paths = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.boolean(), paths), { maxLength: 40 }),
      fc.integer({ min: 1, max: 8 }),
      (steps, limit) => {
        const tree = new BlockTree<string>(limit);
        for (const [putting, path] of steps) {
          if (putting) put(tree, path);
          const values = found(tree, path);
          if (putting) assert.equal(values.length, Math.min(limit, path.length));
          assert.deepEqual(
            values,
            values.map((_, i) => path.slice(0, i + 1).join()),
          );
          assert.ok(tree.size <= limit);
        }
      },
    ),
  );
});
