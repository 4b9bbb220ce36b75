import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { UserError } from "../../error.ts";
import { Random } from "../../random.ts";
import { bundledTokenizer } from "../../text/character-tokenizer.ts";
import { compileConstraint } from "./compile.ts";
import { randomMatch } from "./test-walk.ts";

type JsonSchema = Parameters<typeof z.fromJSONSchema>[0];

const tokenizer = bundledTokenizer();
const compiled = (schema: unknown) => compileConstraint({ kind: "json_schema", schema }, tokenizer);

/** Random texts of the schema's grammar, each checked by another library's reading of the schema. */
function checkTexts(schema: unknown, seed: number, count: number): number {
  const validator = z.fromJSONSchema(schema as JsonSchema);
  const constraint = compiled(schema);
  const random = Random.from(seed);
  let whole = 0;
  for (let k = 0; k < count; k++) {
    const text = randomMatch(constraint, tokenizer, random);
    if (text === null) continue;
    whole++;
    const result = validator.safeParse(JSON.parse(text));
    assert.ok(result.success, `${text} for ${JSON.stringify(schema)}: ${result.error?.message}`);
  }
  return whole;
}

test("numbers keep within every kind of bound", () => {
  const bounds = [
    [0, 1],
    [-5, 5],
    [0.5, 2.5],
    [-1.5, -0.25],
    [17, 12345],
    [0.001, 0.0015],
    [-105, -7],
    [-1e-7, 3e20],
    [-9007199254740991, 9007199254740991],
  ];
  let whole = 0;
  for (const [i, [low, high]] of bounds.entries()) {
    for (const type of ["number", "integer"]) {
      const whatever = type === "number" || Math.floor(high) - Math.ceil(low) > 1;
      for (const limits of [
        { minimum: low, maximum: high },
        { minimum: low },
        { maximum: high },
        { exclusiveMinimum: low, exclusiveMaximum: high },
      ]) {
        if (whatever) whole += checkTexts({ type, ...limits }, i, 15);
      }
    }
  }
  assert.ok(whole > 800);
});

test("random schemas: what the grammar lets through is valid", () => {
  let whole = 0;
  for (let seed = 0; seed < 150; seed++) whole += checkTexts(randomSchema(Random.from(seed), 3), seed, 4);
  assert.ok(whole > 300, `${whole} whole texts`);
});

test("the keywords people use, one by one", () => {
  const schemas = [
    { type: "string", pattern: "^[a-z]{2,3}$" },
    { type: "string", pattern: '^(\\d{3}-)?[^\\s"\\\\]{1,5}\\.$' },
    { type: "string", minLength: 2, pattern: "^[a-z]*$", maxLength: 6 },
    { type: "string", format: "date" },
    { type: "string", format: "date-time" },
    { type: "string", format: "uuid" },
    { type: "string", format: "ipv4" },
    { enum: ['a"b', 1.5, null, true, "\n"] },
    { const: { a: [1, "x"] } },
    { type: ["integer", "null"] },
    { type: "array", items: { type: "integer" }, minItems: 2, maxItems: 3 },
    { type: "array", prefixItems: [{ type: "integer" }, { type: "boolean" }], items: false },
    { type: "object", properties: { 'we"ird\n': { const: 1 } }, required: ['we"ird\n'] },
    {
      type: "object",
      properties: { ab: { type: "integer" }, b: { type: "null" } },
      required: ["b"],
      additionalProperties: { type: "string" },
    },
    { type: "object", propertyNames: { enum: ["p", "q"] }, additionalProperties: { type: "integer" } },
    { anyOf: [{ type: "integer", minimum: 3, maximum: 4 }, { type: "null" }] },
    { type: "number", multipleOf: 0.01, minimum: 0 },
    {
      allOf: [
        { type: "object", properties: { a: { type: "integer" } }, required: ["a"] },
        { type: "object", properties: { b: { type: "integer" } }, required: ["b"] },
      ],
    },
    {
      $defs: {
        node: {
          type: "object",
          properties: { next: { anyOf: [{ $ref: "#/$defs/node" }, { type: "null" }] } },
          required: ["next"],
        },
      },
      $ref: "#/$defs/node",
    },
    {},
    { type: "object" },
    { type: "array" },
  ];
  for (const [i, schema] of schemas.entries()) {
    const whole = schema instanceof Object && "const" in schema ? checkConst(schema) : checkTexts(schema, i, 25);
    assert.ok(whole > 0, JSON.stringify(schema));
  }
});

