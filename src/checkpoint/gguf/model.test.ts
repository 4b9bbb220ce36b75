import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { UserError } from "../../error.ts";
import { dequantize } from "../../kernels/blocks/dequantize.ts";
import { quantize } from "../../kernels/blocks/quantize.ts";
import { allBlocks } from "../../kernels/blocks/reader.ts";
import { parseModelConfig } from "../../model/config.ts";
import { readLlama2c } from "../llama2c.ts";
import { modelParameters } from "../names.ts";
import { openModel } from "../open-model.ts";
import { testData } from "../test-data.ts";
import { encodeHeader, type GgufEntry, padding } from "./encode.ts";
import { openGgufModel } from "./model.ts";
import { ggufName, parameterName } from "./names.ts";
import { configEntries } from "./write-config.ts";

const root = fs.mkdtempSync(path.join(os.tmpdir(), "reckon-gguf-model-"));
after(() => fs.rmSync(root, { recursive: true, force: true }));

const stories = testData("weights/stories260K.gguf");
const smol = testData("weights/SmolLM2-135M-Instruct.Q4_1.gguf");

test("stories260K as GGUF is llama2.c's file, number for number", { skip: stories.skip }, () => {
  const model = openModel(stories.file);
  const { config, tensors } = readLlama2c(testData("weights/stories260K.bin").file);
  assert.deepEqual(model.config, config);
  assert.deepEqual(
    [model.name, model.kind, model.quantization, model.tokenizer?.kind, model.chatTemplate],
    ["stories260K", "gguf", "F32", "gguf", null],
  );
  for (const { name, shape } of model.tensors()) {
    const { data, shape: expected } = tensors.get(name)!;
    assert.deepEqual([shape, model.readTensor(name)], [expected, data], name);
    assert.equal(model.readBlocks(name), null);
  }
  const shared = new Float32Array(new SharedArrayBuffer(4 * 64));
  assert.deepEqual([...model.readTensor("model.norm.weight", shared)], [...tensors.get("model.norm.weight")!.data]);
  assert.throws(() => model.readTensor("lm_head.weight"), /holds no parameter named lm_head.weight/);
  model.close();
});

test("SmolLM2's blocks are the file's bytes, and stand for the numbers readTensor gives", { skip: smol.skip }, () => {
  const model = openModel(smol.file);
  assert.deepEqual([model.quantization, model.name], ["Q4_1", "SmolLM2-135M-Instruct.Q4_1"]);
  assert.match(model.chatTemplate!, /<\|im_start\|>/);
  assert.equal(model.fileBytes, 98_362_432);
  const held = model.tensors().reduce((sum, { bytes }) => sum + bytes, 0);
  assert.ok(held < model.fileBytes && held > 0.98 * model.fileBytes, String(held));
  for (const name of ["model.layers.29.mlp.down_proj.weight", "model.layers.3.self_attn.k_proj.weight"]) {
    const { type, outputs, inputs, stacked, blocks } = model.readBlocks(name)!;
    const numbers = new Float32Array(stacked * outputs * inputs);
    dequantize(type, allBlocks(blocks), numbers);
    assert.deepEqual([type, stacked], ["Q4_1", 1]);
    assert.deepEqual(model.readTensor(name), numbers, name);
  }
  assert.equal(model.readBlocks("model.embed_tokens.weight")?.type, "Q8_0");
  assert.equal(model.readBlocks("model.norm.weight"), null);
  model.close();
});

const CONFIG = parseModelConfig({
  model_type: "deepseek_v3",
  hidden_size: 32,
  intermediate_size: 48,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  vocab_size: 16,
  kv_lora_rank: 32,
  q_lora_rank: 16,
  qk_nope_head_dim: 4,
  qk_rope_head_dim: 2,
  v_head_dim: 3,
  first_k_dense_replace: 1,
  n_routed_experts: 4,
  n_shared_experts: 1,
  num_experts_per_tok: 2,
  moe_intermediate_size: 8,
  num_nextn_predict_layers: 1,
});

interface Part {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
  readonly type?: "F32" | "Q8_0";
}

/** Numbers that differ from tensor to tensor and that eight bits hold exactly enough to tell them apart. */
function numbers(name: string, count: number): Float32Array {
  const seed = [...name].reduce((sum, letter) => (31 * sum + letter.charCodeAt(0)) % 1009, 7);
  return Float32Array.from({ length: count }, (_, i) => (((i + 1) * seed) % 127) / 8 - 7);
}

