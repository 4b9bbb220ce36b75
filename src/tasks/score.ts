/** Rewards of a response: is the answer right, and is the form kept. How much each part counts is the trainer's choice. */
import { taskNamed } from "./catalogue.ts";
import type { TaskEntry } from "./task.ts";

/** What of an entry a score depends on. */
export type Scorable = Pick<TaskEntry, "task" | "answer" | "data">;

export interface ScoreParts {
  /** 1 where the text behind the last `</think>` is the right answer and nothing else (see answer.ts for the rule). */
  readonly accuracy: number;
  /** 1 where thinking is closed exactly once, an answer follows, and the response came to its own end. */
  readonly format: number;
}

export interface Score {
  /** The accuracy: a response is as good as its answer. */
  readonly score: number;
  readonly parts: ScoreParts;
  /** Why, in words. */
  readonly reason: string;
}

const OPEN = "<think>";
const CLOSE = "</think>";

/** What a response is made of: its answer, null where there is none to judge, with whether the form was kept. */
export interface Form {
  readonly answer: string | null;
  readonly format: number;
  /** Why there is no answer; "" where there is one. */
  readonly reason: string;
}

/**
 * Parts what a model wrote after a prompt that ends in `<think>`: thinking, `</think>`, answer. A `<think>` at the very start is
 * taken as that prompt's own. A response cut off before its end has no answer yet: 17 may have been going to be 1776.
 * @param ended whether the model ended its response itself (by the end-of-sequence token).
 */
export function formOf(response: string, ended: boolean): Form {
  const start = response.trimStart();
  const text = start.startsWith(OPEN) ? start.slice(OPEN.length) : response;
  const close = text.lastIndexOf(CLOSE);
  if (close < 0) return { answer: null, format: 0, reason: "thinking is not closed by </think>" };
  const answer = text.slice(close + CLOSE.length);
  const format = ended && answer.trim() !== "" && text.indexOf(CLOSE) === close && !text.includes(OPEN) ? 1 : 0;
  return ended ? { answer, format, reason: "" } : { answer: null, format, reason: "cut off before its end" };
}

/** Scores a response by its form and the entry's own verifier. */
export function score(entry: Scorable, response: string, { ended }: { readonly ended: boolean }): Score {
  const { answer, format, reason } = formOf(response, ended);
  if (answer === null) return { score: 0, parts: { accuracy: 0, format }, reason };
  const verdict = taskNamed(entry.task).verify(answer, entry);
  return { score: verdict.score, parts: { accuracy: verdict.score, format }, reason: verdict.reason };
}

/** Scores a finished text of any kind: with thinking as `score` does, and without any think tags as a bare answer out of form. */
export function scoreText(entry: Scorable, response: string, { ended }: { readonly ended: boolean }): Score {
  if (response.includes(OPEN) || response.includes(CLOSE)) return score(entry, response, { ended });
  const judged = score(entry, CLOSE + response, { ended });
  return { ...judged, parts: { ...judged.parts, format: 0 } };
}
