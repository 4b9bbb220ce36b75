// A run's checkpoint as one value: the model's folder in Hugging Face's layout with the trainer's state inside it, and back.

import type { ModelToSave } from "../checkpoint/folder.ts";
import { saveModelFolder } from "../checkpoint/folder.ts";
import { type ModelSource, openModel } from "../checkpoint/open-model.ts";
import { UserError } from "../error.ts";
import type { Device } from "../kernels/kernels.ts";
import { Decoder } from "../model/decoder.ts";
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
}

/**
 * Saves the checkpoint of a finished step in the run, whole or not at all, in float32; the last `keep` stay.
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
    };
    const tensors = await trainer.decoder.exportTensors();
    const bad = tensors.find(({ data }) => !data.every((one) => Number.isFinite(one)));
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
  return { decoder: loadModel(place.folder, device).decoder, state };
}

/** Loads a model, as floats to train; what it offers beside the weights comes along, closed. @throws UserError */
export function loadModel(place: string, device: Device): { decoder: Decoder; model: ModelSource } {
  const model = openModel(place);
  try {
    return { decoder: Decoder.load(device, model.config, (name) => model.readTensor(name)), model };
  } finally {
    model.close();
  }
}
