/**
 * What a recipe is run with: a preset with the user's settings laid over it. A run being resumed goes on with the options in its
 * own config.json, whatever its preset says by now; settings are laid over those, and what the checkpoint is made of cannot change.
 */
import path from "node:path";
import { UserError, usageError } from "../error.ts";
import { type DeepSeekConfig, type ModelConfig, parseModelConfig } from "../model/config.ts";
import { modelConfigToJson } from "../model/config-json.ts";
import { bundledTokenizer } from "../text/character-tokenizer.ts";
import type { RunConfig } from "../train/run.ts";
import {
  type DistillOptions,
  distillSchema,
  layOver,
  type RlOptions,
  rlSchema,
  type SupervisedOptions,
  supervisedSchema,
  withSettings,
} from "./options.ts";
import { PRESETS, presetNamed, studying } from "./presets.ts";

export const RECIPES = ["pretrain", "sft", "r1-zero", "distill"] as const;
export type RecipeName = (typeof RECIPES)[number];

export interface RecipePlan {
  readonly recipe: RecipeName;
  readonly preset: string;
  readonly seed: number;
  /** The folder of the model to start from, of distillation the teacher; null: the one made of `model`, the bundled teacher. */
  readonly from: string | null;
  /** The model to make from nothing. */
  readonly model: DeepSeekConfig;
  readonly pretrain: SupervisedOptions;
  readonly sft: SupervisedOptions;
  readonly rl: RlOptions;
  readonly distill: DistillOptions;
}

/** What the user asked for; undefined where nothing was said. */
export interface Asked {
  readonly recipe: string;
  readonly preset: string | undefined;
  readonly seed: number | undefined;
  readonly from: string | undefined;
  /** `key=value`: keys of the recipe's own stage, or with a stage before them (`rl.steps=40`). */
  readonly settings: readonly string[];
}

export const DEFAULT_PRESET = "smoke";

/**
 * @param config of the run to resume; null: a new run.
 * @throws UserError (usage) naming the recipe, preset, key or flag that cannot be.
 */
export function planRecipe(asked: Asked, config: RunConfig | null): RecipePlan {
  const recipe = RECIPES.find((name) => name === asked.recipe);
  if (recipe === undefined)
    throw usageError(`there is no recipe "${asked.recipe}"; there are ${RECIPES.join(", ")} and r1`, "recipe");
  if (asked.preset !== undefined) presetNamed(asked.preset);
  const recorded = config === null ? null : recordedIn(config, recipe, asked);
  const preset =
    PRESETS.find(({ name }) => name === config?.preset) ??
    presetNamed((config === null ? asked.preset : undefined) ?? DEFAULT_PRESET);
  const from = recorded?.from ?? (asked.from === undefined ? null : path.resolve(asked.from));
  const settings = settingsByStage(recipe, from, asked.settings);
  const own = (stage: Stage): Record<string, unknown> =>
    OWN_STAGE[recipe] === stage ? { ...config?.options } : stage === "pretrain" ? { ...recorded?.base } : {};
  const supervised = (stage: "pretrain" | "sft", usual: SupervisedOptions) =>
    withSettings(supervisedSchema, { ...usual, ...own(stage) }, settings[stage], `${stage}.`);
  return {
    recipe,
    preset: preset.name,
    seed: config?.seed ?? asked.seed ?? 0,
    from,
    model: modelOf(recorded?.model ?? preset.model, settings.model, config !== null),
    pretrain: supervised("pretrain", preset.pretrain),
    sft: supervised("sft", recipe === "distill" ? studying(preset) : preset.sft),
    rl: withSettings(rlSchema, { ...preset.rl, ...own("rl") }, settings.rl, "rl."),
    distill: withSettings(distillSchema, { ...preset.distill, ...recorded?.distill }, settings.distill, "distill."),
  };
}

type Stage = "pretrain" | "sft" | "rl" | "distill" | "model";

/** The stage that keys without one are of. */
const OWN_STAGE = { pretrain: "pretrain", sft: "sft", "r1-zero": "rl", distill: "sft" } as const;