test("what cannot be held to is refused with its place in one sentence, and what nothing matches too", () => {
  const message = (schema: unknown): string => {
    try {
      compiled(schema);
    } catch (error) {
      assert.ok(error instanceof UserError, String(error));
      return error.message;
    }
    return "";
  };
  assert.match(
    message({ properties: { a: { type: "array", uniqueItems: true } } }),
    /at \/properties\/a\/uniqueItems cannot be held to/,
  );
  assert.match(message({ not: { type: "integer" } }), /at \/not cannot be held to/);
  assert.match(message({ type: "string", pattern: "(?=a)b" }), /look-around/);
  assert.match(message({ type: "integer", multipleOf: 5 }), /multipleOf/);
  assert.match(message({ type: "integer", minimum: 5, maximum: 3 }), /leaves no number between its bounds/);
  assert.match(message({ enum: [] }), /leaves no value/);
  assert.match(message(false), /is false, which no value matches/);
  assert.match(message(5), /is no schema/);
  assert.match(message({ type: "nope" }), /the type "nope"/);
  assert.match(message({ $ref: "#/$defs/x" }), /points to #\/\$defs\/x, which is not there/);
  assert.match(message({ $ref: "https://example.org/x" }), /points outside/);
  assert.match(message({ $ref: "#" }), /Nothing that this model's vocabulary can write/);
  assert.match(message({ const: "é" }), /Nothing that this model's vocabulary can write/);
  assert.match(message({ enum: ["x".repeat(70_000)] }), /at most 65536/);
  assert.equal(message({ anyOf: [{ enum: [] }, { type: "null" }] }), "", "one possible alternative is enough");
});

function checkConst(schema: { readonly const?: unknown }): number {
  const text = randomMatch(compiled(schema), tokenizer, Random.from(1));
  assert.deepEqual(JSON.parse(text!), schema.const);
  return 1;
}

function randomSchema(random: Random, depth: number): Record<string, unknown> {
  const low = random.int(-40, 40);
  const makers: (() => Record<string, unknown>)[] = [
    () => ({ type: "integer", minimum: low, maximum: low + random.int(0, 300) }),
    () => ({ type: "number", minimum: low / 8, maximum: low / 8 + random.int(1, 30) / 16 }),
    () => ({ type: "boolean" }),
    () => ({ type: "null" }),
    () => ({ type: "string", maxLength: random.int(0, 6) }),
    () => ({ type: "string", pattern: random.pick(["^[a-c]+$", "^x?y{2}$", "^(yes|no)$", '^".$']) }),
    () => ({ enum: random.shuffle([1, "a", null, 'q"', "\\u", false, 2.5]).slice(random.int(1, 4)) }),
  ];
  const nested: (() => Record<string, unknown>)[] = [
    () => ({
      type: "array",
      items: randomSchema(random, depth - 1),
      minItems: random.int(0, 2),
      maxItems: random.int(2, 3),
    }),
    () => ({ anyOf: [randomSchema(random, depth - 1), randomSchema(random, depth - 1)] }),
    () => {
      const names = random.shuffle(["a", "ab", "b c", "d", 'q"', "z"]).slice(random.int(0, 4));
      return {
        type: "object",
        properties: Object.fromEntries(names.map((name) => [name, randomSchema(random, depth - 1)])),
        required: names.filter(() => random.chance(0.5)),
        additionalProperties: random.pick([false, false, { type: "boolean" }]),
      };
    },
  ];
  return random.pick(depth > 0 ? [...nested, ...nested, ...makers] : makers)();
}
