import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { readLlama2cTokenizer } from "../text/llama2c-tokenizer.ts";
import { StreamDecoder } from "../text/stream-decoder.ts";
import { readLlama2c } from "./llama2c.ts";
import { checkTensors } from "./names.ts";
import { readTestJson, testData } from "./test-data.ts";

const weights = testData("weights/stories260K.bin");
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "reckon-llama2c-"));
after(() => fs.rmSync(folder, { recursive: true, force: true }));

interface Golden {
  readonly greedy_ids_201: readonly number[];
  readonly greedy_text_200_steps: string;
}

test("stories260K becomes a llama config with interleaved rotary pairs and all its tensors", {
  skip: weights.skip,
}, () => {
  const { config, tensors } = readLlama2c(weights.file);
  assert.equal(config.hidden_size, 64);
  assert.equal(config.num_key_value_heads, 4);
  assert.equal(config.rope_interleave, true);
  assert.equal(config.tie_word_embeddings, true);
  assert.equal(config.rms_norm_eps, 1e-5);
  checkTensors(config, tensors, weights.file);
  for (const [name, { data }] of tensors) assert.ok(data.every(Number.isFinite), name);
});

test("a cut or foreign file is one sentence", { skip: weights.skip }, () => {
  const cut = path.join(folder, "cut.bin");
  fs.writeFileSync(cut, fs.readFileSync(weights.file).subarray(0, 5000));
  assert.throws(() => readLlama2c(cut), /header calls for 1056540 bytes but the file has 5000/);
  fs.writeFileSync(cut, "GGUF");
  assert.throws(() => readLlama2c(cut), /has only 4 bytes/);
  assert.throws(() => readLlama2c(path.join(folder, "none")), /cannot be read/);
  fs.writeFileSync(cut, fs.readFileSync(testData("weights/stories260K.tok512.bin").file).subarray(0, 1000));
  assert.throws(() => readLlama2cTokenizer(cut), /token \d+ is cut short/);
});

test("its tokenizer gives run.c's ids and texts", { skip: weights.skip }, () => {
  const tokenizer = readLlama2cTokenizer(testData("weights/stories260K.tok512.bin").file);
  assert.equal(tokenizer.vocabSize, 512);
  const golden = readTestJson<Golden>("oracles/stories260K.golden.json.gz");
  const ids = golden.greedy_ids_201.slice(0, 201);
  const text = tokenizer.decode(ids, { skipSpecial: true });
  assert.ok(text.startsWith(golden.greedy_text_200_steps) || golden.greedy_text_200_steps.startsWith(text), text);
  const { tokenize } = readTestJson<{ tokenize: { text: string; tokens: number[] }[] }>(
    "oracles/llama_server_goldens.json.gz",
  );
  for (const { text, tokens } of tokenize) assert.deepEqual(tokenizer.encode(text, { addSpecial: true }), tokens, text);
  for (const sample of ["héllo 🦙\n", " leading", ""]) assert.equal(tokenizer.decode(tokenizer.encode(sample)), sample);
  const stream = new StreamDecoder(tokenizer, { skipSpecial: true });
  assert.equal(ids.map((id) => stream.push(id)).join("") + stream.end(), text);
});