/** Every parameter of CONFIG under GGUF's name, kv_b_proj whole as older converters wrote it. */
function parts(): Map<string, Part> {
  const found = new Map<string, Part>();
  for (const [parameter, shape] of modelParameters(CONFIG)) {
    const name = ggufName(parameter)!;
    const count = shape.reduce((product, extent) => product * extent, 1);
    found.set(name, { name, shape, data: numbers(parameter, count) });
  }
  return found;
}

let files = 0;
function write(tensors: Iterable<Part>, entries: readonly GgufEntry[] = configEntries(CONFIG, 1)): string {
  const all = [...tensors].map((part) => ({ ...part, type: part.type ?? ("F32" as const) }));
  const pieces = [encodeHeader([["general.architecture", { text: "deepseek2" }], ...entries], all)];
  for (const { type, data } of all) {
    const bytes = quantize(type, data);
    pieces.push(bytes, padding(bytes.length));
  }
  const file = path.join(root, `${files++}.gguf`);
  fs.writeFileSync(file, Buffer.concat(pieces));
  return file;
}

test("Hugging Face's names and GGUF's go both ways for every parameter", () => {
  for (const name of modelParameters(CONFIG).keys()) assert.equal(parameterName(ggufName(name)!), name);
  assert.equal(parameterName("blk.0.attn_sinks.weight"), null);
  assert.equal(ggufName("model.layers.0.mlp.conv.weight"), null);
});

test("a deepseek2 file with kv_b whole, experts stacked and a multi-token-prediction block gives every parameter", () => {
  const model = openGgufModel(write(parts().values()));
  assert.deepEqual(model.config, CONFIG);
  for (const { name, shape } of model.tensors()) {
    const count = shape.reduce((product, extent) => product * extent, 1);
    assert.deepEqual(model.readTensor(name), numbers(name, count), name);
  }
  model.close();
});

test("attn_k_b, which is transposed, and attn_v_b are joined to kv_b_proj, and can be read apart in their blocks", () => {
  const [heads, rank, nope, wide] = [2, 32, 4, 3];
  const all = parts();
  const whole = all.get("blk.0.attn_kv_b.weight")!.data; // (heads x (nope + wide), rank)
  const [keys, values] = [new Float32Array(heads * rank * nope), new Float32Array(heads * wide * rank)];
  for (let h = 0; h < heads; h++) {
    for (let c = 0; c < rank; c++) {
      for (let d = 0; d < nope; d++) keys[(h * rank + c) * nope + d] = whole[(h * (nope + wide) + d) * rank + c];
      for (let d = 0; d < wide; d++)
        values[(h * wide + d) * rank + c] = whole[(h * (nope + wide) + nope + d) * rank + c];
    }
  }
  all.delete("blk.0.attn_kv_b.weight");
  all.set("k", { name: "blk.0.attn_k_b.weight", shape: [heads, rank, nope], data: keys });
  all.set("v", { name: "blk.0.attn_v_b.weight", shape: [heads, wide, rank], data: values, type: "Q8_0" });
  const model = openGgufModel(write(all.values()));
  const name = "model.layers.0.self_attn.kv_b_proj.weight";
  const joined = model.readTensor(name);
  const eight = new Float32Array(values.length);
  dequantize("Q8_0", quantize("Q8_0", values), eight);
  for (const [i, value] of joined.entries()) {
    const [h, row, c] = [Math.floor(i / rank / (nope + wide)), Math.floor(i / rank) % (nope + wide), i % rank];
    assert.equal(value, row < nope ? whole[i] : eight[(h * wide + row - nope) * rank + c]);
  }
  assert.equal(model.readBlocks(name), null);
  const halves = model.readLatentHalves(name)!;
  assert.deepEqual([halves.k.type, halves.k.stacked, halves.k.outputs, halves.k.inputs], ["F32", heads, rank, nope]);
  assert.deepEqual([halves.v.type, halves.v.stacked, halves.v.outputs, halves.v.inputs], ["Q8_0", heads, wide, rank]);
  assert.deepEqual(allBlocks(halves.v.blocks), quantize("Q8_0", values));
  assert.equal(model.readLatentHalves("model.layers.1.self_attn.kv_b_proj.weight"), null);
  model.close();
});

