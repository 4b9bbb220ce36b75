import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { openGguf } from "../../checkpoint/gguf/file.ts";
import { readTestJson, testData } from "../../checkpoint/test-data.ts";
import { UserError } from "../../error.ts";
import { loadTokenizer, makeTokenizer } from "../load-tokenizer.ts";
import { StreamDecoder } from "../stream-decoder.ts";
import type { Tokenizer } from "../tokenizer.ts";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "reckon-gguf-vocabulary-"));
after(() => fs.rmSync(folder, { recursive: true, force: true }));

const LLAMA_CPP = "tokenizers/llamacpp/ggml-vocab-";
const SMOL = testData("weights/SmolLM2-135M-Instruct.Q4_1.gguf");
const STORIES = testData("weights/stories260K.gguf");
const DEEPSEEK_LLM = testData(`${LLAMA_CPP}deepseek-llm.gguf.gz`);

function ofGguf(file: string): Tokenizer {
  const gguf = openGguf(file);
  try {
    return loadTokenizer({ kind: "gguf", metadata: gguf.metadata });
  } finally {
    gguf.close();
  }
}

/** The texts and ids of one llama.cpp vocabulary test. */
function* vocabularyCases(name: string): Iterable<readonly [string, number[]]> {
  const read = (ending: string): string => fs.readFileSync(testData(`${LLAMA_CPP}${name}.gguf.${ending}`).file, "utf8");
  const lines = read("out").split("\n");
  for (const [i, text] of read("inp").split("\n__ggml_vocab_test__\n").entries()) {
    yield [text, lines[i].trim() === "" ? [] : lines[i].trim().split(" ").map(Number)];
  }
}

function assertCases(tokenizer: Tokenizer, name: string): void {
  let count = 0;
  for (const [text, ids] of vocabularyCases(name)) {
    assert.deepEqual(tokenizer.encode(text, { parseSpecial: true }), ids, JSON.stringify(text));
    count++;
  }
  assert.ok(count > 40);
}

test("deepseek-llm: llama.cpp's vocabulary file gives all of llama.cpp's ids", { skip: DEEPSEEK_LLM.skip }, () => {
  const file = path.join(folder, "deepseek-llm.gguf");
  fs.writeFileSync(file, gunzipSync(fs.readFileSync(DEEPSEEK_LLM.file)));
  const tokenizer = ofGguf(file);
  assertCases(tokenizer, "deepseek-llm");
  assert.equal(tokenizer.bosId, 100000);
  assert.equal(tokenizer.encode("a", { addSpecial: true })[0], 100000);
});

/** A GGUF file's keys for a byte-level tokenizer.json. */
function keysOf(json: unknown, pre: string): Map<string, unknown> {
  interface Json {
    readonly model: { readonly vocab: Readonly<Record<string, number>>; readonly merges: readonly [string, string][] };
    readonly added_tokens: readonly { readonly id: number; readonly content: string; readonly special: boolean }[];
  }
  const { model, added_tokens: added } = json as Json;
  const tokens: string[] = [];
  for (const [token, id] of Object.entries(model.vocab)) tokens[id] = token;
  for (const { id, content } of added) tokens[id] = content;
  const types = new Int32Array(tokens.length).fill(1);
  for (const { id, special } of added) types[id] = special ? 3 : 4;
  return new Map<string, unknown>([
    ["tokenizer.ggml.model", "gpt2"],
    ["tokenizer.ggml.pre", pre],
    ["tokenizer.ggml.tokens", tokens],
    ["tokenizer.ggml.token_type", types],
    ["tokenizer.ggml.merges", model.merges.map((one) => (typeof one === "string" ? one : one.join(" ")))],
  ]);
}

