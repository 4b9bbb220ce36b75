// What a checked config holds. Field names are Hugging Face's, because papers and files use them; what is ours alone says so.

import type { RopeFields } from "./rope-scaling.ts";

interface CommonConfig extends RopeFields {
  readonly hidden_size: number;
  readonly intermediate_size: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  readonly num_key_value_heads: number;
  readonly vocab_size: number;
  readonly rms_norm_eps: number;
  readonly rope_theta: number;
  /** True where rotation pairs are neighbours (x[2i], x[2i+1]); false where they are halves (x[i], x[i + d/2]). */
  readonly rope_interleave: boolean;
  readonly max_position_embeddings: number;
  readonly tie_word_embeddings: boolean;
  /** Grouped-query attention: of the query, key and value projections; latent: of both downward projections and the output's. */
  readonly attention_bias: boolean;
  readonly hidden_act: "silu";
  readonly initializer_range: number;
  readonly bos_token_id: number | null;
  /** Every id that ends a sequence; empty where the file names none. */
  readonly eos_token_id: readonly number[];
  readonly pad_token_id: number | null;
}

export type LayerType = "full_attention" | "sliding_attention";

/** A dense decoder with grouped-query attention: Llama, Mistral, Qwen2 and Qwen3 differ in the fields below only. */
export interface GqaConfig extends CommonConfig {
  readonly attention: "gqa";
  readonly model_type: "llama" | "mistral" | "qwen2" | "qwen3";
  readonly head_dim: number;
  /** Whether attention's output projection has a bias too. */
  readonly output_bias: boolean;
  /** Biases in the feed-forward. */
  readonly mlp_bias: boolean;
  /** RMSNorm of every head's query and key before they turn. */
  readonly qk_norm: boolean;
  /** A sliding layer's row sees so many positions, its own included; null: no layer slides. */
  readonly sliding_window: number | null;
  /** One entry a layer. */
  readonly layer_types: readonly LayerType[];
}

/** A decoder with multi-head latent attention and, past the first dense layers, routed experts. */
export interface DeepSeekConfig extends CommonConfig {
  readonly attention: "mla";
  readonly model_type: "deepseek_v2" | "deepseek_v3";
  /** null: queries are projected directly, without a latent. */
  readonly q_lora_rank: number | null;
  readonly kv_lora_rank: number;
  readonly qk_nope_head_dim: number;
  readonly qk_rope_head_dim: number;
  readonly v_head_dim: number;
  readonly first_k_dense_replace: number;
  readonly moe_layer_freq: number;
  /** 0: every layer is dense. */
  readonly n_routed_experts: number;
  readonly n_shared_experts: number;
  readonly num_experts_per_tok: number;
  readonly moe_intermediate_size: number;
  readonly n_group: number;
  readonly topk_group: number;
  /** noaux_tc ranks by score + e_score_correction_bias; group_limited_greedy and greedy have no such bias. */
  readonly topk_method: "noaux_tc" | "group_limited_greedy" | "greedy";
  readonly scoring_func: "sigmoid" | "softmax";
  readonly norm_topk_prob: boolean;
  readonly routed_scaling_factor: number;
  /** Multi-token-prediction modules after the last layer (0 or 1 in everything published). */
  readonly num_nextn_predict_layers: number;
}

/** `attention` tells the two families apart. */
export type ModelConfig = GqaConfig | DeepSeekConfig;

/** How many positions a row of layer `layer` sees, its own included; 0: all. */
export const attentionWindow = (config: ModelConfig, layer: number): number =>
  config.attention === "gqa" && config.layer_types[layer] === "sliding_attention" ? (config.sliding_window ?? 0) : 0;

/** Whether layer `layer` of a DeepSeek model has experts; the multi-token-prediction layers (layer >= num_hidden_layers) have too. */
export const isMoeLayer = (config: DeepSeekConfig, layer: number): boolean =>
  config.n_routed_experts > 0 && layer >= config.first_k_dense_replace && layer % config.moe_layer_freq === 0;
