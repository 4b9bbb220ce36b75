// What a model is: Hugging Face's config.json (or DeepSeek's own ModelArgs) checked once into a typed union, so that
// nothing above ever sees a missing field or a contradiction. Field names are Hugging Face's, because papers and files use them.

import { UserError } from "../error.ts";
import { checkedConfig } from "./config-checks.ts";
import { deepseekSchema, gqaSchema } from "./config-schema.ts";
import { type DeepSeekConfig, type GqaConfig, isMoeLayer, type LayerType, type ModelConfig } from "./config-types.ts";
import { badField, type Read, readFields } from "./fields.ts";
import { liftRopeParameters, readRope } from "./rope-scaling.ts";

export {
  attentionWindow,
  type DeepSeekConfig,
  type GqaConfig,
  isMoeLayer,
  type LayerType,
  type ModelConfig,
} from "./config-types.ts";

/**
 * Reads the parsed JSON of a Hugging Face config.json. Accepts both generations of names (rope_scaling and rope_theta, or
 * rope_parameters). `file` is only named in errors.
 * @throws UserError naming the first field that is missing, impossible or contradicts another, and what to put there.
 */
export function parseModelConfig(json: unknown, file = "config.json"): ModelConfig {
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new UserError(`${file} holds no JSON object; it must be the config.json the model was published with.`, {
      param: file,
    });
  }
  const raw = liftRopeParameters(json as Record<string, unknown>);
  const kind = raw.model_type;
  switch (kind) {
    case "llama":
    case "mistral":
    case "qwen2":
    case "qwen3":
      return checkedConfig(grouped(kind, readFields(gqaSchema, raw, file), file), file);
    case "deepseek_v2":
    case "deepseek_v3":
      return checkedConfig(deepseek(kind, readFields(deepseekSchema, raw, file), file), file);
    default:
      throw badField(
        file,
        "model_type",
        kind,
        "supported are deepseek_v3, deepseek_v2, llama, mistral, qwen2 and qwen3",
      );
  }
}

/** Parameters of the main model, those one token passes through, and those of the multi-token-prediction modules. */
export interface ParameterCount {
  /** Main model, router biases included, multi-token prediction not. */
  readonly total: number;
  /** Touched by one token: embedding table and head counted whole, num_experts_per_tok of the routed experts. */
  readonly active: number;
  /** As `active`, without the input embedding, of which one token reads a single row. */
  readonly activeWithoutEmbedding: number;
  /** Weights only the multi-token-prediction modules have (embedding and head are shared). */
  readonly nextn: number;
}

/** Counts parameters from the config alone; a test holds it equal to the sum over expectedTensors. */
export function parameterCount(config: ModelConfig): ParameterCount {
  const h = config.hidden_size;
  const table = config.vocab_size * h;
  const head = config.tie_word_embeddings ? 0 : table;
  const layers = Array.from({ length: config.num_hidden_layers }, (_, layer) => layerCount(config, layer));
  const sum = (pick: (one: LayerCount) => number): number => layers.reduce((total, one) => total + pick(one), 0);
  let nextn = 0;
  if (config.attention === "mla") {
    for (let k = 0; k < config.num_nextn_predict_layers; k++) {
      nextn += layerCount(config, config.num_hidden_layers + k).total + 3 * h + 2 * h * h; // enorm, hnorm, head norm, eh_proj
    }
  }
  const active = table + head + h + sum((one) => one.active);
  return { total: table + head + h + sum((one) => one.total), active, activeWithoutEmbedding: active - table, nextn };
}

interface LayerCount {
  readonly total: number;
  readonly active: number;
}

function layerCount(config: ModelConfig, layer: number): LayerCount {
  const h = config.hidden_size;
  const same = (count: number): LayerCount => ({ total: count, active: count });
  if (config.attention === "gqa") {
    const { head_dim: d, intermediate_size: inner } = config;
    const [q, kv] = [config.num_attention_heads * d, config.num_key_value_heads * d];
    const bias =
      (config.attention_bias ? q + 2 * kv : 0) + (config.output_bias ? h : 0) + (config.mlp_bias ? 2 * inner + h : 0);
    const norms = 2 * h + (config.qk_norm ? 2 * d : 0);
    return same(norms + 2 * h * q + 2 * h * kv + bias + 3 * h * inner);
  }
  const heads = config.num_attention_heads;
  const qk = config.qk_nope_head_dim + config.qk_rope_head_dim;
  const rank = config.q_lora_rank;
  const query = rank === null ? heads * qk * h : rank * h + rank + heads * qk * rank;
  const keyValue =
    (config.kv_lora_rank + config.qk_rope_head_dim) * h +
    config.kv_lora_rank +
    heads * (config.qk_nope_head_dim + config.v_head_dim) * config.kv_lora_rank;
  const bias = config.attention_bias ? (rank ?? 0) + config.kv_lora_rank + config.qk_rope_head_dim + h : 0;
  const attention = query + keyValue + heads * config.v_head_dim * h + bias + 2 * h; // and the block's two norms
  if (!isMoeLayer(config, layer)) return same(attention + 3 * h * config.intermediate_size);
  const expert = 3 * h * config.moe_intermediate_size;
  const router = config.n_routed_experts * h + (config.topk_method === "noaux_tc" ? config.n_routed_experts : 0);
  const always = attention + router + config.n_shared_experts * expert;
  return {
    total: always + config.n_routed_experts * expert,
    active: always + config.num_experts_per_tok * expert,
  };
}

