// A model's config written as the config.json that transformers, vLLM and llama.cpp's converter read.

import type { GqaConfig, ModelConfig } from "./config.ts";

/** The config.json that transformers, vLLM and llama.cpp's converter read; parseModelConfig reads it back to an equal config. */
export function modelConfigToJson(
  config: ModelConfig,
  dtype: "float32" | "bfloat16" = "float32",
): Record<string, unknown> {
  const { attention: _, eos_token_id: eos, ...rest } = config;
  return {
    architectures: [ARCHITECTURES[config.model_type]],
    ...rest,
    ...(config.attention === "gqa" ? gqaFields(config) : {}),
    eos_token_id: eos.length === 0 ? null : eos.length === 1 ? eos[0] : [...eos],
    ...ropeFields(config),
    torch_dtype: dtype,
    use_cache: true,
  };
}

const ARCHITECTURES = {
  llama: "LlamaForCausalLM",
  mistral: "MistralForCausalLM",
  qwen2: "Qwen2ForCausalLM",
  qwen3: "Qwen3ForCausalLM",
  deepseek_v2: "DeepseekV2ForCausalLM",
  deepseek_v3: "DeepseekV3ForCausalLM",
};

/** What is ours alone goes (undefined is not written); which layers slide is said in the older words too. */
function gqaFields({ model_type, attention_bias, layer_types, sliding_window, mlp_bias }: GqaConfig) {
  const qwen = model_type === "qwen2" || model_type === "qwen3";
  const first = layer_types.indexOf("sliding_attention");
  return {
    output_bias: undefined,
    qk_norm: undefined,
    attention_bias: model_type === "llama" || model_type === "qwen3" ? attention_bias : undefined,
    mlp_bias: model_type === "llama" ? mlp_bias : undefined,
    sliding_window: model_type === "llama" ? undefined : sliding_window,
    use_sliding_window: qwen ? sliding_window !== null : undefined,
    max_window_layers: qwen ? (first < 0 ? layer_types.length : first) : undefined,
    layer_types: qwen ? layer_types : undefined,
  };
}

/** Factors of single pairs become LongRoPE with one list for every length, the words transformers has for them. */
function ropeFields({ rope_scaling: scaling, rope_factors: factors, max_position_embeddings }: ModelConfig) {
  if (factors !== null) {
    const by = scaling?.rope_type === "linear" ? scaling.factor : 1;
    const all = factors.map((factor) => factor * by);
    const longrope = { rope_type: "longrope", short_factor: all, long_factor: all, factor: 1, attention_factor: 1 };
    const original_max_position_embeddings = max_position_embeddings;
    return {
      rope_factors: undefined,
      rope_scaling: { ...longrope, original_max_position_embeddings, type: "longrope" },
    };
  }
  if (scaling === null) return { rope_factors: undefined, rope_scaling: null };
  const written = Object.fromEntries(Object.entries(scaling).filter(([, value]) => value !== null));
  // `type` is the name older readers look for
  return { rope_factors: undefined, rope_scaling: { ...written, type: scaling.rope_type } };
}

/**
 * The text of config.json. Numbers that are fractions by nature keep a point (1.0): transformers checks types, and to Python 1 is
 * not a float, while JavaScript knows no difference.
 */
export function modelConfigText(config: ModelConfig, dtype: "float32" | "bfloat16" = "float32"): string {
  const text = JSON.stringify(modelConfigToJson(config, dtype), null, 2);
  return `${text.replace(FLOAT_FIELDS, "$1.0")}\n`;
}

const FLOAT_FIELDS =
  /("(?:rms_norm_eps|rope_theta|initializer_range|routed_scaling_factor|factor|beta_fast|beta_slow|mscale|mscale_all_dim|attention_factor|low_freq_factor|high_freq_factor)": -?\d+)(?=[,\n])/g;
