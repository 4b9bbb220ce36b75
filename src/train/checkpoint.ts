// A run's checkpoint as one value: the model's folder in Hugging Face's layout with the trainer's state inside it, and back.

import type { ModelToSave } from "../checkpoint/folder.ts";
import { saveModelFolder } from "../checkpoint/folder.ts";
import { type ModelSource, openModel } from "../checkpoint/open-model.ts";
import { UserError } from "../error.ts";
import type { Device } from "../kernels/kernels.ts";
import { Decoder } from "../model/decoder.ts";
import { adaptedParameters, attachAdapters, type LoraSpec } from "../model/lora.ts";
import type { Random, RandomState } from "../random.ts";
import type { Optimizer } from "./optimizer.ts";
import type { CheckpointPlace, RunFolder } from "./run.ts";
import { readTrainingState, type TrainingState, writeTrainingState } from "./training-state.ts";

/** What stands beside the weights in a model's folder. */
export type ModelFiles = Pick<
  ModelToSave,
  "tokenizer" | "tokenizerConfig" | "chatTemplate" | "generationConfig" | "extraFiles"
>;

/** What a trainer holds at the end of a step. */
export interface Trainer {
  readonly decoder: Decoder;
  readonly optimizer: Optimizer;
  /** The generators by what they are for. */
  readonly random: Readonly<Record<string, Random>>;
  /** Where the data stands and what else the recipe counts: plain JSON. */
  readonly position: Readonly<Record<string, unknown>>;
  /** Further numbers to keep, such as a reference model's weights. */
  readonly tensors?: ReadonlyMap<string, Float32Array>;
  /** How the decoder's adapters were made; null or absent: it has none. */
  readonly lora?: LoraSpec | null;
}

/**
 * Saves the checkpoint of a finished step in the run, whole or not at all, in float32; the last `keep` stay. Adapters are in the weights,
 * merged, for whoever opens the folder, and beside them as they are, with the matrices they were made for, for whoever goes on.
 * @throws UserError where a weight is not finite (a checkpoint one cannot go on from must not push out a good one), or the disk is full.
 */
export const saveCheckpoint = (
  run: RunFolder,
  step: number,
  trainer: Trainer,
  files: ModelFiles,
  keep: number,
): Promise<CheckpointPlace> =>
  run.checkpoint(step, keep, async (folder) => {
    const state: TrainingState = {
      step,
      optimizer: await trainer.optimizer.state(),
      random: Object.fromEntries(
        Object.entries(trainer.random).map(([name, random]): [string, RandomState] => [name, random.state()]),
      ),
      position: trainer.position,
      tensors: trainer.tensors ?? new Map(),
      lora: trainer.lora ? { ...trainer.lora, tensors: await adapterTensors(trainer.decoder) } : null,
    };
    const tensors = await trainer.decoder.exportTensors();
    const bad = tensors.find(({ data }) => !allFinite(data));
    if (bad !== undefined)
      throw new UserError(`Training stopped after step ${step}: the weight ${bad.name} is not finite.`, {
        type: "not_finite",
        param: bad.name,
      });
    const { config } = trainer.decoder;
    await saveModelFolder(folder, {
      ...files,
      config,
      tensors,
      dtype: "F32",
      also: (temporary) => writeTrainingState(temporary, state),
    });
  });

/** Loads a checkpoint's model and state. The optimizer and the generators are the caller's to restore. @throws UserError */
export function loadCheckpoint(place: CheckpointPlace, device: Device): { decoder: Decoder; state: TrainingState } {
  const state = readTrainingState(place.folder);
  const { lora } = state;
  if (lora === null) return { decoder: loadModel(place.folder, device).decoder, state };
  const { decoder } = loadModel(place.folder, device, lora.tensors);
  attachAdapters(decoder, lora, null);
  for (const { adapter } of adaptedParameters(decoder))
    for (const { name, buf } of [adapter.a, adapter.b]) {
      const values = lora.tensors.get(name);
      if (values?.length !== buf.length)
        throw new UserError(
          `${place.folder}/state.safetensors lacks the adapter ${name}; resume from an earlier checkpoint by removing this one.`,
          {
            param: name,
          },
        );
      device.write(buf, values);
    }
  return { decoder, state };
}

/** A plain loop: a callback for each of a published model's weights takes seconds. */
function allFinite(values: Float32Array): boolean {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return false;
  return true;
}

async function adapterTensors(decoder: Decoder): Promise<Map<string, Float32Array>> {
  const tensors = new Map<string, Float32Array>();
  for (const { parameter, adapter } of adaptedParameters(decoder))
    for (const { name, buf } of [parameter, adapter.a, adapter.b]) tensors.set(name, await decoder.device.read(buf));
  return tensors;
}

/** Loads a model, as floats to train, some tensors from `instead`; what it offers beside the weights comes along, closed. @throws UserError */
export function loadModel(
  place: string,
  device: Device,
  instead: ReadonlyMap<string, Float32Array> = new Map(),
): { decoder: Decoder; model: ModelSource } {
  const model = openModel(place);
  try {
    const read = (name: string): Float32Array => instead.get(name) ?? model.readTensor(name);
    return { decoder: Decoder.load(device, model.config, read), model };
  } finally {
    model.close();
  }
}
