/** The recipes: stages in order, each a few lines over the stage files. */
import { rmSync } from "node:fs";
import path from "node:path";
import { usageError } from "../error.ts";
import type { Device } from "../kernels/kernels.ts";
import { Decoder } from "../model/decoder.ts";
import { Random } from "../random.ts";
import { loadModel } from "../train/checkpoint.ts";
import type { RunReport } from "../train/report.ts";
import { listCheckpoints } from "../train/run.ts";
import type { RlOptions, SupervisedOptions } from "./options.ts";
import type { Preset } from "./presets.ts";
import { r1Zero } from "./r1-zero.ts";
import type { StageContext } from "./stage.ts";
import { learnFromDocuments, type StageResult } from "./supervised.ts";

export const RECIPES = ["pretrain", "sft", "r1-zero"] as const;
export type RecipeName = (typeof RECIPES)[number];

/** What a recipe is run with: the preset's parts with the user's settings laid over them. */
export interface RecipePlan {
  readonly preset: Preset;
  readonly pretrain: SupervisedOptions;
  readonly rl: RlOptions;
  /** The folder of the model to start from; null: none was named. */
  readonly model: string | null;
}

/** Runs a recipe into `context.out` and returns its report. The decoder is freed. */
export async function runRecipe(name: RecipeName, context: StageContext, plan: RecipePlan): Promise<RunReport> {
  const result = await stages[name](context, plan);
  result.decoder.free();
  return result.report;
}

const stages: Readonly<Record<RecipeName, (context: StageContext, plan: RecipePlan) => Promise<StageResult>>> = {
  /** Documents of the procedural world, from random weights (or from `model`). */
  pretrain: (context, plan) => learnFromDocuments("pretrain", context, plan.pretrain, starting(context, plan)),

  /** Thinking and answers alone, careful ones, from a model. */
  sft: (context, plan) => {
    if (plan.model === null) throw usageError("sft starts from a model: name it with --model", "--model");
    return learnFromDocuments("sft", context, plan.pretrain, starting(context, plan));
  },

  /** From a base model; where none is named it is pre-trained first, in the folder `base` inside the run's. */
  "r1-zero": async (context, plan) => {
    if (plan.model !== null) return r1Zero(context, plan.rl, starting(context, plan));
    const out = path.join(context.out, "base");
    const started = listCheckpoints(context.out).length > 0;
    if (!started) {
      const resume = context.resume && listCheckpoints(out).length > 0;
      if (context.resume && !resume) rmSync(out, { recursive: true, force: true });
      const base = await learnFromDocuments(
        "pretrain",
        { ...context, out, resume },
        plan.pretrain,
        starting(context, plan),
      );
      base.decoder.free();
    }
    return r1Zero(
      { ...context, resume: context.resume && started },
      plan.rl,
      starting(context, { ...plan, model: out }),
    );
  },
};

/** Makes the model a stage begins with: the named one, or the preset's with random weights. */
function starting(context: StageContext, plan: RecipePlan): () => Decoder {
  const { device, seed } = context;
  if (plan.model !== null) {
    const folder = plan.model;
    return () => loadModel(folder, device).decoder;
  }
  return () => createModel(plan.preset, device, seed);
}

/** Blocks start as the identity and predictions start even: with Muon that needs no further care at these sizes. */
function createModel(preset: Preset, device: Device, seed: number): Decoder {
  const init = { std: "fan_in", embeddingStd: 0.5, headStd: 0, routerStd: 0.02, zeroOutputs: true } as const;
  return Decoder.create(preset.model, device, Random.from(seed, "init"), init);
}
