/** What a caller of the engine holds of its request, and what the engine tells about it. */
import { UserError } from "../../error.ts";
import type { Answer } from "../answer.ts";
import type { AnswerEvent, CompleteOptions, TokenInfo } from "../answer-options.ts";

export interface SubmitOptions extends CompleteOptions {
  /** Default: a random UUID. */
  readonly id?: string;
  /** Whose request it is; owners share the slots fairly. Default "". */
  readonly owner?: string;
  /** Higher goes first. Default 0. */
  readonly priority?: number;
  /** Milliseconds after which it ends with an error, wherever it is. Default: none. */
  readonly deadlineMs?: number;
  /** Log-probabilities of the prompt's tokens, each with so many alternatives (0 to 20); left out: none. */
  readonly promptLogprobs?: number;
  /** False: the prompt is read anew even where its beginning is cached. */
  readonly reusePrompt?: boolean;
}

/** A piece of one of the answers. */
export interface EngineEvent extends AnswerEvent {
  /** Which of the `n` answers. */
  readonly index: number;
  /** Not null on the last event of an answer, which has no text. */
  readonly answer: Answer | null;
}

export interface Handle {
  readonly id: string;
  readonly owner: string;
  readonly promptTokens: number;
  /** Prompt tokens of the first answer that were cached; 0 until it has begun. */
  readonly cachedTokens: number;
  /** Waits for a slot, reads its prompt or writes, or is over. */
  readonly state: "queued" | "running" | "done";
  /** Of the prompt's tokens but the first, where they were asked for; complete once the first new token is there. */
  readonly promptLogprobs: readonly TokenInfo[];
  /** Of the queue; may be changed while it waits. */
  priority: number;
  /**
   * The answers as they are written. Reading starts with the call for the iterator and is possible once; what was written before
   * it is not in it. A reader that is slow holds only its own request up; leaving the loop cancels the request.
   */
  readonly events: AsyncIterable<EngineEvent>;
  /** All answers; a cancelled one is as far as it got, with finish_reason "abort". Rejects where the request failed. */
  readonly result: Promise<readonly Answer[]>;
  /** Ends it before the next token. */
  cancel(): void;
  /** Closes the thinking of all its answers with the next token; false where none is thinking. */
  endThinkingNow(): boolean;
}

export type Outcome = "done" | "cancelled" | "failed" | "expired" | "stalled";

/** One request once it is over, for metrics and logs. Milliseconds; null where it did not get that far. */
export interface RequestRecord {
  readonly id: string;
  readonly owner: string;
  readonly outcome: Outcome;
  readonly answers: readonly Answer[];
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly newTokens: number;
  readonly reasoningTokens: number;
  readonly queueMs: number | null;
  /** From a slot to the first new token. */
  readonly prefillMs: number | null;
  /** From the first new token to the end. */
  readonly decodeMs: number | null;
  readonly totalMs: number;
}

/** One step of all sequences at work. */
export interface StepRecord {
  readonly ms: number;
  /** Rows computed: new tokens, guesses and prompt tokens. */
  readonly rows: number;
  readonly newTokens: number;
  /** Tokens guessed, and how many of them were right and are among the new ones. */
  readonly drafted: number;
  readonly accepted: number;
}

export interface EngineObserver {
  readonly step?: (step: StepRecord) => void;
  readonly finished?: (request: RequestRecord) => void;
  /** The engine broke and starts anew, or stays down. */
  readonly broke?: (error: unknown) => void;
}

/** There is no room to wait: to be tried again later (HTTP 429). */
export class QueueFull extends UserError {
  constructor(limit: number) {
    super(`All slots are busy and ${limit} requests wait already, as many as may; try again in a moment.`, {
      type: "queue_full",
    });
  }
}

/** What the requests are told that a broken step took with it. */
export function whatWasLost(cause: unknown): UserError {
  if (cause instanceof UserError && cause.type === "out_of_memory") {
    return new UserError(`There was not enough memory to write this answer. ${cause.message}`, {
      type: "out_of_memory",
      cause,
    });
  }
  return new UserError("The engine broke while it wrote this answer; the same request may be sent again.", {
    type: "engine_failed",
    cause,
  });
}
