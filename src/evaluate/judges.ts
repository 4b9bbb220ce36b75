/** How answers are judged: the verifiers of tasks/, with what an evaluation asks besides: was it cut off, is it in form, what is its vote. */

import { chosenLetter } from "../tasks/math/extract/choice.ts";
import { withoutThinking } from "../tasks/math/extract/extract.ts";
import { verifySafely } from "../tasks/math/safely.ts";
import { finalAnswer, sameAnswer } from "../tasks/math/verify.ts";
import { type CountdownPuzzle, verifyCountdown } from "../tasks/verifiers/countdown.ts";
import { verifyExactText } from "../tasks/verifiers/exact-text.ts";
import { verifyChoice } from "../tasks/verifiers/multiple-choice.ts";
import type { Judge, Judgement } from "./item.ts";

/** Mathematics, by the math verifier in a worker that a hostile answer cannot hold up. */
export const mathJudge = (gold: string): Judge =>
  judgeOf(async (response) => {
    const { correct, reason, answer } = await verifySafely(gold, response);
    return { score: correct ? 1 : 0, reason, answer };
  });

/** A letter among options. @param options their texts from A on; an answer that repeats one chooses it */
export const choiceJudge = (gold: string, options: readonly string[] = []): Judge =>
  judgeOf((response, spoken) => {
    const answer = finalAnswer(response);
    return { ...verifyChoice(response, gold, options), answer: chosenLetter(spoken, answer) ?? answer };
  });

/** A short text. */
export const exactJudge = (gold: string): Judge =>
  judgeOf((response) => ({ ...verifyExactText(response, gold), answer: finalAnswer(response) }));

/** An expression that makes a number of given ones, each used once. */
export const expressionJudge = (puzzle: CountdownPuzzle): Judge =>
  judgeOf((response) => ({ ...verifyCountdown(response, puzzle), answer: finalAnswer(response) }));

/** A row of brackets, which other judges would take for formatting: the whole line behind the last "answer". */
export const bracketsJudge = (gold: string): Judge =>
  judgeOf((_, spoken) => {
    const line = [...spoken.matchAll(/\banswer\b(?: is)?[\s:*]*(.+)$/gim)].at(-1)?.[1] ?? "";
    const said = brackets(line.replace(/[`$*.]+$|^[`$]+/g, ""));
    const score = said === brackets(gold) ? 1 : 0;
    return {
      score,
      reason: score === 1 ? "the brackets are the gold answer's" : `expected ${gold}, got ${line || "none"}`,
      answer: said,
    };
  });

/** Whether two answers mean the same, for counting votes. Plain numbers need no verifier. */
export const sameMath = (a: string, b: string): boolean =>
  NUMBER.test(a) && NUMBER.test(b) ? Number(a) === Number(b) : sameAnswer(a, b);

const NUMBER = /^-?\d{1,15}(?:\.\d{1,6})?$/;

/** The answer a vote counts, null where there is none. */
export const voteFor = (response: string): string | null => finalAnswer(response) || null;

interface Verdict {
  readonly score: number;
  readonly reason: string;
  /** "" where there is none. */
  readonly answer: string;
}

/**
 * A response has an answer only behind its thinking; one that was cut off has one only where it had boxed it by then, since what
 * stands last may not have been meant to.
 */
function judgeOf(verdict: (response: string, spoken: string) => Verdict | Promise<Verdict>): Judge {
  return async (response, ended): Promise<Judgement> => {
    const spoken = withoutThinking(response);
    if (spoken === null)
      return silent(ended ? "the thinking never ends, so there is no answer" : "cut off while thinking");
    if (spoken.trim() === "") return silent("no answer stands behind the thinking");
    if (!ended && !/\\boxed\s*\{|<\/answer>/.test(spoken)) return silent("cut off before its answer");
    const { score, reason, answer } = await verdict(response, spoken);
    const inForm = ended && /\\boxed|<answer>|answer\W{0,4}:/i.test(spoken);
    return { accuracy: score, format: inForm ? 1 : 0, reason, answer: answer === "" ? null : answer };
  };
}

const silent = (reason: string): Judgement => ({ accuracy: 0, format: 0, reason, answer: null });

const brackets = (text: string): string => text.replace(/[\s\\]/g, "");
