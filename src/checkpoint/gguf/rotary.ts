// The order of rows that turn: side by side (x[2i], x[2i+1]) as llama.cpp's llama and deepseek2 have them, or in halves (x[i],
// x[i + d/2]) as its qwen2 and qwen3. Attention is the same either way as long as queries and keys agree.

/** Rows of one head: how many, and which of them turn. */
export interface HeadRows {
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
export function reorderRotary(data: Float32Array, heads: number, head: HeadRows, to: "pairs" | "halves"): Float32Array {
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
