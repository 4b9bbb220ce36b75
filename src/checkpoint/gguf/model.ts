// A GGUF file as a ModelSource: parameters under Hugging Face's names, as float32 or in the blocks they are stored in.

import path from "node:path";
import { UserError } from "../../error.ts";
import { dequantize } from "../../kernels/blocks/dequantize.ts";
import { blockBytes } from "../../kernels/blocks/types.ts";
import type { DeepSeekConfig, ModelConfig } from "../../model/config.ts";
import { mostlyStoredAs } from "../folder-source.ts";
import type { BlockTensor, LatentHalves, ModelSource, StoredTensor } from "../model-source.ts";
import { modelParameters, type Shape } from "../names.ts";
import { ggufConfig, shortest } from "./config.ts";
import { type GgufFile, type GgufTensor, openGguf } from "./file.ts";
import { FILE_TYPES } from "./file-types.ts";
import type { GgufMetadata } from "./metadata.ts";
import { ggufName } from "./names.ts";

/**
 * Opens a GGUF file, or the first of a split model, and checks that its tensors are those its metadata call for.
 * @throws UserError with the one thing that is wrong
 */
export function openGgufModel(file: string): ModelSource {
  const gguf = openGguf(file);
  try {
    const config = ggufConfig(gguf, () => readFactors(gguf));
    const places = findTensors(gguf, config);
    const parameters = modelParameters(config);
    const tensors = [...places].map(([name, place]): StoredTensor => {
      const bytes = place.pieces.reduce((sum, piece) => sum + piece.bytes * place.share, 0);
      return { name, shape: parameters.get(name)!, type: place.pieces[0].type, bytes };
    });
    const place = (name: string): Place => {
      const found = places.get(name);
      if (found !== undefined) return found;
      throw new UserError(`${file} holds no parameter named ${name}; check that it belongs to this model.`, {
        param: name,
        type: "invalid_checkpoint",
      });
    };
    const template = gguf.metadata.string("tokenizer.chat_template", "");
    const toolTemplate = gguf.metadata.string("tokenizer.chat_template.tool_use", "");
    return {
      name: nameOf(file),
      path: file,
      kind: "gguf",
      config,
      generationConfig: generationConfig(gguf.metadata),
      tokenizer: gguf.metadata.has("tokenizer.ggml.tokens") ? { kind: "gguf", metadata: gguf.metadata } : null,
      chatTemplate: template === "" ? null : template,
      toolChatTemplate: toolTemplate === "" ? null : toolTemplate,
      quantization: FILE_TYPES[gguf.metadata.count("general.file_type", UNSTATED)] ?? mostlyStoredAs(tensors),
      fileBytes: gguf.fileBytes,
      tensors: () => tensors,
      readTensor: (name, into) => readTensor(gguf, config, place(name), parameters.get(name)!, into, name),
      readBlocks: (name) => readBlocks(gguf, place(name), parameters.get(name)!),
      readLatentHalves: (name) => readLatentHalves(gguf, place(name)),
      close: () => gguf.close(),
    };
  } catch (error) {
    gguf.close();
    throw error;
  }
}

const UNSTATED = 1e6;

/** Where a parameter lies in the file. */
interface Place {
  /** One tensor, or attn_k_b and attn_v_b. */
  readonly pieces: readonly GgufTensor[];
  /** The part of every expert's rows this parameter has of a fused tensor: 1 all of them, 0.5 half. */
  readonly share: 0.5 | 1;
  /** Which half, 0 or 1. */
  readonly half: 0 | 1;
}

/** Tensors that are no parameters of their own: factors of the rotation, and copies of the embedding and the head. */
const SET_ASIDE = /^rope_freqs\.weight$|\.nextn\.(embed_tokens|shared_head_head)\.weight$/;

function findTensors(gguf: GgufFile, config: ModelConfig): Map<string, Place> {
  const places = new Map<string, Place>();
  const used = new Set<string>();
  for (const [name, shape] of modelParameters(config)) {
    const place = findTensor(gguf, config, name, shape);
    for (const piece of place.pieces) used.add(piece.name);
    places.set(name, place);
  }
  for (const [name] of gguf.tensors) {
    if (used.has(name) || SET_ASIDE.test(name) || isLeftOut(config, name)) continue;
    throw tensorError(
      gguf,
      name,
      `has no place in a ${config.model_type} model, so leaving it out would change the answers`,
    );
  }
  return places;
}

