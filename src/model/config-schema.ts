// The single fields of config.json, of its rope_scaling, and of DeepSeek's ModelArgs: what each may hold and what it is where absent.

import { type Field, flag, listOf, number, oneOf, orNothing, otherwise, record } from "./fields.ts";

const size = number({ whole: true, above: 0 });
const count = number({ whole: true, least: 0 });
const positive = number({ above: 0 });
const notNegative = number({ least: 0 });
// far past every model there is: what a damaged file claims is refused before lists of its length are made
const layers = number({ whole: true, above: 0, most: 10_000 });
const experts = number({ whole: true, least: 0, most: 10_000 });
const tokenId: Field<number | null> = (value) => orNothing(count)(value) ?? null;
const tokenIds: Field<number[]> = (value) =>
  typeof value === "number" ? [count(value)] : (orNothing(listOf(count))(value) ?? []);

const common = {
  hidden_size: size,
  intermediate_size: size,
  num_hidden_layers: layers,
  num_attention_heads: size,
  num_key_value_heads: orNothing(size),
  vocab_size: size,
  rms_norm_eps: otherwise(positive, 1e-6),
  rope_theta: otherwise(positive, 10000),
  rope_scaling: orNothing(record),
  rope_factors: orNothing(listOf(positive)),
  partial_rotary_factor: orNothing(oneOf(1)),
  max_position_embeddings: otherwise(size, 4096),
  tie_word_embeddings: otherwise(flag, false),
  attention_bias: otherwise(flag, false),
  hidden_act: otherwise(oneOf("silu", "swish"), "silu"),
  initializer_range: otherwise(positive, 0.02),
  bos_token_id: tokenId,
  eos_token_id: tokenIds,
  pad_token_id: tokenId,
};

/** The dense decoders with grouped-query attention: llama, mistral, qwen2, qwen3. */
export const gqaSchema = {
  ...common,
  head_dim: orNothing(size),
  mlp_bias: orNothing(flag),
  rope_interleave: otherwise(flag, false),
  sliding_window: orNothing(size),
  use_sliding_window: orNothing(flag),
  max_window_layers: orNothing(count),
  layer_types: orNothing(listOf(oneOf("full_attention", "sliding_attention"))),
};

export const deepseekSchema = {
  ...common,
  q_lora_rank: orNothing(count),
  kv_lora_rank: size,
  qk_nope_head_dim: size,
  qk_rope_head_dim: size,
  v_head_dim: size,
  first_k_dense_replace: otherwise(count, 0),
  moe_layer_freq: otherwise(size, 1),
  n_routed_experts: orNothing(experts),
  n_shared_experts: orNothing(count),
  num_experts_per_tok: orNothing(count),
  moe_intermediate_size: orNothing(size),
  n_group: orNothing(count),
  topk_group: orNothing(count),
  topk_method: orNothing(oneOf("noaux_tc", "group_limited_greedy", "greedy")),
  scoring_func: orNothing(oneOf("sigmoid", "softmax")),
  norm_topk_prob: orNothing(flag),
  routed_scaling_factor: otherwise(positive, 1),
  num_nextn_predict_layers: orNothing(number({ whole: true, least: 0, most: 100 })),
  rope_interleave: otherwise(flag, true),
};

/** DeepSeek-V3 inference/model.py, class ModelArgs: its names and, where one is safe, its defaults. */
export const modelArgsSchema = {
  dim: size,
  inter_dim: size,
  moe_inter_dim: size,
  n_layers: layers,
  n_dense_layers: otherwise(count, 1),
  n_heads: size,
  vocab_size: size,
  n_routed_experts: experts,
  n_shared_experts: otherwise(count, 2),
  n_activated_experts: count,
  n_expert_groups: otherwise(size, 1),
  n_limited_groups: otherwise(size, 1),
  score_func: otherwise(oneOf("sigmoid", "softmax"), "softmax"),
  route_scale: otherwise(positive, 1),
  q_lora_rank: otherwise(count, 0),
  kv_lora_rank: size,
  qk_nope_head_dim: size,
  qk_rope_head_dim: size,
  v_head_dim: size,
  max_seq_len: otherwise(size, 16384),
  original_seq_len: otherwise(size, 4096),
  rope_theta: otherwise(positive, 10000),
  rope_factor: otherwise(positive, 40),
  beta_fast: otherwise(positive, 32),
  beta_slow: otherwise(positive, 1),
  mscale: otherwise(notNegative, 1),
};

export const yarnSchema = {
  factor: positive,
  original_max_position_embeddings: orNothing(size),
  beta_fast: orNothing(positive),
  beta_slow: orNothing(positive),
  mscale: orNothing(notNegative),
  mscale_all_dim: orNothing(notNegative),
  attention_factor: orNothing(positive),
  truncate: orNothing(oneOf(true)),
};
export const longRopeSchema = {
  short_factor: otherwise(listOf(positive), []),
  long_factor: otherwise(listOf(positive), []),
  attention_factor: orNothing(positive),
};
export const linearSchema = { factor: positive };
export const llama3Schema = {
  factor: positive,
  low_freq_factor: positive,
  high_freq_factor: positive,
  original_max_position_embeddings: size,
};
