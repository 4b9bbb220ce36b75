// Which tensors a model has, under which names and in which shapes. Hugging Face's names are ours; experts are one stacked
// tensor in memory and one tensor each in files; DeepSeek's inference names are translated on the way in.

import { UserError } from "../error.ts";
import { type DeepSeekConfig, type GqaConfig, isMoeLayer, type ModelConfig } from "../model/config.ts";

export type Shape = readonly number[];

/** The tensors a model holds in memory, in order: experts stacked as `...mlp.experts.gate_proj.weight` (E, I, H), down_proj (E, H, I). */
export function modelParameters(config: ModelConfig): Map<string, Shape> {
  const tensors = new Map<string, Shape>();
  const { hidden_size: h, vocab_size: vocab } = config;
  tensors.set("model.embed_tokens.weight", [vocab, h]);
  for (let layer = 0; layer < config.num_hidden_layers; layer++) addLayer(tensors, config, layer);
  tensors.set("model.norm.weight", [h]);
  if (!config.tie_word_embeddings) tensors.set("lm_head.weight", [vocab, h]);
  if (config.attention === "mla") {
    for (let k = 0; k < config.num_nextn_predict_layers; k++) {
      const at = `model.layers.${config.num_hidden_layers + k}`;
      tensors.set(`${at}.enorm.weight`, [h]);
      tensors.set(`${at}.hnorm.weight`, [h]);
      // the input is [norm of the embedding ; norm of the hidden state], in that order in the published weights
      tensors.set(`${at}.eh_proj.weight`, [h, 2 * h]);
      addLayer(tensors, config, config.num_hidden_layers + k);
      tensors.set(`${at}.shared_head.norm.weight`, [h]);
    }
  }
  return tensors;
}

/** The tensors a checkpoint file must hold: as modelParameters, with one tensor for each expert. */
export function expectedTensors(config: ModelConfig): Map<string, Shape> {
  const tensors = new Map<string, Shape>();
  for (const [name, shape] of modelParameters(config)) {
    if (!isStackedExperts(name)) tensors.set(name, shape);
    else for (let e = 0; e < shape[0]; e++) tensors.set(expertName(name, e), shape.slice(1));
  }
  return tensors;
}

/** Whether a name is a stack of experts, `...mlp.experts.{gate,up,down}_proj.weight`. */
export const isStackedExperts = (name: string): boolean => /\.mlp\.experts\.(gate|up|down)_proj\.weight$/.test(name);

/** The file's name of expert `e` of a stacked tensor. */
export const expertName = (stacked: string, e: number): string =>
  stacked.replace(".mlp.experts.", `.mlp.experts.${e}.`);

/**
 * DeepSeek's inference name (`layers.0.attn.wq_a.weight`) as Hugging Face's (`model.layers.0.self_attn.q_a_proj.weight`); a name
 * that already is Hugging Face's comes back unchanged. The table is that of DeepSeek-V3 inference/convert.py, read backwards.
 */
export function huggingFaceName(name: string): string {
  if (name.startsWith("model.") || name.startsWith("lm_head.")) return name;
  if (name.startsWith("head.")) return `lm_${name}`;
  const parts = name.split(".").map((part) => FROM_DEEPSEEK[part] ?? part);
  if (name.includes("ffn.gate.") && parts.at(-1) === "bias") parts[parts.length - 1] = "e_score_correction_bias";
  if (parts.at(-1) === "scale") parts[parts.length - 1] = "weight_scale_inv";
  return `model.${parts.join(".")}`;
}

/** Whether a set of names is DeepSeek's own, not Hugging Face's. */
export const isDeepSeekNaming = (names: Iterable<string>): boolean => {
  for (const name of names) if (name === "embed.weight") return true;
  return false;
};

/**
 * Compares the tensors of a file with those the config calls for.
 * @throws UserError for the first that is missing, has another shape, or is not part of the model.
 */
export function checkTensors(
  config: ModelConfig,
  found: ReadonlyMap<string, { readonly shape: Shape }>,
  where: string,
): void {
  const expected = expectedTensors(config);
  for (const [name, shape] of expected) {
    const tensor = found.get(name);
    if (tensor === undefined) {
      const missing = [...expected.keys()].filter((one) => !found.has(one)).length;
      const rest = missing > 1 ? ` (and ${missing - 1} more)` : "";
      throw tensorError(
        name,
        `${where} lacks the tensor ${name}${rest}, which its config.json calls for; use the weights and the config of one model.`,
      );
    }
    if (!sameShape(tensor.shape, shape)) {
      throw tensorError(
        name,
        `${where}: the tensor ${name} has shape [${tensor.shape}], but config.json calls for [${shape}]; use the weights and the config of one model.`,
      );
    }
  }
  for (const name of found.keys()) {
    if (!expected.has(name) && !isHarmless(config, name)) {
      throw tensorError(
        name,
        `${where} holds the tensor ${name}, which a ${config.model_type} model with this config.json has no place for; use the weights and the config of one model.`,
      );
    }
  }
}

/** The names of the multi-token-prediction modules, which re-saved checkpoints often leave out. */
export const isNextnName = (config: ModelConfig, name: string): boolean => {
  const layer = /^model\.layers\.(\d+)\./.exec(name);
  return layer !== null && Number(layer[1]) >= config.num_hidden_layers;
};

