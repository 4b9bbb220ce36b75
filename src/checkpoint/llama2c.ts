// Reads llama2.c's model files (karpathy/llama2.c, version 0: seven int32, then float32 tensors kind by kind over all layers)
// into a llama config and Hugging Face names. Its rotary pairs are neighbours, which the config says as rope_interleave.

import fs from "node:fs";
import { UserError } from "../error.ts";
import type { GqaConfig } from "../model/config.ts";
import { parseModelConfig } from "../model/config.ts";

export interface Llama2c {
  readonly config: GqaConfig;
  /** Hugging Face names; every tensor is a view on one buffer. */
  readonly tensors: ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: Float32Array }>;
}

/** Reads a llama2.c .bin checkpoint. @throws UserError where the header and the file's size do not agree. */
export function readLlama2c(file: string): Llama2c {
  let bytes: Buffer;
  try {
    bytes = fs.readFileSync(file);
  } catch (error) {
    throw new UserError(`${file} cannot be read (${(error as Error).message}); check the path.`, {
      param: file,
      cause: error,
    });
  }
  const fail = (what: string): UserError =>
    new UserError(`${file} is not a llama2.c version 0 checkpoint: ${what}.`, {
      param: file,
      type: "invalid_checkpoint",
    });
  if (bytes.length < HEADER_BYTES) throw fail(`it has only ${bytes.length} bytes`);
  const [dim, hidden, layers, heads, kvHeads, signedVocab, positions] = Array.from({ length: 7 }, (_, i) =>
    bytes.readInt32LE(4 * i),
  );
  const vocab = Math.abs(signedVocab);
  const numbers = [dim, hidden, layers, heads, kvHeads, vocab, positions];
  if (numbers.some((n) => n <= 0) || dim % heads !== 0 || heads % kvHeads !== 0)
    throw fail(`its header reads ${numbers.join(", ")}`);
  const headDim = dim / heads;
  const kv = kvHeads * headDim;
  // [kind, shape of one layer]; kinds lie one after the other, each over all layers
  const kinds: readonly (readonly [string, readonly number[]])[] = [
    ["input_layernorm.weight", [dim]],
    ["self_attn.q_proj.weight", [dim, dim]],
    ["self_attn.k_proj.weight", [kv, dim]],
    ["self_attn.v_proj.weight", [kv, dim]],
    ["self_attn.o_proj.weight", [dim, dim]],
    ["post_attention_layernorm.weight", [dim]],
    ["mlp.gate_proj.weight", [hidden, dim]],
    ["mlp.down_proj.weight", [dim, hidden]],
    ["mlp.up_proj.weight", [hidden, dim]],
  ];
  const perLayer = kinds.reduce((total, [, shape]) => total + product(shape), 0);
  const rotary = positions * headDim; // cos and sin tables, recomputed by the reader
  const shared = signedVocab > 0; // a negative vocabulary says the output head is its own tensor
  const floats = vocab * dim + layers * perLayer + dim + rotary + (shared ? 0 : vocab * dim);
  if (bytes.length !== HEADER_BYTES + 4 * floats) {
    throw fail(`its header calls for ${HEADER_BYTES + 4 * floats} bytes but the file has ${bytes.length}`);
  }
  const values = new Float32Array(bytes.buffer.slice(bytes.byteOffset + HEADER_BYTES, bytes.byteOffset + bytes.length));
  const tensors = new Map<string, { shape: readonly number[]; data: Float32Array }>();
  let at = 0;
  const take = (name: string, shape: readonly number[]): void => {
    tensors.set(name, { shape, data: values.subarray(at, at + product(shape)) });
    at += product(shape);
  };
  take("model.embed_tokens.weight", [vocab, dim]);
  for (const [kind, shape] of kinds)
    for (let layer = 0; layer < layers; layer++) take(`model.layers.${layer}.${kind}`, shape);
  take("model.norm.weight", [dim]);
  at += rotary;
  if (!shared) take("lm_head.weight", [vocab, dim]);
  const config = parseModelConfig(
    {
      model_type: "llama",
      hidden_size: dim,
      intermediate_size: hidden,
      num_hidden_layers: layers,
      num_attention_heads: heads,
      num_key_value_heads: kvHeads,
      vocab_size: vocab,
      max_position_embeddings: positions,
      rms_norm_eps: 1e-5,
      rope_theta: 10000,
      rope_interleave: true,
      tie_word_embeddings: shared,
      bos_token_id: 1,
      eos_token_id: 2,
    },
    file,
  ) as GqaConfig;
  return { config, tensors };
}

const HEADER_BYTES = 28;

const product = (shape: readonly number[]): number => shape.reduce((total, extent) => total * extent, 1);
