// Writes a model as one GGUF file that llama.cpp opens: config, vocabulary and chat template as metadata, weights as F32, F16, BF16 or in
// blocks. The file appears whole or not at all, and one tensor at a time is in memory.

import { UserError } from "../../error.ts";
import { quantize, type WritableType } from "../../kernels/blocks/quantize.ts";
import { blockInfo } from "../../kernels/blocks/types.ts";
import type { DeepSeekConfig, ModelConfig } from "../../model/config.ts";
import { atomicWriteFile } from "../atomic.ts";
import type { TokenizerSource } from "../model-source.ts";
import { modelParameters, type Shape } from "../names.ts";
import { encodeHeader, type GgufEntry, padding, tensorBytes } from "./encode.ts";
import { FILE_TYPES } from "./file-types.ts";
import { ggufName } from "./names.ts";
import { reorderedParameter } from "./rotary.ts";
import { vocabularyEntries } from "./vocabulary.ts";
import { architectureOf, configEntries, frequencyFactors, turnsPairs } from "./write-config.ts";

/** What the matrices of a file can be written as. */
export const EXPORT_TYPES = ["F32", "F16", "BF16", "Q8_0", "Q4_0"] as const;
export type ExportType = (typeof EXPORT_TYPES)[number];

export interface GgufToSave {
  readonly config: ModelConfig;
  /** Gives a parameter's values by its name, experts stacked; asked once or twice for each. */
  readonly readTensor: (name: string) => Float32Array;
  readonly type: ExportType;
  readonly tokenizer: TokenizerSource | null;
  readonly chatTemplate: string | null;
  readonly name?: string;
  /** generation_config.json; its temperature, top_k, top_p and min_p become general.sampling. */
  readonly generationConfig?: Readonly<Record<string, unknown>>;
  /**
   * Writes the multi-token-prediction modules too. Default false, as llama.cpp's own converter: versions that do not know them in
   * deepseek2 refuse the file.
   */
  readonly mtp?: boolean;
}

/** A tensor to write. */
interface Outgoing {
  readonly name: string;
  readonly type: WritableType;
  readonly shape: Shape;
  readonly values: () => Float32Array;
}

/**
 * Writes the file. Vectors (norms, biases) and the router stay F32. A matrix whose rows are no whole blocks of `type` is written as
 * F16; the output's (or, tied, the embedding's) as Q6_K in a Q4_0 file, or Q8_0 where rows are no whole blocks of that: llama-quantize's rules.
 * @throws UserError for a config or vocabulary GGUF has no words for, a full disk; what was at `file` before is then still there
 */
export function saveGguf(file: string, model: GgufToSave): void {
  const modules = model.mtp === true && model.config.attention === "mla" ? model.config.num_nextn_predict_layers : 0;
  const outgoing = outgoingTensors(model, modules);
  const header = encodeHeader(
    [
      ...generalEntries(model),
      ...configEntries(model.config, modules),
      ...vocabularyEntries(model.tokenizer, model.config),
      ...(model.chatTemplate === null
        ? []
        : [["tokenizer.chat_template", { text: model.chatTemplate }] satisfies GgufEntry]),
    ],
    outgoing,
  );
  atomicWriteFile(file, (append) => {
    append(header);
    for (const tensor of outgoing) {
      const values = tensor.values();
      const expected = tensor.shape.reduce((product, extent) => product * extent, 1);
      if (values.length !== expected) {
        throw new UserError(`Could not write ${file}: ${tensor.name} has ${values.length} numbers, not ${expected}.`, {
          param: tensor.name,
        });
      }
      append(quantize(tensor.type, values));
      append(padding(tensorBytes(tensor)));
    }
  });
}