test("qwen2, deepseek-r1-qwen and deepseek-v3 as GGUF keys encode as llama.cpp's cases and the tokenizer.json say", {
  skip: testData("tokenizers/qwen3.tokenizer.json.gz").skip,
}, () => {
  const json = (name: string): unknown =>
    JSON.parse(gunzipSync(fs.readFileSync(testData(`tokenizers/${name}.tokenizer.json.gz`).file)).toString("utf8"));
  const qwen = json("qwen3");
  // the two share their vocabulary up to Qwen3's added tokens
  const gguf = loadTokenizer({ kind: "gguf", metadata: keysOf(qwen, "qwen2") });
  assertCases(gguf, "qwen2");
  assertCases(loadTokenizer({ kind: "gguf", metadata: keysOf(qwen, "deepseek-r1-qwen") }), "deepseek-r1-qwen");
  const deepseek = json("deepseek_v3");
  const whole = makeTokenizer(deepseek);
  const keys = loadTokenizer({ kind: "gguf", metadata: keysOf(deepseek, "deepseek-v3") });
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 30 }), fc.boolean(), (text, parseSpecial) => {
      const ids = keys.encode(text, { parseSpecial });
      assert.deepEqual(ids, whole.encode(text, { parseSpecial }));
      assert.equal(keys.decode(ids), whole.decode(ids));
    }),
    { numRuns: 300, seed: 7 },
  );
});

test("a SentencePiece vocabulary gives llama-server's ids, and decodes them", {
  skip: STORIES.skip || testData("oracles/llama_server_goldens.json.gz").skip,
}, () => {
  const tokenizer = ofGguf(STORIES.file);
  const { tokenize } = readTestJson<{ tokenize: readonly { readonly text: string; readonly tokens: number[] }[] }>(
    "oracles/llama_server_goldens.json.gz",
  );
  for (const { text, tokens } of tokenize) {
    assert.deepEqual(tokenizer.encode(text, { addSpecial: true, parseSpecial: true }), tokens, text);
    assert.equal(tokenizer.decode(tokens, { skipSpecial: true }), text);
  }
  assert.deepEqual([tokenizer.bosId, tokenizer.eosIds], [1, [2]]);
  // a control token in the text is text, unless it is asked for; after it a word begins anew
  assert.ok(!tokenizer.encode("</s>").includes(2));
  assert.deepEqual(tokenizer.encode("</s>Once", { parseSpecial: true }), [2, ...tokenizer.encode("Once")]);
});

test("whatever the text, its ids decode to it, at once and streamed, never half a character at a time", {
  skip: STORIES.skip || SMOL.skip,
}, () => {
  for (const file of [STORIES.file, SMOL.file]) {
    const tokenizer = ofGguf(file);
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 20 }), (text) => {
        const ids = tokenizer.encode(text);
        assert.equal(tokenizer.decode(ids), text);
        const stream = new StreamDecoder(tokenizer);
        let streamed = "";
        for (const id of ids) {
          streamed += stream.push(id);
          assert.ok(text.startsWith(streamed) && !/[\ud800-\udbff]$/.test(streamed));
        }
        assert.equal(streamed + stream.end(), text);
      }),
      { numRuns: 300, seed: 2 },
    );
    fc.assert(
      fc.property(fc.array(fc.nat(tokenizer.vocabSize - 1), { maxLength: 20 }), fc.boolean(), (ids, skipSpecial) => {
        const stream = new StreamDecoder(tokenizer, { skipSpecial });
        const text = ids.map((id) => stream.push(id)).join("") + stream.end();
        assert.equal(text, tokenizer.decode(ids, { skipSpecial }));
      }),
      { numRuns: 200, seed: 3 },
    );
  }
});

test("SmolLM2: the file says what ends a turn, and marks typed into a text stay text", { skip: SMOL.skip }, () => {
  const tokenizer = ofGguf(SMOL.file);
  assert.equal(tokenizer.vocabSize, 49152);
  assert.deepEqual(
    tokenizer.eosIds.map((id) => tokenizer.tokenOf(id)),
    ["<|im_end|>", "<|endoftext|>"],
  );
  assert.ok(tokenizer.isSpecial(tokenizer.idOf("<|im_start|>")!));
  const mark = tokenizer.idOf("<|im_start|>")!;
  assert.ok(!tokenizer.encode("<|im_start|>").includes(mark));
  assert.deepEqual(tokenizer.encode("<|im_start|>", { parseSpecial: true }), [mark]);
  assert.deepEqual(tokenizer.encode("2024 is", { addSpecial: true }), tokenizer.encode("2024 is"));
});

