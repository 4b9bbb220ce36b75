/** Tiny models that tests run: one of each shape the decoder has, small enough for the reference device. */
import type { Device } from "../kernels/kernels.ts";
import { Random } from "../random.ts";
import { type DeepSeekConfig, type GqaConfig, type ModelConfig, parseModelConfig } from "./config.ts";
import { Decoder } from "./decoder.ts";

/** MLA with a query latent, YaRN, 6 experts in 3 groups with bias and a shared one after a dense layer, two MTP modules. */
export const tinyV3 = (changes: Record<string, unknown> = {}): DeepSeekConfig =>
  parseModelConfig({
    model_type: "deepseek_v3",
    vocab_size: 23,
    hidden_size: 16,
    intermediate_size: 24,
    moe_intermediate_size: 8,
    num_hidden_layers: 2,
    first_k_dense_replace: 1,
    num_attention_heads: 2,
    q_lora_rank: 8,
    kv_lora_rank: 8,
    qk_nope_head_dim: 6,
    qk_rope_head_dim: 4,
    v_head_dim: 5,
    n_routed_experts: 6,
    n_shared_experts: 1,
    num_experts_per_tok: 2,
    n_group: 3,
    topk_group: 2,
    routed_scaling_factor: 1.5,
    num_nextn_predict_layers: 2,
    max_position_embeddings: 64,
    rope_scaling: {
      type: "yarn",
      factor: 4,
      original_max_position_embeddings: 16,
      beta_fast: 32,
      beta_slow: 1,
      mscale: 1,
      mscale_all_dim: 1,
    },
    ...changes,
  }) as DeepSeekConfig;

/** Grouped-query attention, tied embeddings, rotary halves. */
export const tinyLlama = (changes: Record<string, unknown> = {}): GqaConfig =>
  parseModelConfig({
    model_type: "llama",
    vocab_size: 23,
    hidden_size: 16,
    intermediate_size: 24,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    max_position_embeddings: 64,
    tie_word_embeddings: true,
    ...changes,
  }) as GqaConfig;

/** Biases of queries, keys and values, and three positions of view in the second layer. */
export const tinyQwen2 = (changes: Record<string, unknown> = {}): GqaConfig =>
  tinyLlama({ model_type: "qwen2", use_sliding_window: true, sliding_window: 3, max_window_layers: 1, ...changes });

/** Norms of heads, heads wider than their share of the hidden state, a head of its own. */
export const tinyQwen3 = (changes: Record<string, unknown> = {}): GqaConfig =>
  tinyLlama({ model_type: "qwen3", head_dim: 6, tie_word_embeddings: false, ...changes });

/** With weights large enough that every part of the model matters, biases that are not 0, and router biases that change choices. */
export async function tinyModel(config: ModelConfig, device: Device, seed = 1): Promise<Decoder> {
  const model = Decoder.create(config, device, Random.from(seed), { std: "fan_in", embeddingStd: 1, headStd: 0.3 });
  const random = Random.from(seed, "bias");
  for (const { name, buf } of model.parameters.values()) {
    const spread = name.endsWith("bias") ? 0.1 : name.endsWith("norm.weight") ? 0.3 : 0;
    if (spread === 0) continue;
    const values = await device.read(buf);
    device.write(
      buf,
      values.map((value) => value + spread * (2 * random.next() - 1)),
    );
  }
  return model;
}

/** Random token ids. */
export const randomIds = (count: number, vocabulary: number, seed: number): number[] => {
  const random = Random.from(seed, "ids");
  return Array.from({ length: count }, () => random.int(0, vocabulary - 1));
};
