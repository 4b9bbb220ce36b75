// GGUF metadata as the config.json that says the same, which parseModelConfig then checks like any other. The keys are those of
// llama.cpp (src/llama-arch.cpp, src/models/{llama,qwen2,qwen3,deepseek2}.cpp); where they mean something else than their names say, it
// is told at the spot.

import { UserError } from "../../error.ts";
import { type ModelConfig, parseModelConfig } from "../../model/config.ts";
import type { GgufFile } from "./file.ts";
import type { GgufMetadata } from "./metadata.ts";

/** The architectures that are read. */
export const GGUF_ARCHITECTURES = ["llama", "qwen2", "qwen3", "deepseek2"] as const;
export type GgufArchitecture = (typeof GGUF_ARCHITECTURES)[number];

/** `readFactors` gives the values of rope_freqs.weight. */
export type ReadFactors = () => Float32Array;

/** The model's config. @throws UserError naming the key that is missing or that this version does not support */
export function ggufConfig(
  file: Pick<GgufFile, "path" | "metadata" | "tensors">,
  readFactors: ReadFactors,
): ModelConfig {
  const architecture = file.metadata.string("general.architecture");
  if (!(GGUF_ARCHITECTURES as readonly string[]).includes(architecture)) {
    throw unsupported(
      file.metadata,
      "general.architecture",
      `is ${architecture}, and supported are ${GGUF_ARCHITECTURES.join(", ")}`,
    );
  }
  const keys = new ArchitectureKeys(file.metadata, architecture);
  const embedding = file.tensors.get("token_embd.weight");
  if (embedding === undefined) {
    throw new UserError(`${file.path} holds no tensor token_embd.weight, so it is no language model's weights.`, {
      param: "token_embd.weight",
      type: "invalid_checkpoint",
    });
  }
  // rows there are, whatever the metadata say: vocabularies are padded
  const vocab = embedding.shape[0];
  const common = {
    hidden_size: keys.count("embedding_length"),
    intermediate_size: keys.uniform("feed_forward_length"),
    num_attention_heads: keys.uniform("attention.head_count"),
    vocab_size: vocab,
    rms_norm_eps: keys.number("attention.layer_norm_rms_epsilon"),
    rope_theta: keys.number("rope.freq_base", 10000),
    max_position_embeddings: keys.count("context_length"),
    tie_word_embeddings: !file.tensors.has("output.weight"),
    ...tokenIds(file.metadata, vocab),
  };
  const json =
    architecture === "deepseek2"
      ? { ...common, ...latentFields(keys, file, common.num_attention_heads) }
      : { ...common, ...groupedFields(architecture as "llama", keys, file, readFactors) };
  return parseModelConfig(json, file.path);
}

/** Reads `<architecture>.<key>`. */
class ArchitectureKeys {
  readonly metadata: GgufMetadata;
  readonly #prefix: string;

  constructor(metadata: GgufMetadata, architecture: string) {
    this.metadata = metadata;
    this.#prefix = architecture;
  }

  name(key: string): string {
    return `${this.#prefix}.${key}`;
  }

  has(key: string): boolean {
    return this.metadata.has(this.name(key));
  }

  string(key: string, otherwise: string): string {
    return this.metadata.string(this.name(key), otherwise);
  }

  count(key: string, otherwise?: number): number {
    return this.metadata.count(this.name(key), otherwise);
  }

  /** A float32 as the shortest decimal that rounds to it: 1e-5, not 0.000009999999747378752. */
  number(key: string, otherwise?: number): number {
    return shortest(this.metadata.number(this.name(key), otherwise));
  }

  boolean(key: string, otherwise: boolean): boolean {
    return this.metadata.boolean(this.name(key), otherwise);
  }

  /** A number, or a list of one for each layer whose entries are all the same. */
  uniform(key: string, otherwise?: number): number {
    const value = this.metadata.get(this.name(key));
    if (typeof value !== "object") return this.count(key, otherwise);
    const list = Array.from(this.metadata.numbers(this.name(key)));
    if (list.length === 0 || list.some((one) => one !== list[0])) {
      throw this.unsupported(key, "differs from layer to layer, which is not supported");
    }
    return list[0];
  }

  unsupported(key: string, what: string): UserError {
    return unsupported(this.metadata, this.name(key), what);
  }
}

