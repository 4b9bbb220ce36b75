/** What an evaluation is made of: questions, the answers they got, and the judgement on each. */
import type { Finish } from "../generate/sequence.ts";

/** One question as it is asked. */
export interface Question {
  readonly id: string;
  /** What its accuracy is reported under, such as a task family; a summary's mean is the mean over groups. */
  readonly group: string;
  /** The wording or the like; null where there is only one. */
  readonly variant: string | null;
  /** Equal for the variants of one question: they stand or fall together, which the standard error must know. */
  readonly question: string;
  /** The whole message to the model, instructions included. */
  readonly prompt: string;
  /** The question alone, as its benchmark has it; where left out, the prompt is that. */
  readonly text?: string;
  readonly gold: string;
  /** Further groupings that accuracy is told by, such as level and subject. */
  readonly labels?: Readonly<Record<string, string>>;
}

export interface Judgement {
  /** 0 wrong to 1 right. */
  readonly accuracy: number;
  /** 1 where thinking and answer have the right form. */
  readonly format: number;
  readonly reason: string;
  /** What was taken as the answer, and what a majority is counted by; null where none was found. Left out: what stands after the thinking. */
  readonly answer?: string | null;
  readonly parts?: Parts;
}

/** What of an answer is right or wrong by itself, such as each instruction of a prompt: how many were right, of how many, by name. */
export type Parts = Readonly<Record<string, readonly [right: number, all: number]>>;

/** Judges a whole response; `ended`: the model ended it itself. */
export type Judge = (response: string, ended: boolean) => Judgement | Promise<Judgement>;

/** A question with its judge. */
export interface Item extends Question {
  readonly judge: Judge;
}

/** An answer as it came. */
export interface Reply {
  /** The thinking in `<think>` tags where there was any, then the answer. */
  readonly text: string;
  /** New tokens; NaN where nobody counted them. */
  readonly tokens: number;
  /** Thinking tokens among them; NaN where nobody counted them. */
  readonly thinking: number;
  readonly finish: Finish;
  /** Tokens of the prompt, and how many of them came from a cache. */
  readonly promptTokens?: number;
  readonly cachedTokens?: number;
  /** From being handed over to its last token; NaN where nobody timed it. */
  readonly seconds?: number;
}

/** An answer, judged. */
export interface Response extends Reply, Judgement {}

export interface ItemResult {
  readonly item: Question;
  readonly responses: readonly Response[];
}

/** What a response says after its thinking, "" where thinking never ends. */
export function answerOf(text: string): string {
  const at = text.lastIndexOf(CLOSE);
  return at < 0 ? "" : text.slice(at + CLOSE.length).trim();
}

const CLOSE = "</think>";
