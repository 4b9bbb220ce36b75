/** A model's parameters: made at random, and handed out for saving; Hugging Face names throughout. */
import { modelParameters } from "../../checkpoint/names.ts";
import type { Device } from "../../kernels/kernels.ts";
import { mergedValues } from "../../tensor/adapter.ts";
import { Parameter } from "../../tensor/tensor.ts";
import type { ModelConfig } from "../config.ts";

/** Where random weights start. Norms start at 1 and router biases at 0, whatever stands here. */
export interface InitOptions {
  /** Standard deviation of matrices: a number, or 1 / sqrt(inputs) of each. Default: the config's initializer_range. */
  readonly std?: number | "fan_in";
  readonly embeddingStd?: number;
  readonly headStd?: number;
  readonly routerStd?: number;
  /** o_proj and down_proj start at 0, so that every block starts as the identity: small models trained by Muon start faster. */
  readonly zeroOutputs?: boolean;
}

/** Uniform numbers in [0, 1). */
export interface Uniform {
  next(): number;
}

/** Parameters drawn from normal distributions, in the order of their names: the same draw whatever the device. */
export function randomParameters(
  config: ModelConfig,
  device: Device,
  random: Uniform,
  init: InitOptions,
): Map<string, Parameter> {
  const std = init.std ?? config.initializer_range;
  const parameters = new Map<string, Parameter>();
  for (const [name, shape] of modelParameters(config)) {
    const parameter = newParameter(device, name, shape);
    const values = new Float32Array(parameter.buf.length);
    if (name.endsWith("norm.weight")) values.fill(1);
    else if (shape.length > 1 && !(init.zeroOutputs === true && /\.(o_proj|down_proj)\.weight$/.test(name))) {
      const own = name.endsWith("embed_tokens.weight")
        ? init.embeddingStd
        : name === "lm_head.weight"
          ? init.headStd
          : name.endsWith("mlp.gate.weight")
            ? init.routerStd
            : undefined;
      fillNormal(values, own ?? (std === "fan_in" ? parameter.inputs ** -0.5 : std), random);
    }
    device.write(parameter.buf, values);
    parameters.set(name, parameter);
  }
  return parameters;
}

/** A parameter with the values of none yet; the load balance alone moves the router's bias. */
export const newParameter = (device: Device, name: string, shape: readonly number[]): Parameter =>
  new Parameter(device, name, shape, !name.endsWith("e_score_correction_bias"));

/** A parameter's values on the host, as `saveModelFolder` takes them. */
export interface ExportedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Copies every parameter to the host, merged with its adapter where it has one. */
export async function exportParameters(
  device: Device,
  parameters: ReadonlyMap<string, Parameter>,
): Promise<ExportedTensor[]> {
  const tensors: ExportedTensor[] = [];
  for (const parameter of parameters.values())
    tensors.push({ name: parameter.name, shape: parameter.shape, data: await mergedValues(device, parameter) });
  return tensors;
}

/** Box and Muller's transform: two normal numbers from two uniform ones. */
function fillNormal(values: Float32Array, std: number, random: Uniform): void {
  for (let i = 0; i < values.length; i += 2) {
    const radius = std * Math.sqrt(-2 * Math.log(1 - random.next()));
    const angle = 2 * Math.PI * random.next();
    values[i] = radius * Math.cos(angle);
    if (i + 1 < values.length) values[i + 1] = radius * Math.sin(angle);
  }
}
