// A model's config as GGUF metadata, the reverse of config.ts. What llama.cpp could not compute right is refused, not written.

import { UserError } from "../../error.ts";
import type { DeepSeekConfig, GqaConfig, ModelConfig } from "../../model/config.ts";
import { ropeFrequencies } from "../../model/rope.ts";
import { type RopeScaling, yarnMscale } from "../../model/rope-scaling.ts";
import type { GgufArchitecture } from "./config.ts";
import type { GgufEntry, GgufTyped } from "./encode.ts";

/** What llama.cpp calls the architecture. */
export const architectureOf = ({ model_type: kind }: ModelConfig): GgufArchitecture =>
  kind === "qwen2" || kind === "qwen3" ? kind : kind === "llama" || kind === "mistral" ? "llama" : "deepseek2";

/** Whether the architecture's rows turn as pairs, side by side. */
export const turnsPairs = (config: ModelConfig): boolean => !architectureOf(config).startsWith("qwen");

/**
 * The keys of the architecture, without those of general and of the vocabulary. `modules`: multi-token-prediction blocks written.
 * @throws UserError for a config that GGUF, or llama.cpp's reading of it, has no words for
 */
export function configEntries(config: ModelConfig, modules: number): GgufEntry[] {
  const architecture = architectureOf(config);
  const values: Record<string, GgufTyped> = {
    vocab_size: { u32: config.vocab_size },
    context_length: { u32: config.max_position_embeddings },
    embedding_length: { u32: config.hidden_size },
    block_count: { u32: config.num_hidden_layers + modules },
    feed_forward_length: { u32: config.intermediate_size },
    "attention.head_count": { u32: config.num_attention_heads },
    "attention.layer_norm_rms_epsilon": { f32: config.rms_norm_eps },
    "rope.freq_base": { f32: config.rope_theta },
    ...(config.attention === "gqa" ? groupedValues(config) : latentValues(config, modules)),
  };
  return Object.entries(values).map(([key, value]) => [`${architecture}.${key}`, value]);
}

/** The factors each pair's frequency is divided by, where the architecture takes them so; null for plain rotation. */
export function frequencyFactors(config: ModelConfig): Float32Array | null {
  const { rope_scaling: scaling, rope_factors: factors } = config;
  if (factors === null && scaling?.rope_type !== "llama3") return null;
  if (architectureOf(config) !== "llama") {
    throw refused(config, "rope_scaling", "llama.cpp takes rotary factors of single pairs for Llama models only");
  }
  if (factors !== null) return Float32Array.from(factors);
  const plain = ropeFrequencies({ ...config, rope_scaling: null });
  const scaled = ropeFrequencies(config);
  return Float32Array.from(plain, (frequency, i) => frequency / scaled[i]);
}

const refused = (config: ModelConfig, field: string, why: string): UserError =>
  new UserError(`This ${config.model_type} model cannot be written as GGUF: ${why}; export it as a folder instead.`, {
    param: field,
    type: "unsupported_model",
  });

function groupedValues(config: GqaConfig): Record<string, GgufTyped> {
  const window = config.sliding_window;
  if (window !== null && window < config.max_position_embeddings && config.layer_types.includes("sliding_attention")) {
    throw refused(config, "sliding_window", "llama.cpp lets no layer of this architecture slide");
  }
  return {
    "attention.head_count_kv": { u32: config.num_key_value_heads },
    "attention.key_length": { u32: config.head_dim },
    "attention.value_length": { u32: config.head_dim },
    "rope.dimension_count": { u32: config.head_dim },
    ...groupedScaling(config.rope_scaling),
  };
}

function groupedScaling(scaling: RopeScaling | null): Record<string, GgufTyped> {
  if (scaling === null || scaling.rope_type === "llama3") return {}; // llama3's are rope_freqs.weight
  if (scaling.rope_type === "linear") {
    return { "rope.scaling.type": { text: "linear" }, "rope.scaling.factor": { f32: scaling.factor } };
  }
  // llama.cpp multiplies what the key says by the usual 1 + 0.1 ln(factor)
  const { factor, mscale, mscale_all_dim } = scaling;
  const turned = scaling.attention_factor ?? yarnMscale(factor, mscale) / yarnMscale(factor, mscale_all_dim);
  const own = turned / yarnMscale(factor, 1);
  return {
    ...yarnValues(scaling),
    ...(Math.abs(own - 1) < 1e-7 ? {} : { "rope.scaling.attn_factor": { f32: own } }),
  };
}

