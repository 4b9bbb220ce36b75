/** What loading a model's weights is told: where they come from, how they are to be kept, in which form latent attention runs. */
import type { BlockTensor, LatentHalves, StoredTensor } from "../../checkpoint/model-source.ts";
import type { Shape } from "../../checkpoint/names.ts";
import { UserError } from "../../error.ts";
import type { Blocks } from "../../kernels/blocks/reader.ts";
import type { Device, GgmlType } from "../../kernels/kernels.ts";
import { QuantWeight, type Weight } from "../../tensor/weight.ts";

/**
 * How a loaded model's matrices are kept: `f32` floats, which alone can be trained; `stored` the file's own blocks where the device
 * multiplies by them, else floats; `q8_0` as stored, and everything else in 8 bits.
 */
export type WeightKind = "f32" | "stored" | "q8_0";

/** Latent attention with keys and values expanded, as training has it, or absorbed into query and output: a smaller cache, other bits. */
export type MlaForm = "plain" | "absorbed";

export interface LoadOptions {
  /** Default: f32. */
  readonly weights?: WeightKind;
  /** Default: plain. */
  readonly mla?: MlaForm;
}

/** Where weights come from: an opened model, or anything that gives float32 values by Hugging Face's names, experts stacked. */
export interface TensorSource {
  readTensor(name: string, into?: Float32Array): Float32Array;
  readBlocks?(name: string): BlockTensor | null;
  readLatentHalves?(name: string): LatentHalves | null;
  tensors?(): readonly StoredTensor[];
}

/** A matrix, or stacked ones, from blocks that the device takes. */
export function quantWeight(device: Device, name: string, shape: Shape, format: GgmlType, blocks: Blocks): Weight {
  const [outputs, inputs] = shape.slice(-2);
  const stacked = shape.length === 3 ? shape[0] : 1;
  return new QuantWeight(device, name, shape, device.quantized(format, stacked, outputs, inputs, blocks));
}

/** The values, of the size the shape calls for. @throws UserError where they are missing or of another */
export function checked(name: string, shape: Shape, values: Float32Array | undefined): Float32Array {
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
