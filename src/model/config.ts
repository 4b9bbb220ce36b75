// What a model is: Hugging Face's config.json (or DeepSeek's own ModelArgs) checked once into a typed union, so that
// nothing above ever sees a missing field or a contradiction. Field names are Hugging Face's, because papers and files use them.

import type { z } from "zod";
import { UserError } from "../error.ts";
import {
  badField,
  deepseekSchema,
  linearSchema,
  llama3Schema,
  llamaSchema,
  modelArgsSchema,
  readFields,
  yarnSchema,
} from "./config-schema.ts";

/** How rotary frequencies are stretched past the trained context; null is plain RoPE. */
export type RopeScaling =
  | {
      readonly rope_type: "yarn";
      readonly factor: number;
      readonly original_max_position_embeddings: number;
      readonly beta_fast: number;
      readonly beta_slow: number;
      /** cos and sin are multiplied by yarnMscale(factor, mscale) / yarnMscale(factor, mscale_all_dim), 1 for DeepSeek. */
      readonly mscale: number;
      /** The softmax scale is multiplied by yarnMscale(factor, mscale_all_dim) squared; 0 leaves it alone. */
      readonly mscale_all_dim: number;
      /** Overrides the factor on cos and sin where a file states it. */
      readonly attention_factor: number | null;
    }
  | { readonly rope_type: "linear"; readonly factor: number }
  | {
      readonly rope_type: "llama3";
      readonly factor: number;
      readonly low_freq_factor: number;
      readonly high_freq_factor: number;
      readonly original_max_position_embeddings: number;
    };

interface CommonConfig {
  readonly hidden_size: number;
  readonly intermediate_size: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  readonly num_key_value_heads: number;
  readonly vocab_size: number;
  readonly rms_norm_eps: number;
  readonly rope_theta: number;
  readonly rope_scaling: RopeScaling | null;
  /** True where rotation pairs are neighbours (x[2i], x[2i+1]); false where they are halves (x[i], x[i + d/2]). */
  readonly rope_interleave: boolean;
  readonly max_position_embeddings: number;
  readonly tie_word_embeddings: boolean;
  readonly attention_bias: boolean;
  readonly hidden_act: "silu";
  readonly initializer_range: number;
  readonly bos_token_id: number | null;
  /** Every id that ends a sequence; empty where the file names none. */
  readonly eos_token_id: readonly number[];
  readonly pad_token_id: number | null;
}

/** A dense decoder with grouped-query attention. */
export interface LlamaConfig extends CommonConfig {
  readonly model_type: "llama";
  readonly head_dim: number;
}

