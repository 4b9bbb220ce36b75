// A model's config written as the config.json that transformers, vLLM and llama.cpp's converter read.

import type { ModelConfig } from "./config.ts";

/** The config.json that transformers, vLLM and llama.cpp's converter read; parseModelConfig reads it back to an equal config. */
export function modelConfigToJson(
  config: ModelConfig,
  dtype: "float32" | "bfloat16" = "float32",
): Record<string, unknown> {
  const architecture = {
    llama: "LlamaForCausalLM",
    deepseek_v2: "DeepseekV2ForCausalLM",
    deepseek_v3: "DeepseekV3ForCausalLM",
  };
  const { eos_token_id: eos, rope_scaling: scaling, ...rest } = config;
  const written =
    scaling === null ? null : Object.fromEntries(Object.entries(scaling).filter(([, value]) => value !== null));
  return {
    architectures: [architecture[config.model_type]],
    ...rest,
    eos_token_id: eos.length === 0 ? null : eos.length === 1 ? eos[0] : [...eos],
    // `type` is the name older readers look for
    rope_scaling: scaling === null ? null : { ...written, type: scaling.rope_type },
    torch_dtype: dtype,
    use_cache: true,
  };
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
