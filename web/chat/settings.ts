/** What the reader sets: how the model is asked, what it is told of the reader, and how the page looks. Kept in the browser. */

export const EFFORTS = ["none", "low", "medium", "high", "max"] as const;

/** How many answers to a question, and what they differ in: a vote's are many draws of one model. */
export const WAYS = ["one", "vote 3", "vote 5", "vote 9", "thinking", "models"] as const;

/** Something to remember: told to the model in the system prompt while it is on. */
export interface Fact {
  readonly id: string;
  readonly text: string;
  readonly on: boolean;
}

export interface Settings {
  readonly model: string;
  /** The second model of "models". */
  readonly other: string;
  readonly way: (typeof WAYS)[number];
  readonly effort: (typeof EFFORTS)[number];
  readonly system: string;
  readonly facts: readonly Fact[];
  /** Whether the facts are told at all. */
  readonly remembers: boolean;
  /** Empty: as the model has it. */
  readonly temperature: string;
  readonly topP: string;
  readonly topK: string;
  readonly minP: string;
  readonly seed: string;
  readonly maxTokens: string;
  readonly thinkingBudget: string;
  /** US dollars of a core for an hour; empty: the server's. */
  readonly price: string;
  /** Whether each token's probability and its alternatives are asked for. */
  readonly tokens: boolean;
  readonly key: string;
  readonly theme: "system" | "light" | "dark";
}

const DEFAULTS: Settings = {
  model: "",
  other: "",
  way: "one",
  effort: "max",
  system: "",
  facts: [],
  remembers: true,
  temperature: "",
  topP: "",
  topK: "",
  minP: "",
  seed: "",
  maxTokens: "",
  thinkingBudget: "",
  price: "",
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

/** The system prompt as it is sent: the reader's own, then what is to be remembered. "" where there is neither. */
export function systemPrompt({ system, facts, remembers }: Settings): string {
  const told = remembers ? facts.filter(({ on, text }) => on && text.trim() !== "") : [];
  const known = told.length === 0 ? "" : `Known of the user:\n${told.map(({ text }) => `- ${text.trim()}`).join("\n")}`;
  return [system.trim(), known].filter((part) => part !== "").join("\n\n");
}

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
    ...(settings.tokens ? { logprobs: true, top_logprobs: 5, entropy: true } : {}),
    reasoning_field: "reasoning_content",
  };
}
