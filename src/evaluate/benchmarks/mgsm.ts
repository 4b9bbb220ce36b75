/** MGSM: 250 questions of GSM8K in eleven languages (Shi et al. 2022, arXiv 2210.03057). A question's translations stand or fall together. */
import { mathJudge } from "../judges.ts";
import type { FileBenchmark } from "./benchmark.ts";
import { has, text } from "./fields.ts";
import { boxedPrompt } from "./prompts.ts";

export const mgsm: FileBenchmark = {
  name: "mgsm",
  about: "250 questions of GSM8K in 11 languages each",
  licence: "CC BY 4.0 (google-research/url-nlp); evaluation only",
  files: ["mgsm.jsonl"],
  grouped: "language",
  fits: (record) => has(record, "lang", "question", "answer"),
  question: (record) => {
    const [question, gold, lang, id] = [
      text(record, "question"),
      text(record, "answer").replaceAll(",", ""),
      text(record, "lang"),
      text(record, "id"),
    ];
    return {
      id: `mgsm/${lang}/${id}`,
      text: question,
      prompt: boxedPrompt(question),
      gold,
      judge: mathJudge(gold),
      group: lang,
      question: `mgsm/${id}`,
      labels: { language: lang },
    };
  },
};
