/** What an answer cost: operations counted from the architecture, core-seconds measured, money at a stated price. */
import { type ModelConfig, parameterCount } from "../model/config.ts";

/**
 * US dollars for one core for one hour where none is stated: about what clouds ask on demand for a general-purpose core with its
 * memory (2026). Stated wherever an amount is shown, since only the user knows theirs.
 */
export const DEFAULT_PRICE_PER_CORE_HOUR = 0.04;

export interface Cost {
  readonly tokens: number;
  readonly flops: number;
  /** Wall seconds times the threads that computed. */
  readonly core_seconds: number;
  readonly usd: number;
  readonly usd_per_core_hour: number;
}

/** How much was computed. */
export interface Work {
  readonly promptTokens: number;
  readonly newTokens: number;
  readonly seconds: number;
  readonly threads: number;
}

/** The cost of one answer. */
export function costOf(config: ModelConfig, work: Work, usdPerCoreHour: number = DEFAULT_PRICE_PER_CORE_HOUR): Cost {
  const tokens = work.promptTokens + work.newTokens;
  const coreSeconds = work.seconds * work.threads;
  return {
    tokens,
    flops: generationFlops(config, tokens),
    core_seconds: coreSeconds,
    usd: (coreSeconds / 3600) * usdPerCoreHour,
    usd_per_core_hour: usdPerCoreHour,
  };
}

/** A prompt, read once, and the new tokens of each of its answers. */
export interface Answered {
  readonly promptTokens: number;
  readonly newTokens: readonly number[];
}

/** The cost of many answers written at once. */
export function costOfAll(
  config: ModelConfig,
  answered: readonly Answered[],
  work: Pick<Work, "seconds" | "threads">,
  usdPerCoreHour: number = DEFAULT_PRICE_PER_CORE_HOUR,
): Cost {
  const coreSeconds = work.seconds * work.threads;
  let [tokens, flops] = [0, 0];
  for (const { promptTokens, newTokens } of answered) {
    const reading = generationFlops(config, promptTokens);
    tokens += promptTokens;
    flops += reading;
    for (const count of newTokens) {
      tokens += count;
      flops += generationFlops(config, promptTokens + count) - reading;
    }
  }
  const usd = (coreSeconds / 3600) * usdPerCoreHour;
  return { tokens, flops, core_seconds: coreSeconds, usd, usd_per_core_hour: usdPerCoreHour };
}

/**
 * Floating-point operations to run `tokens` tokens one after the other through the model: two for each active weight and token
 * (the embedding is a look-up), and two for each element of the keys and values a token attends to.
 */
export function generationFlops(config: ModelConfig, tokens: number): number {
  const [keyDim, valueDim] =
    config.attention === "gqa"
      ? [config.head_dim, config.head_dim]
      : [config.qk_nope_head_dim + config.qk_rope_head_dim, config.v_head_dim];
  const attended = (tokens * (tokens + 1)) / 2;
  const attention = 2 * config.num_hidden_layers * config.num_attention_heads * (keyDim + valueDim) * attended;
  return 2 * parameterCount(config).activeWithoutEmbedding * tokens + attention;
}
