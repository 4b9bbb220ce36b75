import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { UserError } from "../../error.ts";
import { tinyLlama } from "../../model/test-models.ts";
import { characterTokenizerConfig, characterTokenizerJson } from "../../text/character-tokenizer.ts";
import { loadTokenizer, makeTokenizer } from "../../text/load-tokenizer.ts";
import { testData } from "../test-data.ts";
import { encodeHeader, type GgufTyped } from "./encode.ts";
import { openGguf } from "./file.ts";
import { tokenizerFiles } from "./tokenizer-json.ts";
import { vocabularyEntries } from "./vocabulary.ts";

const root = fs.mkdtempSync(path.join(os.tmpdir(), "reckon-gguf-vocabulary-"));
after(() => fs.rmSync(root, { recursive: true, force: true }));

const config = (vocab_size: number) =>
  tinyLlama({ vocab_size, bos_token_id: 0, eos_token_id: [1, 3], pad_token_id: 2 });

/** What a tokenizer.json becomes, by key without tokenizer.ggml. */
function written(json: unknown, settings: unknown, vocab: number): Record<string, GgufTyped> {
  const folder = fs.mkdtempSync(path.join(root, "t-"));
  const file = path.join(folder, "tokenizer.json");
  fs.writeFileSync(file, JSON.stringify(json));
  if (settings !== null) fs.writeFileSync(path.join(folder, "tokenizer_config.json"), JSON.stringify(settings));
  const entries = vocabularyEntries({ kind: "file", path: file }, config(vocab));
  return Object.fromEntries(entries.map(([key, value]) => [key.replace("tokenizer.ggml.", ""), value]));
}

const textsOf = (value: GgufTyped): readonly string[] => (value as { texts: readonly string[] }).texts;
const numbersOf = (value: GgufTyped): ArrayLike<number> => (value as { i32s: ArrayLike<number> }).i32s;

test("the bundled vocabulary of characters becomes a gpt2 one without merges, its marks control or user-defined", () => {
  const found = written(characterTokenizerJson(), characterTokenizerConfig("", 512), 115);
  assert.deepEqual([found.model, found.pre, found.merges], [{ text: "gpt2" }, { text: "gpt-2" }, { texts: [] }]);
  const [tokens, types] = [textsOf(found.tokens), numbersOf(found.token_type)];
  const typeOf = (token: string): number => types[tokens.indexOf(token)];
  assert.deepEqual([tokens.length, tokens[0], tokens[114]], [115, "<｜begin▁of▁sentence｜>", "[PAD114]"]);
  assert.deepEqual(
    ["<｜begin▁of▁sentence｜>", "<｜User｜>", "<think>", "a", "Ġ", "[PAD114]"].map(typeOf),
    [3, 3, 4, 1, 1, 5],
  );
  assert.deepEqual(
    [found.bos_token_id, found.eos_token_id, found.eot_token_id, found.padding_token_id, found.add_bos_token],
    [{ u32: 0 }, { u32: 1 }, { u32: 3 }, { u32: 2 }, { bool: true }],
  );
});

test("DeepSeek's and Qwen's tokenizers get llama.cpp's names of their cuts, merges in either notation", {
  skip: testData("tokenizers/deepseek_v3.tokenizer.json.gz").skip,
}, () => {
  for (const [name, cut, size, merge] of [
    ["deepseek_v3", "deepseek-v3", 129280, "Ġ t"],
    ["qwen3", "qwen2", 151936, "Ġ Ġ"],
  ] as const) {
    const json = JSON.parse(
      gunzipSync(fs.readFileSync(testData(`tokenizers/${name}.tokenizer.json.gz`).file)).toString(),
    );
    const found = written(json, null, size);
    assert.deepEqual([found.model, found.pre], [{ text: "gpt2" }, { text: cut }]);
    assert.equal(textsOf(found.merges)[0], merge);
    assert.equal(textsOf(found.tokens).length, size);
  }
});

test("a SentencePiece vocabulary gets scores that merge in the order of its merges", () => {
  const json = {
    added_tokens: [
      { id: 0, content: "<unk>", special: true },
      { id: 1, content: "<s>", special: true },
    ],
    normalizer: { type: "Sequence", normalizers: [{ type: "Prepend", prepend: "▁" }] },
    pre_tokenizer: null,
    post_processor: { single: [{ SpecialToken: { id: "<s>" } }, { Sequence: { id: "A" } }] },
    model: {
      ...{ type: "BPE", byte_fallback: true },
      vocab: { "<unk>": 0, "<s>": 1, "<0x0A>": 2, a: 3, b: 4, ab: 5, aba: 6 },
      merges: ["a b", "ab a"],
    },
  };
  const found = written(json, { unk_token: "<unk>" }, 7);
  assert.deepEqual(
    [found.model, found.add_space_prefix, found.add_bos_token],
    [{ text: "llama" }, { bool: true }, { bool: true }],
  );
  assert.deepEqual(Array.from(numbersOf(found.token_type)), [2, 3, 6, 1, 1, 1, 1]);
  assert.deepEqual([...(found.scores as { f32s: Float32Array }).f32s], [0, 0, 0, 0, 0, -1, -2]);
});

