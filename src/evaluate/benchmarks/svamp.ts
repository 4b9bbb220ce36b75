/** SVAMP: simple word problems with varied wording (Patel et al. 2021, arXiv 2103.07191). */
import { mathJudge } from "../judges.ts";
import type { FileBenchmark } from "./benchmark.ts";
import { has, optionalText, text } from "./fields.ts";
import { boxedPrompt } from "./prompts.ts";

export const svamp: FileBenchmark = {
  name: "svamp",
  about: "1,000 simple word problems, by operation",
  licence: "MIT (arkilpatel/SVAMP)",
  files: ["svamp.json", "SVAMP.json"],
  fits: (record) => has(record, "Body", "Question", "Answer"),
  question: (record) => {
    const body = text(record, "Body").trim();
    const question = `${/[.!?]$/.test(body) ? body : `${body}.`} ${text(record, "Question").trim()}`;
    const gold = text(record, "Answer"); // 51.0 is read as the number 51
    // The file spells one of its types in two ways.
    const type = optionalText(record, "Type")?.replace("Divison", "Division");
    return {
      id: optionalText(record, "ID") ?? undefined,
      text: question,
      prompt: boxedPrompt(question),
      gold,
      judge: mathJudge(gold),
      ...(type === undefined ? {} : { labels: { type } }),
    };
  },
};
