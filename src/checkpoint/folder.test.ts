import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { UserError } from "../error.ts";
import { dequantize } from "../kernels/blocks/dequantize.ts";
import { allBlocks } from "../kernels/blocks/reader.ts";
import { type ModelConfig, parseModelConfig } from "../model/config.ts";
import { modelConfigToJson } from "../model/config-json.ts";
import { openModelFolder, resolveModelFolder, saveModelFolder } from "./folder.ts";
import { expectedTensors, huggingFaceName, modelParameters } from "./names.ts";
import { openModel } from "./open-model.ts";
import { openSafetensors, writeSafetensors } from "./safetensors.ts";
import { readTestJson, testData } from "./test-data.ts";

const root = fs.mkdtempSync(path.join(os.tmpdir(), "reckon-folder-"));
after(() => fs.rmSync(root, { recursive: true, force: true }));
const place = (): string => fs.mkdtempSync(path.join(root, "m-"));

const CONFIG = parseModelConfig({
  model_type: "deepseek_v3",
  hidden_size: 8,
  intermediate_size: 12,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  vocab_size: 16,
  kv_lora_rank: 4,
  q_lora_rank: 4,
  qk_nope_head_dim: 4,
  qk_rope_head_dim: 2,
  v_head_dim: 4,
  first_k_dense_replace: 1,
  n_routed_experts: 4,
  n_shared_experts: 1,
  num_experts_per_tok: 2,
  moe_intermediate_size: 6,
  n_group: 2,
  topk_group: 1,
  num_nextn_predict_layers: 1,
  eos_token_id: 1,
});

/** Tensors with distinct small numbers that BF16 holds exactly. */
function makeTensors(config: ModelConfig) {
  let next = 0;
  return [...modelParameters(config)].map(([name, shape]) => {
    const count = shape.reduce((product, extent) => product * extent, 1);
    return { name, shape, data: Float32Array.from({ length: count }, () => (next++ % 251) / 4) };
  });
}

test("a saved model opens with the same config, tensors and files, as float32, as BF16 and in shards", async () => {
  const tensors = makeTensors(CONFIG);
  for (const [dtype, maxShardBytes] of [
    ["F32", undefined],
    ["BF16", undefined],
    ["F32", 1500],
  ] as const) {
    const folder = path.join(place(), "model");
    await saveModelFolder(folder, {
      config: CONFIG,
      tensors,
      dtype,
      maxShardBytes,
      tokenizer: { version: "1.0" },
      tokenizerConfig: {},
      chatTemplate: "{{ bos_token }}",
      generationConfig: { temperature: 0.6 },
      extraFiles: { "README.md": "# a model" },
      also: (temporary) => fs.writeFileSync(path.join(temporary, "state.json"), "{}"),
    });
    const model = openModelFolder(folder);
    assert.deepEqual(model.config, CONFIG);
    assert.deepEqual([...model.parameters], [...modelParameters(CONFIG)]);
    for (const { name, data } of tensors) assert.deepEqual(model.readTensor(name), data, name);
    const shared = new Float32Array(new SharedArrayBuffer(4 * tensors[0].data.length));
    assert.deepEqual([...model.readTensor(tensors[0].name, shared)], [...tensors[0].data]);
    assert.deepEqual(model.generationConfig, { temperature: 0.6 });
    assert.equal(model.tokenizerPath, path.join(folder, "tokenizer.json"));
    assert.equal(model.chatTemplatePath, path.join(folder, "chat_template.jinja"));
    assert.ok(fs.existsSync(path.join(folder, "README.md")) && fs.existsSync(path.join(folder, "state.json")));
    assert.equal(fs.existsSync(path.join(folder, "model.safetensors.index.json")), maxShardBytes !== undefined);
    model.close();
  }
});

test("experts lie in the file one by one, in memory as one stack", async () => {
  const folder = path.join(place(), "model");
  const tensors = makeTensors(CONFIG);
  await saveModelFolder(folder, { config: CONFIG, tensors, dtype: "F32" });
  const file = openSafetensors(path.join(folder, "model.safetensors"));
  const stack = tensors.find((one) => one.name === "model.layers.1.mlp.experts.down_proj.weight")!; // (experts, hidden, inner)
  assert.deepEqual(stack.shape, [4, 8, 6]);
  assert.deepEqual(file.readF32("model.layers.1.mlp.experts.2.down_proj.weight"), stack.data.slice(2 * 48, 3 * 48));
  assert.equal(file.tensors.size, expectedTensors(CONFIG).size);
  file.close();
});

