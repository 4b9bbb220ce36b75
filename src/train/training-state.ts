// The part of a checkpoint that is not the model: optimizer buffers, the data position and the random generators, beside the
// weights as state.safetensors and state.json, so that a resumed run goes on bit for bit.

import fs from "node:fs";
import path from "node:path";
import { z } from "zod";
import { openSafetensors, writeSafetensors } from "../checkpoint/safetensors.ts";
import { reasonOf, UserError } from "../error.ts";
import type { LoraSpec } from "../model/lora.ts";
import type { RandomState } from "../random.ts";
import type { OptimizerState } from "./optimizer.ts";

export interface TrainingState {
  /** Finished optimizer steps. */
  readonly step: number;
  readonly optimizer: OptimizerState;
  /** The random generators by what they are for. */
  readonly random: Readonly<Record<string, RandomState>>;
  /** Where the data stands, and whatever else the recipe counts: plain JSON. */
  readonly position: Readonly<Record<string, unknown>>;
  /** Further numbers by name, such as a reference model's weights. */
  readonly tensors: ReadonlyMap<string, Float32Array>;
  /** Of a model trained by adapters: their settings, their values and the frozen matrices they stand beside, which the saved weights contain merged. */
  readonly lora: (LoraSpec & { readonly tensors: ReadonlyMap<string, Float32Array> }) | null;
}

/** Writes state.json and state.safetensors into a checkpoint's folder before it takes its name (saveModelFolder's `also`). */
export function writeTrainingState(folder: string, state: TrainingState): void {
  const named = [
    ...[...state.optimizer.tensors].map(([name, data]) => [OPTIMIZER + name, data] as const),
    ...[...state.tensors].map(([name, data]) => [EXTRA + name, data] as const),
    ...[...(state.lora?.tensors ?? [])].map(([name, data]) => [LORA + name, data] as const),
  ];
  writeSafetensors(
    path.join(folder, "state.safetensors"),
    named.map(([name, data]) => ({ name, dtype: "F32" as const, shape: [data.length], data })),
  );
  const { step, optimizer, random, position } = state;
  const lora = state.lora === null ? undefined : { ...state.lora, tensors: undefined };
  const json = {
    version: 1,
    step,
    optimizer: { steps: optimizer.steps },
    random,
    position,
    lora,
    tensors: named.length,
  };
  fs.writeFileSync(path.join(folder, "state.json"), `${JSON.stringify(json, null, 2)}\n`);
}

/** Reads what writeTrainingState wrote. @throws UserError when a file is missing or damaged. */
export function readTrainingState(folder: string): TrainingState {
  const file = path.join(folder, "state.json");
  const parsed = schema.safeParse(readJson(file));
  if (!parsed.success)
    throw new UserError(
      `${file} is damaged (${parsed.error.issues[0]!.path.join(".")}: ${parsed.error.issues[0]!.message}); resume from an earlier checkpoint by removing this one.`,
      { param: file },
    );
  const { step, optimizer, random, position, lora, tensors: count } = parsed.data;
  const stored = openSafetensors(path.join(folder, "state.safetensors"));
  try {
    if (stored.tensors.size !== count)
      throw new UserError(
        `${folder}/state.safetensors holds ${stored.tensors.size} tensors, not the ${count} that state.json says.`,
        {
          param: folder,
        },
      );
    const read = (prefix: string) =>
      new Map(
        [...stored.tensors.keys()]
          .filter((name) => name.startsWith(prefix))
          .map((name) => [name.slice(prefix.length), stored.readF32(name)] as const),
      );
    return {
      step,
      optimizer: { steps: optimizer.steps, tensors: read(OPTIMIZER) },
      random,
      position,
      tensors: read(EXTRA),
      lora: lora === undefined ? null : { ...lora, tensors: read(LORA) },
    };
  } finally {
    stored.close();
  }
}

const [OPTIMIZER, EXTRA, LORA] = ["optimizer/", "extra/", "lora/"];

const whole = z.number().int().nonnegative();
const schema = z.object({
  version: z.literal(1),
  step: whole,
  optimizer: z.object({ steps: whole }),
  random: z.record(z.string(), z.tuple([whole, whole, whole, whole])),
  position: z.record(z.string(), z.unknown()),
  lora: z.object({ r: whole.positive(), alpha: z.number().positive(), targets: z.array(z.string()) }).optional(),
  tensors: whole,
});

function readJson(file: string): unknown {
  try {
    return JSON.parse(fs.readFileSync(file, "utf8"));
  } catch (error) {
    throw new UserError(
      `${file} cannot be read (${reasonOf(error)}); remove this checkpoint to resume from an earlier one.`,
      {
        param: file,
        cause: error,
      },
    );
  }
}