type GqaFields = Read<typeof gqaSchema>;

/** What each architecture makes of its fields: modeling_{llama,mistral,qwen2,qwen3}.py and their configurations in transformers. */
function grouped(kind: GqaConfig["model_type"], raw: GqaFields, file: string): GqaConfig {
  const { use_sliding_window: _, max_window_layers: __, partial_rotary_factor: ___, ...rest } = raw;
  // Qwen3's files may leave head_dim out, and then mean 128
  const headDim = raw.head_dim ?? (kind === "qwen3" ? 128 : raw.hidden_size / raw.num_attention_heads);
  if (!Number.isInteger(headDim)) {
    throw badField(
      file,
      "num_attention_heads",
      raw.num_attention_heads,
      `it must divide hidden_size ${raw.hidden_size}, or head_dim be given`,
    );
  }
  const biased = kind === "qwen2" || (kind !== "mistral" && raw.attention_bias);
  return {
    ...rest,
    ...sliding(kind, raw),
    ...readRope(raw, headDim / 2, raw.max_position_embeddings, file),
    attention: "gqa",
    model_type: kind,
    hidden_act: "silu",
    num_key_value_heads: raw.num_key_value_heads ?? raw.num_attention_heads,
    head_dim: headDim,
    attention_bias: biased,
    output_bias: biased && kind !== "qwen2",
    mlp_bias: kind === "llama" && raw.mlp_bias === true,
    qk_norm: kind === "qwen3",
  };
}

/** Mistral slides in every layer, Qwen in those that layer_types names, else from max_window_layers on; Llama never. */
function sliding(kind: GqaConfig["model_type"], raw: GqaFields): Pick<GqaConfig, "sliding_window" | "layer_types"> {
  const qwen = kind === "qwen2" || kind === "qwen3";
  // 4,096 and 28 are what transformers takes where a file says nothing
  const stated = raw.sliding_window === undefined ? 4096 : raw.sliding_window;
  const window = kind === "mistral" || (qwen && raw.use_sliding_window === true) ? stated : null;
  const slides = (layer: number): boolean => window !== null && (!qwen || layer >= (raw.max_window_layers ?? 28));
  const types = Array.from(
    { length: raw.num_hidden_layers },
    (_, layer): LayerType => (slides(layer) ? "sliding_attention" : "full_attention"),
  );
  return { sliding_window: window, layer_types: qwen && raw.layer_types ? raw.layer_types : types };
}

function deepseek(kind: "deepseek_v2" | "deepseek_v3", raw: Read<typeof deepseekSchema>, file: string): DeepSeekConfig {
  const v3 = kind === "deepseek_v3";
  const experts = raw.n_routed_experts ?? 0;
  if (experts > 0) {
    for (const name of ["num_experts_per_tok", "moe_intermediate_size"] as const) {
      if (!raw[name])
        throw badField(
          file,
          name,
          raw[name],
          `a model with n_routed_experts ${experts} needs a whole number above 0 there`,
        );
    }
  }
  const { partial_rotary_factor: _, ...rest } = raw;
  return {
    ...rest,
    ...readRope(raw, raw.qk_rope_head_dim / 2, raw.max_position_embeddings, file),
    attention: "mla",
    model_type: kind,
    hidden_act: "silu",
    num_key_value_heads: raw.num_key_value_heads ?? raw.num_attention_heads,
    q_lora_rank: raw.q_lora_rank ? raw.q_lora_rank : null,
    n_routed_experts: experts,
    n_shared_experts: raw.n_shared_experts ?? 0,
    num_experts_per_tok: raw.num_experts_per_tok ?? 0,
    moe_intermediate_size: raw.moe_intermediate_size ?? 0,
    n_group: raw.n_group || 1,
    topk_group: raw.topk_group || 1,
    topk_method: raw.topk_method ?? (v3 ? "noaux_tc" : "greedy"),
    scoring_func: raw.scoring_func ?? (v3 ? "sigmoid" : "softmax"),
    norm_topk_prob: raw.norm_topk_prob ?? v3,
    num_nextn_predict_layers: raw.num_nextn_predict_layers ?? 0,
  };
}
