/** What the chain is run with: its preset with the user's settings laid over it, or a stopped chain's own config.json. */
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
  readonly model: DeepSeekConfig;
  readonly options: ChainOptions;
}

/** @throws UserError (usage) naming the preset, key or flag that cannot be */
export function planChain(asked: Omit<Asked, "recipe">, config: RunConfig | null): ChainPlan {
  if (asked.from !== undefined) throw usageError("train r1 makes its own base; leave --model out", "--model");
  if (config !== null && config.recipe !== "r1")
    throw usageError(`the run is one of \`train ${config.recipe}\`, not of \`train r1\``, "recipe");
  for (const [flag, was, is] of [
    ["--seed", config?.seed, asked.seed],
    ["--preset", config?.preset, asked.preset],
  ] as const)
    if (was !== undefined && is !== undefined && was !== is)
      throw usageError(`the run was begun with ${flag} ${was}, not ${is}; leave ${flag} out to go on with it`, flag);
  const preset = presetNamed(config?.preset ?? asked.preset ?? DEFAULT_PRESET);
  if (!CHAIN_PRESETS.includes(preset.name))
    throw usageError(`train r1 has the presets ${CHAIN_PRESETS.join(", ")}, not ${preset.name}`, "preset");
  const isModel = (setting: string) => setting.startsWith("model.");
  const recorded = config?.model ? (parseModelConfig(config.model, "the run's config.json") as DeepSeekConfig) : null;
  const ofModel = asked.settings.filter(isModel).map((one) => one.slice("model.".length));
  const ofStages = asked.settings.filter((one) => !isModel(one));
  return {
    preset: preset.name,
    seed: config?.seed ?? asked.seed ?? 0,
    model: modelOf(recorded ?? preset.model, ofModel, config !== null),
    options: withSettings(chainSchema, { ...chainOptions(preset.name), ...config?.options }, ofStages),
  };
}
