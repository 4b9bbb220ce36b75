/** What the evaluation window asks, answered from the files: pages of questions, one question whole, two evaluations compared. */
import { compare, pairsOf } from "../../evaluate/compare/compare.ts";
import type { ItemResult } from "../../evaluate/item.ts";
import { ApiError } from "../errors.ts";
import { briefOf, evaluationNamed, findEvaluations, readEvaluation } from "./places.ts";

export const VERDICTS = ["right", "wrong", "mixed"] as const;

export interface ItemFilter {
  readonly group?: string;
  readonly verdict?: (typeof VERDICTS)[number];
  /** Part of the question, the gold answer or a response. */
  readonly text?: string;
}

/** `root`: the folder of runs. */
export type Question = { readonly root: string } & (
  | { readonly kind: "list" }
  | {
      readonly kind: "items";
      readonly id: string;
      readonly filter: ItemFilter;
      readonly from: number;
      readonly count: number;
    }
  | { readonly kind: "item"; readonly id: string; readonly item: string }
  | {
      readonly kind: "compare";
      readonly first: string;
      readonly second: string;
      /** Only questions that became this. */
      readonly to?: "right" | "wrong";
    }
);

/** @throws ApiError where there is no such evaluation or question; UserError where a file cannot be read */
export function answerOf(question: Question): Promise<object> {
  switch (question.kind) {
    case "list":
      return list(question.root);
    case "items":
      return items(question);
    case "item":
      return item(question);
    case "compare":
      return comparison(question);
  }
}

async function list(root: string): Promise<object> {
  const evaluations: object[] = [];
  for (const found of findEvaluations(root)) evaluations.push(await briefOf(found));
  return { root, evaluations };
}

async function items({ root, id, filter, from, count }: Extract<Question, { kind: "items" }>): Promise<object> {
  const { group, verdict, text } = filter;
  const found = evaluationNamed(root, id);
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

async function item({ root, id, item: name }: Extract<Question, { kind: "item" }>): Promise<object> {
  const { results } = await readEvaluation(evaluationNamed(root, id));
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

/** Questions told of those that changed sides; `flips` counts them all. */
const MOST_FLIPS = 500;

async function comparison({ root, first, second, to }: Extract<Question, { kind: "compare" }>): Promise<object> {
  const [a, b] = [evaluationNamed(root, first), evaluationNamed(root, second)];
  const [one, other] = [await readEvaluation(a), await readEvaluation(b)];
  const pairs = pairsOf(one.results, other.results, [first, second]);
  const leftOut = [one.results.length - pairs.length, other.results.length - pairs.length] as const;
  const told = compare(pairs, leftOut, 0);
  const byId = new Map(pairs.map((pair) => [pair.first.item.id, pair]));
  const flips = told.flipped.filter((flip) => to === undefined || flip.to === to);
  const flipped = flips.slice(0, MOST_FLIPS).map((flip) => {
    const { first: was, second: is } = byId.get(flip.id)!;
    const { group, prompt, gold } = was.item;
    return { ...flip, group, prompt: prompt.slice(0, SHOWN), gold, answers: [answersOf(was), answersOf(is)] };
  });
  const groups = [...Map.groupBy(pairs, (pair) => pair.first.item.group)].map(([group, own]) => ({
    group,
    n: own.length,
    accuracy: [mean(own.map((pair) => share(pair.first))), mean(own.map((pair) => share(pair.second)))],
  }));
  return { ...told, flipped, flips: flips.length, groups };
}

const SHOWN = 300;

const row = (result: ItemResult) => ({
  group: result.item.group,
  gold: result.item.gold,
  question: result.item.prompt.slice(0, SHOWN),
  verdict: verdictOf(result),
  share: share(result),
  answers: answersOf(result),
  tokens: known(mean(result.responses.map(({ tokens }) => tokens))),
  reason: result.responses[0]?.reason.slice(0, SHOWN) ?? "",
});

const textsOf = ({ item: { prompt, gold }, responses }: ItemResult): readonly string[] => [
  prompt,
  gold,
  ...responses.map(({ text }) => text),
];
const answersOf = ({ responses }: ItemResult): readonly (string | null)[] =>
  responses.slice(0, 8).map(({ answer }) => answer?.slice(0, SHOWN) ?? null);

function verdictOf(result: ItemResult): (typeof VERDICTS)[number] {
  const right = share(result);
  return right === 1 ? "right" : right === 0 ? "wrong" : "mixed";
}

const share = ({ responses }: ItemResult): number => mean(responses.map(({ accuracy }) => accuracy));
const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
const known = (value: number): number | null => (Number.isFinite(value) ? value : null);
