import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { chooseDevice, integerList, naturalNumber, numberBetween, positiveInteger } from "./options.ts";

const usage = (param: string) => ({ exitCode: 2, param });

test("--threads takes any whole number of at least 1 and nothing else", () => {
  const parse = positiveInteger("--threads");
  fc.assert(fc.property(fc.integer({ min: 1 }), (n) => parse(String(n)) === n));
  for (const text of ["0", "-1", "1.5", "", " ", "two", "1e3", "0x10", "Infinity", "99999999999999999999"]) {
    assert.throws(() => parse(text), usage("--threads"), text);
  }
});

test("--seed takes 0 as well", () => {
  assert.equal(naturalNumber("--seed")("0"), 0);
});

test("a number between bounds may be either bound", () => {
  const parse = numberBetween("--top-p", 0, 1);
  assert.deepEqual(["0", "0.5", "1"].map(parse), [0, 0.5, 1]);
  for (const text of ["-0.1", "1.1", "NaN", "", "half"]) {
    assert.throws(() => parse(text), usage("--top-p"), text);
  }
});

test("a list of ids is numbers separated by commas; the whole of a wrong one is shown", () => {
  assert.deepEqual(integerList("--ids")("1, 2,30"), [1, 2, 30]);
  for (const text of ["", "1,,2", "1,-2", "1;2"]) {
    assert.throws(() => integerList("--ids")(text), { message: new RegExp(`not "${text}"`) });
  }
});

test("auto is the processor, webgpu says that it is not there yet, others are unknown", () => {
  assert.deepEqual([chooseDevice("auto"), chooseDevice("cpu")], ["cpu", "cpu"]);
  assert.throws(() => chooseDevice("webgpu"), { ...usage("--device"), message: /not there yet/ });
  assert.throws(() => chooseDevice("tpu"), { ...usage("--device"), message: /must be cpu, webgpu or auto, not "tpu"/ });
});
