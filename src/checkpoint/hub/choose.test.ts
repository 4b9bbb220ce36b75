import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseFiles, quantizationOf } from "./choose.ts";
import type { HubFile } from "./client.ts";

const file = (path: string, gigabytes = 0.001): HubFile => ({
  path,
  bytes: gigabytes * 1e9,
  sha256: null,
  gitHash: null,
});
const quants = [
  file("README.md"),
  file("m-F16.gguf", 14),
  file("m-Q8_0.gguf", 7.5),
  file("m-Q4_K_M.gguf", 4.3),
  file("m-Q2_K.gguf", 2.8),
  file("m-IQ2_XXS.gguf", 2),
  file("mmproj-m-f16.gguf", 1),
];
const paths = (files: readonly HubFile[]): string[] => files.map((one) => one.path);

test("the quantization is read from the file's name", () => {
  for (const [name, quantization] of [
    ["SmolLM2-135M-Instruct.Q4_1.gguf", "Q4_1"],
    ["Qwen3-8B-Q4_K_M.gguf", "Q4_K_M"],
    ["DeepSeek-R1-Distill-Qwen-7B-q8_0.gguf", "Q8_0"],
    ["Q4_K_M/DeepSeek-R1-Q4_K_M-00002-of-00009.gguf", "Q4_K_M"],
    ["model-fp16.gguf", "F16"],
    ["gpt-oss-MXFP4.gguf", "MXFP4"],
    ["x-UD-IQ4_XS.gguf", "IQ4_XS"],
    ["plain.gguf", "GGUF"],
    ["mmproj-f16.gguf", null],
    ["model.safetensors", null],
  ] as const) {
    assert.equal(quantizationOf(name), quantization, name);
  }
});

test("the largest of at most 8 bits that fits into memory is taken, unless one is named", () => {
  const chosen = (memory: number, named: string | null = null) => chooseFiles("o/m", quants, named, memory * 1e9);
  assert.equal(chosen(64).quantization, "Q8_0");
  assert.equal(chosen(8).quantization, "Q4_K_M");
  assert.equal(chosen(4).quantization, "Q2_K");
  assert.throws(
    () => chosen(2),
    /does not fit into this machine: its smallest form, Q2_K, needs 3\.35 GB of memory and 2\.00 GB are free; name a form \(o\/m:Q2_K\)/,
  );
  assert.deepEqual([chosen(2, "q4_k_m").quantization, chosen(2, "q4_k_m").fits], ["Q4_K_M", false]);
  assert.deepEqual(
    chosen(64).others.map((one) => one.quantization),
    ["F16", "Q4_K_M", "Q2_K"],
  );
  assert.throws(() => chosen(64, "Q6_K"), /o\/m has no Q6_K; choose one of: F16 \(14 GB\), Q8_0 \(7\.50 GB\)/);
  assert.throws(() => chosen(64, "IQ2_XXS"), /has IQ2_XXS, but that format does not run here; choose one of/);
});

test("only wide files: the largest that fits", () => {
  assert.equal(chooseFiles("o/m", [file("m-F16.gguf", 1), file("m-F32.gguf", 2)], null, 4e9).quantization, "F32");
});

test("split files come together, and a second set of the same quantization does not mix in", () => {
  const split = ["1", "2", "3"].map((n) => file(`Q4_0/m-Q4_0-0000${n}-of-00003.gguf`, 1));
  const choice = chooseFiles("o/m", [...split, file("other/m2-Q4_0.gguf")], "Q4_0", 64e9);
  assert.deepEqual(paths(choice.files), paths(split));
  assert.equal(choice.bytes, 3e9);
});

test("safetensors are taken where they fit, GGUF where only that does", () => {
  const both = [file("config.json"), file("model.safetensors", 10), ...quants];
  assert.equal(chooseFiles("o/m", both, null, 64e9).quantization, "safetensors");
  assert.equal(chooseFiles("o/m", both, null, 10e9).quantization, "Q8_0");
  assert.equal(chooseFiles("o/m", both, "safetensors", 1e9).fits, false);
});

test("a repository without a model that runs here is refused, and PyTorch's pickles are named", () => {
  assert.throws(
    () => chooseFiles("o/m", [file("README.md")], null, 1e9),
    /no GGUF file of a format that runs here; look/,
  );
  const pickles = [file("config.json"), file("pytorch_model.bin")];
  assert.throws(
    () => chooseFiles("o/m", pickles, null, 1e9),
    /only PyTorch files, which can run code when they are read/,
  );
  assert.throws(() => chooseFiles("o/m", [file("model.safetensors")], null, 1e9), /with a config\.json/);
});
