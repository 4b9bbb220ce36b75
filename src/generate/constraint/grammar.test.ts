import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { UserError } from "../../error.ts";
import { Random } from "../../random.ts";
import { bundledTokenizer } from "../../text/character-tokenizer.ts";
import type { Tokenizer } from "../../text/tokenizer.ts";
import { compileConstraint } from "./compile.ts";
import { utf8Sequences } from "./network.ts";
import { matches, randomMatch } from "./test-walk.ts";

const tokenizer = bundledTokenizer();
const grammar = (text: string) => compileConstraint({ kind: "grammar", grammar: text }, tokenizer);
const regex = (pattern: string, of: Tokenizer = tokenizer) => compileConstraint({ kind: "regex", pattern }, of);

test("a regular expression lets through what JavaScript's engine matches, and nothing else", () => {
  const atom = fc.constantFrom("a", "b", "c", ".", "[ab]", "[^a]", "\\d", "[b-d1]");
  const piece: fc.Arbitrary<string> = fc.letrec<{ expression: string; part: string }>((tie) => ({
    part: fc.oneof(
      { weight: 4, arbitrary: atom },
      { weight: 1, arbitrary: tie("expression").map((inner) => `(?:${inner})`) },
    ),
    expression: fc
      .array(
        fc.array(fc.tuple(tie("part"), fc.constantFrom("", "", "*", "+", "?", "{2}", "{1,2}", "{2,}")), {
          maxLength: 3,
        }),
        { minLength: 1, maxLength: 3 },
      )
      .map((alternatives) => alternatives.map((parts) => parts.map(([part, q]) => part + q).join("")).join("|")),
  })).expression;
  const text = fc.array(fc.constantFrom("a", "b", "c", "1"), { maxLength: 6 }).map((all) => all.join(""));
  fc.assert(
    fc.property(piece, fc.array(text, { minLength: 5, maxLength: 10 }), (pattern, texts) => {
      const constraint = regex(pattern);
      const own = new RegExp(`^(?:${pattern})$`);
      for (const one of texts) assert.equal(matches(constraint, tokenizer, one), own.test(one), `${pattern} on ${one}`);
    }),
    { numRuns: 400 },
  );
});

test("llama.cpp's grammars read as they are: comments, empty alternatives, recursion, repetitions", () => {
  const json = grammar(`# JSON
root   ::= object
value  ::= object | array | string | number | ("true" | "false" | "null") ws
object ::=
  "{" ws (
            string ":" ws value
    ("," ws string ":" ws value)*
  )? "}" ws
array  ::=
  "[" ws (
            value
    ("," ws value)*
  )? "]" ws
string ::=
  "\\"" (
    [^"\\\\\\x7F\\x00-\\x1F] |
    "\\\\" (["\\\\bfnrt] | "u" [0-9a-fA-F]{4}) # escapes
  )* "\\"" ws
number ::= ("-"? ([0-9] | [1-9] [0-9]{0,15})) ("." [0-9]+)? ([eE] [-+]? [0-9] [1-9]{0,15})? ws
ws ::= | " " | "\\n" [ \\t]{0,20}`);
  for (const good of ['{"a":[1,-2.5e3,{"b":null}]}', "{}", '{ "x": "\\u00e9\\n" }'])
    assert.ok(matches(json, tokenizer, good), good);
  for (const bad of ["[1]", '{"a"}', '{"a":1,}', "{'a':1}"]) assert.ok(!matches(json, tokenizer, bad), bad);
  const random = Random.from(1);
  for (let k = 0; k < 20; k++) {
    const text = randomMatch(json, tokenizer, random);
    if (text !== null) JSON.parse(text);
  }
  const nested = grammar('root ::= "(" root ")" | "x"\n');
  assert.ok(matches(nested, tokenizer, "((((x))))") && !matches(nested, tokenizer, "((x)"));
  const arithmetic = grammar(`root  ::= (expr "=" term "\\n")+
expr  ::= term ([-+*/] term)*
term  ::= [0-9]+ | "(" expr ")"`);
  assert.ok(matches(arithmetic, tokenizer, "1+(2*3)=7\n4=4\n") && !matches(arithmetic, tokenizer, "1+=2\n"));
});

