/** The evaluation window's questions: /v1/evals and below, answered from files of `reckon eval --out`. */
import { Hono } from "hono";
import { z } from "zod";
import { compare, pairsOf } from "../../evaluate/compare/compare.ts";
import type { ItemResult } from "../../evaluate/item.ts";
import type { AppEnv, Core } from "../core.ts";
import { ApiError } from "../errors.ts";
import { parse } from "../http/body.ts";
import { briefOf, evaluationNamed, findEvaluations, readEvaluation } from "./places.ts";

const name = z.string().min(1).max(500);
const whole = z.coerce.number().int().min(0);
const VERDICTS = ["right", "wrong", "mixed"] as const;
const itemsAsked = z.object({
  eval: name,
  group: z.string().max(200).optional(),
  verdict: z.enum(VERDICTS).optional(),
  /** Part of the question, the gold answer or a response. */
  text: z.string().max(200).optional(),
  from: whole.default(0),
  count: whole.max(500).default(100),
  version: z.coerce.number().optional(),
});

export function evaluationRoutes({ config }: Core): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  const root = config.runs;

  app.get("/v1/evals", async (c) => {
    const evaluations: Record<string, unknown>[] = [];
    for (const found of findEvaluations(root)) evaluations.push(await briefOf(found));
    return c.json({ root, evaluations });
  });

  app.get("/v1/evals/items", async (c) => {
    const { eval: id, group, verdict, text, from, count } = parse(itemsAsked, c.req.query());
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
    return c.json({ total: chosen.length, version: found.changed, rows });
  });

  app.get("/v1/evals/item", async (c) => {
    const { eval: id, item } = parse(z.object({ eval: name, item: name }), c.req.query());
    const { results } = await readEvaluation(evaluationNamed(root, id));
    const at = results.findIndex((result) => result.item.id === item);
    const result = results[at];
    if (result === undefined)
      throw new ApiError(404, `${id} has no question ${JSON.stringify(item)}.`, { code: "item_not_found" });
    return c.json({
      ...row(result),
      id: item,
      prompt: result.item.prompt,
      before: results[at - 1]?.item.id ?? null,
      after: results[at + 1]?.item.id ?? null,
      responses: result.responses,
    });
  });

  app.get("/v1/evals/compare", async (c) => {
    const { first, second } = parse(z.object({ first: name, second: name }), c.req.query());
    const [a, b] = [evaluationNamed(root, first), evaluationNamed(root, second)];
    const [one, other] = [await readEvaluation(a), await readEvaluation(b)];
    const pairs = pairsOf(one.results, other.results, [first, second]);
    const leftOut = [one.results.length - pairs.length, other.results.length - pairs.length] as const;
    const told = compare(pairs, leftOut, 0);
    const byId = new Map(pairs.map((pair) => [pair.first.item.id, pair]));
    const flipped = told.flipped.map((flip) => {
      const { first: was, second: is } = byId.get(flip.id)!;
      const { group, prompt, gold } = was.item;
      return { ...flip, group, prompt: prompt.slice(0, SHOWN), gold, answers: [answersOf(was), answersOf(is)] };
    });
    const groups = [...Map.groupBy(pairs, (pair) => pair.first.item.group)].map(([group, own]) => ({
      group,
      n: own.length,
      accuracy: [mean(own.map((pair) => share(pair.first))), mean(own.map((pair) => share(pair.second)))],
    }));
    return c.json({ ...told, flipped, groups });
  });
  return app;
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

const textsOf = ({ item, responses }: ItemResult): readonly string[] => [
  item.prompt,
  item.gold,
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
