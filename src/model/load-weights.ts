/**
 * A model's weights from a checkpoint: as floats, in the blocks the file stores them in, or in 8 bits. Tensor by tensor, each read
 * straight to where it stays, so that no second copy of a model is ever held.
 */
import type { BlockTensor, StoredTensor } from "../checkpoint/model-source.ts";
import { modelParameters, type Shape } from "../checkpoint/names.ts";
import { UserError } from "../error.ts";
import { quantize } from "../kernels/blocks/quantize.ts";
import type { Device, GgmlType } from "../kernels/kernels.ts";
import type { Parameter } from "../tensor/tensor.ts";
import { QuantWeight, type Weight } from "../tensor/weight.ts";
import type { ModelConfig } from "./config.ts";
import { newParameter } from "./parameters.ts";

/**
 * How a loaded model's matrices are kept: `f32` floats, which alone can be trained; `stored` the file's own blocks where the device
 * multiplies by them, else floats; `q8_0` as stored, and everything else in 8 bits.
 */
export type WeightKind = "f32" | "stored" | "q8_0";

/** Where weights come from: an opened model, or anything that gives float32 values by Hugging Face's names, experts stacked. */
export interface TensorSource {
  readTensor(name: string, into?: Float32Array): Float32Array;
  readBlocks?(name: string): BlockTensor | null;
  tensors?(): readonly StoredTensor[];
}

/**
 * Reads every weight the config calls for.
 * @throws UserError naming the first tensor that is missing or has the wrong number of values.
 */
export function loadWeights(
  config: ModelConfig,
  device: Device,
  source: TensorSource,
  kind: WeightKind = "f32",
): Map<string, Weight> {
  const types = storedTypes(source);
  const weights = new Map<string, Weight>();
  for (const [name, shape] of modelParameters(config)) {
    const stored = types.get(name);
    const kept = keptAs(kind, name, shape, stored, device.quantFormats);
    const inBlocks = kept === "F32" || kept !== stored ? null : readBlocks(device, source, name, shape, kept);
    const rest = kind === "q8_0" && kept === "Q8_0" ? readEightBits : readFloats;
    weights.set(name, inBlocks ?? rest(device, source, name, shape));
  }
  return weights;
}

/** The formats a source says its tensors have. */
export const storedTypes = (source: TensorSource): ReadonlyMap<string, string> =>
  new Map(source.tensors?.().map(({ name, type }) => [name, type]));

/**
 * The format a weight is kept in. Vectors and the router, whose choices turn on small differences, are always floats; 8 bits need
 * rows of whole blocks of 32.
 */
export function keptAs(
  kind: WeightKind,
  name: string,
  shape: Shape,
  stored: string | undefined,
  formats: readonly GgmlType[],
): GgmlType {
  if (kind === "f32" || shape.length < 2 || name.endsWith("mlp.gate.weight")) return "F32";
  const format = formats.find((one) => one === stored);
  if (format !== undefined && format !== "F32") return format;
  return kind === "q8_0" && shape[shape.length - 1] % 32 === 0 && formats.includes("Q8_0") ? "Q8_0" : "F32";
}

function readFloats(device: Device, source: TensorSource, name: string, shape: Shape): Weight {
  const parameter: Parameter = newParameter(device, name, shape);
  const { buf } = parameter;
  const values = checked(name, shape, source.readTensor(name, buf.host ?? undefined));
  if (values === buf.host) device.changed(buf);
  else device.write(buf, values);
  return parameter;
}

/** null where the source has the weight in other blocks than `format`, or in none (kv_b_proj in a GGUF file lies in two parts). */
function readBlocks(device: Device, source: TensorSource, name: string, shape: Shape, format: GgmlType): Weight | null {
  const stored = source.readBlocks?.(name) ?? null;
  return stored?.type === format ? quantWeight(device, name, shape, format, stored.blocks) : null;
}

function readEightBits(device: Device, source: TensorSource, name: string, shape: Shape): Weight {
  return quantWeight(device, name, shape, "Q8_0", quantize("Q8_0", checked(name, shape, source.readTensor(name))));
}

function quantWeight(device: Device, name: string, shape: Shape, format: GgmlType, blocks: Uint8Array): Weight {
  const [outputs, inputs] = shape.slice(-2);
  const stacked = shape.length === 3 ? shape[0] : 1;
  return new QuantWeight(device, name, shape, device.quantized(format, stacked, outputs, inputs, blocks));
}

function checked(name: string, shape: Shape, values: Float32Array | undefined): Float32Array {
  if (values === undefined)
    throw new UserError(`the checkpoint has no tensor ${name}, which the config calls for.`, { param: name });
  const expected = shape.reduce((product, extent) => product * extent, 1);
  if (values.length !== expected)
    throw new UserError(
      `the tensor ${name} holds ${values.length} values, but the config calls for [${shape.join(", ")}] = ${expected}.`,
      { param: name },
    );
  return values;
}
