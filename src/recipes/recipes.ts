/** The recipes: stages in order, each a few lines over the stage files. */
import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { usageError } from "../error.ts";
import type { Decoder } from "../model/decoder.ts";
import { loraTargets } from "../model/lora.ts";
import { loadModel } from "../train/checkpoint.ts";
import type { RunReport } from "../train/report.ts";
import { distill } from "./distill.ts";
import type { LoraOptions } from "./options.ts";
import type { RecipeName, RecipePlan } from "./plan.ts";
import { r1Zero } from "./r1-zero.ts";
import { type Speech, speechOf, worldSpeech } from "./speech.ts";
import type { StageContext } from "./stage.ts";
import type { StageRecord } from "./stage-run.ts";
import { createModel } from "./start-model.ts";
import { learnFromDocuments, type StageResult } from "./supervised.ts";

/** Runs a recipe into `context.out` and returns its report. The decoder is freed. @throws UserError, or the signal's reason */
export async function runRecipe(context: StageContext, plan: RecipePlan): Promise<RunReport> {
  const result = await stages[plan.recipe](context, plan);
  result.decoder.free();
  return result.report;
}

const stages: Readonly<Record<RecipeName, (context: StageContext, plan: RecipePlan) => Promise<StageResult>>> = {
  /** Documents of the procedural world, from random weights (or from a model). */
  pretrain: (context, plan) => {
    const speech = speechToGoOnWith(context, plan.from);
    const start = starting(context, plan, plan.pretrain.lora);
    return learnFromDocuments("pretrain", context, plan.pretrain, start, origin(plan), speech);
  },

  /** Thinking and answers alone, careful ones, from a model. */
  sft: async (context, plan) => {
    if (plan.from === null) throw usageError("sft starts from a model: name it with --model", "--model");
    const speech = speechToGoOnWith(context, plan.from);
    return learnFromDocuments("sft", context, plan.sft, starting(context, plan, plan.sft.lora), origin(plan), speech);
  },

  /** From a base model; where none is named it is pre-trained first, in the folder `base` inside the run's. */
  "r1-zero": async (context, plan) => {
    if (plan.from !== null) {
      const speech = speechToGoOnWith(context, plan.from);
      return r1Zero(context, plan.rl, starting(context, plan, plan.rl.lora), origin(plan), speech);
    }
    const base = async () => {
      const out = path.join(context.out, "base");
      const resume = context.resume && existsSync(path.join(out, "config.json"));
      const inner = { ...context, out, resume };
      const start = starting(context, plan, plan.pretrain.lora);
      return (await learnFromDocuments("pretrain", inner, plan.pretrain, start, origin(plan))).decoder;
    };
    return r1Zero(context, plan.rl, base, { ...origin(plan), base: plan.pretrain });
  },

  /** A small dense student from a teacher's right answers; the bundled model teaches where none is named. */
  distill,
};

/** The speech of the model a stage begins with, of a resumed run that of its own checkpoint, where there is one yet. */
function speechToGoOnWith({ resume, out }: StageContext, from: string | null): Speech {
  if (from === null) return worldSpeech();
  const checkpoints = path.join(out, "checkpoints");
  const begun = resume && existsSync(checkpoints) && readdirSync(checkpoints).some((name) => /^\d+$/.test(name));
  return speechOf(begun ? out : from);
}

/** Makes the model a stage begins with. A named one is opened at once, so that a bad one leaves no run behind. */
function starting(context: StageContext, { from, model }: RecipePlan, lora: LoraOptions): () => Decoder {
  if (from === null && lora.r > 0)
    throw usageError(
      "pretrain.lora: adapters stand beside weights that have learned; name a model with --model",
      "lora",
    );
  if (from === null) return () => createModel(model, context.device, context.seed);
  if (context.resume) return () => loadModel(from, context.device).decoder;
  const { decoder } = loadModel(from, context.device);
  if (lora.r > 0) loraTargets(decoder, lora);
  return () => decoder;
}

const origin = ({ from, model }: RecipePlan): Omit<StageRecord, "options"> =>
  from === null ? { from, model } : { from };