test("gate and up fused into one stack of experts come apart, as numbers and as blocks", () => {
  const all = parts();
  const [gate, up] = ["gate", "up"].map((one) => all.get(`blk.1.ffn_${one}_exps.weight`)!.data); // (4, 8, 32)
  const fused = new Float32Array(2 * gate.length);
  for (let e = 0; e < 4; e++) {
    fused.set(gate.subarray(e * 256, (e + 1) * 256), e * 512);
    fused.set(up.subarray(e * 256, (e + 1) * 256), e * 512 + 256);
  }
  all.delete("blk.1.ffn_gate_exps.weight");
  all.delete("blk.1.ffn_up_exps.weight");
  all.set("fused", { name: "blk.1.ffn_gate_up_exps.weight", shape: [4, 16, 32], data: fused, type: "Q8_0" });
  const model = openGgufModel(write(all.values()));
  for (const [name, values] of [
    ["gate", gate],
    ["up", up],
  ] as const) {
    const parameter = `model.layers.1.mlp.experts.${name}_proj.weight`;
    const blocks = model.readBlocks(parameter)!;
    assert.deepEqual([blocks.stacked, blocks.outputs, blocks.inputs], [4, 8, 32]);
    const stored = allBlocks(blocks.blocks);
    assert.deepEqual(stored, quantize("Q8_0", values));
    const piece = new Uint8Array(500); // begins within one expert and ends within another
    blocks.blocks.read(piece, 200);
    assert.deepEqual(piece, stored.slice(200, 700));
    const numbers = new Float32Array(values.length);
    dequantize("Q8_0", stored, numbers);
    assert.deepEqual(model.readTensor(parameter), numbers);
  }
  model.close();
});

test("a multi-token-prediction block without a norm of its own takes the model's, and copies of shared tables are set aside", () => {
  const all = parts();
  all.delete("blk.2.nextn.shared_head_norm.weight");
  all.set("copy", { name: "blk.2.nextn.embed_tokens.weight", shape: [16, 32], data: new Float32Array(512) });
  const model = openGgufModel(write(all.values()));
  assert.deepEqual(model.readTensor("model.layers.2.shared_head.norm.weight"), numbers("model.norm.weight", 32));
  model.close();
});

test("a tensor that is missing, of another shape or without a place is one sentence naming it", () => {
  const refuses = (change: (all: Map<string, Part>) => void, message: RegExp) => {
    const all = parts();
    change(all);
    const file = write(all.values());
    assert.throws(
      () => openGgufModel(file),
      (error) => error instanceof UserError && error.message.startsWith(file) && message.test(error.message),
      String(message),
    );
  };
  refuses((all) => all.delete("blk.1.ffn_down_exps.weight"), /blk.1.ffn_down_exps.weight is missing/);
  refuses((all) => all.delete("token_embd.weight"), /no tensor token_embd.weight/);
  refuses(
    (all) => all.set("output_norm.weight", { name: "output_norm.weight", shape: [33], data: new Float32Array(33) }),
    /output_norm.weight has shape \[33\], but the metadata call for \[32\]/,
  );
  refuses(
    (all) => all.set("x", { name: "blk.0.attn_q_a.bias", shape: [16], data: new Float32Array(16) }),
    /blk.0.attn_q_a.bias has no place/,
  );
});

test("a folder with one GGUF file opens as that file; with two, or none, the sentence says what to name", () => {
  const folder = path.join(root, "folder");
  fs.mkdirSync(folder);
  const file = write(parts().values());
  fs.copyFileSync(file, path.join(folder, "a-00001-of-00001.gguf"));
  const model = openModel(folder);
  assert.deepEqual([model.kind, model.name, model.config], ["gguf", "a", CONFIG]);
  model.close();
  fs.copyFileSync(file, path.join(folder, "b.gguf"));
  assert.throws(() => openModel(folder), /holds 2 GGUF files \(a-00001-of-00001.gguf, b.gguf\); name one of them/);
  fs.writeFileSync(path.join(folder, "config.json"), "{}");
  assert.throws(() => openModel(path.join(folder, "config.json")), /one file of a model; name the folder/);
  assert.throws(() => openModel(path.join(root, "none.gguf")), /does not exist/);
  assert.throws(() => openModel(path.join(root, "none")), /does not exist/);
  fs.writeFileSync(path.join(root, "text"), "what is this, a file of some kind?");
  assert.throws(() => openModel(path.join(root, "text")), /starts with "what", not with "GGUF"/);
});
