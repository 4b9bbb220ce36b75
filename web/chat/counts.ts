/** What an answer took and cost, in words. */
import type { Message } from "./types.ts";

/** "reckon-nano · prompt 12 · thinking 84 · answer 6 tokens · 240 tokens/s · 0.4 s" */
export function described({ counts, model }: Message, brief = false): string {
  const { thinkingTokens, answerTokens, took, promptTokens } = counts!;
  const written = thinkingTokens + answerTokens;
  // Over the whole time: what came in one burst says nothing of the time between two tokens.
  const rate = took > 0 ? Math.round((written / took) * 10) / 10 : 0;
  return [
    brief ? "" : (model ?? ""),
    promptTokens > 0 && !brief ? `prompt ${promptTokens}` : "",
    `thinking ${thinkingTokens}`,
    `answer ${answerTokens} ${answerTokens === 1 ? "token" : "tokens"}`,
    `${rate} tokens/s`,
    `${took.toFixed(1)} s`,
  ]
    .filter((part) => part !== "")
    .join(" · ");
}

/** What the thinking and the answer cost: by the server's price where it states one, else the seconds of both, shared by tokens. */
export function costs({ counts, usdPerSecond, cost }: Message): { text: string; about: string } | null {
  if (cost !== undefined) {
    const parts = [
      `prompt ${dollars(cost.prompt)}`,
      `thinking ${dollars(cost.thinking)}`,
      `answer ${dollars(cost.answer)}`,
    ];
    return { text: parts.join(" + "), about: "At the price that the server states" };
  }
  if (counts === undefined || usdPerSecond === undefined) return null;
  const { thinkingTokens, answerTokens, took } = counts;
  const all = took * usdPerSecond;
  const thinking = (all * thinkingTokens) / Math.max(1, thinkingTokens + answerTokens);
  return {
    text: thinking > 0 ? `thinking ${dollars(thinking)} + answer ${dollars(all - thinking)}` : `answer ${dollars(all)}`,
    about: `${took.toFixed(2)} s of this machine at ${dollars(usdPerSecond * 3600)} an hour, shared by tokens; Settings has the price of a core`,
  };
}

/** Two figures that count, without powers of ten: $0.0000031. */
export function dollars(usd: number): string {
  if (usd === 0) return "$0";
  const places = Math.max(2, 1 - Math.floor(Math.log10(usd)));
  return `$${usd.toFixed(Math.min(places, 12))}`;
}