function yarnValues(scaling: Extract<RopeScaling, { rope_type: "yarn" }>): Record<string, GgufTyped> {
  return {
    "rope.scaling.type": { text: "yarn" },
    "rope.scaling.factor": { f32: scaling.factor },
    "rope.scaling.original_context_length": { u32: scaling.original_max_position_embeddings },
    "rope.scaling.yarn_beta_fast": { f32: scaling.beta_fast },
    "rope.scaling.yarn_beta_slow": { f32: scaling.beta_slow },
  };
}

function latentValues(config: DeepSeekConfig, modules: number): Record<string, GgufTyped> {
  if (config.attention_bias) throw refused(config, "attention_bias", "llama.cpp has no biases in latent attention");
  if (config.moe_layer_freq !== 1)
    throw refused(config, "moe_layer_freq", "llama.cpp wants experts in every layer past the first");
  const experts = config.n_routed_experts;
  if (experts > 0 && config.n_shared_experts === 0 && config.first_k_dense_replace < config.num_hidden_layers) {
    throw refused(config, "n_shared_experts", "llama.cpp wants a shared expert beside the routed ones");
  }
  const key = config.qk_nope_head_dim + config.qk_rope_head_dim;
  return {
    // latent attention is one key and value of the cache's width for all heads; the heads' own widths have names of their own
    "attention.head_count_kv": { u32: 1 },
    "attention.key_length": { u32: config.kv_lora_rank + config.qk_rope_head_dim },
    "attention.value_length": { u32: config.kv_lora_rank },
    "attention.key_length_mla": { u32: key },
    "attention.value_length_mla": { u32: config.v_head_dim },
    // 0 says there is no query latent; llama.cpp wants the key all the same
    "attention.q_lora_rank": { u32: config.q_lora_rank ?? 0 },
    "attention.kv_lora_rank": { u32: config.kv_lora_rank },
    "rope.dimension_count": { u32: config.qk_rope_head_dim },
    leading_dense_block_count: { u32: experts === 0 ? config.num_hidden_layers : config.first_k_dense_replace },
    expert_feed_forward_length: { u32: config.moe_intermediate_size },
    expert_shared_count: { u32: config.n_shared_experts },
    ...(experts === 0 ? {} : expertValues(config)),
    ...(modules === 0 ? {} : { nextn_predict_layers: { u32: modules } }),
    ...latentScaling(config),
  };
}

function expertValues(config: DeepSeekConfig): Record<string, GgufTyped> {
  // groups that all stay eligible are no groups, and llama.cpp refuses them
  const grouped = config.topk_method !== "greedy" && config.n_group > 1 && config.topk_group < config.n_group;
  return {
    expert_count: { u32: config.n_routed_experts },
    expert_used_count: { u32: config.num_experts_per_tok },
    expert_weights_scale: { f32: config.routed_scaling_factor },
    expert_weights_norm: { bool: config.norm_topk_prob },
    expert_gating_func: { u32: config.scoring_func === "sigmoid" ? 2 : 1 },
    ...(grouped
      ? { expert_group_count: { u32: config.n_group }, expert_group_used_count: { u32: config.topk_group } }
      : {}),
  };
}

function latentScaling(config: DeepSeekConfig): Record<string, GgufTyped> {
  const scaling = config.rope_scaling;
  if (scaling === null) return {};
  if (scaling.rope_type !== "yarn" || scaling.mscale_all_dim === 0 || scaling.attention_factor !== null) {
    throw refused(config, "rope_scaling", "llama.cpp computes latent attention for YaRN with mscale_all_dim only");
  }
  if (scaling.mscale !== scaling.mscale_all_dim) {
    throw refused(config, "rope_scaling.mscale", "llama.cpp takes mscale for the same as mscale_all_dim");
  }
  // a tenth, which llama.cpp's reader takes back
  return { ...yarnValues(scaling), "rope.scaling.yarn_log_multiplier": { f32: 0.1 * scaling.mscale_all_dim } };
}
