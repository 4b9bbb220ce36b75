/** What a caller may ask of an answer, and what is told about it while it is written: the types every surface shares. */
import type { Constraint } from "./constraint/constraint.ts";
import type { Sampling } from "./sampling.ts";

export interface CompleteOptions extends Sampling {
  /** At most this many new tokens in all, thinking included. Default: generation_config.json's max_new_tokens, else what is left of the context, but at most 4,096. */
  readonly maxTokens?: number;
  /** At most this many tokens after the thinking; default: only `maxTokens` counts. */
  readonly maxAnswerTokens?: number;
  /** 0: answer directly. N: at most N thinking tokens, then the closing is written for the model. */
  readonly thinkBudget?: number;
  /** The thinking goes on for at least this many tokens: where it would end before, `thinkMore` is put in instead (s1, arXiv 2501.19393). */
  readonly thinkMinimum?: number;
  /** What is written where the budget ends the thinking; `</think>` follows it unless it is in it. Default: the tag alone. */
  readonly thinkClose?: string;
  /** What is put in instead of an end that comes before `thinkMinimum`. Default "Wait". */
  readonly thinkMore?: string;
  /** An end-of-text token inside the thinking: "close" (default) ends the thinking and lets the answer come, "stop" ends it all. */
  readonly eosInThink?: "close" | "stop";
  /** The answer ends before the first of these texts; the thinking is not searched. */
  readonly stop?: readonly string[];
  /** The text that stopped it stays in the answer. */
  readonly includeStop?: boolean;
  /** Further token ids that end it, besides the model's own. */
  readonly stopIds?: readonly number[];
  /** End-of-text tokens do not end it. */
  readonly ignoreEos?: boolean;
  /** Log-probabilities of the tokens and of this many alternatives each (0 to 20); left out: none. */
  readonly logprobs?: number;
  /** The entropy of each token's distribution. */
  readonly entropy?: boolean;
  /** What the text must match. */
  readonly constraint?: Constraint;
  /** Where the constraint begins: "answer" (default) after the thinking, "start" at the first token. */
  readonly constraintFrom?: "start" | "answer";
  /** The text goes on from the prompt as it is: thinking tags are text like any other, nothing is split off or bounded by them. */
  readonly plain?: boolean;
  /** Special tokens that stay in the text, such as the marks of tool calls; all others are left out. */
  readonly keepTokens?: readonly string[];
  /**
   * Guesses up to this many tokens ahead and reads them in one step: the same text in fewer steps. The model's multi-token-prediction
   * module guesses where it has one (1 or 2 are worth it), else the text itself, where it repeats (up to 8). 0 (default): no. Only for
   * one answer at a time, on devices whose memory is the host's.
   */
  readonly speculative?: number;
  readonly signal?: AbortSignal;
  /** How many answers, each with a seed of its own. Default 1. */
  readonly n?: number;
}

/** A token as an alternative. */
export interface TokenChoice {
  readonly id: number;
  /** Its bytes as text; U+FFFD where they are no whole characters. */
  readonly text: string;
  readonly bytes: Uint8Array;
  /** Natural logarithm of its probability under the model itself: temperature 1, before penalties, filters and constraints. */
  readonly logprob: number;
}

export interface TokenInfo extends TokenChoice {
  /** Of the model's own distribution, in nats; null unless asked for. */
  readonly entropy: number | null;
  /** The likeliest tokens, most likely first; as many as `logprobs` asks for. */
  readonly top: readonly TokenChoice[];
  /** Whether it is part of the thinking, tags included. */
  readonly thinking: boolean;
}

/** A piece of an answer: joined they are the whole. */
export interface AnswerEvent {
  readonly reasoning: string;
  readonly content: string;
  /** The tokens whose text this piece completes; empty unless `logprobs` or `entropy` was asked for. */
  readonly tokens: readonly TokenInfo[];
}

/** How the thinking ended: by the model, by the budget, where the model wanted to end the text, by the caller; null: it did not, or there was none. */
export type ThinkEnd = "model" | "budget" | "eos" | "caller" | null;
