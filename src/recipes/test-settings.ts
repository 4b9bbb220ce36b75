// Settings that make the smoke preset's model so small that a test's step takes milliseconds.

export const TINY_MODEL: readonly string[] = [
  "model.hidden_size=32",
  "model.num_hidden_layers=2",
  "model.intermediate_size=64",
  "model.num_attention_heads=2",
  "model.num_key_value_heads=2",
  "model.kv_lora_rank=16",
  "model.v_head_dim=16",
  "model.moe_intermediate_size=16",
];
