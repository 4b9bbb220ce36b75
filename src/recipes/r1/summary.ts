/** What the chain's report says, as values: per stage what it took and what its model can do, with 95 % intervals. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { bootstrapInterval } from "../../evaluate/metrics/bootstrap.ts";
import { DEFAULT_PRICE_PER_CORE_HOUR } from "../../generate/cost.ts";
import { parameterCount, parseModelConfig } from "../../model/config.ts";
import { type JsonRecord, readJsonLines } from "../../train/jsonl.ts";
import { listCheckpoints, readRunConfig } from "../../train/run.ts";
import type { Warning } from "../../train/warnings.ts";
import { parted } from "../rewards.ts";
import type { Measured, Share } from "./measure.ts";
import { type Chain, type ChainStage, makesModel } from "./stage-kit.ts";

/** A table as the pages show it. */
export interface Table {
  readonly title: string;
  /** What the figures are, in a sentence. */
  readonly note: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** A figure with its interval. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

export interface StageCost {
  readonly seconds: number;
  readonly core_hours: number;
  /** Tokens the optimizer saw, prompts included; for a file, 0. */
  readonly tokens: number;
  /** Counted from the architecture: 6 for each active weight and token learned from, 2 more where the tokens were sampled first. */
  readonly flops: number;
  readonly usd: number;
}

export interface StageSummary {
  readonly name: string;
  readonly about: string;
  readonly uses: readonly string[];
  readonly comparison: boolean;
  readonly cost: StageCost;
  /** null for a file. */
  readonly model: ModelSummary | null;
  /** Lines of a file of examples. */
  readonly examples: number | null;
}

export interface ModelSummary {
  readonly recipe: string;
  readonly parameters: number;
  readonly steps: number;
  /** Means over the families that have right answers. */
  readonly greedy: Estimate;
  readonly sampled: Estimate;
  readonly by_family: Readonly<Record<string, { readonly greedy: Estimate; readonly sampled: Estimate }>>;
  readonly thinking: number;
  readonly language: number;
  readonly reflecting: Estimate;
  readonly preference: number;
  readonly harmless: Estimate;
  /** In which step of a reinforced stage reflection was first heard from at least one answer in a hundred; null: never. */
  readonly first_reflection: number | null;
  /** The first answer in the kept rollouts whose thinking says "wait". */
  readonly heard: Heard | null;
  readonly warnings: readonly StageWarning[];
  readonly metrics: readonly JsonRecord[];
  readonly evaluations: readonly JsonRecord[];
}

export interface Heard {
  readonly step: number;
  readonly prompt: string;
  readonly response: string;
  readonly reason: string;
}

export function summaryOf(
  chain: Chain,
  stages: readonly ChainStage[],
  measured: ReadonlyMap<string, Measured>,
): StageSummary[] {
  const { reasoning } = chain.plan.options;
  return stages.map((stage): StageSummary => {
    const { name, about, uses, comparison = false } = stage;
    const common = { name, about, uses, comparison };
    const folder = chain.place(name);
    if (!makesModel(stage)) {
      const spent = JSON.parse(readFileSync(chain.costPlace(name), "utf8")) as Spent;
      const examples = name.endsWith(".jsonl") ? readJsonLines(folder).length : null;
      return { ...common, cost: costOf(spent, 0, 0), model: null, examples };
    }
    const { recipe } = readRunConfig(folder);
    const metrics = readJsonLines(path.join(folder, "metrics.jsonl"));
    const { total, activeWithoutEmbedding } = parameterCount(configOf(folder));
    const report = JSON.parse(readFileSync(path.join(folder, "report.json"), "utf8"));
    const tokens = Number(metrics.at(-1)?.num_tokens ?? 0);
    const perToken = (recipe === "r1-zero" ? 8 : 6) * activeWithoutEmbedding;
    const found = measured.get(name)!;
    const families = reasoning.tasks.families;
    const over = (shares: Readonly<Record<string, Share>>) => estimate(families.map((family) => shares[family]!));
    return {
      ...common,
      cost: costOf(report.notes.cost as Spent, tokens, tokens * perToken),
      examples: null,
      model: {
        recipe,
        parameters: total,
        steps: metrics.length,
        greedy: over(found.greedy),
        sampled: over(found.sampled),
        by_family: Object.fromEntries(
          Object.keys(found.greedy).map((family) => [
            family,
            { greedy: estimate([found.greedy[family]!]), sampled: estimate([found.sampled[family]!]) },
          ]),
        ),
        thinking: found.thinking,
        language: found.language.mean,
        reflecting: estimate([found.reflecting]),
        preference: found.preference,
        harmless: estimate([found.harmless]),
        first_reflection: firstReflection(metrics),
        warnings: warningsOf(metrics, report.notes.warnings),
        heard: firstHeard(path.join(folder, "rollouts")),
        metrics,
        evaluations: readJsonLines(path.join(folder, "evaluations.jsonl")),
      },
    };
  });
}

interface Spent {
  readonly seconds: number;
  readonly core_seconds: number;
}

const costOf = ({ seconds, core_seconds }: Spent, tokens: number, flops: number): StageCost => ({
  seconds,
  core_hours: core_seconds / 3600,
  tokens,
  flops,
  usd: (core_seconds / 3600) * DEFAULT_PRICE_PER_CORE_HOUR,
});

/** The sum of costs. */
export function totalCost(costs: readonly StageCost[]): StageCost {
  const sum = (key: keyof StageCost) => costs.reduce((total, cost) => total + cost[key], 0);
  return {
    seconds: sum("seconds"),
    core_hours: sum("core_hours"),
    tokens: sum("tokens"),
    flops: sum("flops"),
    usd: sum("usd"),
  };
}

/** The mean of shares, each counting the same, with its interval. */
export function estimate(shares: readonly Share[]): Estimate {
  const asked = shares.filter(({ of }) => of > 0);
  const value = asked.reduce((sum, { right, of }) => sum + right / of, 0) / Math.max(1, asked.length);
  const groups = asked.map(({ right, of }) => Array.from({ length: of }, (_, i) => Number(i < right)));
  return { value, ...bootstrapInterval(groups, 1) };
}

function configOf(run: string) {
  const file = path.join(listCheckpoints(run).at(-1)!.folder, "config.json");
  return parseModelConfig(JSON.parse(readFileSync(file, "utf8")), file);
}

function firstReflection(metrics: readonly JsonRecord[]): number | null {
  const line = metrics.find((one) => Number(one["completions/reflecting"]) >= 0.01);
  return line === undefined ? null : Number(line.step);
}

/** A right answer where the file with the first has one. */
function firstHeard(rollouts: string): Heard | null {
  for (const name of readdirSync(rollouts).sort()) {
    const saying = readJsonLines(path.join(rollouts, name)).filter(({ response }) =>
      /\bwait\b/.test(parted(String(response))[0]),
    );
    const one = saying.find(({ rewards }) => (rewards as Record<string, unknown>).accuracy === 1) ?? saying[0];
    if (one !== undefined) return one as unknown as Heard;
  }
  return null;
}

export interface StageWarning {
  readonly step: number;
  readonly message: string;
}

/** Each kind of warning in the lines of metrics.jsonl, where it was first given, and what the end of the stage added. */
function warningsOf(metrics: readonly JsonRecord[], late: unknown): StageWarning[] {
  const first = new Map<string, StageWarning>();
  for (const { step, warnings } of [...metrics, { step: metrics.at(-1)?.step, warnings: late }])
    for (const { kind, message } of (warnings ?? []) as readonly Warning[])
      if (!first.has(kind)) first.set(kind, { step: Number(step), message });
  return [...first.values()];
}

/** A large number for people: three digits and a unit. */
export const count = (value: number): string =>
  new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 }).format(value);

/** Reads the preference model's own measure. */
export function preferenceAccuracyOf(chain: Chain): number | null {
  const file = chain.place("preference.json");
  if (!existsSync(file)) return null;
  return (JSON.parse(readFileSync(file, "utf8")) as { held_out_accuracy: number }).held_out_accuracy;
}