/** What a run's config.json says beside the options; runs of earlier versions lack some of it. */
interface Recorded {
  readonly from: string | null;
  readonly model: DeepSeekConfig | null;
  readonly base: Partial<SupervisedOptions>;
  readonly distill: Partial<DistillOptions>;
}

/** Refuses what a run cannot be resumed with. */
function recordedIn(config: RunConfig, recipe: RecipeName, asked: Asked): Recorded {
  const differs = (flag: string, was: unknown, is: unknown) =>
    usageError(`the run was begun with ${flag} ${was}, not ${is}; leave ${flag} out to go on with it`, flag);
  if (config.recipe !== recipe)
    throw usageError(`the run is one of \`train ${config.recipe}\`, not of \`train ${recipe}\``, "recipe");
  if (asked.preset !== undefined && asked.preset !== config.preset)
    throw differs("--preset", config.preset, asked.preset);
  if (asked.seed !== undefined && asked.seed !== config.seed) throw differs("--seed", config.seed, asked.seed);
  const from = typeof config.from === "string" ? config.from : null;
  if (asked.from !== undefined && "from" in config && path.resolve(asked.from) !== from)
    throw differs("--model", from ?? "nothing", asked.from);
  return {
    from,
    model: config.model ? (parseModelConfig(config.model, "the run's config.json") as DeepSeekConfig) : null,
    base: (config.base ?? {}) as Partial<SupervisedOptions>,
    distill: (config.distill ?? {}) as Partial<DistillOptions>,
  };
}

/** Sorts settings by stage. @throws UserError for one that would have no effect. */
function settingsByStage(
  recipe: RecipeName,
  from: string | null,
  settings: readonly string[],
): Record<Stage, readonly string[]> {
  const own = OWN_STAGE[recipe];
  const makes: Stage[] = from === null && (recipe === "pretrain" || recipe === "r1-zero") ? ["model"] : [];
  const first: Stage[] = recipe === "r1-zero" && from === null ? ["pretrain"] : [];
  const used: Stage[] = [own, ...(recipe === "distill" ? (["distill", "pretrain"] as const) : first), ...makes];
  const sorted: Record<Stage, string[]> = { pretrain: [], sft: [], rl: [], distill: [], model: [] };
  for (const setting of settings) {
    const named = /^(pretrain|sft|rl|distill|model)\./.exec(setting)?.[1] as Stage | undefined;
    if (named !== undefined && !used.includes(named)) {
      const why = from === null ? `train ${recipe}` : `train ${recipe} from a model`;
      throw usageError(
        `--set ${setting} has no effect: ${why} takes ${used.map((one) => `${one}.`).join(", ")}`,
        "set",
      );
    }
    sorted[named ?? own].push(named === undefined ? setting : setting.slice(named.length + 1));
  }
  return sorted;
}

/** The model with settings laid over it, checked as a config.json is. */
export function modelOf(model: DeepSeekConfig, settings: readonly string[], resumes: boolean): DeepSeekConfig {
  if (settings.length === 0) return model;
  const changed = layOver(model, settings, "model.");
  const [key] = Object.keys(changed).filter((name) => !same(changed[name], model[name as keyof DeepSeekConfig]));
  if (key === undefined) return model;
  if (resumes)
    throw usageError(
      `--set model.${key}: the run was begun with ${JSON.stringify(model[key as keyof DeepSeekConfig])}, and its checkpoint cannot take another size; begin a new run with another --out`,
      `model.${key}`,
    );
  const parsed = parsedModel(changed);
  const { vocabSize: size } = bundledTokenizer();
  if (parsed.attention === "gqa" || parsed.vocab_size < size)
    throw new UserError(
      parsed.attention === "gqa"
        ? "--set model.model_type: a model from nothing is a deepseek_v3 (or deepseek_v2)"
        : `--set model.vocab_size is ${parsed.vocab_size}, but the characters and marks are ${size}`,
      { exitCode: 2, param: "model" },
    );
  return parsed;
}

function parsedModel(changed: Record<string, unknown>): ModelConfig {
  try {
    return parseModelConfig(modelConfigToJson(changed as unknown as DeepSeekConfig), "--set model");
  } catch (error) {
    if (error instanceof UserError) throw usageError(error.message, `model.${error.param}`);
    throw error;
  }
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