const FROM_DEEPSEEK: Readonly<Record<string, string>> = {
  embed: "embed_tokens",
  attn: "self_attn",
  ffn: "mlp",
  attn_norm: "input_layernorm",
  ffn_norm: "post_attention_layernorm",
  wq: "q_proj",
  wq_a: "q_a_proj",
  q_norm: "q_a_layernorm",
  wq_b: "q_b_proj",
  wkv_a: "kv_a_proj_with_mqa",
  kv_norm: "kv_a_layernorm",
  wkv_b: "kv_b_proj",
  wo: "o_proj",
  w1: "gate_proj",
  w2: "down_proj",
  w3: "up_proj",
};

function addLayer(tensors: Map<string, Shape>, config: ModelConfig, layer: number): void {
  const at = `model.layers.${layer}`;
  tensors.set(`${at}.input_layernorm.weight`, [config.hidden_size]);
  if (config.attention === "gqa") addGroupedAttention(tensors, config, `${at}.self_attn`);
  else addLatentAttention(tensors, config, `${at}.self_attn`);
  tensors.set(`${at}.post_attention_layernorm.weight`, [config.hidden_size]);
  if (config.attention === "mla" && isMoeLayer(config, layer)) addExperts(tensors, config, `${at}.mlp`);
  else addFeedForward(tensors, `${at}.mlp`, config.hidden_size, config.intermediate_size);
  if (config.attention === "gqa" && config.mlp_bias) {
    tensors.set(`${at}.mlp.gate_proj.bias`, [config.intermediate_size]);
    tensors.set(`${at}.mlp.up_proj.bias`, [config.intermediate_size]);
    tensors.set(`${at}.mlp.down_proj.bias`, [config.hidden_size]);
  }
}

function addGroupedAttention(tensors: Map<string, Shape>, config: GqaConfig, at: string): void {
  const h = config.hidden_size;
  const q = config.num_attention_heads * config.head_dim;
  const kv = config.num_key_value_heads * config.head_dim;
  for (const [name, out, inner, biased] of [
    ["q", q, h, config.attention_bias],
    ["k", kv, h, config.attention_bias],
    ["v", kv, h, config.attention_bias],
    ["o", h, q, config.output_bias],
  ] as const) {
    tensors.set(`${at}.${name}_proj.weight`, [out, inner]);
    if (biased) tensors.set(`${at}.${name}_proj.bias`, [out]);
  }
  if (config.qk_norm) {
    tensors.set(`${at}.q_norm.weight`, [config.head_dim]);
    tensors.set(`${at}.k_norm.weight`, [config.head_dim]);
  }
}

function addLatentAttention(tensors: Map<string, Shape>, config: DeepSeekConfig, at: string): void {
  const h = config.hidden_size;
  const heads = config.num_attention_heads;
  const qk = config.qk_nope_head_dim + config.qk_rope_head_dim;
  const latent = config.kv_lora_rank + config.qk_rope_head_dim;
  if (config.q_lora_rank === null) {
    tensors.set(`${at}.q_proj.weight`, [heads * qk, h]);
  } else {
    tensors.set(`${at}.q_a_proj.weight`, [config.q_lora_rank, h]);
    if (config.attention_bias) tensors.set(`${at}.q_a_proj.bias`, [config.q_lora_rank]);
    tensors.set(`${at}.q_a_layernorm.weight`, [config.q_lora_rank]);
    tensors.set(`${at}.q_b_proj.weight`, [heads * qk, config.q_lora_rank]);
  }
  tensors.set(`${at}.kv_a_proj_with_mqa.weight`, [latent, h]);
  if (config.attention_bias) tensors.set(`${at}.kv_a_proj_with_mqa.bias`, [latent]);
  tensors.set(`${at}.kv_a_layernorm.weight`, [config.kv_lora_rank]);
  tensors.set(`${at}.kv_b_proj.weight`, [heads * (config.qk_nope_head_dim + config.v_head_dim), config.kv_lora_rank]);
  tensors.set(`${at}.o_proj.weight`, [h, heads * config.v_head_dim]);
  if (config.attention_bias) tensors.set(`${at}.o_proj.bias`, [h]);
}

function addFeedForward(tensors: Map<string, Shape>, at: string, h: number, inner: number): void {
  tensors.set(`${at}.gate_proj.weight`, [inner, h]);
  tensors.set(`${at}.up_proj.weight`, [inner, h]);
  tensors.set(`${at}.down_proj.weight`, [h, inner]);
}

function addExperts(tensors: Map<string, Shape>, config: DeepSeekConfig, at: string): void {
  const { hidden_size: h, n_routed_experts: experts, moe_intermediate_size: inner } = config;
  tensors.set(`${at}.gate.weight`, [experts, h]);
  if (config.topk_method === "noaux_tc") tensors.set(`${at}.gate.e_score_correction_bias`, [experts]);
  tensors.set(`${at}.experts.gate_proj.weight`, [experts, inner, h]);
  tensors.set(`${at}.experts.up_proj.weight`, [experts, inner, h]);
  tensors.set(`${at}.experts.down_proj.weight`, [experts, h, inner]);
  // shared experts are one feed-forward of their joint width
  if (config.n_shared_experts > 0) addFeedForward(tensors, `${at}.shared_experts`, h, config.n_shared_experts * inner);
}

/** What published files carry beyond the model: copies of shared tables, old rotary tables, FP8 block scales. */
function isHarmless(config: ModelConfig, name: string): boolean {
  if (name === "lm_head.weight") return config.tie_word_embeddings;
  return name.endsWith("rotary_emb.inv_freq") || name.endsWith("_scale_inv") || isNextnName(config, name);
}

const sameShape = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((extent, i) => extent === b[i]);

const tensorError = (name: string, message: string): UserError =>
  new UserError(message, { param: name, type: "invalid_checkpoint" });
