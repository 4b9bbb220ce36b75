/** What an evaluation cost: tokens, operations, time, energy and money, in all, an answer, and for each right answer. */
import { DEFAULT_PRICE_PER_CORE_HOUR, generationFlops } from "../../generate/cost.ts";
import type { ModelConfig } from "../../model/config.ts";
import type { ItemResult } from "../item.ts";
import { dollarsFor, type Price } from "./prices.ts";

/** How money is counted: by the hour of a machine, by a core's, or by tokens. Null: not at all. */
export type Rate =
  | { readonly kind: "hour"; readonly usd: number }
  | { readonly kind: "core-hour"; readonly usd: number }
  | { readonly kind: "tokens"; readonly price: Price }
  | null;

/** Null is unknown throughout. */
export interface EvaluationCost {
  /** Prompt and new tokens as they were computed: a prompt read once for several answers counts once where the cache told so. */
  readonly tokens: number | null;
  readonly flops: number | null;
  readonly core_seconds: number | null;
  readonly core_hours: number | null;
  readonly joules: number | null;
  readonly usd: number | null;
  /** What the amount rests on, in words. */
  readonly rate: string | null;
  readonly usd_per_core_hour?: number;
  readonly usd_per_hour?: number;
  readonly usd_per_million_tokens?: Price;
  readonly per_answer: PerAnswer;
  /** Everything spent, over the right answers alone; null where none is right. */
  readonly per_right_answer: PerAnswer | null;
}

export interface PerAnswer {
  /** New tokens. */
  readonly tokens: number | null;
  readonly core_seconds: number | null;
  readonly usd: number | null;
}

/** Tokens added up; NaN where some answer's are not known. */
export interface TokenCounts {
  readonly prompt: number;
  readonly cached: number;
  readonly completion: number;
  readonly thinking: number;
}

/** Tokens of all answers; each answer's prompt counts, the part of it that came from a cache is told apart. */
export function countTokens(results: readonly ItemResult[]): TokenCounts {
  let [prompt, cached, completion, thinking] = [0, 0, 0, 0];
  for (const { responses } of results) {
    for (const response of responses) {
      prompt += response.promptTokens ?? Number.NaN;
      cached += response.cachedTokens ?? 0;
      completion += response.tokens;
      thinking += response.thinking;
    }
  }
  if (Number.isNaN(prompt))
    cached = Number.NaN; // who does not tell the prompt's tokens does not tell this either
  else if (Number.isNaN(cached)) cached = 0;
  return { prompt, cached, completion, thinking };
}

export interface CostBasis {
  readonly results: readonly ItemResult[];
  readonly seconds: number;
  readonly core_seconds: number | null;
  readonly joules: number | null;
  readonly rate: Rate;
  /** Of a model opened here: operations are counted by its architecture. */
  readonly config?: ModelConfig;
}

/** Adds up the cost. */
export function evaluationCost({ results, seconds, core_seconds, joules, rate, config }: CostBasis): EvaluationCost {
  const counts = countTokens(results);
  const computed = counts.prompt - counts.cached + counts.completion;
  const usd = money(rate, seconds, core_seconds, counts);
  const answers = results.reduce((sum, { responses }) => sum + responses.length, 0);
  const right = results.reduce(
    (sum, { responses }) => sum + responses.filter(({ accuracy }) => accuracy === 1).length,
    0,
  );
  const over = (count: number): PerAnswer => ({
    tokens: known(counts.completion / count),
    core_seconds: core_seconds === null ? null : core_seconds / count,
    usd: usd === null ? null : usd / count,
  });
  return {
    tokens: known(computed),
    flops: config === undefined ? null : known(flopsOf(config, results)),
    core_seconds,
    core_hours: core_seconds === null ? null : core_seconds / 3600,
    joules,
    usd,
    rate: rateText(rate),
    ...(rate?.kind === "core-hour" ? { usd_per_core_hour: rate.usd } : {}),
    ...(rate?.kind === "hour" ? { usd_per_hour: rate.usd } : {}),
    ...(rate?.kind === "tokens" ? { usd_per_million_tokens: rate.price } : {}),
    per_answer: over(Math.max(1, answers)),
    per_right_answer: right === 0 ? null : over(right),
  };
}

/** The rate a local model is counted at where none is stated. */
export const DEFAULT_RATE: Rate = { kind: "core-hour", usd: DEFAULT_PRICE_PER_CORE_HOUR };

/** What an amount rests on, in words; null where nothing is counted. */
export function rateText(rate: Rate): string | null {
  if (rate === null) return null;
  if (rate.kind === "core-hour") return `$${rate.usd} a core-hour`;
  if (rate.kind === "hour") return `$${rate.usd} an hour of the machine`;
  const { input, cached, output, date, source } = rate.price;
  return `$${input} a million input tokens${cached === null ? "" : ` ($${cached} cached)`}, $${output} output (${source}, ${date})`;
}

function money(rate: Rate, seconds: number, coreSeconds: number | null, counts: TokenCounts): number | null {
  if (rate === null) return null;
  if (rate.kind === "hour") return known((seconds / 3600) * rate.usd);
  if (rate.kind === "core-hour") return coreSeconds === null ? null : (coreSeconds / 3600) * rate.usd;
  return known(dollarsFor(counts, rate.price));
}

/** Operations of all answers, those for what came from the cache left out. */
function flopsOf(config: ModelConfig, results: readonly ItemResult[]): number {
  let flops = 0;
  for (const { responses } of results) {
    for (const { promptTokens = Number.NaN, cachedTokens = 0, tokens } of responses)
      flops += generationFlops(config, promptTokens + tokens) - generationFlops(config, cachedTokens);
  }
  return flops;
}

const known = (value: number): number | null => (Number.isFinite(value) ? value : null);
