/**
 * Every architecture against transformers' own code (5.24.0, eager attention, float32): tiny models whose weights a formula of name and
 * index gives, so that both sides can make them, and logits that transformers computed from a folder of those weights.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { expertName, isStackedExperts, modelParameters } from "../checkpoint/names.ts";
import { withDevice } from "../tensor/test-devices.ts";
import { packBatch } from "./batch.ts";
import { type ModelConfig, parseModelConfig } from "./config.ts";
import { Decoder } from "./decoder.ts";

const base = {
  vocab_size: 61,
  hidden_size: 32,
  intermediate_size: 48,
  num_hidden_layers: 3,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  max_position_embeddings: 128,
  rms_norm_eps: 1e-5,
};
const v3 = {
  ...base,
  rms_norm_eps: 1e-6,
  num_key_value_heads: 4,
  moe_intermediate_size: 24,
  first_k_dense_replace: 1,
  q_lora_rank: 24,
  kv_lora_rank: 16,
  qk_nope_head_dim: 12,
  qk_rope_head_dim: 8,
  v_head_dim: 10,
  n_routed_experts: 8,
  n_shared_experts: 1,
  num_experts_per_tok: 3,
  n_group: 4,
  topk_group: 2,
  routed_scaling_factor: 2.5,
};
const yarn = { rope_type: "yarn", factor: 4, original_max_position_embeddings: 32, beta_fast: 32, beta_slow: 1 };
const llama3 = { factor: 8, low_freq_factor: 1, high_freq_factor: 4, original_max_position_embeddings: 16 };
const sliding = { use_sliding_window: true, sliding_window: 5, max_window_layers: 1 };
const layer_types = ["sliding_attention", "full_attention", "sliding_attention"];

const configs: Readonly<Record<string, Record<string, unknown>>> = {
  llama: { ...base, model_type: "llama", tie_word_embeddings: true },
  llama_biases: { ...base, model_type: "llama", attention_bias: true, mlp_bias: true },
  llama_llama3: { ...base, model_type: "llama", rope_theta: 500000, rope_scaling: { rope_type: "llama3", ...llama3 } },
  llama_linear: { ...base, model_type: "llama", rope_scaling: { rope_type: "linear", factor: 2.5 } },
  llama_yarn: { ...base, model_type: "llama", rope_scaling: yarn },
  llama_factors: { ...base, model_type: "llama", rope_factors: [1, 1.5, 3, 8] },
  mistral: { ...base, model_type: "mistral", sliding_window: 7 },
  qwen2: { ...base, model_type: "qwen2", rope_theta: 1000000, tie_word_embeddings: true },
  qwen2_sliding: { ...base, model_type: "qwen2", ...sliding },
  qwen3: { ...base, model_type: "qwen3", head_dim: 12, rope_theta: 1000000 },
  qwen3_sliding: {
    ...base,
    ...{ model_type: "qwen3", head_dim: 12, attention_bias: true },
    ...{ use_sliding_window: true, sliding_window: 6, layer_types },
  },
  deepseek_v2: {
    ...{ ...v3, model_type: "deepseek_v2", q_lora_rank: null, n_shared_experts: 2 },
    ...{ n_group: 1, topk_group: 1, routed_scaling_factor: 1 },
  },
  deepseek_v2_groups: {
    ...{ ...v3, model_type: "deepseek_v2", topk_method: "group_limited_greedy" },
    ...{ routed_scaling_factor: 16, attention_bias: true },
  },
  deepseek_v3: { ...v3, model_type: "deepseek_v3" },
  deepseek_v3_yarn: {
    ...{ ...v3, model_type: "deepseek_v3", attention_bias: true },
    rope_scaling: { ...yarn, mscale: 1, mscale_all_dim: 1 },
  },
};

const ids = Array.from({ length: 24 }, (_, i) => (i * i * 7 + 3 * i + 5) % base.vocab_size);

/** The first four logits at position 9 (past every window) and at the last. */
const expected: Readonly<Record<string, readonly number[]>> = {
  deepseek_v2: [1.44822, 0.267223, -1.74616, -1.27305, 1.66979, -0.339236, -1.25444, -0.081243],
  deepseek_v2_groups: [2.30891, 0.759843, -0.98326, -1.28745, 0.311294, -0.287613, -0.753327, -1.90708],
  deepseek_v3: [2.13145, -0.663863, -1.10902, -0.995177, 0.13591, 0.125615, -1.50105, -0.0740804],
  deepseek_v3_yarn: [1.1394, 0.724061, -2.00595, -0.410835, 0.497588, -0.00279098, -1.43865, -0.738285],
  llama: [5.53908, 0.862275, -0.706197, -1.3061, 2.68113, -0.61582, -4.99188, 5.47857],
  llama_biases: [-0.00682965, -0.66153, 0.178086, 1.18332, -0.13984, 0.0958466, 0.329069, 0.171581],
  llama_factors: [-0.353902, -0.198963, 1.23579, 1.50032, 0.156103, 0.183033, 1.36413, 0.449072],
  llama_linear: [-0.343285, -0.227904, 0.953116, 0.845856, 0.198279, 0.0579769, 1.34438, 0.243755],
  llama_llama3: [0.165942, -0.0120134, 0.702774, 1.16122, 0.0685499, -0.0745439, 1.01839, 1.00269],
  llama_yarn: [-0.179754, -0.0452839, 1.27005, 1.4982, 0.733509, 0.144226, 0.997088, 0.117214],
  mistral: [-0.604947, -0.143428, 1.04351, 1.43202, -1.4072, -1.06601, 0.303364, 2.68656],
  qwen2: [4.6384, -2.43811, -3.48994, -3.29504, 4.33181, 0.254547, -5.67107, 4.21465],
  qwen2_sliding: [-0.634091, -1.33023, 1.5199, 1.0925, 0.448565, 0.539081, 0.513981, -1.03225],
  qwen3: [0.345845, -0.0654925, -0.504782, 0.485678, 1.1375, 1.42608, -1.17851, 0.506422],
  qwen3_sliding: [0.830175, 0.927733, -1.30111, -0.1479, 0.581818, 0.921989, 0.113697, 0.173767],
};

