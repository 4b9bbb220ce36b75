/** Very small models of both architectures for tests: every feature of the configs in use, random weights. */
import { saveModelFolder } from "../checkpoint/folder.ts";
import type { Device } from "../kernels/kernels.ts";
import { type ModelConfig, parseModelConfig } from "../model/config.ts";
import { Decoder } from "../model/decoder.ts";
import { Random } from "../random.ts";
import { characterTokenizerConfig, characterTokenizerJson } from "../text/character-tokenizer.ts";
import { BUNDLED_TEMPLATE } from "../text/template.ts";

const common = {
  vocab_size: 112,
  hidden_size: 32,
  intermediate_size: 48,
  num_hidden_layers: 3,
  num_attention_heads: 4,
  max_position_embeddings: 256,
  rms_norm_eps: 1e-6,
  rope_theta: 10000,
  tie_word_embeddings: false,
  hidden_act: "silu",
  eos_token_id: 1,
  bos_token_id: 0,
};

/** DeepSeek-V3 with query latent, groups and a shared expert, and grouped-query Llama with tied embeddings. */
export const tinyConfigs: Readonly<Record<"deepseek_v3" | "llama", ModelConfig>> = {
  deepseek_v3: parseModelConfig({
    ...common,
    model_type: "deepseek_v3",
    num_key_value_heads: 4,
    q_lora_rank: 24,
    kv_lora_rank: 16,
    qk_nope_head_dim: 8,
    qk_rope_head_dim: 4,
    v_head_dim: 8,
    first_k_dense_replace: 1,
    n_routed_experts: 8,
    n_shared_experts: 1,
    num_experts_per_tok: 3,
    moe_intermediate_size: 16,
    n_group: 4,
    topk_group: 2,
    routed_scaling_factor: 2.5,
    scoring_func: "sigmoid",
    topk_method: "noaux_tc",
    norm_topk_prob: true,
  }),
  llama: parseModelConfig({ ...common, model_type: "llama", num_key_value_heads: 2, tie_word_embeddings: true }),
};

/** What the other dense architectures add: biases and a window in the later layers, norms of heads. Of the same sizes. */
export const denseVariants: Readonly<Record<"qwen2" | "qwen3", ModelConfig>> = {
  qwen2: parseModelConfig({
    ...common,
    model_type: "qwen2",
    num_key_value_heads: 2,
    use_sliding_window: true,
    sliding_window: 9,
    max_window_layers: 1,
  }),
  qwen3: parseModelConfig({ ...common, model_type: "qwen3", num_key_value_heads: 1, head_dim: 12 }),
};

/** Weights wide enough that the distributions are neither flat nor certain. */
export const tinyDecoder = (config: ModelConfig, device: Device, seed = 1): Decoder =>
  Decoder.create(config, device, Random.from(seed), { std: 0.3, embeddingStd: 1 });

/** Writes a tiny model that answers nonsense, with the bundled model's tokenizer and template. */
export async function saveTinyModel(
  folder: string,
  device: Device,
  generationConfig: Readonly<Record<string, unknown>> = { do_sample: true, temperature: 1 },
): Promise<void> {
  const config = tinyConfigs.deepseek_v3;
  const decoder = tinyDecoder(config, device);
  await saveModelFolder(folder, {
    config,
    tensors: await decoder.exportTensors(),
    dtype: "F32",
    tokenizer: characterTokenizerJson(),
    tokenizerConfig: characterTokenizerConfig(BUNDLED_TEMPLATE, config.max_position_embeddings),
    chatTemplate: BUNDLED_TEMPLATE,
    generationConfig,
  });
  decoder.free();
}
