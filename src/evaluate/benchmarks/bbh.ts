/** BIG-Bench Hard: 27 tasks whose answers are a letter, a word, a number or a short text (Suzgun et al. 2022, arXiv 2210.09261). */
import { bracketsJudge, choiceJudge, exactJudge } from "../judges.ts";
import type { FileBenchmark } from "./benchmark.ts";
import { has, text } from "./fields.ts";
import { BOXED, boxedPrompt, linePrompt } from "./prompts.ts";

export const bbh: FileBenchmark = {
  name: "bbh",
  about: "BIG-Bench Hard, 27 tasks, each counting the same",
  licence: "MIT (suzgunmirac/BIG-Bench-Hard); carries the BIG-bench canary: evaluation only",
  files: ["bbh.jsonl"],
  grouped: "task",
  fits: (record) => has(record, "task", "input", "target"),
  question: (record, { index }) => {
    const [task, input, gold] = [text(record, "task"), text(record, "input"), text(record, "target")];
    const letters = [...input.matchAll(/^\(([A-Z])\)/gm)].map((match) => match[1]!);
    const chosen = /^\([A-Z]\)$/.test(gold.trim()) && letters.length > 1;
    return {
      id: `bbh/${task}/${has(record, "id") ? text(record, "id") : index}`,
      text: input,
      prompt: chosen
        ? `${input}\nChoose one option by its letter. ${BOXED}`
        : isBrackets(gold)
          ? linePrompt(input)
          : boxedPrompt(input),
      gold,
      judge: chosen ? choiceJudge(gold) : isBrackets(gold) ? bracketsJudge(gold) : exactJudge(gold),
      group: task,
      labels: { task },
    };
  },
};

/** Brackets cannot stand in a box of braces. */
const isBrackets = (gold: string): boolean => /^[\s()[\]{}<>]+$/.test(gold);
