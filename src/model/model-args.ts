// DeepSeek's own inference config (ModelArgs of DeepSeek-V3 inference/model.py) as a ModelConfig.

import type { DeepSeekConfig } from "./config.ts";
import { checkedConfig } from "./config-checks.ts";
import { modelArgsSchema } from "./config-schema.ts";
import { readFields } from "./fields.ts";

/**
 * Reads the parsed JSON of DeepSeek's own inference config (ModelArgs of DeepSeek-V3 inference/model.py), filling what it omits
 * with that file's defaults. YaRN applies only where max_seq_len > original_seq_len, as there; sigmoid scores are normalised and
 * ranked with a bias, softmax scores are neither. (Their code makes the bias only at dim 7168; the oracles and every published V3 have it.)
 * @throws UserError as parseModelConfig.
 */
export function parseDeepSeekConfig(json: unknown, file = "config.json"): DeepSeekConfig {
  const a = readFields(modelArgsSchema, json, file);
  const sigmoid = a.score_func === "sigmoid";
  const stretched = a.max_seq_len > a.original_seq_len;
  const config: DeepSeekConfig = {
    attention: "mla",
    model_type: sigmoid ? "deepseek_v3" : "deepseek_v2",
    hidden_size: a.dim,
    intermediate_size: a.inter_dim,
    num_hidden_layers: a.n_layers,
    num_attention_heads: a.n_heads,
    num_key_value_heads: a.n_heads,
    vocab_size: a.vocab_size,
    rms_norm_eps: 1e-6,
    rope_theta: a.rope_theta,
    rope_scaling: stretched
      ? {
          rope_type: "yarn",
          factor: a.rope_factor,
          original_max_position_embeddings: a.original_seq_len,
          beta_fast: a.beta_fast,
          beta_slow: a.beta_slow,
          mscale: a.mscale,
          mscale_all_dim: a.mscale,
          attention_factor: null,
        }
      : null,
    rope_factors: null,
    rope_interleave: true,
    max_position_embeddings: a.max_seq_len,
    tie_word_embeddings: false,
    attention_bias: false,
    hidden_act: "silu",
    initializer_range: 0.02,
    bos_token_id: null,
    eos_token_id: [],
    pad_token_id: null,
    q_lora_rank: a.q_lora_rank === 0 ? null : a.q_lora_rank,
    kv_lora_rank: a.kv_lora_rank,
    qk_nope_head_dim: a.qk_nope_head_dim,
    qk_rope_head_dim: a.qk_rope_head_dim,
    v_head_dim: a.v_head_dim,
    first_k_dense_replace: a.n_dense_layers,
    moe_layer_freq: 1,
    n_routed_experts: a.n_routed_experts,
    n_shared_experts: a.n_shared_experts,
    num_experts_per_tok: a.n_activated_experts,
    moe_intermediate_size: a.moe_inter_dim,
    n_group: a.n_expert_groups,
    topk_group: a.n_limited_groups,
    topk_method: sigmoid ? "noaux_tc" : a.n_expert_groups > 1 ? "group_limited_greedy" : "greedy",
    scoring_func: a.score_func,
    norm_topk_prob: sigmoid,
    routed_scaling_factor: a.route_scale,
    num_nextn_predict_layers: 0,
  };
  return checkedConfig(config, file);
}
