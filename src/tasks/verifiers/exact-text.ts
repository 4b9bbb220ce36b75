/** Judges a short answer by its text: the same words, whatever their case, spacing and the signs around them. */
import { quote, right, wrong } from "../answer.ts";
import { finalAnswer } from "../math/verify.ts";
import type { Verdict } from "../task.ts";

export interface TextOptions {
  /** Upper and lower case differ; they do not unless stated. */
  readonly caseSensitive?: boolean;
}

/** @param gold the right text, or several of which any will do */
export function verifyExactText(
  response: string,
  gold: string | readonly string[],
  options: TextOptions = {},
): Verdict {
  const answers = typeof gold === "string" ? [gold] : gold;
  const said = normalText(finalAnswer(response), options);
  if (said === "") return wrong("there is no answer");
  if (answers.some((answer) => normalText(answer, options) === said)) return right("the text is the gold answer's");
  return wrong(`expected ${quote(answers[0] ?? "")}, got ${quote(said)}`);
}

/** Unicode in one form, white space as single spaces, no formatting, quotes or stops around it. */
export function normalText(text: string, { caseSensitive = false }: TextOptions = {}): string {
  const plain = text
    .normalize("NFKC")
    .replace(/\\(?:text|textbf|mathrm|mbox)\{([^{}]*)\}/g, "$1")
    .replace(/\s+/g, " ")
    .trim()
    .replace(/^[\s"'`*_$.,;:!?()[\]]+|[\s"'`*_$.,;:!?()[\]]+$/g, "");
  return caseSensitive ? plain : plain.toLowerCase();
}