/** The blocks of multi-token prediction, where the file has them in part only. */
function isLeftOut(config: ModelConfig, name: string): boolean {
  const block = /^blk\.(\d+)\./.exec(name);
  return config.attention === "mla" && block !== null && Number(block[1]) >= config.num_hidden_layers;
}

function findTensor(gguf: GgufFile, config: ModelConfig, name: string, shape: Shape): Place {
  const theirs = ggufName(name)!;
  const whole = gguf.tensors.get(theirs);
  if (whole !== undefined) {
    checkShape(gguf, whole, shape);
    return { pieces: [whole], share: 1, half: 0 };
  }
  if (theirs.endsWith(".attn_kv_b.weight") && config.attention === "mla") {
    const [k, v] = ["attn_k_b", "attn_v_b"].map((one) => gguf.tensors.get(theirs.replace("attn_kv_b", one)));
    if (k !== undefined && v !== undefined) {
      const { num_attention_heads: heads, kv_lora_rank: rank, qk_nope_head_dim: nope, v_head_dim: wide } = config;
      checkShape(gguf, k, [heads, rank, nope]);
      checkShape(gguf, v, [heads, wide, rank]);
      return { pieces: [k, v], share: 1, half: 0 };
    }
  }
  const fused = gguf.tensors.get(theirs.replace(/ffn_(gate|up)_exps/, "ffn_gate_up_exps"));
  if (fused !== undefined) {
    checkShape(gguf, fused, [shape[0], 2 * shape[1], shape[2]]);
    return { pieces: [fused], share: 0.5, half: theirs.includes("ffn_up_exps") ? 1 : 0 };
  }
  // the head of multi-token prediction takes the model's own norm where it has none
  const norm = theirs.endsWith(".nextn.shared_head_norm.weight") ? gguf.tensors.get("output_norm.weight") : undefined;
  if (norm !== undefined) return { pieces: [norm], share: 1, half: 0 };
  throw tensorError(gguf, theirs, "is missing, though the metadata call for it");
}

function checkShape(gguf: GgufFile, tensor: GgufTensor, expected: Shape): void {
  // ggml drops outer dimensions of 1
  const bare = (shape: Shape): string => shape.join(",").replace(/^(1,)+/, "");
  if (bare(tensor.shape) !== bare(expected)) {
    throw tensorError(gguf, tensor.name, `has shape [${tensor.shape}], but the metadata call for [${expected}]`);
  }
}

const tensorError = (gguf: GgufFile, name: string, what: string): UserError =>
  new UserError(`${gguf.path}: the tensor ${name} ${what}; use a file a current converter wrote.`, {
    param: name,
    type: "invalid_checkpoint",
  });

function readTensor(
  gguf: GgufFile,
  config: ModelConfig,
  { pieces, share, half }: Place,
  shape: Shape,
  into: Float32Array | undefined,
  name: string,
): Float32Array {
  const elements = shape.reduce((product, extent) => product * extent, 1);
  const out = into ?? new Float32Array(elements);
  if (out.length !== elements) {
    throw new UserError(`${gguf.path}: ${name} has ${elements} numbers, but room for ${out.length} was given.`, {
      param: name,
    });
  }
  if (pieces.length === 2) joinKeyValue(gguf, config as DeepSeekConfig, pieces, out);
  else if (share === 1) readNumbers(gguf, pieces[0], out);
  else {
    const each = elements / shape[0];
    for (let e = 0; e < shape[0]; e++) {
      readNumbers(gguf, pieces[0], out.subarray(e * each, (e + 1) * each), (2 * e + half) * each);
    }
  }
  return out;
}

/** Numbers a piece of a tensor is converted in, so that it never needs a second copy of itself. A multiple of every block. */
const PIECE = 1 << 18;