test("a grammar that cannot be read or matched is one sentence with its line", () => {
  const message = (text: string): string => {
    try {
      grammar(text);
    } catch (error) {
      assert.ok(error instanceof UserError, String(error));
      return error.message;
    }
    return "";
  };
  assert.match(message('root ::= "a" b'), /line 1: the rule b is not defined/);
  assert.match(message('x ::= "a"'), /no rule named root/);
  assert.match(message('root ::= "a"\nroot ::= "b"'), /defined twice/);
  assert.match(message('root ::= "a"\nx ::= ["'), /line 2: a class is not closed/);
  assert.match(message('root ::= ("a"'), /a \( is not closed/);
  assert.match(message('root ::= "a" }'), /"}" is no text/);
  assert.match(message("root ::= [z-a]"), /wrong way round/);
  assert.match(message('root ::= "a"{4,2}'), /wrong way round/);
  assert.match(message('root ::= root "a" | "b"'), /can begin with itself/);
  assert.match(message('root ::= x\nx ::= y? root "a" | "b"\ny ::= "c"'), /can begin with itself/);
  assert.match(message('root ::= "a" root'), /Nothing that this model's vocabulary can write/);
  assert.match(message('root ::= "ü"'), /Nothing that this model's vocabulary can write/);
  assert.match(message('root ::= (("a"{1000}){1000}){1000}'), /too large: its repetitions multiply/);
  assert.match(message('root ::= ("a"?){10000}'), /too large: its repetitions multiply/);
  const doubling = Array.from({ length: 30 }, (_, i) => `a${i} ::= a${i + 1} a${i + 1} | a${i + 1}`).join("\n");
  assert.match(message(`root ::= a0\n${doubling}\na30 ::= "x"`), /too ambiguous/);
  assert.equal(message(`root ::= "a" | "ü"`), "", "what can be written is left");
});

test("tokens of many bytes, and of parts of a character, go as their bytes do", () => {
  const bytes = (...all: number[]): Uint8Array => Uint8Array.from(all);
  const texts = ["a", "ab", "abc", "b", "é", "né"].map((text) => new TextEncoder().encode(text));
  const tokens = [bytes(), ...texts, bytes(0xc3), bytes(0xa9), bytes(0xf0, 0x9f, 0x98), bytes(0x80)];
  const pieces: Tokenizer = {
    ...withoutText,
    tokenBytes: (id) => tokens[id],
    vocabSize: tokens.length,
    eosIds: [0],
    decode: (ids) => Buffer.concat(ids.map((id) => tokens[id])).toString(),
  };
  const allowed = (pattern: string, ...taken: number[]): number[] => {
    const state = regex(pattern, pieces).start();
    for (const id of taken) assert.ok(state.accept(id));
    return tokens.map((_, id) => id).filter((id) => state.allows(id));
  };
  assert.deepEqual(allowed("a(bc)?"), [1, 2, 3]);
  assert.deepEqual(allowed("a(bc)?", 1), [0, 4]);
  assert.deepEqual(allowed("[é😀]"), [5, 7, 9]);
  assert.deepEqual(allowed("[é😀]", 9), [10]);
  assert.deepEqual(allowed("[^a]b", 7), [8, 10]);
});

test("a range of characters becomes the byte sequences of exactly its characters", () => {
  const sequencesOf = (first: number, last: number) => utf8Sequences([first, last]);
  const has = (sequences: ReturnType<typeof sequencesOf>, code: number): boolean => {
    const own = new TextEncoder().encode(String.fromCodePoint(code));
    return sequences.some(
      (ranges) => ranges.length === own.length && ranges.every(([low, high], i) => own[i] >= low && own[i] <= high),
    );
  };
  const point = fc.oneof(
    fc.integer({ min: 0, max: 0x10ffff }),
    fc.constantFrom(0, 0x7f, 0x80, 0x7ff, 0x800, 0xffff, 0x10000, 0x10ffff),
  );
  fc.assert(
    fc.property(point, point, fc.array(point, { maxLength: 20 }), (a, b, others) => {
      const [first, last] = a < b ? [a, b] : [b, a];
      const sequences = sequencesOf(first, last);
      for (const code of [first, last, first - 1, last + 1, ...others]) {
        if (code < 0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) continue;
        assert.equal(has(sequences, code), code >= first && code <= last);
      }
    }),
    { numRuns: 500 },
  );
});

const withoutText = {
  encode: () => [],
  stripsFirstSpace: false,
  idOf: () => undefined,
  tokenOf: () => undefined,
  isSpecial: () => false,
  bosId: null,
  padId: null,
};
