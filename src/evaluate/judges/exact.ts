/** Judges a short answer by its text: equal but for case, spaces, punctuation at the ends and formatting. */
import { normaliseAnswer } from "../../generate/vote.ts";
import type { Judge } from "../item.ts";
import { judgeOfAnswers } from "./judge.ts";

export function exactJudge(gold: string): Judge {
  const wanted = plain(gold);
  return judgeOfAnswers((answer) => {
    const said = plain(answer);
    const correct = said === wanted;
    return {
      correct,
      reason: correct ? "the text is the gold answer's" : `expected ${show(gold)}, got ${show(answer)}`,
    };
  });
}

/** Brackets keep their order and lose the spaces between them; words lose commas between them. */
function plain(text: string): string {
  const bare = normaliseAnswer(text.replace(/\\text\{([^{}]*)\}/g, "$1").replace(/^["'`(]+(?=\w)|["'`]+$/g, ""));
  if (/^[\s()[\]{}<>\\]+$/.test(bare)) return bare.replace(/[\s\\]/g, "");
  return bare
    .replace(/\s*,\s*/g, " ")
    .replace(/[)"'`]+$/, "")
    .trim();
}

const show = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}...` : text);
