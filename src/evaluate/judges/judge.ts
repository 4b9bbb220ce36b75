/** What all judges share: a response has an answer only behind its thinking, and one cut off inside it has none. */
import type { Judge, Judgement } from "../item.ts";
import { afterThinking, type FinalAnswer, finalAnswer } from "./final-answer.ts";

/** A verdict on an answer that was found. */
export interface Verdict {
  readonly correct: boolean;
  readonly reason: string;
  /** The answer as it was understood, where that differs from the text found. */
  readonly answer?: string;
}

/** A judge of the last answer given. `verdict` gets the answer's text and where it stood. */
export function judgeOfAnswers(verdict: (answer: string, found: FinalAnswer) => Verdict): Judge {
  return (response, ended): Judgement => {
    const content = afterThinking(response);
    if (content === null)
      return silent(ended ? "thinking never ends, so there is no answer" : "cut off while thinking");
    const found = finalAnswer(content);
    if (found === null) return silent("no answer stands behind the thinking");
    const { correct, reason, answer } = verdict(found.text, found);
    return { accuracy: correct ? 1 : 0, format: formOf(found, ended), reason, answer: answer ?? found.text };
  };
}

/** No answer at all. */
export const silent = (reason: string): Judgement => ({ accuracy: 0, format: 0, reason, answer: null });

/** In form: ended by the model itself, the answer put where it was asked for. */
export const formOf = ({ how }: FinalAnswer, ended: boolean): 0 | 1 => (ended && how !== "line" ? 1 : 0);
