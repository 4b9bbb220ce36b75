import assert from "node:assert/strict";
import { test } from "node:test";
import { UserError } from "../error.ts";
import { ALL, taskNamed } from "./catalogue.ts";
import { HELD_OUT_SHARE, sample, splitOf } from "./sample.ts";

test("training and held-out items share no key, by hash and by comparison", () => {
  for (const task of ALL) {
    const keys = { train: new Set<string>(), "held-out": new Set<string>() };
    for (const split of ["train", "held-out"] as const) {
      for (let index = 0; index < 600; index++) {
        const entry = sample(task, {
          seed: index % 7,
          index,
          level: 1 + (index % task.levels),
          split,
          phrasing: "any",
        });
        assert.equal(splitOf(task.name, entry.key), split);
        assert.equal(entry.split, split);
        keys[split].add(entry.key);
      }
    }
    assert.equal([...keys.train].filter((key) => keys["held-out"].has(key)).length, 0, task.name);
    assert.ok(keys["held-out"].size >= 20, `${task.name} has only ${keys["held-out"].size} held-out problems`);
  }
});

test("about a tenth of all keys is held out", () => {
  let heldOut = 0;
  for (let a = 10; a < 100; a++)
    for (let b = a; b < 100; b++) if (splitOf("products", `${a}*${b}`) === "held-out") heldOut++;
  assert.ok(Math.abs(heldOut / 4095 - HELD_OUT_SHARE) < 0.02, `${heldOut} of 4095`);
});

test("reordered operands are the same question, so they cannot stand on both sides", () => {
  const products = taskNamed("products");
  for (let index = 0; index < 200; index++) {
    const { key, data } = sample(products, { seed: 1, index, level: 1, split: "train" });
    const { a, b } = data as { a: number; b: number };
    assert.equal(key, `${Math.min(a, b)}*${Math.max(a, b)}`);
  }
});

test("an entry depends on its options alone", () => {
  for (const task of ALL) {
    const options = { seed: 4, index: 9, level: 2, split: "held-out", phrasing: "any" } as const;
    const first = sample(task, options);
    sample(task, { ...options, index: 10 });
    assert.deepEqual(sample(task, options), first);
    assert.notDeepEqual(sample(task, { ...options, seed: 5 }).prompt, first.prompt);
    assert.deepEqual(JSON.parse(JSON.stringify(first)), first);
  }
});

test("an unknown task, level or wording is refused in one sentence that says what there is", () => {
  const options = { seed: 0, index: 0, level: 1, split: "train" } as const;
  assert.throws(
    () => taskNamed("sudoku"),
    (error) => error instanceof UserError && error.exitCode === 2 && /sudoku.*chain-sum.*countdown/.test(error.message),
  );
  assert.throws(() => sample(ALL[0]!, { ...options, level: 4 }), /chain-sum has levels 1 to 3, not 4/);
  assert.throws(() => sample(ALL[0]!, { ...options, phrasing: 99 }), /chain-sum has wordings 0 to 7, not 99/);
});
