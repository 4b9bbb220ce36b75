// Hugging Face's tensor names and GGUF's (gguf-py/gguf/constants.py), for every architecture read and written here. Experts are
// stacked on both sides; kv_b_proj has two halves of its own on GGUF's, which model.ts and write.ts join and split.

/** GGUF's name of a parameter (as modelParameters names it), null where it has none. */
export function ggufName(name: string): string | null {
  const fixed = FIXED[name];
  if (fixed !== undefined) return fixed;
  const match = /^model\.layers\.(\d+)\.(.+)\.(weight|bias)$/.exec(name);
  if (match !== null) {
    const module = BLOCK[match[2]];
    return module === undefined ? null : `blk.${match[1]}.${module}.${match[3]}`;
  }
  const router = /^model\.layers\.(\d+)\.mlp\.gate\.e_score_correction_bias$/.exec(name);
  return router === null ? null : `blk.${router[1]}.exp_probs_b.bias`;
}

/** The reverse of ggufName. */
export function parameterName(name: string): string | null {
  const fixed = FROM_FIXED.get(name);
  if (fixed !== undefined) return fixed;
  const match = /^blk\.(\d+)\.(.+)\.(weight|bias)$/.exec(name);
  if (match === null) return null;
  if (match[2] === "exp_probs_b") return `model.layers.${match[1]}.mlp.gate.e_score_correction_bias`;
  const module = FROM_BLOCK.get(match[2]);
  return module === undefined ? null : `model.layers.${match[1]}.${module}.${match[3]}`;
}

const FIXED: Readonly<Record<string, string>> = {
  "model.embed_tokens.weight": "token_embd.weight",
  "model.norm.weight": "output_norm.weight",
  "lm_head.weight": "output.weight",
};

/** The modules of a layer. */
const BLOCK: Readonly<Record<string, string>> = {
  input_layernorm: "attn_norm",
  post_attention_layernorm: "ffn_norm",
  "self_attn.q_proj": "attn_q",
  "self_attn.k_proj": "attn_k",
  "self_attn.v_proj": "attn_v",
  "self_attn.o_proj": "attn_output",
  "self_attn.q_norm": "attn_q_norm",
  "self_attn.k_norm": "attn_k_norm",
  "self_attn.q_a_proj": "attn_q_a",
  "self_attn.q_a_layernorm": "attn_q_a_norm",
  "self_attn.q_b_proj": "attn_q_b",
  "self_attn.kv_a_proj_with_mqa": "attn_kv_a_mqa",
  "self_attn.kv_a_layernorm": "attn_kv_a_norm",
  "self_attn.kv_b_proj": "attn_kv_b",
  "mlp.gate_proj": "ffn_gate",
  "mlp.up_proj": "ffn_up",
  "mlp.down_proj": "ffn_down",
  "mlp.gate": "ffn_gate_inp",
  "mlp.experts.gate_proj": "ffn_gate_exps",
  "mlp.experts.up_proj": "ffn_up_exps",
  "mlp.experts.down_proj": "ffn_down_exps",
  "mlp.shared_experts.gate_proj": "ffn_gate_shexp",
  "mlp.shared_experts.up_proj": "ffn_up_shexp",
  "mlp.shared_experts.down_proj": "ffn_down_shexp",
  eh_proj: "nextn.eh_proj",
  enorm: "nextn.enorm",
  hnorm: "nextn.hnorm",
  "shared_head.norm": "nextn.shared_head_norm",
};

const reversed = (table: Readonly<Record<string, string>>): ReadonlyMap<string, string> =>
  new Map(Object.entries(table).map(([ours, theirs]) => [theirs, ours]));

const FROM_FIXED = reversed(FIXED);
const FROM_BLOCK = reversed(BLOCK);
