/** An evaluation as other programs read it: one row of figures. */
import { curveOf, type Figures, type SummaryOptions, summarize } from "./accuracy.ts";
import type { ItemResult } from "./item.ts";

/** What there is to tell of an evaluation, whoever was asked. */
export interface Evaluated {
  readonly results: readonly ItemResult[];
  /** Responses to each item. */
  readonly samples: number;
  /** Null where nobody knows, as with answers from a file. */
  readonly temperature: number | null;
  /** NaN where nobody counted. */
  readonly promptTokens: number;
  readonly newTokens: number;
  /** Prompt tokens that came from a cache. */
  readonly cachedTokens?: number;
  readonly seconds: number;
  readonly cost: object;
}

/**
 * What `reckon eval --json` prints. pass@k and cons@k are there for the ks asked for, else for the number of responses where that
 * is more than one. Figures nobody knows are null.
 * @param items the path of the items file
 */
export function evaluationRow(
  benchmark: string,
  evaluated: Evaluated,
  items: string | null,
  options: SummaryOptions = {},
): Readonly<Record<string, unknown>> {
  const summary = summarize(evaluated, options);
  const { results, samples, temperature, promptTokens, newTokens, cachedTokens = 0, seconds } = evaluated;
  const worded = results.some(({ item }) => item.variant !== null);
  const curve = curveOf(results, options.same);
  return {
    benchmark,
    samples,
    temperature,
    ...figuresJson(summary),
    "pass@1_stderr": summary.stderr,
    "pass@1_interval": [summary.interval.low, summary.interval.high],
    ...(worded
      ? {
          by_family: Object.fromEntries(
            summary.groups.map((one) => [
              one.group,
              { ...figuresJson(one), by_wording: mapValues(one.variants, figuresJson) },
            ]),
          ),
          by_wording: mapValues(summary.variants, figuresJson),
        }
      : {}),
    ...(Object.keys(summary.labels).length === 0
      ? {}
      : { by: mapValues(summary.labels, (values) => mapValues(values, figuresJson)) }),
    ...(curve.length === 0 ? {} : { curve }),
    tokens: {
      prompt: known(promptTokens),
      completion: known(newTokens),
      thinking: known(
        results.reduce((sum, { responses }) => sum + responses.reduce((own, one) => own + one.thinking, 0), 0),
      ),
      cached: known(cachedTokens),
      total: known(promptTokens + newTokens),
      per_second: known(newTokens / seconds),
    },
    seconds: known(seconds),
    cost: evaluated.cost,
    items,
  };
}

/** Figures under the names the field uses. */
export function figuresJson(one: Figures): Readonly<Record<string, unknown>> {
  return {
    n: one.n,
    "pass@1": one.accuracy,
    ...Object.fromEntries([...one.pass].map(([k, value]) => [`pass@${k}`, value])),
    ...Object.fromEntries([...one.cons].map(([k, value]) => [`cons@${k}`, value])),
    format: known(one.format),
    truncated: one.truncated,
    mean_thinking_tokens: known(one.thinking),
    mean_thinking_tokens_right: known(one.thinkingRight),
    mean_thinking_tokens_wrong: known(one.thinkingWrong),
    ...(one.parts.size === 0 ? {} : { parts: Object.fromEntries(one.parts) }),
  };
}

const known = (value: number): number | null => (Number.isFinite(value) ? value : null);

const mapValues = <A, B>(record: Readonly<Record<string, A>>, change: (value: A) => B): Record<string, B> =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
