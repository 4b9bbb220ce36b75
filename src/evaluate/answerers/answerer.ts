/** Whoever answers questions: a model opened here or a server elsewhere. An evaluation knows nothing else of them. */
import type { Question, Reply } from "../item.ts";

/** One answer wanted. */
export interface Ask {
  readonly item: Question;
  /** Which of the item's answers, from 0. */
  readonly sample: number;
  /** Of its random numbers. */
  readonly seed: number;
}

/** How all answers are drawn. */
export interface AnswerSettings {
  /** 0: greedy. */
  readonly temperature: number;
  /** The fewest tokens with this much probability; 1: all. */
  readonly topP: number;
  /** At most this many new tokens; less where the context ends before. */
  readonly maxTokens: number;
  /** At most this many thinking tokens, then the closing tag is written for the model. Undefined: as long as it thinks. */
  readonly thinkBudget?: number;
}

export interface AnswerHooks {
  readonly signal: AbortSignal;
  /** Called once for each answer, in the order they are finished. */
  readonly onReply: (ask: Ask, reply: Reply) => void;
  /** Told now and then how many new tokens have come in all. */
  readonly onTokens?: (tokens: number) => void;
  /** A line for a person, such as that a server asked to wait. */
  readonly onNotice?: (line: string) => void;
}

export interface Answerer {
  /** The name a person knows the model by. */
  readonly name: string;
  /**
   * Answers all; resolves when each was told to `onReply`, or when `signal` is aborted.
   * @throws UserError where one cannot be answered; those told by then stand
   */
  answerAll(asks: readonly Ask[], settings: AnswerSettings, hooks: AnswerHooks): Promise<void>;
}
