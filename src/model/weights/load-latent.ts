/** The halves of kv_b_proj that absorbed latent attention multiplies by, out of a checkpoint that has them as one matrix or as two. */
import type { BlockTensor } from "../../checkpoint/model-source.ts";
import { dequantize } from "../../kernels/blocks/dequantize.ts";
import { quantize } from "../../kernels/blocks/quantize.ts";
import { allBlocks } from "../../kernels/blocks/reader.ts";
import type { Device } from "../../kernels/kernels.ts";
import type { Weight } from "../../tensor/weight.ts";
import { LATENT_HALVES } from "../attention/absorbed-attention.ts";
import type { DeepSeekConfig } from "../config.ts";
import { newParameter } from "./parameters.ts";
import { checked, quantWeight, type TensorSource, type WeightKind } from "./weight-source.ts";

/** `name` is kv_b_proj's of one layer. @throws UserError where it is missing or has another size */
export function loadLatentHalves(
  config: DeepSeekConfig,
  device: Device,
  source: TensorSource,
  name: string,
  kind: WeightKind,
): readonly [k: Weight, v: Weight] {
  const { num_attention_heads: heads, kv_lora_rank: rank, qk_nope_head_dim: nope, v_head_dim: wide } = config;
  const [k, v] = [LATENT_HALVES.k, LATENT_HALVES.v].map((half) => name.replace("kv_b_proj.weight", half));
  const [kShape, vShape] = [
    [heads, rank, nope],
    [heads, wide, rank],
  ];
  const parts = source.readLatentHalves?.(name) ?? null;
  if (parts !== null) return [ofBlocks(device, k, parts.k, kind), ofBlocks(device, v, parts.v, kind)];
  const both = checked(name, [heads * (nope + wide), rank], source.readTensor(name));
  const [keys, values] = [new Float32Array(heads * rank * nope), new Float32Array(heads * wide * rank)];
  for (let h = 0; h < heads; h++) {
    const start = h * (nope + wide) * rank;
    for (let c = 0; c < rank; c++)
      for (let d = 0; d < nope; d++) keys[(h * rank + c) * nope + d] = both[start + d * rank + c];
    values.set(both.subarray(start + nope * rank, start + (nope + wide) * rank), h * wide * rank);
  }
  return [ofFloats(device, k, kShape, keys, kind), ofFloats(device, v, vShape, values, kind)];
}

function ofBlocks(device: Device, name: string, part: BlockTensor, kind: WeightKind): Weight {
  const shape = [part.stacked, part.outputs, part.inputs];
  if (kind !== "f32" && part.type !== "F32" && device.quantFormats.includes(part.type))
    return quantWeight(device, name, shape, part.type, part.blocks);
  const values = new Float32Array(part.stacked * part.outputs * part.inputs);
  dequantize(part.type, allBlocks(part.blocks), values);
  return ofFloats(device, name, shape, values, kind);
}

function ofFloats(
  device: Device,
  name: string,
  shape: readonly number[],
  values: Float32Array,
  kind: WeightKind,
): Weight {
  if (kind === "q8_0" && shape[2] % 32 === 0 && device.quantFormats.includes("Q8_0"))
    return quantWeight(device, name, shape, "Q8_0", quantize("Q8_0", values));
  const parameter = newParameter(device, name, shape);
  device.write(parameter.buf, values);
  return parameter;
}
