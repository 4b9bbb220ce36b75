/** What the chain is run with: its preset with the user's settings laid over it, or a stopped chain's own config.json. */
import path from "node:path";
import { openModel } from "../../checkpoint/open-model.ts";
import { usageError } from "../../error.ts";
import { type DeepSeekConfig, parseModelConfig } from "../../model/config.ts";
import type { RunConfig } from "../../train/run.ts";
import { withSettings } from "../options.ts";
import { type Asked, DEFAULT_PRESET, modelOf } from "../plan.ts";
import { presetNamed } from "../presets.ts";
import { CHAIN_PRESETS, type ChainOptions, chainOptions, chainSchema } from "./options.ts";

export interface ChainPlan {
  readonly preset: string;
  readonly seed: number;
  /** The folder of the model the base stage goes on from; null: it begins with random weights. */
  readonly from: string | null;
  readonly model: DeepSeekConfig;
  readonly options: ChainOptions;
}

const recordedFrom = ({ from }: RunConfig): string | null => (typeof from === "string" ? from : null);

/** The shape of the model in a folder, a run or a file. @throws UserError (usage) where it is not one the chain can make students after */
function modelIn(folder: string): DeepSeekConfig {
  const opened = openModel(folder);
  opened.close();
  const { config } = opened;
  if (config.attention === "mla") return config;
  throw usageError(`--model ${folder} is a ${config.model_type} model; train r1 goes on from a deepseek_v3`, "--model");
}

/** @throws UserError (usage) naming the preset, key or flag that cannot be */
export function planChain(asked: Omit<Asked, "recipe">, config: RunConfig | null): ChainPlan {
  if (config !== null && config.recipe !== "r1")
    throw usageError(`the run is one of \`train ${config.recipe}\`, not of \`train r1\``, "recipe");
  for (const [flag, was, is] of [
    ["--seed", config?.seed, asked.seed],
    ["--preset", config?.preset, asked.preset],
    ["--model", config === null ? undefined : (config.from ?? "nothing"), asked.from && path.resolve(asked.from)],
  ] as const)
    if (was !== undefined && is !== undefined && was !== is)
      throw usageError(`the run was begun with ${flag} ${was}, not ${is}; leave ${flag} out to go on with it`, flag);
  const preset = presetNamed(config?.preset ?? asked.preset ?? DEFAULT_PRESET);
  if (!CHAIN_PRESETS.includes(preset.name))
    throw usageError(`train r1 has the presets ${CHAIN_PRESETS.join(", ")}, not ${preset.name}`, "preset");
  const from = config === null ? (asked.from === undefined ? null : path.resolve(asked.from)) : recordedFrom(config);
  const isModel = (setting: string) => setting.startsWith("model.");
  const recorded = config?.model ? (parseModelConfig(config.model, "the run's config.json") as DeepSeekConfig) : null;
  const ofModel = asked.settings.filter(isModel).map((one) => one.slice("model.".length));
  if (from !== null && ofModel.length > 0)
    throw usageError(`--set model.${ofModel[0]} has no effect: the chain goes on from ${from}`, "set");
  const ofStages = asked.settings.filter((one) => !isModel(one));
  return {
    preset: preset.name,
    seed: config?.seed ?? asked.seed ?? 0,
    from,
    model: modelOf(recorded ?? (from === null ? preset.model : modelIn(from)), ofModel, config !== null),
    options: withSettings(chainSchema, { ...chainOptions(preset.name), ...config?.options }, ofStages),
  };
}
