import assert from "node:assert/strict";
import { test } from "node:test";
import { UserError } from "../error.ts";
import { type Field, flag, listOf, number, oneOf, orNothing, otherwise, readFields, record } from "./fields.ts";

const read = (field: Field<unknown>, value: unknown): unknown =>
  (readFields({ x: field }, value === undefined ? {} : { x: value }, "config.json", "deep.") as { x?: unknown }).x;

function refuses(field: Field<unknown>, value: unknown, sentence: string, param = "deep.x"): void {
  assert.throws(
    () => read(field, value),
    (error) => error instanceof UserError && error.message === `config.json: ${sentence}.` && error.param === param,
    sentence,
  );
}

test("fields that may be there are read, the others left out", () => {
  assert.deepEqual(readFields({ a: number(), b: orNothing(flag) }, { a: 1.5, c: 3 }, "f"), { a: 1.5 });
  assert.deepEqual(readFields({ b: orNothing(flag) }, { b: null }, "f"), { b: null });
  assert.equal(read(otherwise(number(), 7), undefined), 7);
  assert.equal(read(oneOf("a", "b"), "b"), "b");
  assert.deepEqual(read(listOf(number({ whole: true })), [1, 2]), [1, 2]);
  assert.deepEqual(read(record, { y: 1 }), { y: 1 });
});

test("what is wrong is one sentence: field, value, remedy", () => {
  const published = "there, as the published config.json has it";
  refuses(number(), undefined, `"deep.x" is missing; put a number ${published}`);
  refuses(number(), "1", `"deep.x" is "1"; put a number ${published}`);
  refuses(number({ whole: true }), 1.5, `"deep.x" is 1.5; put a whole number ${published}`);
  refuses(number({ whole: true }), 2 ** 60, `"deep.x" is ${2 ** 60}; put a whole number ${published}`);
  refuses(number({ above: 0 }), 0, '"deep.x" is 0; it must be above 0');
  refuses(number({ least: 2 }), 1, '"deep.x" is 1; it must be at least 2');
  refuses(number({ most: 2 }), 3, '"deep.x" is 3; it must be at most 2');
  refuses(flag, 1, `"deep.x" is 1; put a boolean ${published}`);
  refuses(otherwise(flag, true), null, `"deep.x" is missing; put a boolean ${published}`);
  refuses(oneOf("a", "b"), "c", '"deep.x" is "c"; supported: "a", "b"');
  refuses(listOf(number()), 3, `"deep.x" is 3; put a list ${published}`);
  refuses(listOf(number()), [1, "2"], `"deep.x.1" is "2"; put a number ${published}`, "deep.x.1");
  refuses(record, [], `"deep.x" is []; put a record ${published}`);
  assert.throws(() => readFields({}, [], "config.json"), /config\.json: "" is \[\]; put an object there/);
});

test("an error that is none of these is let through", () => {
  const breaks: Field<number> = () => {
    throw new RangeError("broken");
  };
  assert.throws(() => read(breaks, 1), RangeError);
  assert.throws(() => read(listOf(breaks), [1]), RangeError);
});

test("fields of the prototype are not fields", () => {
  assert.equal(read(orNothing(number()), undefined), undefined);
  assert.deepEqual(readFields({ toString: orNothing(number()) }, {}, "f"), {});
});