const unsupported = (metadata: GgufMetadata, key: string, what: string): UserError =>
  new UserError(`${metadata.file}: the metadata key ${key} ${what}; take another model or file.`, {
    param: key,
    type: "unsupported_model",
  });

/** The shortest decimal that rounds to the same float32. */
export function shortest(value: number): number {
  const single = Math.fround(value);
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(single.toPrecision(digits));
    if (Math.fround(short) === single) return short;
  }
  return value;
}

function tokenIds(metadata: GgufMetadata, vocab: number) {
  const id = (name: string): number | null => {
    const key = `tokenizer.ggml.${name}_token_id`;
    const value = metadata.has(key) ? metadata.number(key) : -1;
    return value >= 0 && value < vocab ? value : null; // -1 and the like mean none
  };
  const ends = [id("eos"), id("eot"), id("eom")].filter((one) => one !== null);
  return { bos_token_id: id("bos"), eos_token_id: [...new Set(ends)], pad_token_id: id("padding") };
}

function groupedFields(
  architecture: "llama" | "qwen2" | "qwen3",
  keys: ArchitectureKeys,
  { tensors }: Pick<GgufFile, "tensors">,
  readFactors: ReadFactors,
) {
  if (keys.count("expert_count", 0) > 0)
    throw keys.unsupported("expert_count", "says it has experts, which is not supported");
  const heads = keys.uniform("attention.head_count");
  const headDim = keys.count("attention.key_length", keys.count("embedding_length") / heads);
  const turned = keys.count("rope.dimension_count", headDim);
  if (turned !== headDim) {
    throw keys.unsupported(
      "rope.dimension_count",
      `is ${turned} of ${headDim}, and heads that turn in part are not supported`,
    );
  }
  if (keys.count("attention.value_length", headDim) !== headDim) {
    throw keys.unsupported(
      "attention.value_length",
      `is not the width of the keys, ${headDim}, which is not supported`,
    );
  }
  for (const name of ["rope_factors_long.weight", "rope_factors_short.weight"]) {
    if (tensors.has(name)) throw keys.unsupported("rope.scaling.type", "is longrope, which is not supported");
  }
  return {
    model_type: architecture,
    num_hidden_layers: keys.count("block_count"),
    num_key_value_heads: keys.uniform("attention.head_count_kv", heads),
    head_dim: headDim,
    attention_bias: tensors.has("blk.0.attn_q.bias"),
    mlp_bias: tensors.has("blk.0.ffn_gate.bias"),
    // llama.cpp's converter puts the pairs of llama side by side; said here, so that rows need not be moved back
    rope_interleave: architecture === "llama",
    rope_scaling: groupedScaling(keys),
    rope_factors: tensors.has("rope_freqs.weight") ? Array.from(readFactors(), shortest) : null,
    ...(architecture === "llama" ? {} : sliding(keys)),
  };
}

function sliding(keys: ArchitectureKeys) {
  const window = keys.count("attention.sliding_window", 0);
  if (window > 0)
    throw keys.unsupported(
      "attention.sliding_window",
      `is ${window}, and sliding windows in GGUF files are not supported`,
    );
  return { use_sliding_window: false };
}

function groupedScaling(keys: ArchitectureKeys): Record<string, unknown> | null {
  const factor = keys.number("rope.scaling.factor", keys.number("rope.scale_linear", 1));
  const kind = keys.string("rope.scaling.type", "linear");
  if (kind === "none" || factor === 1 || factor === 0) return null;
  if (kind === "linear") return { rope_type: "linear", factor };
  const yarn = yarnFields(keys, kind, factor);
  // llama.cpp multiplies what the key says by the usual 1 + 0.1 ln(factor)
  const own = keys.number("rope.scaling.attn_factor", 1);
  return own === 1 ? yarn : { ...yarn, attention_factor: own * (1 + 0.1 * Math.log(factor)) };
}

function yarnFields(keys: ArchitectureKeys, kind: string, factor: number): Record<string, unknown> {
  if (kind !== "yarn")
    throw keys.unsupported("rope.scaling.type", `is ${kind}, and supported are yarn, linear and none`);
  if (keys.number("rope.scaling.yarn_ext_factor", 1) !== 1) {
    throw keys.unsupported("rope.scaling.yarn_ext_factor", "is not 1, which is not supported");
  }
  return {
    rope_type: "yarn",
    factor,
    original_max_position_embeddings: keys.count("rope.scaling.original_context_length", keys.count("context_length")),
    beta_fast: keys.number("rope.scaling.yarn_beta_fast", 32),
    beta_slow: keys.number("rope.scaling.yarn_beta_slow", 1),
  };
}

