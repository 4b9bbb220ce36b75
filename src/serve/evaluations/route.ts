/** The evaluation window's questions: /v1/evals and below, answered by a thread from the files of `reckon eval` and of published models. */
import { Hono } from "hono";
import { z } from "zod";
import { BUNDLED_MODEL } from "../../generate/load-model.ts";
import type { AppEnv, Core } from "../core.ts";
import { parse } from "../http/body.ts";
import type { Places } from "./places.ts";
import { VERDICTS } from "./rows.ts";

const name = z.string().min(1).max(500);
const whole = z.coerce.number().int().min(0);
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
const comparisonAsked = z.object({ first: name, second: name, to: z.enum(["right", "wrong"]).optional() });

export function evaluationRoutes({ config, evaluations: thread }: Core): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  const places: Places = { root: config.runs, models: [...config.models, BUNDLED_MODEL] };
  app.get("/v1/evals", async (c) => c.json((await thread.ask({ kind: "list", places })) as object));
  app.get("/v1/evals/items", async (c) => {
    const { eval: id, from, count, version: _, ...filter } = parse(itemsAsked, c.req.query());
    return c.json((await thread.ask({ kind: "items", places, id, filter, from, count })) as object);
  });
  app.get("/v1/evals/item", async (c) => {
    const { eval: id, item } = parse(z.object({ eval: name, item: name }), c.req.query());
    return c.json((await thread.ask({ kind: "item", places, id, item })) as object);
  });
  app.get("/v1/evals/compare", async (c) => {
    const asked = parse(comparisonAsked, c.req.query());
    return c.json((await thread.ask({ kind: "compare", places, ...asked })) as object);
  });
  return app;
}
