import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { UserError } from "../error.ts";
import {
  bundledTokenizer,
  CHARACTERS,
  CharacterTokenizer,
  characterTokenizerConfig,
  characterTokenizerJson,
  SPECIAL_TOKENS,
} from "./character-tokenizer.ts";
import { HuggingFaceTokenizer } from "./huggingface-tokenizer.ts";
import { makeTokenizer } from "./load-tokenizer.ts";
import { StreamDecoder } from "./stream-decoder.ts";

const config = characterTokenizerConfig("", 256);
const direct = bundledTokenizer();
const library = new HuggingFaceTokenizer(characterTokenizerJson(), { config });

const texts = fc
  .array(fc.oneof(fc.constantFrom(...CHARACTERS), fc.constantFrom("<think>", "</think>", "<th", "</think")), {
    maxLength: 40,
  })
  .map((parts) => parts.join(""));
const marked = fc
  .array(fc.oneof(fc.constantFrom(...CHARACTERS), fc.constantFrom(...SPECIAL_TOKENS, "<｜reserved_0｜>")), {
    maxLength: 40,
  })
  .map((parts) => parts.join(""));

test("its ids are DeepSeek's special tokens, the newline, printable ASCII and reserved ones up to 112", () => {
  assert.equal(direct.vocabSize, 112);
  assert.deepEqual(
    SPECIAL_TOKENS.map((token) => direct.idOf(token)),
    [0, 1, 2, 3, 4, 5, 6],
  );
  assert.equal(direct.encode("\n")[0], 7);
  assert.equal(direct.encode("~")[0], 102);
  assert.equal(direct.bosId, 0);
  assert.deepEqual(direct.eosIds, [1]);
  assert.equal(direct.padId, 2);
  assert.ok(
    makeTokenizer(JSON.parse(JSON.stringify(characterTokenizerJson())), { config }) instanceof CharacterTokenizer,
  );
});

test("the direct encoding equals Hugging Face's engine, with and without special tokens", () => {
  for (const addSpecial of [false, true]) {
    fc.assert(
      fc.property(texts, (text) =>
        assert.deepEqual(direct.encode(text, { addSpecial }), library.encode(text, { addSpecial })),
      ),
    );
    fc.assert(
      fc.property(marked, (text) => {
        const ids = direct.encode(text, { addSpecial, parseSpecial: true });
        assert.deepEqual(ids, library.encode(text, { addSpecial, parseSpecial: true }));
        assert.equal(direct.decode(ids), library.decode(ids));
        assert.equal(direct.decode(ids, { skipSpecial: true }), library.decode(ids, { skipSpecial: true }));
        const stream = new StreamDecoder(direct);
        assert.equal(
          ids.map((id) => stream.push(id)).join("") + stream.end(),
          (addSpecial ? SPECIAL_TOKENS[0] : "") + text,
        );
      }),
    );
  }
});

test("both say the same of every id", () => {
  for (let id = 0; id < direct.vocabSize; id++) {
    assert.equal(direct.tokenOf(id), library.tokenOf(id));
    assert.equal(direct.isSpecial(id), library.isSpecial(id));
    assert.deepEqual(direct.tokenBytes(id), library.tokenBytes(id));
  }
  assert.equal(direct.vocabSize, library.vocabSize);
});

test("an unknown character is a UserError naming it and where it is", () => {
  for (const [text, sentence] of [
    ["caf\u00e9", /The character "é" \(U\+00E9, at position 3\) is not in this model's vocabulary/],
    ["a\t", /"\\t" \(U\+0009, at position 1\)/],
    ["🦙", /"🦙" \(U\+1F999, at position 0\)/],
    ["<｜User｜>", /"｜" \(U\+FF5C, at position 1\)/],
  ] as const) {
    assert.throws(
      () => direct.encode(text),
      (error) => error instanceof UserError && sentence.test(error.message),
    );
  }
  assert.throws(() => direct.decode([112]), /outside the vocabulary; ids go from 0 to 111/);
});
