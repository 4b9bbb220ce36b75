/** The students' shapes: dense, narrower than the teacher, of the two architectures the paper distilled into. */
import { type GqaConfig, type ModelConfig, parseModelConfig } from "../../model/config.ts";

const HEAD = 16;

/** Three quarters of the teacher's width, in heads of 16 of which two share their keys where they can; as many layers, none of experts. */
export function studentConfig(shape: "llama" | "qwen2", teacher: ModelConfig): GqaConfig {
  const heads = Math.max(2, Math.floor((0.75 * teacher.hidden_size) / HEAD));
  return parseModelConfig({
    model_type: shape,
    hidden_size: heads * HEAD,
    intermediate_size: 2 * heads * HEAD,
    num_hidden_layers: teacher.num_hidden_layers,
    num_attention_heads: heads,
    num_key_value_heads: heads % 2 === 0 ? heads / 2 : heads,
    vocab_size: teacher.vocab_size,
    rms_norm_eps: teacher.rms_norm_eps,
    rope_theta: teacher.rope_theta,
    max_position_embeddings: teacher.max_position_embeddings,
    tie_word_embeddings: false,
    bos_token_id: teacher.bos_token_id,
    eos_token_id: teacher.eos_token_id,
    pad_token_id: teacher.pad_token_id,
  }) as GqaConfig;
}
