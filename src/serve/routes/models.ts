/** GET /v1/models: what a request's `model` may be. */
import { Hono } from "hono";
import { DEFAULT_PRICE_PER_CORE_HOUR } from "../../generate/cost.ts";
import type { AppEnv, Core } from "../core.ts";
import type { ModelEntry } from "../models.ts";

export function modelRoutes({ models, upstreams }: Core): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  const told = ({ id, created, loaded, context, engine, aliasOf, about, oneQuestion }: ModelEntry) => ({
    id,
    object: "model",
    created,
    owned_by: "reckon",
    loaded,
    ...(aliasOf === null ? {} : { alias_of: aliasOf }),
    ...(about === null ? {} : { about }),
    ...(oneQuestion ? { one_question: true } : {}),
    ...(context === null ? {} : { context_length: context }),
    // What an answer's seconds cost.
    ...(engine === null
      ? {}
      : { threads: engine.session.decoder.device.threads, usd_per_core_hour: DEFAULT_PRICE_PER_CORE_HOUR }),
  });
  const started = Math.floor(Date.now() / 1000);
  const elsewhere = (id: string) => ({ id, object: "model", created: started, owned_by: "upstream" });
  for (const path of ["/v1/models", "/models"]) {
    app.get(path, (c) =>
      c.json({ object: "list", data: [...models.list().map(told), ...upstreams.names.map(elsewhere)] }),
    );
    app.get(`${path}/:id`, (c) => {
      if (upstreams.has(c.req.param("id"))) return c.json(elsewhere(c.req.param("id")));
      const { id } = models.resolve(c.req.param("id"));
      return c.json(told(models.list().find((entry) => entry.id === id)!));
    });
  }
  return app;
}
