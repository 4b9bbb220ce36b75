// The contradictions in a config that no single field shows.

import type { DeepSeekConfig, GqaConfig, ModelConfig } from "./config-types.ts";
import { badField } from "./fields.ts";

type Refuse = (field: string, value: unknown, remedy: string) => never;

/** The config itself. @throws UserError naming the field that contradicts another */
export function checkedConfig<C extends ModelConfig>(config: C, file: string): C {
  const no: Refuse = (field, value, remedy) => {
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
  if (c.attention === "gqa") checkGrouped(c, no);
  else checkLatent(c, no);
  return config;
}

function checkGrouped(c: GqaConfig, no: Refuse): void {
  if (c.num_attention_heads % c.num_key_value_heads !== 0) {
    no("num_key_value_heads", c.num_key_value_heads, `it must divide num_attention_heads ${c.num_attention_heads}`);
  }
  if (c.head_dim % 2 !== 0) no("head_dim", c.head_dim, "rotary embedding turns pairs, so it must be even");
  if (c.layer_types.length !== c.num_hidden_layers)
    no("layer_types", c.layer_types.length, `it needs one entry for each of ${c.num_hidden_layers} layers`);
  if (c.sliding_window === null && c.layer_types.includes("sliding_attention"))
    no("sliding_window", null, "layer_types has sliding_attention, so put the width of the window there");
}

function checkLatent(c: DeepSeekConfig, no: Refuse): void {
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
}

/** In all layers together; DeepSeek-V3 has 15,616. */
const MOST_EXPERTS = 1_000_000;

function checkRouter(c: DeepSeekConfig, no: Refuse): void {
  const all = c.num_hidden_layers * c.n_routed_experts;
  if (all > MOST_EXPERTS)
    no("n_routed_experts", c.n_routed_experts, `that makes ${all} experts, more than any model has`);
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
