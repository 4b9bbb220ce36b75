import assert from "node:assert/strict";
import { test } from "node:test";
import { UserError } from "../../error.ts";
import type { ModelConfig } from "../../model/config.ts";
import { ggufConfig } from "./config.ts";
import type { GgufTensor } from "./header.ts";
import { GgufMetadata, type GgufValue } from "./metadata.ts";

/** The config of metadata and of tensors by name and shape. */
function configOf(
  keys: Readonly<Record<string, GgufValue>>,
  tensors: Readonly<Record<string, readonly number[]>> = {},
  factors: readonly number[] = [],
): ModelConfig {
  const all = Object.entries({ "token_embd.weight": [129280, 7168], ...tensors }).map(
    ([name, shape]): [string, GgufTensor] => [name, { name, type: "F32", shape, elements: 0, bytes: 0, offset: 0 }],
  );
  const metadata = new GgufMetadata("m.gguf", new Map(Object.entries(keys)));
  return ggufConfig({ path: "m.gguf", metadata, tensors: new Map(all) }, () => Float32Array.from(factors));
}

const prefixed = (architecture: string, keys: Readonly<Record<string, GgufValue>>): Record<string, GgufValue> => ({
  "general.architecture": architecture,
  ...Object.fromEntries(Object.entries(keys).map(([key, value]) => [`${architecture}.${key}`, value])),
});

/** As the published conversions of DeepSeek-R1 have it (f32 values as float32 holds them). */
const R1 = {
  block_count: 61,
  context_length: 163840,
  embedding_length: 7168,
  feed_forward_length: 18432,
  "attention.head_count": 128,
  "attention.head_count_kv": 1,
  "rope.freq_base": 10000,
  "attention.layer_norm_rms_epsilon": Math.fround(1e-6),
  expert_used_count: 8,
  leading_dense_block_count: 3,
  "attention.q_lora_rank": 1536,
  "attention.kv_lora_rank": 512,
  "attention.key_length": 576,
  "attention.value_length": 512,
  "attention.key_length_mla": 192,
  "attention.value_length_mla": 128,
  expert_feed_forward_length: 2048,
  expert_count: 256,
  expert_shared_count: 1,
  expert_weights_scale: 2.5,
  expert_weights_norm: true,
  expert_gating_func: 2,
  expert_group_count: 8,
  expert_group_used_count: 4,
  "rope.dimension_count": 64,
  "rope.scaling.type": "yarn",
  "rope.scaling.factor": 40,
  "rope.scaling.original_context_length": 4096,
  "rope.scaling.yarn_log_multiplier": Math.fround(0.1),
};
const R1_TENSORS = {
  "output.weight": [129280, 7168],
  "blk.3.exp_probs_b.bias": [256],
  "blk.60.attn_norm.weight": [7168],
};

test("DeepSeek-R1's metadata are its published config.json", () => {
  const config = configOf(
    {
      ...prefixed("deepseek2", R1),
      "tokenizer.ggml.bos_token_id": 0,
      "tokenizer.ggml.eos_token_id": 1,
      "tokenizer.ggml.padding_token_id": 1,
    },
    R1_TENSORS,
  );
  const expected = {
    model_type: "deepseek_v3",
    num_hidden_layers: 61,
    num_key_value_heads: 128,
    qk_nope_head_dim: 128,
    qk_rope_head_dim: 64,
    v_head_dim: 128,
    rms_norm_eps: 1e-6,
    topk_method: "noaux_tc",
    scoring_func: "sigmoid",
    n_group: 8,
    topk_group: 4,
    norm_topk_prob: true,
    routed_scaling_factor: 2.5,
    rope_interleave: true,
    tie_word_embeddings: false,
    bos_token_id: 0,
    eos_token_id: [1],
    rope_scaling: {
      rope_type: "yarn",
      factor: 40,
      original_max_position_embeddings: 4096,
      beta_fast: 32,
      beta_slow: 1,
      mscale: 1,
      mscale_all_dim: 1,
      attention_factor: null,
    },
  };
  assert.deepEqual({ ...config, ...expected }, config);
});

test("older deepseek2 files: widths under the plain names, softmax where no gating is named, V2's temperature times ten", () => {
  const { "attention.key_length_mla": _k, "attention.value_length_mla": _v, expert_gating_func: _g, ...older } = R1;
  const config = configOf(
    prefixed("deepseek2", {
      ...older,
      "attention.head_count_kv": 128,
      "attention.key_length": 192,
      "attention.value_length": 128,
      "rope.scaling.yarn_log_multiplier": Math.fround(0.0704),
    }),
    { "blk.60.attn_norm.weight": [7168] },
  );
  assert.ok(config.attention === "mla" && config.rope_scaling?.rope_type === "yarn");
  assert.deepEqual(
    [config.model_type, config.qk_nope_head_dim, config.v_head_dim, config.scoring_func, config.topk_method],
    ["deepseek_v2", 128, 128, "softmax", "group_limited_greedy"],
  );
  assert.deepEqual([config.rope_scaling.mscale, config.rope_scaling.mscale_all_dim], [0.704, 0.704]);
  assert.equal(config.tie_word_embeddings, true); // no output.weight
});

