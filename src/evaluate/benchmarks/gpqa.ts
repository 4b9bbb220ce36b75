/** GPQA and its like: a question, its right answer and wrong ones, shown as lettered options (Rein et al. 2023, arXiv 2311.12022). */
import { UserError } from "../../error.ts";
import { Random } from "../../random.ts";
import { choiceJudge } from "../judges.ts";
import type { FileBenchmark } from "./benchmark.ts";
import { fault, has, labelsOf, optionalText, text } from "./fields.ts";
import { choicePrompt, letterOf } from "./prompts.ts";
import type { BenchmarkRecord } from "./records.ts";

export const gpqa: FileBenchmark = {
  name: "gpqa",
  about: "multiple choice: GPQA's columns, or {question, options or choices, answer}",
  licence: "the file's own (GPQA: CC BY 4.0, with a canary; evaluation only, not to be shown in plain text online)",
  files: ["gpqa_diamond.csv", "gpqa_diamond.jsonl", "gpqa.csv", "gpqa.jsonl"],
  fits: (record) =>
    has(record, "Question", "Correct Answer") || (has(record, "question", "answer") && optionsOf(record) !== null),
  question: (record, { index, seed }) => {
    const question = text(record, "Question", "question", "problem");
    // GPQA's own options stand in no order, so they are shuffled, the same for every model and sample.
    const { options, right } = has(record, "Correct Answer") ? shuffled(record, index, seed) : given(record);
    const gold = letterOf(right);
    return {
      id: optionalText(record, "id", "Record ID") ?? undefined,
      text: `${question}\n${options.join("\n")}`,
      prompt: choicePrompt(question, options),
      gold,
      judge: choiceJudge(gold, options),
      labels: labelsOf(record, "High-level domain", "Subdomain", "subject", "category"),
    };
  },
};

interface Options {
  readonly options: readonly string[];
  readonly right: number;
}

function shuffled(record: BenchmarkRecord, index: number, seed: number): Options {
  const correct = text(record, "Correct Answer").trim();
  const wrong = [1, 2, 3].map((i) => text(record, `Incorrect Answer ${i}`).trim());
  const order = Random.from(seed, "gpqa", index).shuffle([0, 1, 2, 3]);
  return { options: order.map((i) => [correct, ...wrong][i]!), right: order.indexOf(0) };
}

/** The answer as a letter, an option's number from 0, or an option's text. */
function given(record: BenchmarkRecord): Options {
  const options = optionsOf(record);
  if (options === null)
    throw fault(record, `${record.where}: options (or choices) must be a list of at least two texts.`);
  const answer = text(record, "answer", "gold").trim();
  const letter = /^\(?([A-Z])\)?$/.exec(answer)?.[1];
  const right = options.some((one) => one.trim() === answer)
    ? options.findIndex((one) => one.trim() === answer)
    : letter !== undefined
      ? letter.charCodeAt(0) - 65
      : /^\d+$/.test(answer)
        ? Number(answer)
        : -1;
  if (right < 0 || right >= options.length) {
    throw new UserError(`${record.where}: the answer "${answer}" is none of the ${options.length} options.`, {
      type: "bad_input",
      param: record.where,
    });
  }
  return { options, right };
}

function optionsOf({ fields }: BenchmarkRecord): readonly string[] | null {
  const list = fields.options ?? fields.choices;
  const texts = Array.isArray(list) ? list.map((one) => (typeof one === "number" ? String(one) : one)) : [];
  return texts.length >= 2 && texts.length <= 26 && texts.every((one) => typeof one === "string") ? texts : null;
}
