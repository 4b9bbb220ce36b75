/** Log-probabilities as OpenAI's text completions have them: lists side by side, one entry a token. */
import type { TokenInfo } from "../../generate/answer-options.ts";

export interface CompletionLogprobs {
  readonly tokens: string[];
  /** Null for the first token of a prompt, which nothing predicts. */
  readonly token_logprobs: (number | null)[];
  readonly top_logprobs: (Record<string, number> | null)[];
  /** Characters before the token, prompt included where it is echoed. */
  readonly text_offset: number[];
}

/** Collects tokens in order. */
export class CompletionLogprobList {
  readonly lists: CompletionLogprobs = { tokens: [], token_logprobs: [], top_logprobs: [], text_offset: [] };
  #offset: number;

  constructor(offset = 0) {
    this.#offset = offset;
  }

  /** The first token of an echoed prompt. */
  addUnpredicted(text: string): void {
    this.#add(text, null, null);
  }

  add({ text, logprob, top }: TokenInfo): void {
    // Several tokens may look alike (pieces of characters): the likeliest, which comes first, keeps the name.
    const alternatives: Record<string, number> = {};
    for (const one of top) alternatives[one.text] ??= finite(one.logprob);
    this.#add(text, finite(logprob), alternatives);
  }

  #add(text: string, logprob: number | null, top: Record<string, number> | null): void {
    this.lists.tokens.push(text);
    this.lists.token_logprobs.push(logprob);
    this.lists.top_logprobs.push(top);
    this.lists.text_offset.push(this.#offset);
    this.#offset += text.length;
  }
}

const finite = (logprob: number): number => (Number.isFinite(logprob) ? logprob : -9999);