const LETTERS = ["a", "b", "ab", "<eos>", "<0x0A>"];
const small = (changes: Record<string, unknown>): Map<string, unknown> =>
  new Map(
    Object.entries({
      model: "gpt2",
      pre: "gpt-2",
      tokens: LETTERS,
      token_type: [1, 1, 1, 3, 6],
      merges: ["a b"],
      scores: [-1, -2, -3, 0, 0],
      eos_token_id: 3,
      ...changes,
    })
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => [key.includes(".") ? key : `tokenizer.ggml.${key}`, value]),
  );

test("flags add BOS and EOS; a tokenizer.json inside the file wins over the keys", () => {
  const load = (changes: Record<string, unknown>): Tokenizer =>
    loadTokenizer({ kind: "gguf", metadata: small(changes) });
  assert.deepEqual(load({}).encode("abab", { addSpecial: true }), [2, 2]);
  const flags = { bos_token_id: 3, add_bos_token: true, add_eos_token: true };
  assert.deepEqual(load(flags).encode("ab", { addSpecial: true }), [3, 2, 3]);
  assert.deepEqual(
    load({ ...flags, pre: "llama-bpe", add_bos_token: undefined }).encode("a", { addSpecial: true }),
    [3, 0, 3],
  );
  assert.deepEqual(
    load({ model: "llama", bos_token_id: 3, add_space_prefix: false }).encode("ab\n", { addSpecial: true }),
    [3, 2, 4],
  );
  // an id past the vocabulary names nothing
  assert.equal(load({ bos_token_id: 900 }).bosId, null);
  const json = {
    added_tokens: [{ id: 2, content: "<s>", special: true }],
    normalizer: null,
    pre_tokenizer: null,
    post_processor: null,
    decoder: null,
    model: { type: "BPE", vocab: { x: 0, y: 1 }, merges: [], unk_token: null },
  };
  const inside = load({
    "tokenizer.huggingface.json": JSON.stringify(json),
    tokens: ["x", "y", "<s>"],
    eos_token_id: 2,
  });
  assert.deepEqual(inside.encode("xy"), [0, 1]);
  assert.deepEqual(inside.eosIds, [2]);
});

test("what is wrong with a vocabulary is one sentence that names the key", () => {
  const cases: [Record<string, unknown>, RegExp][] = [
    [{ model: undefined }, /tokenizer\.ggml\.model is missing: the file holds no vocabulary/],
    [{ model: "none" }, /holds no vocabulary; give a folder with tokenizer\.json/],
    [{ model: "rwkv" }, /tokenizer\.ggml\.model is "rwkv"; supported are gpt2 .* and llama/],
    [{ model: 3 }, /tokenizer\.ggml\.model must be a text/],
    [{ pre: "klingon" }, /tokenizer\.ggml\.pre is "klingon"; supported are default, gpt-2, .*deepseek-v3/],
    [{ pre: "constructor" }, /pre is "constructor"; supported are/],
    [{ tokens: [] }, /tokenizer\.ggml\.tokens must be a list of texts/],
    [{ tokens: undefined }, /tokenizer\.ggml\.tokens must be a list of texts/],
    [{ token_type: [1] }, /token_type must hold a type for each of the 5 tokens/],
    [{ merges: undefined }, /tokenizer\.ggml\.merges must be a list of texts/],
    [{ merges: ["a x"] }, /merge 0 \("a x"\) names a piece that is not in the vocabulary/],
    [{ merges: ["ab"] }, /merge 0 \("ab"\) names a piece/],
    [{ model: "llama", scores: undefined }, /scores must hold a score for each/],
    [{ model: "llama", scores: ["x"] }, /scores must be a list of numbers/],
    [{ "tokenizer.huggingface.json": "{" }, /tokenizer\.huggingface\.json cannot be read/],
  ];
  for (const [changes, sentence] of cases) {
    assert.throws(
      () => loadTokenizer({ kind: "gguf", metadata: small(changes) }, { file: "m.gguf" }),
      (error) => error instanceof UserError && sentence.test(error.message) && error.message.startsWith("m.gguf:"),
      JSON.stringify(changes),
    );
  }
});
