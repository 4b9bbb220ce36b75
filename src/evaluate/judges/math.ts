/** Judges mathematics: the one place where evaluation meets the math verifier. */
import { normaliseAnswer } from "../../generate/vote.ts";
import type { Judge } from "../item.ts";
import { judgeOfAnswers } from "./judge.ts";

export function mathJudge(gold: string): Judge {
  return judgeOfAnswers((answer) => {
    const correct = sameMath(gold, answer);
    return { correct, reason: correct ? "equal to the gold answer" : `expected ${gold}, got ${answer.slice(0, 80)}` };
  });
}

/** Whether two answers mean the same, for counting votes. */
export function sameMath(a: string, b: string): boolean {
  const [x, y] = [a, b].map((text) => normaliseAnswer(text.replace(/^\\\(|\\\)$|\\text\{[^{}]*\}|\\[,!;]|\$/g, "")));
  return x === y || (x !== "" && y !== "" && Number(x) === Number(y));
}
