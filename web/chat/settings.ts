/** What the reader sets: how the model is asked, and how the page looks. Kept in the browser. */

export const EFFORTS = ["none", "low", "medium", "high", "max"] as const;

export interface Settings {
  readonly model: string;
  readonly effort: (typeof EFFORTS)[number];
  readonly system: string;
  /** Empty: as the model has it. */
  readonly temperature: string;
  readonly topP: string;
  readonly topK: string;
  readonly minP: string;
  readonly seed: string;
  readonly maxTokens: string;
  readonly thinkingBudget: string;
  /** Whether each token's probability and its alternatives are asked for. */
  readonly tokens: boolean;
  readonly key: string;
  readonly theme: "system" | "light" | "dark";
}

const DEFAULTS: Settings = {
  model: "",
  effort: "max",
  system: "",
  temperature: "",
  topP: "",
  topK: "",
  minP: "",
  seed: "",
  maxTokens: "",
  thinkingBudget: "",
  tokens: true,
  key: "",
  theme: "system",
};

const PLACE = "reckon.settings";

export function loadSettings(): Settings {
  try {
    return { ...DEFAULTS, ...JSON.parse(localStorage.getItem(PLACE) ?? "{}") };
  } catch {
    return DEFAULTS;
  }
}

export const saveSettings = (settings: Settings): void => localStorage.setItem(PLACE, JSON.stringify(settings));

/** The request's fields that the settings decide. */
export function requestFields(settings: Settings): Record<string, unknown> {
  const number = (text: string): number | undefined => (text.trim() === "" ? undefined : Number(text));
  return {
    model: settings.model === "" ? undefined : settings.model,
    reasoning_effort: settings.effort,
    temperature: number(settings.temperature),
    top_p: number(settings.topP),
    top_k: number(settings.topK),
    min_p: number(settings.minP),
    seed: number(settings.seed),
    max_tokens: number(settings.maxTokens),
    thinking_budget_tokens: settings.effort === "none" ? undefined : number(settings.thinkingBudget),
    ...(settings.tokens ? { logprobs: true, top_logprobs: 5 } : {}),
    reasoning_field: "reasoning_content",
  };
}