/** `out.length` numbers of a tensor from number `from` on. */
function readNumbers(gguf: GgufFile, tensor: GgufTensor, out: Float32Array, from = 0): void {
  const { type } = tensor;
  if (type === "F32") {
    gguf.readBytes(tensor, new Uint8Array(out.buffer, out.byteOffset, out.byteLength), from * 4);
    return;
  }
  const bytes = new Uint8Array(blockBytes(type, Math.min(PIECE, out.length)));
  for (let at = 0; at < out.length; at += PIECE) {
    const count = Math.min(PIECE, out.length - at);
    const piece = bytes.subarray(0, blockBytes(type, count));
    gguf.readBytes(tensor, piece, blockBytes(type, from + at));
    dequantize(type, piece, out, at);
  }
}

/** attn_k_b (heads, rank, nope) and attn_v_b (heads, v, rank) into kv_b_proj (heads x (nope + v), rank). */
function joinKeyValue(gguf: GgufFile, config: DeepSeekConfig, [k, v]: readonly GgufTensor[], out: Float32Array): void {
  const { num_attention_heads: heads, kv_lora_rank: rank, qk_nope_head_dim: nope, v_head_dim: wide } = config;
  const transposed = new Float32Array(rank * nope);
  for (let h = 0; h < heads; h++) {
    const start = h * (nope + wide) * rank;
    readNumbers(gguf, k, transposed, h * rank * nope);
    for (let c = 0; c < rank; c++) {
      for (let d = 0; d < nope; d++) out[start + d * rank + c] = transposed[c * nope + d];
    }
    readNumbers(gguf, v, out.subarray(start + nope * rank, start + (nope + wide) * rank), h * wide * rank);
  }
}

function readBlocks(gguf: GgufFile, { pieces, share, half }: Place, shape: Shape): BlockTensor | null {
  const [tensor] = pieces;
  if (pieces.length !== 1 || shape.length < 2 || tensor.type === "F32") return null;
  const [outputs, inputs] = shape.slice(-2);
  const stacked = shape.length === 3 ? shape[0] : 1;
  const each = blockBytes(tensor.type, outputs * inputs);
  const read = (into: Uint8Array, from: number): void => {
    if (share === 1) {
      gguf.readBytes(tensor, into, from);
      return;
    }
    // of every expert's rows only a half is this parameter's
    for (let at = 0; at < into.length; ) {
      const e = Math.floor((from + at) / each);
      const within = from + at - e * each;
      const end = Math.min(into.length, at + each - within);
      gguf.readBytes(tensor, into.subarray(at, end), (2 * e + half) * each + within);
      at = end;
    }
  };
  return { type: tensor.type, outputs, inputs, stacked, blocks: { length: each * stacked, read } };
}

function readLatentHalves(gguf: GgufFile, { pieces }: Place): LatentHalves | null {
  if (pieces.length !== 2) return null;
  const [k, v] = pieces.map((tensor): BlockTensor => {
    const [stacked, outputs, inputs] = [1, ...tensor.shape].slice(-3); // of one head ggml drops the outermost extent
    const read = (into: Uint8Array, from: number): void => gguf.readBytes(tensor, into, from);
    const blocks = { length: tensor.bytes, read };
    return { type: tensor.type, outputs, inputs, stacked, blocks };
  });
  return { k, v };
}

function readFactors(gguf: GgufFile): Float32Array {
  const tensor = gguf.tensors.get("rope_freqs.weight")!;
  const out = new Float32Array(tensor.elements);
  readNumbers(gguf, tensor, out);
  return out;
}

/** What a person knows the file by. */
const nameOf = (file: string): string => path.basename(file).replace(/(-\d{5}-of-\d{5})?\.gguf$/i, "");

/** The sampling the file recommends, in generation_config.json's words. */
function generationConfig(metadata: GgufMetadata): Record<string, unknown> {
  const fields = { temp: "temperature", top_k: "top_k", top_p: "top_p", min_p: "min_p" };
  const stated = Object.entries(fields).flatMap(([key, field]) => {
    const name = `general.sampling.${key}`;
    return metadata.has(name) ? [[field, shortest(metadata.number(name))] as const] : [];
  });
  return stated.length === 0 ? {} : { do_sample: true, ...Object.fromEntries(stated) };
}
