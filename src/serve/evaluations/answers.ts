/** What the evaluation window asks, answered from the files: pages of questions, one question whole, two evaluations compared. */
import { UserError } from "../../error.ts";
import { ApiError } from "../errors.ts";
import { type ComparisonAsked, comparison } from "./comparison.ts";
import { readEvaluation } from "./figures.ts";
import { listEvaluations } from "./list.ts";
import { evaluationNamed, type FoundEvaluation, type Places } from "./places.ts";
import { row, textsOf, type Verdict, verdictOf } from "./rows.ts";

export interface ItemFilter {
  readonly group?: string;
  readonly verdict?: Verdict;
  /** Part of the question, the gold answer or a response. */
  readonly text?: string;
}

export type Question = { readonly places: Places } & (
  | { readonly kind: "list" }
  | {
      readonly kind: "items";
      readonly id: string;
      readonly filter: ItemFilter;
      readonly from: number;
      readonly count: number;
    }
  | { readonly kind: "item"; readonly id: string; readonly item: string }
  | ({ readonly kind: "compare" } & ComparisonAsked)
);

/** @throws ApiError where there is no such evaluation or question, or its file cannot be read */
export async function answerOf(question: Question): Promise<object> {
  try {
    return await answered(question);
  } catch (error) {
    // What is wrong with a file is for whoever asked about it, not for the server's log.
    if (!(error instanceof UserError) || error.exitCode === 2) throw error;
    throw new ApiError(400, error.message, { code: "unreadable_evaluation", cause: error });
  }
}

async function answered(question: Question): Promise<object> {
  const { places } = question;
  switch (question.kind) {
    case "list":
      return { root: places.root, evaluations: await listEvaluations(places) };
    case "items":
      return items(question);
    case "item":
      return item(question);
    case "compare":
      return comparison(places, question);
  }
}

async function items({ places, id, filter, from, count }: Extract<Question, { kind: "items" }>): Promise<object> {
  const { group, verdict, text } = filter;
  const found = withAnswers(places, id);
  const { results } = await readEvaluation(found);
  const sought = text?.toLowerCase();
  const chosen = results.filter(
    (result) =>
      (group === undefined || result.item.group === group) &&
      (verdict === undefined || verdictOf(result) === verdict) &&
      (sought === undefined || textsOf(result).some((one) => one.toLowerCase().includes(sought))),
  );
  const rows = chosen.slice(from, from + count).map((result) => ({ ...row(result), id: result.item.id }));
  return { total: chosen.length, version: found.changed, rows };
}

async function item({ places, id, item: name }: Extract<Question, { kind: "item" }>): Promise<object> {
  const { results } = await readEvaluation(withAnswers(places, id));
  const at = results.findIndex((result) => result.item.id === name);
  const result = results[at];
  if (result === undefined)
    throw new ApiError(404, `${id} has no question ${JSON.stringify(name)}.`, { code: "item_not_found" });
  return {
    ...row(result),
    id: name,
    prompt: result.item.prompt,
    before: results[at - 1]?.item.id ?? null,
    after: results[at + 1]?.item.id ?? null,
    responses: result.responses,
  };
}

/** @throws ApiError 404 where the list has no such evaluation, or it is figures alone */
function withAnswers(places: Places, id: string): FoundEvaluation {
  const found = evaluationNamed(places, id);
  if (found.kind === "samples") return found;
  throw new ApiError(
    404,
    `${id} holds figures and no answers, so there are no questions to look at; \`reckon eval --out FILE.jsonl\` keeps the answers.`,
    { code: "no_answers" },
  );
}