test("a folder opened as any model gives BF16 matrices as they are stored, experts stacked, and floats for the rest", async () => {
  const run = place();
  const tensors = makeTensors(CONFIG);
  const chatTemplate = "{{ bos_token }}";
  const saved = { config: CONFIG, tensors, dtype: "BF16" as const, tokenizer: {}, tokenizerConfig: {}, chatTemplate };
  await saveModelFolder(path.join(run, "checkpoints", "000003"), saved);
  const model = openModel(run);
  assert.deepEqual(
    [model.name, model.path, model.kind, model.quantization],
    [path.basename(run), path.join(run, "checkpoints", "000003"), "folder", "BF16"],
  );
  assert.deepEqual([model.chatTemplate, model.tokenizer?.kind], [chatTemplate, "file"]);
  assert.equal(model.fileBytes, fs.statSync(path.join(model.path, "model.safetensors")).size);
  for (const { name, shape, data } of tensors) {
    const stored = model.tensors().find((one) => one.name === name)!;
    const bias = name.endsWith("e_score_correction_bias");
    assert.deepEqual(
      [stored.shape, stored.type, stored.bytes],
      [shape, bias ? "F32" : "BF16", data.length * (bias ? 4 : 2)],
    );
    assert.deepEqual(model.readTensor(name), data);
    const blocks = model.readBlocks(name);
    assert.equal(blocks === null, shape.length < 2, name);
    if (blocks === null) continue;
    assert.deepEqual([blocks.stacked * blocks.outputs * blocks.inputs, blocks.type], [data.length, "BF16"]);
    const numbers = new Float32Array(data.length);
    dequantize(blocks.type, allBlocks(blocks.blocks), numbers);
    assert.deepEqual(numbers, data);
  }
  model.close();
});

test("DeepSeek's own names and configs open as Hugging Face's", {
  skip: testData("oracles/v3_yarn_bias_groups.safetensors").skip,
}, () => {
  for (const name of ["v3_yarn_bias_groups", "v2lite_softmax_nogroups"]) {
    const folder = place();
    const weights = testData(`oracles/${name}.safetensors`).file;
    fs.symlinkSync(weights, path.join(folder, "model0-mp1.safetensors"));
    const config = readTestJson<{ config: unknown }>(`oracles/${name}.golden.json.gz`).config;
    fs.writeFileSync(path.join(folder, "config.json"), JSON.stringify(config));
    const model = openModelFolder(folder);
    const raw = openSafetensors(weights);
    assert.deepEqual(
      new Set([...raw.tensors.keys()].map(huggingFaceName)),
      new Set(expectedTensors(model.config).keys()),
    );
    const second = raw.readF32("layers.1.ffn.experts.1.w3.weight");
    const stack = model.readTensor("model.layers.1.mlp.experts.up_proj.weight"); // (experts, inner, hidden)
    assert.deepEqual(stack.subarray(second.length, 2 * second.length), second);
    assert.deepEqual(
      model.readTensor("model.layers.0.self_attn.o_proj.weight"),
      raw.readF32("layers.0.attn.wo.weight"),
    );
    raw.close();
    model.close();
  }
});

test("a file without the multi-token-prediction module opens as a model without one", async () => {
  const folder = place();
  const bare = { ...CONFIG, num_nextn_predict_layers: 0 } as ModelConfig;
  await saveModelFolder(path.join(folder, "m"), { config: bare, tensors: makeTensors(bare), dtype: "F32" });
  fs.writeFileSync(path.join(folder, "m", "config.json"), JSON.stringify(modelConfigToJson(CONFIG)));
  const model = openModelFolder(path.join(folder, "m"));
  assert.deepEqual(model.config, bare);
  model.close();
});

test("FP8 weights are multiplied by the scale of their block", () => {
  const folder = place();
  const llama = parseModelConfig({
    model_type: "llama",
    hidden_size: 160,
    intermediate_size: 130,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    vocab_size: 4,
  });
  const tensors = [...expectedTensors(llama)].map(([name, shape]) => {
    const count = shape.reduce((product, extent) => product * extent, 1);
    const fp8 = name.endsWith("up_proj.weight");
    return {
      name,
      dtype: fp8 ? ("F8_E4M3" as const) : ("F32" as const),
      shape,
      data: fp8 ? new Uint8Array(count).fill(0x38) : new Float32Array(count),
    };
  });
  const scales = {
    name: "model.layers.0.mlp.up_proj.weight_scale_inv",
    dtype: "F32" as const,
    shape: [2, 2],
    data: Float32Array.of(1, 2, 3, 4),
  };
  writeSafetensors(path.join(folder, "model.safetensors"), [...tensors, scales]);
  fs.writeFileSync(path.join(folder, "config.json"), JSON.stringify(modelConfigToJson(llama)));
  const model = openModelFolder(folder);
  const up = model.readTensor("model.layers.0.mlp.up_proj.weight"); // (130, 160)
  assert.deepEqual([up[0], up[128], up[128 * 160], up[129 * 160 + 159]], [1, 2, 3, 4]);
  model.close();
  writeSafetensors(path.join(folder, "model.safetensors"), tensors);
  const unscaled = openModelFolder(folder);
  assert.throws(
    () => unscaled.readTensor("model.layers.0.mlp.up_proj.weight"),
    /up_proj.weight_scale_inv, by which they are multiplied, is missing/,
  );
  unscaled.close();
});

