// What opening any model gives, whatever it is stored as: config, tensors by Hugging Face's names, where the vocabulary is.

import type { BlockReader } from "../kernels/blocks/reader.ts";
import type { GgmlType } from "../kernels/blocks/types.ts";
import type { ModelConfig } from "../model/config.ts";
import type { GgufMetadata } from "./gguf/metadata.ts";
import type { Shape } from "./names.ts";

/** A tensor as the model holds it (experts stacked) and as the file stores it. */
export interface StoredTensor {
  /** Hugging Face's name, as modelParameters has it. */
  readonly name: string;
  readonly shape: Shape;
  /** The format in the file: a GgmlType, or safetensors' name (F8_E4M3, ...) in a folder. */
  readonly type: string;
  /** Bytes it takes in the file. */
  readonly bytes: number;
}

/** A weight in the blocks it is stored in, row after row: `stacked` matrices (1 for an ordinary weight) of (outputs, inputs). */
export interface BlockTensor {
  readonly type: GgmlType;
  readonly outputs: number;
  readonly inputs: number;
  readonly stacked: number;
  /** stacked x outputs x (inputs / block's elements) blocks, read from the file as they are asked for, until the source is closed. */
  readonly blocks: BlockReader;
}

/** The halves of kv_b_proj as absorbed latent attention takes them; `type` can be F32 here too. */
export interface LatentHalves {
  /** stacked heads, outputs kv_lora_rank, inputs qk_nope_head_dim: the keys' rows, transposed. */
  readonly k: BlockTensor;
  /** stacked heads, outputs v_head_dim, inputs kv_lora_rank. */
  readonly v: BlockTensor;
}

export type TokenizerSource =
  /** The path of a tokenizer.json; its tokenizer_config.json lies beside it where there is one. */
  | { readonly kind: "file"; readonly path: string }
  /** Keys tokenizer.ggml.*. */
  | { readonly kind: "gguf"; readonly metadata: GgufMetadata };

/** A model that was opened. Close it when its weights have been read. */
export interface ModelSource {
  /** The name a person knows it by: of a folder or a run its own name, of a file the name without .gguf. */
  readonly name: string;
  /** The folder (of a run: its newest checkpoint) or the file, the first one of a split model. */
  readonly path: string;
  readonly kind: "folder" | "gguf";
  readonly config: ModelConfig;
  /** generation_config.json, or what a GGUF file says under general.sampling; {} where there is nothing. */
  readonly generationConfig: Readonly<Record<string, unknown>>;
  readonly tokenizer: TokenizerSource | null;
  /** The Jinja template; null where the model has none. */
  readonly chatTemplate: string | null;
  /** The template to use where tools are given, where the model has a separate one; else null. */
  readonly toolChatTemplate: string | null;
  /** The format most of the weights are in: F32, BF16, F8_E4M3, Q4_1, Q4_K_M, ... */
  readonly quantization: string;
  /** Size of the weights' files. */
  readonly fileBytes: number;
  /** Every tensor of the model, in the order of modelParameters. */
  tensors(): readonly StoredTensor[];
  /** A tensor as float32, experts stacked, into `into` where given. @throws UserError */
  readTensor(name: string, into?: Float32Array): Float32Array;
  /**
   * A matrix in the blocks it is stored in, without going through float32; `type` can be F16 or BF16 too (blocks of one). null for
   * what is stored as F32 or in a format that has no blocks, for vectors (norms, biases), and for what a file stores in another
   * arrangement than the model's (kv_b_proj of a deepseek2 GGUF file): readTensor gives those. @throws UserError
   */
  readBlocks(name: string): BlockTensor | null;
  /** Of a kv_b_proj.weight that the file stores in two halves (GGUF's attn_k_b, attn_v_b) these, else null. @throws UserError */
  readLatentHalves(name: string): LatentHalves | null;
  close(): void;
}
