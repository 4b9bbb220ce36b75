// The order of rows that turn: side by side (x[2i], x[2i+1]) as llama.cpp's llama and deepseek2 have them, or in halves (x[i],
// x[i + d/2]) as its qwen2 and qwen3. Attention is the same either way as long as queries and keys agree.

import type { ModelConfig } from "../../model/config.ts";

/** A parameter's values with the rows that turn side by side (`pairs`) or in halves, whatever the config has; the same array where nothing moves. */
export function reorderedParameter(
  config: ModelConfig,
  name: string,
  values: Float32Array,
  to: "pairs" | "halves",
): Float32Array {
  if ((to === "pairs") === config.rope_interleave) return values;
  const turning = turningRows(config, name);
  return turning === null ? values : reorderRotary(values, turning.heads, turning, to);
}

/** Rows of one head: how many, and which of them turn. */
interface HeadRows {
  /** Rows a head has. */
  readonly rows: number;
  /** The first row that turns, and how many do. */
  readonly from: number;
  readonly turning: number;
}

/**
 * A copy of `data` (heads x head.rows, inputs) with every head's turning rows moved from halves to pairs, or back. A bias or a norm
 * is a matrix of one input.
 */
function reorderRotary(data: Float32Array, heads: number, head: HeadRows, to: "pairs" | "halves"): Float32Array {
  const inputs = data.length / (heads * head.rows);
  const out = data.slice();
  const half = head.turning / 2;
  for (let h = 0; h < heads; h++) {
    const start = h * head.rows + head.from;
    for (let i = 0; i < head.turning; i++) {
      // where row i of the pairs lies among the halves
      const inHalves = (i & 1) * half + (i >> 1);
      const [source, target] = to === "pairs" ? [inHalves, i] : [i, inHalves];
      const at = (start + source) * inputs;
      out.set(data.subarray(at, at + inputs), (start + target) * inputs);
    }
  }
  return out;
}

function turningRows(config: ModelConfig, name: string): (HeadRows & { readonly heads: number }) | null {
  const module = /\.self_attn\.(\w+)\.(?:weight|bias)$/.exec(name)?.[1];
  if (config.attention === "gqa") {
    const heads = { q_proj: config.num_attention_heads, k_proj: config.num_key_value_heads, q_norm: 1, k_norm: 1 }[
      module ?? ""
    ];
    return heads === undefined ? null : { heads, rows: config.head_dim, from: 0, turning: config.head_dim };
  }
  const { qk_nope_head_dim: nope, qk_rope_head_dim: turning, kv_lora_rank: rank } = config;
  switch (module) {
    case "q_proj":
    case "q_b_proj":
      return { heads: config.num_attention_heads, rows: nope + turning, from: nope, turning };
    case "kv_a_proj_with_mqa":
      return { heads: 1, rows: rank + turning, from: rank, turning };
    default:
      return null;
  }
}
