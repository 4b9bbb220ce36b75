import assert from "node:assert/strict";
import fs from "node:fs";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { testData } from "../../checkpoint/test-data.ts";
import { UserError } from "../../error.ts";
import { HuggingFaceTokenizer } from "../huggingface-tokenizer.ts";
import { makeTokenizer } from "../load-tokenizer.ts";
import { EngineTokenizer } from "./engine-tokenizer.ts";

const BYTES = Array.from({ length: 256 }, (_, b) => `<0x${b.toString(16).toUpperCase().padStart(2, "0")}>`);
const added = (id: number, content: string, more: object = { special: true }) => ({ id, content, ...more });
const vocabulary = (tokens: readonly string[]) => Object.fromEntries(tokens.map((token, id) => [token, id]));
const control = [added(0, "<unk>"), added(1, "<s>"), added(2, "</s>")];

/** SentencePiece's BPE as Llama 2 has it. */
const sentencePiece = (byteFallback: boolean) => ({
  added_tokens: control,
  normalizer: {
    type: "Sequence",
    normalizers: [
      { type: "Prepend", prepend: "▁" },
      { type: "Replace", pattern: { String: " " }, content: "▁" },
    ],
  },
  pre_tokenizer: null,
  post_processor: {
    type: "TemplateProcessing",
    single: [{ SpecialToken: { id: "<s>", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
    special_tokens: { "<s>": { id: "<s>", ids: [1], tokens: ["<s>"] } },
  },
  decoder: {
    type: "Sequence",
    decoders: [
      { type: "Replace", pattern: { String: "▁" }, content: " " },
      { type: "ByteFallback" },
      { type: "Fuse" },
      { type: "Strip", content: " ", start: 1, stop: 0 },
    ],
  },
  model: {
    type: "BPE",
    unk_token: "<unk>",
    fuse_unk: true,
    byte_fallback: byteFallback,
    vocab: vocabulary([
      ...["<unk>", "<s>", "</s>", ...BYTES],
      ...["▁", "h", "e", "l", "o", "▁h", "he", "ll", "▁he", "llo", "▁hello", "é", "▁▁", "日", "本"],
    ]),
    merges: ["▁ h", "l l", "h e", "▁h e", "ll o", "▁ ▁", "▁he llo"],
  },
});

const PIECES: [string, number][] = [
  ...([["<unk>", 0], ["<s>", 0], ["</s>", 0], ["▁", -2], ["▁the", -3], ["the", -4.5], ["t", -5]] as [string, number][]),
  ...([["h", -5], ["e", -4], ["▁t", -3.5], ["he", -3.9], ["a", -4], ["b", -4], ["ab", -7.5]] as [string, number][]),
  ...([["▁a", -3.8], ["é", -6], ["𝄞", -9]] as [string, number][]),
]; // biome-ignore format: pieces in a row

/** A unigram model; with bytes: as one text, with a space only in front of the first word. */
const unigram = (byteFallback: boolean) => ({
  added_tokens: control,
  normalizer: { type: "NFKC" },
  pre_tokenizer: {
    type: "Metaspace",
    replacement: "▁",
    prepend_scheme: byteFallback ? "first" : "always",
    split: !byteFallback,
  },
  post_processor: null,
  decoder: { type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: true },
  model: {
    type: "Unigram",
    unk_id: 0,
    vocab: [...PIECES, ...(byteFallback ? BYTES.map((one): [string, number] => [one, 0]) : [])],
    byte_fallback: byteFallback,
  },
});

/** Byte-level BPE with every kind of added token. */
const bytes = {
  added_tokens: [
    added(26, "<eos>"),
    added(27, "hello", { special: false, single_word: true }),
    added(28, "[X]", { special: false, lstrip: true, rstrip: true }),
    added(29, "Abc", { special: false, normalized: true }),
  ],
  normalizer: { type: "Lowercase" },
  pre_tokenizer: {
    type: "Sequence",
    pretokenizers: [
      { type: "Digits", individual_digits: true },
      { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
    ],
  },
  post_processor: null,
  decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
  model: {
    type: "BPE",
    unk_token: null,
    vocab: vocabulary([
      ..."abcdehlortw12.!",
      ...["Ġ", "Ċ", "Ã", "©", "he", "ll", "Ġhe", "Ġhell", "lo", "Ġw", "Ã©"],
    ]),
    merges: [["h", "e"], ["l", "l"], ["Ġ", "he"], ["Ġhe", "ll"], ["l", "o"], ["Ġ", "w"], ["Ã", "©"]],
  },
}; // biome-ignore format: merges in a row

const TEXTS = [
  ...["hello", "hello hello", " hello", "  hello", "héllo", "日本語", "hello<s>hello", "", "\n", "the theé", "abab"],
  ...["xyz the", "a 𝄞b", "ﬁ ab", "hello [X] world", "hello[X]", "helloworld", "ABC abc", "cab12 12.!"],
  ...["hello\n\u0085a", "<eos>a", "[X]  [X]", "éé é", "𝄞𝄞", "ab\u00a0the"],
];

// what Hugging Face's Rust engine gives for these files and texts (tokenizers 0.23.3, special tokens added)
const RUST: readonly [string, object, string][] = [
  ["SentencePiece BPE with bytes", sentencePiece(true), "1 269|1 269 269|1 259 269|1 271 269|1 264 270 268|1 259 272 273 235 173 161|1 269 1 269|1|1 259 13|1 259 119 265 259 119 265 270|1 259 100 101 100 101|1 259 123 124 125 259 119 265|1 259 100 259 243 160 135 161 101|1 259 242 175 132 259 100 101|1 269 259 94 91 96 259 122 263 117 262 103|1 269 94 91 96|1 269 122 263 117 262 103|1 259 68 69 70 259 100 101 102|1 259 102 100 101 52 53 259 52 53 49 36|1 269 13 197 136 100|1 259 63 261 263 118 65 100|1 259 94 91 96 271 94 91 96|1 259 270 270 259 270|1 259 243 160 135 161 243 160 135 161|1 259 100 101 197 163 119 265"],
  ["SentencePiece BPE without bytes", sentencePiece(false), "1 269|1 269 269|1 259 269|1 271 269|1 264 270 268|1 259 272 273 0|1 269 1 269|1|1 259 0|1 259 0 265 259 0 265 270|1 259 0|1 259 0 259 0 265|1 259 0 259 0|1 259 0 259 0|1 269 259 0 259 0 263 0 262 0|1 269 0|1 269 0 263 0 262 0|1 259 0 259 0|1 259 0 259 0|1 269 0|1 259 0 261 263 0|1 259 0 271 0|1 259 270 270 259 270|1 259 0|1 259 0 265"],
  ["Unigram without bytes", unigram(false), "3 10 0|3 10 0 3 10 0|3 10 0|3 3 10 0|3 7 15 0|3 0|3 10 0 1 3 10 0||3 0|4 4 15|14 12 13|3 0 4|14 3 16 12|3 0 14 12|3 10 0 3 0 3 0|3 10 0|3 10 0|3 0 14 12 0|3 0 13 0 3 0|3 10 0 11|3 0 8 0 11|3 0 3 3 0|3 15 15 3 15|3 16 16|14 12 4"],
  ["Unigram with bytes", unigram(true), "3 10 125 125 128|3 10 125 125 128 3 10 125 125 128|3 10 125 125 128|3 3 10 125 125 128|3 7 15 125 125 128|3 247 168 182 247 173 189 249 187 175|3 10 125 125 128 1 10 125 125 128||3 27|4 4 15|14 12 13|3 137 138 139 4|14 3 16 12|3 119 122 14 12|3 10 125 125 128 3 108 105 110 3 136 128 131 125 117|3 10 125 125 128 108 105 110|3 10 125 125 128 136 128 131 125 117|3 82 83 84 14 12 116|3 116 13 66 67 3 66 67 63 50|3 10 125 125 128 27 211 150 11|3 77 8 128 132 79 11|3 108 105 110 3 3 108 105 110|3 15 15 3 15|3 16 16|14 12 4"],
  ["byte-level BPE with added tokens", bytes, "27|27 15 27|15 27|15 15 27|15 5 25 20 7|15|27 15 27||15 16|15 9 19 15 9 19 25|15 0 1 0 1|15 15 9 19|15 0 15 1|15 15 0 1|27 28 24 7 8 6 3|27 28|22 7 10 7 8 6 3|29 15 29|15 2 0 1 15 11 15 12 15 15 11 15 12 15 13 14|27 15 16 0|26 15 0|28 28|15 25 25 15 25|15|15 0 1 9 19"],
]; // biome-ignore format: one file a line

for (const [name, json, ids] of RUST) {
  test(`${name}: the ids are the Rust engine's`, () => {
    const tokenizer = makeTokenizer(json);
    assert.ok(tokenizer instanceof EngineTokenizer);
    const encoded = TEXTS.map((text) => tokenizer.encode(text, { addSpecial: true, parseSpecial: true }));
    assert.deepEqual(encoded.map((one) => one.join(" ")).join("|"), ids);
  });
}

test("control tokens typed into a text are text, other added tokens are not", () => {
  const tokenizer = makeTokenizer(sentencePiece(true));
  assert.ok(!tokenizer.encode("hello<s>").includes(1));
  assert.equal(tokenizer.decode(tokenizer.encode("hello<s> </s>")), "hello<s> </s>");
  const plain = makeTokenizer(bytes);
  assert.ok(plain.encode("[X]").includes(28) && !plain.encode("<eos>").includes(26));
});

test("qwen3: on any text the ids are those of Hugging Face's JavaScript engine", {
  skip: testData("tokenizers/qwen3.tokenizer.json.gz").skip,
}, () => {
  const file = testData("tokenizers/qwen3.tokenizer.json.gz").file;
  const json: unknown = JSON.parse(gunzipSync(fs.readFileSync(file)).toString("utf8"));
  const ours = makeTokenizer(json);
  const theirs = new HuggingFaceTokenizer(json, {});
  assert.ok(ours instanceof EngineTokenizer);
  const text = fc.oneof(
      fc.string({ unit: "binary", maxLength: 40 }),
      fc.string({ unit: "grapheme", maxLength: 40 }),
      fc
        .array(fc.constantFrom(" ", "  ", "\n", "\r\n", "\t", "the", " a", "12345", "'ll", "'LL", "!?", "日本", "é", "<think>", "<|im_end|>", "<｜User｜>"), { maxLength: 20 })
        .map((parts) => parts.join("")),
    ); // biome-ignore format: parts in a row
  fc.assert(
    fc.property(text, fc.boolean(), fc.boolean(), (one, parseSpecial, addSpecial) => {
      const ids = ours.encode(one, { parseSpecial, addSpecial });
      assert.deepEqual(ids, theirs.encode(one, { parseSpecial, addSpecial }));
      assert.equal(ours.decode(ids), theirs.decode(ids));
    }),
    { numRuns: 200, seed: 13 },
  );
  for (let id = 0; id < ours.vocabSize; id += 997) assert.deepEqual(ours.tokenBytes(id), theirs.tokenBytes(id));
  assert.equal(ours.vocabSize, theirs.vocabSize);
  assert.deepEqual([ours.bosId, ours.eosIds, ours.padId], [theirs.bosId, theirs.eosIds, theirs.padId]);
});

test("a long text without any word boundary is merged whole", () => {
  const tokenizer = makeTokenizer(sentencePiece(true));
  const ids = tokenizer.encode(`hello${"l".repeat(400_000)}`);
  assert.equal(ids.length, 1 + 200_000);
  const scored = makeTokenizer(unigram(true)).encode("the".repeat(100_000));
  assert.equal(scored.length, 100_000);
});

test("a pattern that runs away is stopped with an error, a harmless unknown one is used", () => {
  const split = (regex: string) => ({
    ...bytes,
    normalizer: null,
    pre_tokenizer: {
      type: "Sequence",
      pretokenizers: [
        { type: "Split", pattern: { Regex: regex }, behavior: "Isolated", invert: false },
        { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false },
      ],
    },
  });
  assert.deepEqual(makeTokenizer(split("[ab]+")).encode("helab"), [19, 6, 0, 1]);
  assert.throws(
    () => makeTokenizer(split("(a|a)*b$"), { limitMs: 100 }).encode("a".repeat(40)),
    (error) => error instanceof UserError && /took longer than .* and were stopped/.test(error.message),
  );
  assert.throws(() => makeTokenizer(split("(")), /has the pattern "\(", which JavaScript cannot run/);
});

test("mutated files give a tokenizer or one sentence", () => {
  const seeds = RUST.map(([, json]) => JSON.stringify(json));
  const value = fc.oneof(
    fc.constantFrom("null", "{}", "[]", "-1", "1e9", '"x"', "true", '"\\ud800"', "1.5", '[["a"]]'),
    fc.jsonValue({ maxDepth: 2 }).map((one) => JSON.stringify(one)),
  );
  fc.assert(
    fc.property(
      fc.constantFrom(...seeds),
      fc.array(fc.tuple(fc.nat(), value), { minLength: 1, maxLength: 3 }),
      (seed, changes) => {
        let json: unknown = JSON.parse(seed);
        for (const [place, text] of changes) json = changed(json, place, JSON.parse(text));
        try {
          const tokenizer = makeTokenizer(json);
          tokenizer.decode(tokenizer.encode("hello [X] <s> é12", { addSpecial: true, parseSpecial: true }).slice(0, 4));
        } catch (error) {
          assert.ok(error instanceof UserError, String((error as Error).stack));
          assert.ok(!error.message.includes("\n"));
        }
      },
    ),
    { numRuns: 1000, seed: 17 },
  );
});

/** Replaces one value somewhere in a JSON tree, the same for the same `place`. */
function changed(json: unknown, place: number, value: unknown): unknown {
  if (typeof json !== "object" || json === null) return value;
  const keys = Object.keys(json);
  if (keys.length === 0 || place % 7 === 6) return value;
  const key = keys[place % keys.length];
  const copy: Record<string, unknown> | unknown[] = Array.isArray(json) ? [...json] : { ...json };
  (copy as Record<string, unknown>)[key] = changed(
    (json as Record<string, unknown>)[key],
    Math.floor(place / keys.length),
    value,
  );
  return copy;
}