test("block_count with and without the block of multi-token prediction, stored or left out", () => {
  const at = (block_count: number, tensors: Record<string, readonly number[]>) => {
    const config = configOf(prefixed("deepseek2", { ...R1, block_count, nextn_predict_layers: 1 }), tensors);
    return config.attention === "mla" && [config.num_hidden_layers, config.num_nextn_predict_layers];
  };
  assert.deepEqual(at(62, { "blk.61.nextn.eh_proj.weight": [7168, 14336] }), [61, 1]);
  assert.deepEqual(at(61, { "blk.61.nextn.eh_proj.weight": [7168, 14336] }), [61, 1]);
  assert.deepEqual(at(61, { "blk.60.attn_norm.weight": [7168] }), [61, 0]);
  assert.deepEqual(at(62, { "blk.60.attn_norm.weight": [7168] }), [61, 0]);
});

const LLAMA = {
  block_count: 2,
  context_length: 8192,
  embedding_length: 64,
  feed_forward_length: 96,
  "attention.head_count": 4,
  "attention.layer_norm_rms_epsilon": Math.fround(1e-5),
};

test("llama's rows turn as neighbours, qwen's as halves, and factors of single pairs are taken as they are", () => {
  const llama = configOf(prefixed("llama", LLAMA), { "rope_freqs.weight": [8] }, [1, 1, 1, 1, 2.5, 8, 8, 8]);
  assert.ok(llama.attention === "gqa");
  assert.deepEqual([llama.rope_interleave, llama.head_dim, llama.num_key_value_heads], [true, 16, 4]);
  assert.deepEqual(llama.rope_factors, [1, 1, 1, 1, 2.5, 8, 8, 8]);
  assert.deepEqual([llama.rms_norm_eps, llama.rope_theta], [1e-5, 10000]);
  for (const architecture of ["qwen2", "qwen3"] as const) {
    const qwen = configOf(prefixed(architecture, LLAMA), { "blk.0.attn_q.bias": [64] });
    assert.ok(qwen.attention === "gqa");
    assert.deepEqual([qwen.model_type, qwen.rope_interleave], [architecture, false]);
    assert.deepEqual([qwen.attention_bias, qwen.qk_norm], [true, architecture === "qwen3"]);
  }
});

test("stretched rotations: linear under its new and its old key, YaRN with llama.cpp's own factor on cosines and sines", () => {
  const scaling = (keys: Record<string, GgufValue>) => configOf(prefixed("llama", { ...LLAMA, ...keys })).rope_scaling;
  assert.deepEqual(scaling({ "rope.scaling.type": "linear", "rope.scaling.factor": 4 }), {
    rope_type: "linear",
    factor: 4,
  });
  assert.deepEqual(scaling({ "rope.scale_linear": 2 }), { rope_type: "linear", factor: 2 });
  assert.equal(scaling({ "rope.scaling.type": "none", "rope.scaling.factor": 4 }), null);
  const yarn = { "rope.scaling.type": "yarn", "rope.scaling.factor": 4, "rope.scaling.original_context_length": 2048 };
  const plain = scaling(yarn);
  assert.ok(plain?.rope_type === "yarn");
  assert.deepEqual([plain.attention_factor, plain.mscale_all_dim, plain.beta_fast], [null, 0, 32]);
  const own = scaling({ ...yarn, "rope.scaling.attn_factor": 0.5, "rope.scaling.yarn_beta_fast": 16 });
  assert.ok(own?.rope_type === "yarn");
  assert.deepEqual([own.attention_factor, own.beta_fast], [0.5 * (1 + 0.1 * Math.log(4)), 16]);
});

test("token ids outside the vocabulary mean none, and all that end a sequence are kept", () => {
  const config = configOf({
    ...prefixed("llama", LLAMA),
    "tokenizer.ggml.bos_token_id": 0xffffffff,
    "tokenizer.ggml.eos_token_id": 2,
    "tokenizer.ggml.eot_token_id": 7,
    "tokenizer.ggml.padding_token_id": -1,
  });
  assert.deepEqual([config.bos_token_id, config.eos_token_id, config.pad_token_id], [null, [2, 7], null]);
});

test("what this version does not compute is refused by the name of its key", () => {
  const refuses = (architecture: string, keys: Record<string, GgufValue>, key: string, tensors = {}) =>
    assert.throws(
      () => configOf(prefixed(architecture, keys), tensors),
      (error) => error instanceof UserError && error.param === key && error.message.startsWith("m.gguf: "),
      key,
    );
  refuses("mamba", {}, "general.architecture");
  refuses("llama", { ...LLAMA, block_count: "two" }, "llama.block_count");
  const { embedding_length: _, ...without } = LLAMA;
  refuses("llama", without, "llama.embedding_length");
  refuses("llama", { ...LLAMA, expert_count: 8 }, "llama.expert_count");
  refuses("llama", { ...LLAMA, "rope.dimension_count": 8 }, "llama.rope.dimension_count");
  refuses("llama", { ...LLAMA, "attention.value_length": 8 }, "llama.attention.value_length");
  refuses("llama", { ...LLAMA, "attention.head_count": Int32Array.of(4, 2) }, "llama.attention.head_count");
  refuses("llama", LLAMA, "llama.rope.scaling.type", { "rope_factors_long.weight": [8] });
  refuses("llama", { ...LLAMA, "rope.scaling.type": "su", "rope.scaling.factor": 2 }, "llama.rope.scaling.type");
  refuses("qwen2", { ...LLAMA, "attention.sliding_window": 4096 }, "qwen2.attention.sliding_window");
  refuses("deepseek2", { ...R1, expert_gating_func: 4 }, "deepseek2.expert_gating_func");
  refuses("deepseek2", { ...R1, "rope.dimension_count": 192 }, "deepseek2.rope.dimension_count");
});
