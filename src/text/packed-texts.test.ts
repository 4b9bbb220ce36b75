import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { PackedTexts, TextIndex, TextPacker } from "./packed-texts.ts";

test("packed texts are the texts, and each is found at its last place", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "grapheme", maxLength: 6 })), (texts) => {
      const packed = PackedTexts.of(texts);
      assert.deepEqual([...packed], texts);
      assert.equal(packed.length, texts.length);
      const index = new TextIndex(packed);
      for (const text of texts) assert.equal(index.get(text), texts.lastIndexOf(text));
    }),
  );
});

test("what is not among them is not found, however much of it is", () => {
  const packed = PackedTexts.of(["a", "ab", "", "ħ", "\ufeff"]);
  const index = new TextIndex(packed);
  assert.deepEqual(
    ["b", "abc", "aba", "Ħ", "a".repeat(300)].map((text) => index.get(text)),
    [undefined, undefined, undefined, undefined, undefined],
  );
  // a byte-order mark is a text like any other
  assert.deepEqual([index.get("\ufeff"), packed.at(4)], [4, "\ufeff"]);
  assert.deepEqual([packed.at(-1), packed.at(5)], [undefined, undefined]);
  assert.equal(new TextIndex(PackedTexts.of([])).get(""), undefined);
});

test("bytes that are no UTF-8 are kept, read as U+FFFD, and found as they are", () => {
  const packer = new TextPacker(2);
  packer.add(Uint8Array.of(0xff));
  packer.add(Uint8Array.of(0xfe));
  const packed = packer.done();
  assert.deepEqual([...packed], ["\ufffd", "\ufffd"]);
  assert.equal(new TextIndex(packed).find(Uint8Array.of(0xfe)), 1);
});
