/** `reckon train`: runs a recipe into a run's folder, showing progress; Ctrl-C saves and stops, `--resume` goes on bit for bit. */
import { existsSync } from "node:fs";
import path from "node:path";
import type { Command } from "commander";
import { locateModel } from "../checkpoint/hub/store.ts";
import { usageError } from "../error.ts";
import { cpuDevice } from "../kernels/cpu/device.ts";
import { type Asked, DEFAULT_PRESET, planRecipe, RECIPES } from "../recipes/plan.ts";
import { PRESETS } from "../recipes/presets.ts";
import { CHAIN, runChain } from "../recipes/r1/chain.ts";
import { planChain } from "../recipes/r1/plan.ts";
import { runRecipe } from "../recipes/recipes.ts";
import type { StageContext } from "../recipes/stage.ts";
import { type RunConfig, readRunConfig } from "../train/run.ts";
import { listenForInterrupt } from "./interrupt.ts";
import { addCommonOptions, type CommonOptions } from "./options.ts";
import { print, printJson } from "./output.ts";
import { trainView } from "./train-view.ts";

interface TrainFlags extends CommonOptions {
  readonly preset?: string;
  readonly out?: string;
  readonly model?: string;
  readonly resume?: true;
  readonly stage?: string;
  readonly reward?: string;
  readonly set: readonly string[];
}

/** The model `quick` starts from: the base the bundled model's reinforcement learning started from. */
const BUNDLED_BASE = path.join(import.meta.dirname, "..", "..", "models", "reckon-nano", "base");

export function register(program: Command): void {
  const command = program
    .command("train")
    .argument("<recipe>", `what to do: ${RECIPES.join(", ")}, or r1 (the whole chain)`)
    .option(
      "--preset <name>",
      `settings: ${PRESETS.map(({ name, about }) => `${name} (${about})`).join("; ")} (default: ${DEFAULT_PRESET})`,
    )
    .option("--out <run>", "the run's folder (default: runs/RECIPE-PRESET)")
    .option(
      "--model <folder>",
      "the model to start from (pretrain, r1-zero and r1 can start from nothing); of distill the teacher (the bundled model where none is named)",
    )
    .option("--resume", "go on with the run in --out from its newest checkpoint")
    .option(
      "--reward <file>",
      "of r1-zero, add a reward of your own: a TypeScript file whose default export judges a sample",
    )
    .option("--stage <name>", `of r1, run this stage alone: ${CHAIN.map(({ name }) => name).join(", ")}`)
    .option(
      "--set <key=value>",
      "change an option, such as tokens=1000000, rl.steps=40 or model.hidden_size=96; may be repeated",
      (text: string, all: readonly string[]) => [...all, text],
      [] as readonly string[],
    )
    .addHelpText("after", ABOUT_RESUMING);
  addCommonOptions(command, ["json", "threads", "device", "seed"]).action(train);
}

const ABOUT_RESUMING = `
Ctrl-C saves and stops. --resume goes on with the options in the run's own config.json, bit for bit as if it had never
stopped; --set lays changes over them, which config.json then lists under "changes". The model's size, the seed and what
else the checkpoint is made of cannot change. --set keys are the recipe's own, or name a stage: pretrain., sft., rl., distill., model.`;

async function train(recipe: string, flags: TrainFlags): Promise<void> {
  const given = flags.model === undefined ? undefined : locateModel(flags.model);
  if (given !== undefined && !existsSync(given)) {
    throw usageError(`--model ${flags.model} does not exist; give a model's folder or a run's`, "--model");
  }
  const out = flags.out ?? path.join("runs", `${recipe}-${flags.preset ?? DEFAULT_PRESET}`);
  const { preset, seed } = flags;
  if (flags.reward !== undefined && recipe !== "r1-zero")
    throw usageError(`--reward is of train r1-zero; train ${recipe} takes none`, "--reward");
  const settings = [...flags.set, ...(flags.reward === undefined ? [] : [`reward_file=${path.resolve(flags.reward)}`])];
  const quick = flags.preset === "quick" && recipe === "r1-zero" && flags.resume !== true;
  const from = given ?? (quick ? BUNDLED_BASE : undefined);
  const recorded = flags.resume ? readRunConfig(out) : null;
  const { plan, run } = planned({ recipe, preset, seed, from, settings }, recorded, flags.stage ?? null);
  const device = await cpuDevice({ threads: flags.threads });
  using interrupt = listenForInterrupt("saving after this step; press Ctrl-C again to stop at once");
  using view = trainView(flags.json === true);
  try {
    const context = {
      device,
      seed: plan.seed,
      preset: plan.preset,
      out,
      resume: flags.resume === true,
      signal: interrupt.signal,
      listener: view,
    };
    const report = await run(context);
    view.end();
    if (flags.json) printJson({ report, run: out });
    else print(`done: ${out}`);
  } finally {
    view.end();
    await device.close();
  }
}

/** The plan of a recipe or of the whole chain, and how it is run. */
function planned(asked: Asked, recorded: RunConfig | null, stage: string | null) {
  if (asked.recipe === "r1") {
    const plan = planChain(asked, recorded);
    return { plan, run: (context: StageContext) => runChain(context, plan, stage) };
  }
  if (stage !== null) throw usageError(`--stage is of train r1; train ${asked.recipe} has one stage`, "--stage");
  const plan = planRecipe(asked, recorded);
  return { plan, run: (context: StageContext) => runRecipe(context, plan) };
}