test("a GGUF file's vocabulary is copied as it is, its template left to the caller", {
  skip: testData("weights/stories260K.gguf").skip,
}, () => {
  const gguf = openGguf(testData("weights/stories260K.gguf").file);
  const entries = new Map(vocabularyEntries({ kind: "gguf", metadata: gguf.metadata }, config(512)));
  assert.deepEqual(entries.get("tokenizer.ggml.model"), { text: "llama" });
  assert.deepEqual([...textsOf(entries.get("tokenizer.ggml.tokens")!)], gguf.metadata.strings("tokenizer.ggml.tokens"));
  assert.deepEqual(entries.get("tokenizer.ggml.add_bos_token"), { bool: true });
  assert.deepEqual(entries.get("tokenizer.ggml.bos_token_id"), { u32: 1 });
  gguf.close();
});

test("a tokenizer that llama.cpp has no words for is refused, and none at all is said", () => {
  const refuses = (json: unknown, field: string) =>
    assert.throws(
      () => written(json, null, 4),
      (error) => error instanceof UserError && error.param === field,
      field,
    );
  const bpe = { type: "BPE", vocab: { a: 0, b: 1, ab: 2 }, merges: ["a b"] };
  refuses({ model: { type: "Unigram" } }, "model.type");
  refuses({ model: { ...bpe, vocab: { a: 9 } } }, "model.vocab");
  refuses({ model: bpe, pre_tokenizer: { type: "Split", pattern: { Regex: "x+" } } }, "pre_tokenizer");
  assert.deepEqual(vocabularyEntries(null, tinyLlama())[0], ["tokenizer.ggml.model", { text: "none" }]);
});

const TEXTS = [
  "Once upon a time, there was a little girl named Lily.",
  "12 + 345 = 357\n\n  two  spaces\tand a tab",
  "ünïcode ≈ 漢字 🙂 isn't <think>thought</think>",
  "<s> and </s>, <|im_start|>user\nHi<|im_end|>",
  " leading",
  "",
];

for (const name of ["stories260K.gguf", "SmolLM2-135M-Instruct.Q4_1.gguf"]) {
  const { file, skip } = testData(`weights/${name}`);
  test(`the tokenizer.json made of ${name} gives the ids and texts of the file's own vocabulary`, { skip }, () => {
    const gguf = openGguf(file);
    const made = tokenizerFiles(gguf.metadata)!;
    const [theirs, ours] = [
      loadTokenizer({ kind: "gguf", metadata: gguf.metadata }),
      makeTokenizer(made.tokenizer, { config: made.config }),
    ];
    gguf.close();
    assert.deepEqual([ours.bosId, ours.padId], [theirs.bosId, theirs.padId]);
    for (const one of TEXTS) {
      for (const addSpecial of [true, false]) {
        for (const parseSpecial of [true, false]) {
          const ids = theirs.encode(one, { addSpecial, parseSpecial });
          assert.deepEqual(ours.encode(one, { addSpecial, parseSpecial }), ids, one);
          assert.equal(ours.decode(ids), theirs.decode(ids));
        }
      }
    }
  });
}

test("the bundled vocabulary goes into a GGUF file and back to a tokenizer of characters", () => {
  const folder = fs.mkdtempSync(path.join(root, "t-"));
  const json = path.join(folder, "tokenizer.json");
  fs.writeFileSync(json, JSON.stringify(characterTokenizerJson()));
  const file = path.join(folder, "vocabulary.gguf");
  fs.writeFileSync(file, encodeHeader(vocabularyEntries({ kind: "file", path: json }, config(115)), []));
  const gguf = openGguf(file);
  const made = tokenizerFiles(gguf.metadata)!;
  gguf.close();
  const [before, after] = [loadTokenizer(json), makeTokenizer(made.tokenizer, { config: made.config })];
  assert.equal(after.constructor, before.constructor);
  const text = "<｜User｜>12+34?<think>";
  const ids = before.encode(text, { addSpecial: true, parseSpecial: true });
  assert.deepEqual(after.encode(text, { addSpecial: true, parseSpecial: true }), ids);
  assert.deepEqual(after.encode("1 <think>"), before.encode("1 <think>"));
});