test("experts in FP8 under DeepSeek's own names, each with scales of its own, stack to their numbers", {
  skip: testData("oracles/v3_yarn_bias_groups.safetensors").skip,
}, () => {
  const folder = place();
  const raw = openSafetensors(testData("oracles/v3_yarn_bias_groups.safetensors").file);
  const experts = [...raw.tensors].filter(([name]) => /ffn\.experts\.\d+\.w1\.weight$/.test(name));
  const tensors = [...raw.tensors].map(([name, { dtype, shape, elements }]) => {
    const expert = /ffn\.experts\.(\d+)\.w1\.weight$/.exec(name);
    if (expert === null) return { name, dtype, shape, data: raw.readRaw(name) };
    // 2.0 in e4m3
    return { name, dtype: "F8_E4M3" as const, shape, data: new Uint8Array(elements).fill(0x40) };
  });
  const scales = experts.map(([name, { shape }]) => {
    const [down, across] = shape.map((extent) => Math.ceil(extent / 128));
    const by = 2 ** -Number(/experts\.(\d+)/.exec(name)![1]);
    const data = new Float32Array(down * across).fill(by);
    return { name: name.replace("weight", "scale"), dtype: "F32" as const, shape: [down, across], data };
  });
  writeSafetensors(path.join(folder, "model0-mp1.safetensors"), [...tensors, ...scales]);
  const { config } = readTestJson<{ config: unknown }>("oracles/v3_yarn_bias_groups.golden.json.gz");
  fs.writeFileSync(path.join(folder, "config.json"), JSON.stringify(config));
  const model = openModelFolder(folder);
  const name = "model.layers.1.mlp.experts.gate_proj.weight";
  const stack = model.readTensor(name);
  const each = stack.length / 8;
  for (let e = 0; e < 8; e++) assert.ok(stack.subarray(e * each, (e + 1) * each).every((v) => v === 2 * 2 ** -e));
  assert.deepEqual([model.stored(name).dtype, model.stored(name).scaled], ["F8_E4M3", true]);
  model.close();
  raw.close();
});

test("a run's folder is its newest checkpoint", async () => {
  const run = place();
  const bare = { ...CONFIG, num_nextn_predict_layers: 0 } as ModelConfig;
  fs.mkdirSync(path.join(run, "checkpoints"));
  assert.throws(() => resolveModelFolder(run), /is a run without a checkpoint yet/);
  for (const step of ["000002", "000010"]) {
    await saveModelFolder(path.join(run, "checkpoints", step), {
      config: bare,
      tensors: makeTensors(bare),
      dtype: "F32",
    });
  }
  fs.mkdirSync(path.join(run, "checkpoints", "000011"));
  assert.equal(resolveModelFolder(run), path.join(run, "checkpoints", "000010"));
});

test("everything that can be wrong with a model's folder is one sentence", async () => {
  const good = path.join(place(), "model");
  await saveModelFolder(good, { config: CONFIG, tensors: makeTensors(CONFIG), dtype: "F32" });
  const variant = (change: (folder: string) => void): string => {
    const folder = path.join(place(), "model");
    fs.cpSync(good, folder, { recursive: true });
    change(folder);
    return folder;
  };
  const rewrite = (
    folder: string,
    change: (tensors: Map<string, { shape: readonly number[]; data: Float32Array }>) => void,
  ): void => {
    const file = openSafetensors(path.join(folder, "model.safetensors"));
    const tensors = new Map(
      [...file.tensors].map(([name, info]) => [name, { shape: info.shape, data: file.readF32(name) }]),
    );
    file.close();
    change(tensors);
    writeSafetensors(
      path.join(folder, "model.safetensors"),
      [...tensors].map(([name, one]) => ({ name, dtype: "F32", ...one })),
    );
  };
  const wrong: [string, RegExp][] = [
    [path.join(root, "absent"), /does not exist; check the path/],
    [path.join(good, "config.json"), /is not a folder/],
    [place(), /is empty/],
    [variant((f) => fs.rmSync(path.join(f, "config.json"))), /has no config\.json/],
    [variant((f) => fs.writeFileSync(path.join(f, "config.json"), "{")), /config\.json is not valid JSON/],
    [variant((f) => fs.rmSync(path.join(f, "model.safetensors"))), /has no \*\.safetensors; copy/],
    [
      variant((f) => fs.renameSync(path.join(f, "model.safetensors"), path.join(f, "pytorch_model.bin"))),
      /only pytorch_model\.bin; convert/,
    ],
    [variant((f) => fs.truncateSync(path.join(f, "model.safetensors"), 9000)), /cut short/],
    [variant((f) => rewrite(f, (t) => t.delete("model.norm.weight"))), /lacks the tensor model\.norm\.weight, which/],
    [
      variant((f) => rewrite(f, (t) => t.set("model.norm.weight", { shape: [4, 2], data: new Float32Array(8) }))),
      /norm\.weight has shape \[4,2\], but config\.json calls for \[8\]/,
    ],
    [
      variant((f) => rewrite(f, (t) => t.set("extra", { shape: [1], data: new Float32Array(1) }))),
      /holds the tensor extra, which/,
    ],
  ];
  for (const [folder, sentence] of wrong) {
    assert.throws(
      () => openModelFolder(folder),
      (error) => error instanceof UserError && sentence.test(error.message) && !error.message.includes("\n"),
      String(sentence),
    );
  }
});
