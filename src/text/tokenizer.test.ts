import assert from "node:assert/strict";
import fs from "node:fs";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { readTestJson, testData } from "../checkpoint/test-data.ts";
import { UserError } from "../error.ts";
import { makeTokenizer } from "./load-tokenizer.ts";
import { StreamDecoder } from "./stream-decoder.ts";
import type { Tokenizer } from "./tokenizer.ts";

interface Goldens {
  readonly vocab_size_with_added: number;
  readonly with_special_tokens_Hello_world: readonly number[];
  readonly cases: readonly { readonly text: string; readonly ids: number[]; readonly decoded: string }[];
}

const NAMES = ["deepseek_v3", "qwen3"] as const;
const loaded = new Map<string, Tokenizer>();

function load(name: string): Tokenizer {
  const known = loaded.get(name);
  if (known !== undefined) return known;
  const json: unknown = JSON.parse(
    gunzipSync(fs.readFileSync(testData(`tokenizers/${name}.tokenizer.json.gz`).file)).toString("utf8"),
  );
  const config = readTestJson<Record<string, unknown>>(`tokenizers/${name}.tokenizer_config.json`);
  const tokenizer = makeTokenizer(json, { config });
  loaded.set(name, tokenizer);
  return tokenizer;
}

for (const name of NAMES) {
  const { skip } = testData(`tokenizers/${name}.tokenizer.json.gz`);

  test(`${name}: every golden string of the official Rust engine gives the same ids and the same text back`, {
    skip,
  }, () => {
    const tokenizer = load(name);
    const goldens = readTestJson<Goldens>(`oracles/tokenizer_goldens.${name}.json`);
    for (const { text, ids, decoded } of goldens.cases) {
      assert.deepEqual(tokenizer.encode(text, { parseSpecial: true }), ids, JSON.stringify(text));
      assert.equal(tokenizer.decode(ids), decoded);
    }
    assert.equal(tokenizer.vocabSize, goldens.vocab_size_with_added);
    assert.deepEqual(tokenizer.encode("Hello world", { addSpecial: true }), goldens.with_special_tokens_Hello_world);
  });

  test(`${name}: streamed one id at a time, every golden text comes out whole and never shows half a character`, {
    skip,
  }, () => {
    const tokenizer = load(name);
    for (const { ids, decoded } of readTestJson<Goldens>(`oracles/tokenizer_goldens.${name}.json`).cases) {
      const stream = new StreamDecoder(tokenizer);
      let text = "";
      for (const id of ids) {
        text += stream.push(id);
        assert.ok(decoded.startsWith(text), JSON.stringify([decoded, text]));
        assert.ok(!/[\ud800-\udbff]$/.test(text));
      }
      assert.equal(text + stream.end(), decoded);
    }
  });

  test(`${name}: any sequence of ids streams to what it decodes to`, { skip }, () => {
    const tokenizer = load(name);
    fc.assert(
      fc.property(fc.array(fc.nat(tokenizer.vocabSize - 1), { maxLength: 20 }), fc.boolean(), (ids, skipSpecial) => {
        const stream = new StreamDecoder(tokenizer, { skipSpecial });
        const text = ids.map((id) => stream.push(id)).join("") + stream.end();
        assert.equal(text, tokenizer.decode(ids, { skipSpecial }));
      }),
      { numRuns: 300 },
    );
  });
}

test("special tokens written in a text are those tokens only when asked for", {
  skip: testData("tokenizers/qwen3.tokenizer.json.gz").skip,
}, () => {
  const marks = {
    deepseek_v3: ["<｜User｜>", "<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"],
    qwen3: ["<|im_start|>", "<|im_end|>", "<|endoftext|>"],
  };
  for (const name of NAMES) {
    const tokenizer = load(name);
    for (const mark of marks[name]) {
      const id = tokenizer.idOf(mark);
      assert.ok(id !== undefined);
      for (const text of [mark, `a ${mark} b`, `${mark}${mark}`]) {
        const plain = tokenizer.encode(text);
        assert.ok(!plain.includes(id), `${name}: ${text}`);
        assert.equal(tokenizer.decode(plain), text);
        assert.ok(tokenizer.encode(text, { parseSpecial: true }).includes(id));
      }
    }
  }
});

test("plain text has the same ids whether special tokens are parsed or not", {
  skip: testData("tokenizers/qwen3.tokenizer.json.gz").skip,
}, () => {
  for (const name of NAMES) {
    const tokenizer = load(name);
    for (const { text, ids } of readTestJson<Goldens>(`oracles/tokenizer_goldens.${name}.json`).cases) {
      if (!/<[|｜]/.test(text)) assert.deepEqual(tokenizer.encode(text), ids);
    }
  }
});

test("ids outside the vocabulary are a UserError, ids of its padded part decode to nothing", {
  skip: testData("tokenizers/deepseek_v3.tokenizer.json.gz").skip,
}, () => {
  const tokenizer = load("deepseek_v3");
  for (const id of [128815, -1, 1.5, Number.NaN]) {
    assert.throws(
      () => tokenizer.decode([1, id]),
      (error) => error instanceof UserError && /outside the vocabulary; ids go from 0 to 128814/.test(error.message),
    );
    assert.throws(() => new StreamDecoder(tokenizer).push(id), UserError);
  }
  assert.equal(tokenizer.bosId, 0);
  assert.deepEqual(tokenizer.eosIds, [1]);
  assert.equal(tokenizer.tokenOf(128803), "<｜User｜>");
  assert.equal(tokenizer.decode([0, 19923, 1], { skipSpecial: true }), "Hello");
  const json: unknown = JSON.parse(
    gunzipSync(fs.readFileSync(testData("tokenizers/deepseek_v3.tokenizer.json.gz").file)).toString("utf8"),
  );
  const padded = makeTokenizer(json, { paddedVocabSize: 129280 });
  assert.equal(padded.vocabSize, 129280);
  assert.equal(padded.decode([19923, 129000]), "Hello");
  assert.throws(() => padded.decode([129280]), UserError);
});

test("what is not a tokenizer.json is a UserError", () => {
  for (const json of [
    null,
    [],
    {},
    { added_tokens: [], model: null },
    { added_tokens: [], model: { type: "Nonsense", vocab: {} } },
  ]) {
    assert.throws(() => makeTokenizer(json), UserError, JSON.stringify(json));
  }
});
