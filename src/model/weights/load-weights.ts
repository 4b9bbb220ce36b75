/**
 * A model's weights from a checkpoint: as floats, in the blocks the file stores them in, or in 8 bits. Tensor by tensor, each read
 * straight to where it stays, so that no second copy of a model is ever held.
 */
import { modelParameters, type Shape } from "../../checkpoint/names.ts";
import { quantize } from "../../kernels/blocks/quantize.ts";
import type { Device, GgmlType } from "../../kernels/kernels.ts";
import type { Parameter } from "../../tensor/tensor.ts";
import type { Weight } from "../../tensor/weight.ts";
import type { ModelConfig } from "../config.ts";
import { loadLatentHalves } from "./load-latent.ts";
import { newParameter } from "./parameters.ts";
import { checked, type LoadOptions, quantWeight, type TensorSource, type WeightKind } from "./weight-source.ts";

/**
 * Reads every weight the config calls for.
 * @throws UserError naming the first tensor that is missing or has the wrong number of values.
 */
export function loadWeights(
  config: ModelConfig,
  device: Device,
  source: TensorSource,
  { weights: kind = "f32", mla = "plain" }: LoadOptions = {},
): Map<string, Weight> {
  const types = storedTypes(source);
  const weights = new Map<string, Weight>();
  for (const [name, shape] of modelParameters(config)) {
    if (mla === "absorbed" && config.attention === "mla" && name.endsWith(".kv_b_proj.weight")) {
      for (const half of loadLatentHalves(config, device, source, name, kind)) weights.set(half.name, half);
      continue;
    }
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
  const format = formats.find((one) => one === stored) ?? "F32";
  const long = format === "F32" || format === "F16" || format === "BF16";
  const shorten = kind === "q8_0" && long && shape[shape.length - 1] % 32 === 0 && formats.includes("Q8_0");
  return shorten ? "Q8_0" : format;
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
