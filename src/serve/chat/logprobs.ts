/** Log-probabilities as OpenAI's and DeepSeek's chat APIs have them: those of the thinking apart from those of the answer. */
import type { TokenChoice, TokenInfo } from "../../generate/answer-options.ts";

interface Alternative {
  readonly token: string;
  readonly logprob: number;
  readonly bytes: readonly number[];
}

export interface ChatLogprobs {
  readonly content:
    | readonly (Alternative & { readonly entropy?: number; readonly top_logprobs: readonly Alternative[] })[]
    | null;
  readonly reasoning_content?: ChatLogprobs["content"];
  readonly refusal: null;
}

export function chatLogprobs(tokens: readonly TokenInfo[], reasoning: boolean): ChatLogprobs {
  const told = (thinking: boolean): ChatLogprobs["content"] =>
    tokens
      .filter((token) => token.thinking === thinking)
      .map((token) => ({ ...alternative(token), ...entropyOf(token), top_logprobs: token.top.map(alternative) }));
  return { content: told(false), ...(reasoning ? { reasoning_content: told(true) } : {}), refusal: null };
}

/** Where it was asked for. */
const entropyOf = ({ entropy }: TokenInfo) => (entropy === null ? {} : { entropy });

const alternative = ({ text, logprob, bytes }: TokenChoice): Alternative => ({
  token: text,
  // JSON knows no infinity; OpenAI gives -9999 for what cannot be.
  logprob: Number.isFinite(logprob) ? logprob : -9999,
  bytes: [...bytes],
});
