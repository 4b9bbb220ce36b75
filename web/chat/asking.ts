/** From the reader's settings to what is sent: which requests a question makes, and the messages of each. */
import type { ModelInfo } from "../api/client.ts";
import { beside } from "./models.ts";
import { requestFields, type Settings, systemPrompt } from "./settings.ts";
import type { Message } from "./types.ts";

/** One request: its settings, how many answers it brings, and what they are called side by side. */
export interface Asked {
  readonly settings: Settings;
  readonly labels: readonly string[];
}

/** The requests that the chosen way makes of one question. */
export function requestsFor(settings: Settings, models: readonly ModelInfo[]): Asked[] {
  const { way } = settings;
  if (way.startsWith("vote ")) {
    const labels = Array.from({ length: Number(way.slice(5)) }, (_, at) => `Answer ${at + 1}`);
    return [{ settings, labels }];
  }
  if (way === "thinking") {
    const thinks = { ...settings, effort: settings.effort === "none" ? ("max" as const) : settings.effort };
    return [
      { settings: thinks, labels: ["Thinking"] },
      { settings: { ...settings, effort: "none" }, labels: ["No thinking"] },
    ];
  }
  if (way === "models") {
    const first = settings.model || models[0]?.id || "";
    const other = settings.other || beside(models, first);
    return [first, other].map((model) => ({ settings: { ...settings, model }, labels: [model] }));
  }
  return [{ settings, labels: [""] }];
}

/**
 * The body of a chat request.
 * @param begun a message the answer goes on from, or null
 * @param closed the thinking of `begun` has ended, even where nothing was said after it
 */
export function bodyOf(
  { settings, labels }: Asked,
  path: readonly Message[],
  begun: Message | null,
  closed = false,
): { readonly messages: readonly object[] } {
  const system = systemPrompt(settings);
  return {
    ...requestFields(settings),
    ...(labels.length > 1 ? { n: labels.length } : {}),
    messages: [
      ...(system === "" ? [] : [{ role: "system", content: system }]),
      ...path.map(({ role, content }) => ({ role, content })),
      // A content, if only a line end, closes the thinking it follows.
      ...(begun === null
        ? []
        : [
            {
              role: "assistant",
              content: begun.content || (closed ? "\n" : ""),
              reasoning_content: begun.thinking,
              prefix: true,
            },
          ]),
    ],
  };
}

/** US dollars for each second an answer is written, or undefined where nothing is known of the machine. */
export function usdPerSecond(
  { price, model }: Settings,
  models: readonly ModelInfo[],
  atOnce: number,
): number | undefined {
  const info = models.find(({ id }) => id === model) ?? models.find(({ threads }) => threads !== undefined);
  const usd = price.trim() === "" ? info?.usd_per_core_hour : Number(price);
  if (usd === undefined || info?.threads === undefined || !Number.isFinite(usd)) return undefined;
  return (usd * info.threads) / 3600 / atOnce;
}