/** A decoder with multi-head latent attention and, past the first dense layers, routed experts. */
export interface DeepSeekConfig extends CommonConfig {
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

export type ModelConfig = LlamaConfig | DeepSeekConfig;

/** Whether layer `layer` of a DeepSeek model has experts; the multi-token-prediction layers (layer >= num_hidden_layers) have too. */
export const isMoeLayer = (config: DeepSeekConfig, layer: number): boolean =>
  config.n_routed_experts > 0 && layer >= config.first_k_dense_replace && layer % config.moe_layer_freq === 0;

/** YaRN's attention temperature, 0.1 mscale ln(factor) + 1 (arXiv 2309.00071 eq. 22; V2 report 3.1.4). */
export const yarnMscale = (factor: number, mscale: number): number =>
  factor <= 1 ? 1 : 0.1 * mscale * Math.log(factor) + 1;

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
  if (kind === "llama") return checked(llama(readFields(llamaSchema, raw, file), file), file);
  if (kind === "deepseek_v2" || kind === "deepseek_v3") {
    return checked(deepseek(kind, readFields(deepseekSchema, raw, file), file), file);
  }
  throw badField(file, "model_type", kind, "supported are deepseek_v3, deepseek_v2 and llama");
}

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
  return checked(config, file);
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
  if (config.model_type !== "llama") {
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
  if (config.model_type === "llama") {
    const q = config.num_attention_heads * config.head_dim;
    const kv = config.num_key_value_heads * config.head_dim;
    const bias = config.attention_bias ? q + 2 * kv + h : 0;
    return same(2 * h + 2 * h * q + 2 * h * kv + bias + 3 * h * config.intermediate_size);
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

/** Newer transformers keep rope_theta and the scaling in one `rope_parameters`; this gives them their older places. */
function liftRopeParameters(json: Record<string, unknown>): Record<string, unknown> {
  const parameters = json.rope_parameters;
  if (typeof parameters !== "object" || parameters === null) return json;
  const { rope_theta, ...scaling } = parameters as Record<string, unknown>;
  return {
    ...json,
    ...(rope_theta === undefined ? {} : { rope_theta }),
    rope_scaling: Object.keys(scaling).length === 0 ? null : scaling,
  };
}

function ropeScaling(
  raw: Record<string, unknown> | null | undefined,
  positions: number,
  file: string,
): RopeScaling | null {
  if (raw === null || raw === undefined) return null;
  const kind = raw.rope_type ?? raw.type;
  switch (kind) {
    case "default":
      return null;
    case "linear":
      return { rope_type: "linear", ...readFields(linearSchema, raw, file, "rope_scaling.") };
    case "llama3":
      return { rope_type: "llama3", ...readFields(llama3Schema, raw, file, "rope_scaling.") };
    case "yarn": {
      const yarn = readFields(yarnSchema, raw, file, "rope_scaling.");
      return {
        rope_type: "yarn",
        factor: yarn.factor,
        original_max_position_embeddings: yarn.original_max_position_embeddings ?? positions,
        beta_fast: yarn.beta_fast ?? 32,
        beta_slow: yarn.beta_slow ?? 1,
        mscale: yarn.mscale ?? 1,
        mscale_all_dim: yarn.mscale_all_dim ?? 0,
        attention_factor: yarn.attention_factor ?? null,
      };
    }
    default:
      throw badField(file, "rope_scaling.rope_type", kind, "supported are yarn, linear, llama3 and default");
  }
}

function llama(raw: z.infer<typeof llamaSchema>, file: string): LlamaConfig {
  const { mlp_bias: _, ...rest } = raw;
  const divides = raw.hidden_size % raw.num_attention_heads === 0;
  if (!raw.head_dim && !divides) {
    throw badField(
      file,
      "num_attention_heads",
      raw.num_attention_heads,
      `it must divide hidden_size ${raw.hidden_size}, or head_dim be given`,
    );
  }
  return {
    ...rest,
    model_type: "llama",
    hidden_act: "silu",
    num_key_value_heads: raw.num_key_value_heads ?? raw.num_attention_heads,
    head_dim: raw.head_dim ?? raw.hidden_size / raw.num_attention_heads,
    rope_scaling: ropeScaling(raw.rope_scaling, raw.max_position_embeddings, file),
  };
}

function deepseek(
  kind: "deepseek_v2" | "deepseek_v3",
  raw: z.infer<typeof deepseekSchema>,
  file: string,
): DeepSeekConfig {
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
  return {
    ...raw,
    model_type: kind,
    hidden_act: "silu",
    num_key_value_heads: raw.num_key_value_heads ?? raw.num_attention_heads,
    rope_scaling: ropeScaling(raw.rope_scaling, raw.max_position_embeddings, file),
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

/** The contradictions no single field shows. */
function checked<C extends ModelConfig>(config: C, file: string): C {
  const no = (field: string, value: unknown, remedy: string): never => {
    throw badField(file, field, value, remedy);
  };
  const c: ModelConfig = config;
  for (const field of ["bos_token_id", "pad_token_id"] as const) {
    const id = c[field];
    // pad -1 and the like are refused by the schema; an id past the table would read outside it
    if (id !== null && id >= c.vocab_size) no(field, id, `it must be below vocab_size ${c.vocab_size}`);
  }
  const eos = c.eos_token_id.find((id) => id >= c.vocab_size);
  if (eos !== undefined) no("eos_token_id", eos, `it must be below vocab_size ${c.vocab_size}`);
  if (c.model_type === "llama") {
    if (c.num_attention_heads % c.num_key_value_heads !== 0) {
      no("num_key_value_heads", c.num_key_value_heads, `it must divide num_attention_heads ${c.num_attention_heads}`);
    }
    if (c.head_dim % 2 !== 0) no("head_dim", c.head_dim, "rotary embedding turns pairs, so it must be even");
    return config;
  }
  if (c.qk_rope_head_dim % 2 !== 0)
    no("qk_rope_head_dim", c.qk_rope_head_dim, "rotary embedding turns pairs, so it must be even");
  if (c.num_key_value_heads !== c.num_attention_heads) {
    no(
      "num_key_value_heads",
      c.num_key_value_heads,
      `latent attention needs it equal to num_attention_heads ${c.num_attention_heads}`,
    );
  }
  if (c.n_routed_experts > 0) checkRouter(c, no);
  return config;
}

function checkRouter(c: DeepSeekConfig, no: (field: string, value: unknown, remedy: string) => never): void {
  const grouped = c.topk_method !== "greedy";
  if (c.num_experts_per_tok > c.n_routed_experts) {
    no("num_experts_per_tok", c.num_experts_per_tok, `it cannot exceed n_routed_experts ${c.n_routed_experts}`);
  }
  if (c.n_routed_experts % c.n_group !== 0)
    no("n_group", c.n_group, `it must divide n_routed_experts ${c.n_routed_experts}`);
  if (c.topk_group > c.n_group) no("topk_group", c.topk_group, `it cannot exceed n_group ${c.n_group}`);
  const reachable = (c.n_routed_experts / c.n_group) * c.topk_group;
  if (grouped && c.num_experts_per_tok > reachable) {
    no(
      "num_experts_per_tok",
      c.num_experts_per_tok,
      `topk_group ${c.topk_group} of n_group ${c.n_group} leaves ${reachable} experts to choose from`,
    );
  }
  if (c.first_k_dense_replace > c.num_hidden_layers) {
    no("first_k_dense_replace", c.first_k_dense_replace, `it cannot exceed num_hidden_layers ${c.num_hidden_layers}`);
  }
}