function latentFields(keys: ArchitectureKeys, { tensors }: Pick<GgufFile, "tensors">, heads: number) {
  // with attn_k_b the file says MLA's numbers under names of their own, and key_length is that of the cache
  const split = keys.has("attention.key_length_mla");
  const rope = keys.count("rope.dimension_count");
  const key = keys.count(split ? "attention.key_length_mla" : "attention.key_length");
  if (key <= rope) throw keys.unsupported("rope.dimension_count", `is ${rope}, more than a key of ${key} has`);
  const experts = keys.count("expert_count", 0);
  const groups = keys.count("expert_group_count", 1);
  const biased = [...tensors.keys()].some((name) => name.endsWith(".exp_probs_b.bias"));
  const sigmoid = gating(keys) === "sigmoid";
  return {
    model_type: sigmoid ? "deepseek_v3" : "deepseek_v2",
    ...layerCounts(keys, tensors),
    // the file says 1, since the cache is shared by all heads
    num_key_value_heads: heads,
    q_lora_rank: keys.count("attention.q_lora_rank", 0) || null,
    kv_lora_rank: keys.count("attention.kv_lora_rank"),
    qk_nope_head_dim: key - rope,
    qk_rope_head_dim: rope,
    v_head_dim: keys.count(split ? "attention.value_length_mla" : "attention.value_length"),
    first_k_dense_replace: keys.count("leading_dense_block_count", 0),
    n_routed_experts: experts,
    n_shared_experts: keys.count("expert_shared_count", 0),
    num_experts_per_tok: experts === 0 ? 0 : keys.uniform("expert_used_count"),
    moe_intermediate_size: experts === 0 ? null : keys.uniform("expert_feed_forward_length"),
    n_group: groups,
    topk_group: keys.count("expert_group_used_count", groups),
    topk_method: biased ? "noaux_tc" : groups > 1 ? "group_limited_greedy" : "greedy",
    scoring_func: sigmoid ? "sigmoid" : "softmax",
    norm_topk_prob: keys.boolean("expert_weights_norm", false),
    routed_scaling_factor: keys.number("expert_weights_scale", 0) || 1,
    rope_interleave: true,
    rope_scaling: latentScaling(keys),
  };
}

function gating(keys: ArchitectureKeys): "sigmoid" | "softmax" {
  const kind = keys.count("expert_gating_func", 0);
  if (kind > 2)
    throw keys.unsupported("expert_gating_func", `is ${kind}, and supported are 1 (softmax) and 2 (sigmoid)`);
  return kind === 2 ? "sigmoid" : "softmax"; // V2's files say nothing
}

/** block_count counts the multi-token-prediction blocks too; older files left these out, or wrote them past it. */
function layerCounts(keys: ArchitectureKeys, tensors: GgufFile["tensors"]) {
  const blocks = keys.count("block_count");
  const modules = keys.count("nextn_predict_layers", 0);
  for (const layers of [blocks - modules, blocks]) {
    if (modules > 0 && tensors.has(`blk.${layers}.nextn.eh_proj.weight`)) {
      return { num_hidden_layers: layers, num_nextn_predict_layers: modules };
    }
  }
  const whole = tensors.has(`blk.${blocks - 1}.attn_norm.weight`);
  return { num_hidden_layers: whole ? blocks : blocks - modules, num_nextn_predict_layers: 0 };
}

function latentScaling(keys: ArchitectureKeys): Record<string, unknown> | null {
  const factor = keys.number("rope.scaling.factor", 1);
  const kind = keys.string("rope.scaling.type", "linear");
  if (kind === "none" || factor === 1 || factor === 0) return null;
  if (kind === "linear") return { rope_type: "linear", factor };
  // the converter writes 0.1 x mscale_all_dim, and llama.cpp takes mscale for the same
  const mscale = shortest(10 * keys.number("rope.scaling.yarn_log_multiplier", 0));
  return { ...yarnFields(keys, kind, factor), mscale, mscale_all_dim: mscale };
}
