/** Tokens as DeepSeek's and OpenAI's APIs count them. */
import type { Answer } from "../../generate/answer.ts";
import { costField, type UsageCost } from "../price.ts";
import type { ChatShape } from "./plan.ts";

export interface ChatUsage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
  readonly prompt_tokens_details: { readonly cached_tokens: number };
  /** Left out where the model was not to think. */
  readonly completion_tokens_details?: { readonly reasoning_tokens: number };
  readonly prompt_cache_hit_tokens: number;
  readonly prompt_cache_miss_tokens: number;
  /** Where the server states a price. */
  readonly cost?: UsageCost;
}

/** @param cached prompt tokens that were not computed anew */
export function chatUsage(
  promptTokens: number,
  cached: number,
  answers: readonly Answer[],
  { reasoning: withReasoning, price }: Pick<ChatShape, "reasoning" | "price">,
): ChatUsage {
  const sum = (of: (answer: Answer) => number): number => answers.reduce((total, answer) => total + of(answer), 0);
  const completion = sum(({ usage }) => usage.completion_tokens);
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completion,
    total_tokens: promptTokens + completion,
    prompt_tokens_details: { cached_tokens: cached },
    ...(withReasoning
      ? { completion_tokens_details: { reasoning_tokens: sum(({ usage }) => usage.reasoning_tokens) } }
      : {}),
    prompt_cache_hit_tokens: cached,
    prompt_cache_miss_tokens: promptTokens - cached,
    ...costField(price, promptTokens, cached, answers),
  };
}
