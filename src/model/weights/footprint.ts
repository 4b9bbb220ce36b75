/** How much memory a model's weights will take on a device, told before anything is read. */
import { modelParameters } from "../../checkpoint/names.ts";
import { blockBytes, isGgmlType } from "../../kernels/blocks/types.ts";
import type { Device } from "../../kernels/kernels.ts";
import type { ModelConfig } from "../config.ts";
import { keptAs, storedTypes } from "./load-weights.ts";
import type { TensorSource, WeightKind } from "./weight-source.ts";

export interface Footprint {
  /** Bytes of the weights where they stay. */
  readonly weights: number;
  /** Bytes held beside them for a moment: the largest tensor that is converted on its way, with what it becomes. */
  readonly passing: number;
}

/**
 * The memory of a model loaded as `kind`. On the CPU a matrix of floats counts twice: its products read a copy of it in panels, made when
 * first used.
 */
export function weightFootprint(
  config: ModelConfig,
  device: Pick<Device, "name" | "quantFormats">,
  source: TensorSource,
  kind: WeightKind,
): Footprint {
  const types = storedTypes(source);
  let weights = 0;
  let passing = 0;
  for (const [name, shape] of modelParameters(config)) {
    const elements = shape.reduce((product, extent) => product * extent, 1);
    const stored = types.get(name);
    const kept = keptAs(kind, name, shape, stored, device.quantFormats);
    if (kept === "F32" || !isGgmlType(kept)) {
      // an embedding that is only looked up has no panels
      const multiplies = shape.length > 1 && (config.tie_word_embeddings || name !== "model.embed_tokens.weight");
      weights += 4 * elements * (device.name === "cpu" && multiplies ? 2 : 1);
      continue;
    }
    const bytes = blockBytes(kept, elements);
    weights += bytes;
    if (kept !== stored) passing = Math.max(passing, bytes + 4 * elements);
  }
  return { weights, passing };
}
