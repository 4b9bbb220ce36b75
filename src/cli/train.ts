/** `reckon train`: runs a recipe into a run's folder, showing progress; Ctrl-C saves and stops, `--resume` goes on bit for bit. */
import { existsSync } from "node:fs";
import path from "node:path";
import type { Command } from "commander";
import { usageError } from "../error.ts";
import { cpuDevice } from "../kernels/cpu/device.ts";
import { rlSchema, supervisedSchema, withSettings } from "../recipes/options.ts";
import { PRESETS, type Preset, presetNamed } from "../recipes/presets.ts";
import { RECIPES, type RecipeName, type RecipePlan, runRecipe } from "../recipes/recipes.ts";
import type { StageListener } from "../recipes/stage.ts";
import type { JsonRecord } from "../train/jsonl.ts";
import { listenForInterrupt } from "./interrupt.ts";
import { addCommonOptions, type CommonOptions } from "./options.ts";
import { note, print, printJson } from "./output.ts";
import { type Progress, startProgress } from "./progress.ts";

interface TrainFlags extends CommonOptions {
  readonly preset: string;
  readonly out?: string;
  readonly model?: string;
  readonly resume?: true;
  readonly set: readonly string[];
}

/** The model `quick` starts from: the base the bundled model's reinforcement learning started from. */
const BUNDLED_BASE = path.join(import.meta.dirname, "..", "..", "models", "reckon-nano", "base");

export function register(program: Command): void {
  const command = program
    .command("train")
    .argument("<recipe>", `what to do: ${RECIPES.join(", ")}`)
    .option(
      "--preset <name>",
      `settings: ${PRESETS.map(({ name, about }) => `${name} (${about})`).join("; ")}`,
      "smoke",
    )
    .option("--out <run>", "the run's folder (default: runs/RECIPE-PRESET)")
    .option("--model <folder>", "the model to start from (pretrain and r1-zero can start from nothing)")
    .option("--resume", "go on with the run in --out from its newest checkpoint")
    .option(
      "--set <key=value>",
      "change an option, such as rl.steps=40 or pretrain.tokens=1000000; may be repeated",
      (text: string, all: readonly string[]) => [...all, text],
      [] as readonly string[],
    );
  addCommonOptions(command, ["json", "threads", "device", "seed"]).action(train);
}

async function train(recipe: string, flags: TrainFlags): Promise<void> {
  if (!(RECIPES as readonly string[]).includes(recipe)) {
    throw usageError(`there is no recipe "${recipe}"; there are ${RECIPES.join(", ")}`, "recipe");
  }
  const preset = presetNamed(flags.preset);
  const plan = planOf(recipe as RecipeName, preset, flags);
  const out = flags.out ?? path.join("runs", `${recipe}-${preset.name}`);
  const device = await cpuDevice({ threads: flags.threads });
  using interrupt = listenForInterrupt("saving after this step; press Ctrl-C again to stop at once");
  using view = listener(flags.json === true);
  try {
    const context = {
      device,
      seed: flags.seed ?? 0,
      preset: preset.name,
      out,
      resume: flags.resume === true,
      signal: interrupt.signal,
      listener: view,
    };
    const report = await runRecipe(recipe as RecipeName, context, plan);
    view.end();
    if (flags.json) printJson({ report, run: out });
    else print(`done: ${out}`);
  } finally {
    view.end();
    await device.close();
  }
}

/** The preset with `--set` laid over it: `pretrain.` and `rl.` name a stage, a bare key is the recipe's own stage's. */
function planOf(recipe: RecipeName, preset: Preset, flags: TrainFlags): RecipePlan {
  const own = recipe === "r1-zero" ? "rl." : "pretrain.";
  const settings = (stage: string) =>
    flags.set.flatMap((setting) => {
      if (setting.startsWith(stage)) return [setting.slice(stage.length)];
      return stage === own && !/^(pretrain|rl)\./.test(setting) ? [setting] : [];
    });
  const quick = preset.name === "quick" && recipe === "r1-zero";
  const model = flags.model ?? (quick ? BUNDLED_BASE : null);
  if (model !== null && !existsSync(model)) {
    throw usageError(`--model ${model} does not exist; give a model's folder or a run's`, "--model");
  }
  return {
    preset,
    pretrain: withSettings(supervisedSchema, preset.pretrain, settings("pretrain.")),
    rl: withSettings(rlSchema, preset.rl, settings("rl.")),
    model,
  };
}

/** Progress for a person on standard error, or with --json a line a step on standard output. */
function listener(json: boolean): StageListener & Disposable & { end(): void } {
  let progress: Progress | null = null;
  let done = 0;
  const end = (): void => {
    progress?.finish();
    progress = null;
  };
  return {
    begin(stage, from, total) {
      end();
      done = from;
      progress = startProgress({ label: stage, total, unit: "step", start: from });
    },
    step(metrics) {
      done++;
      progress?.update(done, remark(metrics));
      if (json) printJson(metrics);
    },
    note(text) {
      if (progress === null) note(text);
      else progress.line(text);
    },
    end,
    [Symbol.dispose]: end,
  };
}

function remark(metrics: JsonRecord): string {
  const figure = (key: string, digits: number) =>
    typeof metrics[key] === "number" ? metrics[key].toFixed(digits) : "-";
  const rate = Number(metrics.tokens) / Number(metrics.step_time);
  const speed = Number.isFinite(rate) ? `  ${Math.round(rate)} tok/s` : "";
  if ("reward" in metrics) {
    return `reward ${figure("reward", 3)}  thinking ${figure("completions/mean_thinking", 0)}  entropy ${figure("entropy", 3)}${speed}`;
  }
  return `loss ${figure("loss", 3)}${speed}`;
}