for (const [name, json] of Object.entries(configs))
  test(`${name} has the logits transformers computes`, () =>
    withDevice("cpu", async (device) => {
      const config = parseModelConfig(json);
      const model = Decoder.load(device, config, (tensor) => formulaTensor(config, tensor));
      const hidden = model.forward(null, packBatch(device, [ids], config.vocab_size));
      const logits = await device.read(model.logits(hidden));
      const ours = [9, 23].flatMap((row) => [...logits.subarray(row * base.vocab_size, row * base.vocab_size + 4)]);
      const largest = logits.reduce((most, logit) => Math.max(most, Math.abs(logit)), 0);
      expected[name].forEach((theirs, i) => {
        assert.ok(Math.abs(ours[i] - theirs) < 1e-5 * largest, `logit ${i}: ${ours[i]}, transformers ${theirs}`);
      });
    }));

/** A parameter whose values a formula gives, experts stacked. */
function formulaTensor(config: ModelConfig, name: string): Float32Array {
  const shape = modelParameters(config).get(name)!;
  if (!isStackedExperts(name)) return formulaValues(name, shape);
  const parts = Array.from({ length: shape[0] }, (_, e) => formulaValues(expertName(name, e), shape.slice(1)));
  const stacked = new Float32Array(parts.length * parts[0].length);
  parts.forEach((part, e) => {
    stacked.set(part, e * part.length);
  });
  return stacked;
}

/** Norms about 1, biases of 0.2, matrices that keep a vector's size; u in [-1, 1) is an integer hash of name and index. */
function formulaValues(name: string, shape: readonly number[]): Float32Array {
  let seed = 2166136261; // FNV-1a
  for (const code of new TextEncoder().encode(name)) seed = Math.imul(seed ^ code, 16777619) >>> 0;
  const inputs = shape[shape.length - 1];
  return Float32Array.from({ length: shape.reduce((product, extent) => product * extent, 1) }, (_, i) => {
    let x = (Math.imul(i, 2654435761) + seed) >>> 0;
    x = Math.imul(x ^ (x >>> 15), 2246822519) >>> 0;
    const u = ((x ^ (x >>> 13)) >>> 0) / 2 ** 31 - 1;
    if (name.endsWith("norm.weight")) return 1 + 0.3 * u;
    if (name.endsWith("bias")) return 0.2 * u;
    return name.endsWith("embed_tokens.weight") ? u : u * Math.sqrt(3 / inputs);
  });
}
