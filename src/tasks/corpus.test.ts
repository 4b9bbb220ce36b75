import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "../random.ts";
import { ALL, EIGHT, taskNamed } from "./catalogue.ts";
import { corpus, DEFAULT_STYLES } from "./corpus.ts";
import { splitOf } from "./sample.ts";
import { STYLES } from "./task.ts";

test("documents are for training only, in the stated shares of families and styles", () => {
  const make = corpus();
  const random = Random.from(1);
  const styles = new Map<string, number>();
  const tasks = new Map<string, number>();
  const count = 20_000;
  for (let i = 0; i < count; i++) {
    const document = make(random);
    assert.equal(splitOf(document.task, document.key), "train");
    assert.equal(document.level, 1);
    assert.equal(document.thinking === "", document.style === "direct");
    styles.set(document.style, (styles.get(document.style) ?? 0) + 1);
    tasks.set(document.task, (tasks.get(document.task) ?? 0) + 1);
  }
  for (const style of STYLES)
    assert.ok(Math.abs(styles.get(style)! / count - DEFAULT_STYLES[style] / 100) < 0.015, style);
  for (const { name } of ALL) assert.ok(Math.abs(tasks.get(name)! / count - 0.1) < 0.015, name);
});

test("the canonical wording has two fifths and the others the rest", () => {
  const task = EIGHT.find(({ name }) => name === "products")!;
  const make = corpus({ families: [{ task, weight: 1 }] });
  const random = Random.from(2);
  let canonical = 0;
  for (let i = 0; i < 5_000; i++) if (/^What is \d+ \* \d+\?$/.test(make(random).prompt)) canonical++;
  assert.ok(Math.abs(canonical / 5_000 - 0.4) < 0.03, `${canonical} of 5000`);
});

test("the same generator state gives the same documents", () => {
  const make = corpus({ levels: [1, 2, 3] });
  const draw = (random: Random) => Array.from({ length: 200 }, () => make(random));
  const random = Random.from(3);
  draw(random);
  const resumed = new Random(random.state());
  assert.deepEqual(draw(random), draw(resumed));
});

test("thinking that grows too long gives up its second check", () => {
  const make = corpus({ levels: [3], styles: { direct: 0, terse: 0, careful: 0, checking: 1 } });
  const random = Random.from(4);
  let careful = 0;
  for (let i = 0; i < 3_000; i++) {
    const { style, thinking } = make(random);
    assert.ok(style === "careful" || thinking.length <= 180, thinking);
    assert.equal(thinking.includes("wait, check"), style === "checking");
    if (style === "careful") careful++;
  }
  assert.ok(careful > 100);
});

test("held-out documents can be asked for, to measure a style", () => {
  const make = corpus({ split: "held-out" });
  const random = Random.from(5);
  for (let i = 0; i < 500; i++) {
    const { task, key } = make(random);
    assert.equal(splitOf(task, key), "held-out");
  }
});

test("a family may have levels of its own", () => {
  const make = corpus({
    families: [
      { task: taskNamed("base-conversion"), weight: 1, levels: [1, 3] },
      { task: taskNamed("sorting"), weight: 1 },
    ],
  });
  const random = Random.from(6);
  const seen = new Map<string, Set<number>>();
  for (let i = 0; i < 200; i++) {
    const { task, level } = make(random);
    seen.set(task, (seen.get(task) ?? new Set()).add(level));
  }
  assert.deepEqual([...seen.get("base-conversion")!].toSorted(), [1, 3]);
  assert.deepEqual([...seen.get("sorting")!], [1]);
});

test("weights that say nothing are refused", () => {
  assert.throws(() => corpus({ styles: { direct: 0, terse: 0, careful: 0, checking: 0 } }), /styles need weights/);
  assert.throws(() => corpus({ families: [] }), /families need weights/);
  assert.throws(() => corpus({ levels: [7] }), /none of the levels 7/);
  assert.throws(() => corpus({ levels: [0] }), /levels 1 to 3, not 0/);
});

test("fifty thousand documents take no more than a second or so", () => {
  const make = corpus();
  const random = Random.from(6);
  for (let i = 0; i < 2_000; i++) make(random);
  const start = process.cpuUsage();
  for (let i = 0; i < 10_000; i++) make(random);
  const { user, system } = process.cpuUsage(start);
  assert.ok((user + system) / 1e6 < 0.4, `${user + system} microseconds for 10000`);
});
