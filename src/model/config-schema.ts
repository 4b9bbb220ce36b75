// The single fields of config.json, of its rope_scaling, and of DeepSeek's ModelArgs: what each may hold and what it is where absent.

import { z } from "zod";
import { UserError } from "../error.ts";

const size = z.number().int().positive();
const count = z.number().int().nonnegative();
const positive = z.number().positive();
// far past every model there is: what a damaged file claims is refused before lists of its length are made
const layers = size.max(10_000);
const experts = count.max(10_000);
const tokenId = count.nullish().transform((id) => id ?? null);
const tokenIds = z
  .union([count, z.array(count)])
  .nullish()
  .transform((ids) => (ids === undefined || ids === null ? [] : typeof ids === "number" ? [ids] : ids));

const common = {
  hidden_size: size,
  intermediate_size: size,
  num_hidden_layers: layers,
  num_attention_heads: size,
  num_key_value_heads: size.nullish(),
  vocab_size: size,
  rms_norm_eps: positive.default(1e-6),
  rope_theta: positive.default(10000),
  rope_scaling: z.record(z.string(), z.unknown()).nullish(),
  rope_factors: z.array(positive).nullish(),
  partial_rotary_factor: z.literal(1).nullish(),
  max_position_embeddings: size.default(4096),
  tie_word_embeddings: z.boolean().default(false),
  attention_bias: z.boolean().default(false),
  hidden_act: z.enum(["silu", "swish"]).default("silu"),
  initializer_range: positive.default(0.02),
  bos_token_id: tokenId,
  eos_token_id: tokenIds,
  pad_token_id: tokenId,
};

/** The dense decoders with grouped-query attention: llama, mistral, qwen2, qwen3. */
export const gqaSchema = z.object({
  ...common,
  head_dim: size.nullish(),
  mlp_bias: z.boolean().nullish(),
  rope_interleave: z.boolean().default(false),
  sliding_window: size.nullish(),
  use_sliding_window: z.boolean().nullish(),
  max_window_layers: count.nullish(),
  layer_types: z.array(z.enum(["full_attention", "sliding_attention"])).nullish(),
});

export const deepseekSchema = z.object({
  ...common,
  q_lora_rank: count.nullish(),
  kv_lora_rank: size,
  qk_nope_head_dim: size,
  qk_rope_head_dim: size,
  v_head_dim: size,
  first_k_dense_replace: count.default(0),
  moe_layer_freq: size.default(1),
  n_routed_experts: experts.nullish(),
  n_shared_experts: count.nullish(),
  num_experts_per_tok: count.nullish(),
  moe_intermediate_size: size.nullish(),
  n_group: count.nullish(),
  topk_group: count.nullish(),
  topk_method: z.enum(["noaux_tc", "group_limited_greedy", "greedy"]).nullish(),
  scoring_func: z.enum(["sigmoid", "softmax"]).nullish(),
  norm_topk_prob: z.boolean().nullish(),
  routed_scaling_factor: positive.default(1),
  num_nextn_predict_layers: count.max(100).nullish(),
  rope_interleave: z.boolean().default(true),
});

/** DeepSeek-V3 inference/model.py, class ModelArgs: its names and, where one is safe, its defaults. */
export const modelArgsSchema = z.object({
  dim: size,
  inter_dim: size,
  moe_inter_dim: size,
  n_layers: layers,
  n_dense_layers: count.default(1),
  n_heads: size,
  vocab_size: size,
  n_routed_experts: experts,
  n_shared_experts: count.default(2),
  n_activated_experts: count,
  n_expert_groups: size.default(1),
  n_limited_groups: size.default(1),
  score_func: z.enum(["sigmoid", "softmax"]).default("softmax"),
  route_scale: positive.default(1),
  q_lora_rank: count.default(0),
  kv_lora_rank: size,
  qk_nope_head_dim: size,
  qk_rope_head_dim: size,
  v_head_dim: size,
  max_seq_len: size.default(16384),
  original_seq_len: size.default(4096),
  rope_theta: positive.default(10000),
  rope_factor: positive.default(40),
  beta_fast: positive.default(32),
  beta_slow: positive.default(1),
  mscale: z.number().nonnegative().default(1),
});

export const yarnSchema = z.object({
  factor: positive,
  original_max_position_embeddings: size.optional(),
  beta_fast: positive.nullish(),
  beta_slow: positive.nullish(),
  mscale: z.number().nonnegative().nullish(),
  mscale_all_dim: z.number().nonnegative().nullish(),
  attention_factor: positive.nullish(),
  truncate: z.literal(true).nullish(),
});
export const longRopeSchema = z.object({
  short_factor: z.array(positive).default([]),
  long_factor: z.array(positive).default([]),
  attention_factor: positive.nullish(),
});
export const linearSchema = z.object({ factor: positive });
export const llama3Schema = z.object({
  factor: positive,
  low_freq_factor: positive,
  high_freq_factor: positive,
  original_max_position_embeddings: size,
});

/** The sentence of a field that is missing or wrong: its name, its value, the remedy. */
export const badField = (file: string, field: string, value: unknown, remedy: string): UserError =>
  new UserError(
    value === undefined || value === null
      ? `${file}: "${field}" is missing; ${remedy}.`
      : `${file}: "${field}" is ${JSON.stringify(value)}; ${remedy}.`,
    { param: field, type: "invalid_config" },
  );

/** Checks `json` against a schema. @throws UserError for the first field that is wrong */
export function readFields<S extends z.ZodType>(schema: S, json: unknown, file: string, prefix = ""): z.infer<S> {
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const field = issue.path.map(String).join(".");
  let value = json;
  for (const step of issue.path) value = (value as Record<PropertyKey, unknown> | undefined)?.[step];
  throw badField(file, prefix + field, value, remedyFor(issue));
}

function remedyFor(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return `put ${issue.expected === "int" ? "a whole number" : `a ${issue.expected}`} there, as the published config.json has it`;
    case "too_small":
      return `it must be ${issue.inclusive ? "at least" : "above"} ${issue.minimum}`;
    case "too_big":
      return `it must be at most ${issue.maximum}`;
    case "invalid_value":
      return `supported: ${issue.values.map((one) => JSON.stringify(one)).join(", ")}`;
    default:
      return "put the value of the published config.json there";
  }
}
