/** Whether and how long a request lets the model think: six ways clients have of saying it, made one. */
import type { ChatRequest } from "./schema.ts";

export interface ThinkingWish {
  /** Null: as the model's template has it. */
  readonly thinks: boolean | null;
  /** Thinking tokens at most; undefined: as many as there is room for. */
  readonly budget: number | undefined;
}

/** Shares of the new tokens that thinking may take, as OpenRouter documents the efforts; the highest have no bound of their own. */
const EFFORT_SHARES = { minimal: 0.1, low: 0.2, medium: 0.5, high: 0.8 } as const;

/**
 * @param named what the model's name says (deepseek-reasoner thinks, deepseek-chat does not); the request's fields win over it
 * @param newTokens how many tokens the answer may have, thinking included
 */
export function thinkingWish(request: ChatRequest, named: boolean | null, newTokens: number): ThinkingWish {
  const effort = request.reasoning_effort ?? request.reasoning?.effort;
  const budgets = [
    request.thinking?.budget_tokens,
    request.reasoning?.max_tokens,
    request.reasoning_budget_tokens,
    request.thinking_budget_tokens,
    request.thinking_token_budget,
  ];
  const stated = budgets.find((budget) => budget !== undefined);
  const budget = stated === undefined || stated < 0 ? shareOf(effort, newTokens) : stated;
  const off =
    request.thinking?.type === "disabled" ||
    request.reasoning?.enabled === false ||
    effort === "none" ||
    stated === 0 ||
    request.chat_template_kwargs?.enable_thinking === false;
  if (off) return { thinks: false, budget: 0 };
  const on = request.thinking?.type === "enabled" || request.reasoning?.enabled === true || effort !== undefined;
  if (named === false && !on && stated === undefined) return { thinks: false, budget: 0 };
  return { thinks: on || named === true ? true : null, budget };
}

function shareOf(effort: string | undefined, newTokens: number): number | undefined {
  const share = EFFORT_SHARES[effort as keyof typeof EFFORT_SHARES] as number | undefined;
  return share === undefined ? undefined : Math.max(1, Math.floor(share * newTokens));
}