function generalEntries(model: GgufToSave): GgufEntry[] {
  const entries: GgufEntry[] = [
    ["general.architecture", { text: architectureOf(model.config) }],
    ["general.type", { text: "model" }],
    ...(model.name === undefined ? [] : [["general.name", { text: model.name }] satisfies GgufEntry]),
    ["general.file_type", { u32: Number(Object.keys(FILE_TYPES).find((id) => FILE_TYPES[Number(id)] === model.type)) }],
    ...(model.type.startsWith("Q") ? [["general.quantization_version", { u32: 2 }] satisfies GgufEntry] : []),
  ];
  const sampling = model.generationConfig ?? {};
  if (sampling.do_sample !== true) return entries;
  const put = (key: string, value: unknown, kind: "f32" | "i32"): void => {
    if (typeof value === "number") {
      entries.push([`general.sampling.${key}`, kind === "f32" ? { f32: value } : { i32: value }]);
    }
  };
  put("temp", sampling.temperature, "f32");
  put("top_k", sampling.top_k, "i32");
  put("top_p", sampling.top_p, "f32");
  put("min_p", sampling.min_p, "f32");
  return entries;
}

function outgoingTensors(model: GgufToSave, modules: number): Outgoing[] {
  const { config, type } = model;
  const without = config.attention === "mla" ? { ...config, num_nextn_predict_layers: modules } : config;
  const order = turnsPairs(config) ? "pairs" : "halves";
  const outgoing: Outgoing[] = [];
  for (const [name, shape] of modelParameters(without)) {
    const values = (): Float32Array => reorderedParameter(config, name, model.readTensor(name), order);
    const theirs = ggufName(name)!;
    if (theirs.endsWith(".attn_kv_b.weight")) {
      for (const half of splitKeyValue(config as DeepSeekConfig, theirs, values)) {
        outgoing.push({ ...half, type: storedType(half.name, half.shape, type, false) });
      }
    } else {
      const ends = theirs === "output.weight" || (theirs === "token_embd.weight" && config.tie_word_embeddings);
      outgoing.push({ name: theirs, type: storedType(theirs, shape, type, ends), shape, values });
    }
  }
  const factors = frequencyFactors(config);
  if (factors !== null) {
    outgoing.push({ name: "rope_freqs.weight", type: "F32", shape: [factors.length], values: () => factors });
  }
  return outgoing;
}

function storedType(name: string, shape: Shape, type: ExportType, ends: boolean): WritableType {
  if (shape.length < 2 || name.endsWith("ffn_gate_inp.weight")) return "F32";
  const row = shape[shape.length - 1];
  const fits = (one: WritableType): boolean => row % blockInfo(one).elements === 0;
  const candidates: readonly WritableType[] = ends && type === "Q4_0" ? ["Q6_K", "Q8_0"] : [type];
  return candidates.find(fits) ?? "F16";
}

/** kv_b_proj (heads x (nope + v), rank) as attn_k_b (heads, rank, nope), transposed, and attn_v_b (heads, v, rank). */
function splitKeyValue(config: DeepSeekConfig, name: string, values: () => Float32Array): Omit<Outgoing, "type">[] {
  const { num_attention_heads: heads, kv_lora_rank: rank, qk_nope_head_dim: nope, v_head_dim: wide } = config;
  const each = (nope + wide) * rank;
  const keys = (): Float32Array => {
    const joined = values();
    const out = new Float32Array(heads * rank * nope);
    for (let h = 0; h < heads; h++) {
      for (let d = 0; d < nope; d++) {
        for (let c = 0; c < rank; c++) out[(h * rank + c) * nope + d] = joined[h * each + d * rank + c];
      }
    }
    return out;
  };
  const contents = (): Float32Array => {
    const joined = values();
    const out = new Float32Array(heads * wide * rank);
    for (let h = 0; h < heads; h++) {
      out.set(joined.subarray(h * each + nope * rank, (h + 1) * each), h * wide * rank);
    }
    return out;
  };
  return [
    { name: name.replace("attn_kv_b", "attn_k_b"), shape: [heads, rank, nope], values: keys },
    { name: name.replace("attn_kv_b", "attn_v_b"), shape: [heads, wide, rank], values: contents },
  ];
}
