/** Whether a stage trains the model's weights or adapters beside them, as its options say. */
import { usageError } from "../error.ts";
import type { Decoder } from "../model/decoder.ts";
import { attachAdapters, type LoraSpec } from "../model/lora.ts";
import { Random } from "../random.ts";
import type { TrainingState } from "../train/training-state.ts";
import type { LoraOptions } from "./options.ts";

/**
 * Puts adapters on a model that a stage begins with; a resumed one (`state`) has its own.
 * @returns what the checkpoints record; null where the weights themselves learn.
 * @throws UserError (usage) for targets the model lacks, or options other than those a resumed run was begun with
 */
export function adapt(
  decoder: Decoder,
  lora: LoraOptions,
  seed: number,
  state: TrainingState | undefined,
): LoraSpec | null {
  const spec = lora.r === 0 ? null : lora;
  if (state === undefined) {
    if (spec !== null) attachAdapters(decoder, spec, Random.from(seed, "lora"));
    return spec;
  }
  const begun = state.lora === null ? null : { r: state.lora.r, alpha: state.lora.alpha, targets: state.lora.targets };
  if (JSON.stringify(spec) === JSON.stringify(begun)) return spec;
  throw usageError(
    `lora: the run was begun with ${begun === null ? "lora.r=0" : JSON.stringify(begun)}, and its checkpoint cannot take other adapters; begin a new run from it with --model and another --out`,
    "lora",
  );
}
