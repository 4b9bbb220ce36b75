/** The command line that repeats a run: its preset, its seed, and whatever its config has otherwise than the preset of today. */
import type { RunConfig } from "../train/run.ts";
import { PRESETS, type Preset, studying } from "./presets.ts";
import { chainOptions } from "./r1/options.ts";

/** `npx reckon train ...` for a run's config; `out` and `model` are the folders as the reader should name them. */
export function trainCommand(config: RunConfig, { out, model }: { out: string; model: string | null }): string {
  const preset = PRESETS.find(({ name }) => name === config.preset) ?? PRESETS[0]!;
  const usual = usualOptions(preset, config.recipe);
  return [
    `npx reckon train ${config.recipe} --preset ${preset.name}`,
    ...(model === null ? [] : [`--model ${quoted(model)}`]),
    `--seed ${config.seed}`,
    ...(typeof config.threads === "number" ? [`--threads ${config.threads}`] : []),
    `--out ${quoted(out)}`,
    ...[
      ...differences(config.options, usual),
      ...differences(config.base ?? {}, preset.pretrain, "pretrain."),
      ...(config.recipe === "distill" ? [] : differences(config.model ?? {}, preset.model, "model.")),
      ...differences(config.distill ?? {}, preset.distill, "distill."),
    ].map((setting) => `--set ${quoted(setting)}`),
  ].join(" ");
}

function usualOptions(preset: Preset, recipe: string): object {
  if (recipe === "r1") return chainOptions(preset.name);
  if (recipe === "r1-zero") return preset.rl;
  if (recipe === "distill") return studying(preset);
  return recipe === "sft" ? preset.sft : preset.pretrain;
}

/** `key=value` for every option that is not the usual one, keys dotted. */
function differences(options: object, usual: object, prefix = ""): string[] {
  const expected = new Map(Object.entries(usual));
  return Object.entries(options).flatMap(([key, value]) => {
    const other: unknown = expected.get(key);
    if (isRecord(value) && isRecord(other)) return differences(value, other, `${prefix}${key}.`);
    const text = JSON.stringify(value);
    return text === JSON.stringify(other) ? [] : [`${prefix}${key}=${typeof value === "string" ? value : text}`];
  });
}

const isRecord = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** For a shell. */
const quoted = (text: string): string => (/^[\w./,=:+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
