/** What an answer costs where the server states a price: thinking and answer apart, since a reasoning model mostly thinks. */
import { z } from "zod";
import type { Answer } from "../generate/answer.ts";

const dollars = z.number().min(0);

/** US dollars: a million tokens, as APIs are sold; or the machine's hour, of which a slot's share is paid while it is held. */
export const priceConfig = z.union([
  z.strictObject({
    prompt: dollars,
    /** Of prompt tokens that were cached. Default: that of the others. */
    cached: dollars.optional(),
    /** Of new tokens, thinking included. */
    answer: dollars,
  }),
  z.strictObject({ perHour: dollars }),
]);
export type PriceConfig = z.infer<typeof priceConfig>;

/** US dollars. */
export interface UsageCost {
  readonly prompt: number;
  readonly thinking: number;
  readonly answer: number;
  readonly total: number;
  readonly currency: "USD";
}

/** How a server reckons: null where it states no price. */
export interface Price {
  readonly stated: PriceConfig;
  /** Answers that share the machine. */
  readonly slots: number;
}

export const priceOf = (stated: PriceConfig | undefined, slots: number): Price | null =>
  stated === undefined ? null : { stated, slots };

/** The `cost` of a usage, or nothing. */
export function costField(
  price: Price | null,
  promptTokens: number,
  cachedTokens: number,
  answers: readonly Answer[],
): { readonly cost?: UsageCost } {
  if (price === null) return {};
  const { stated } = price;
  const sum = (of: (answer: Answer) => number): number => answers.reduce((total, answer) => total + of(answer), 0);
  const told = (prompt: number, thinking: number, answer: number) => ({
    cost: { prompt, thinking, answer, total: prompt + thinking + answer, currency: "USD" as const },
  });
  if ("perHour" in stated) {
    const usdPerMs = stated.perHour / price.slots / 3_600_000;
    const thinking = sum(({ timing, usage }) => timing.decode_ms * thinkingShare(usage));
    const decode = sum(({ timing }) => timing.decode_ms);
    return told(
      usdPerMs * sum(({ timing }) => timing.prefill_ms),
      usdPerMs * thinking,
      usdPerMs * Math.max(0, decode - thinking),
    );
  }
  const thinking = sum(({ usage }) => usage.reasoning_tokens);
  const written = sum(({ usage }) => usage.completion_tokens);
  const prompt = (promptTokens - cachedTokens) * stated.prompt + cachedTokens * (stated.cached ?? stated.prompt);
  return told(prompt / 1e6, (thinking * stated.answer) / 1e6, ((written - thinking) * stated.answer) / 1e6);
}

const thinkingShare = ({ reasoning_tokens: thinking, completion_tokens: all }: Answer["usage"]): number =>
  all === 0 ? 0 : thinking / all;
