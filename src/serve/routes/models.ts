/** GET /v1/models: what a request's `model` may be. */
import { Hono } from "hono";
import type { AppEnv, Core } from "../core.ts";
import type { ModelEntry } from "../models.ts";

export function modelRoutes({ models }: Core): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  const told = ({ id, created, loaded, context }: ModelEntry) => ({
    id,
    object: "model",
    created,
    owned_by: "reckon",
    loaded,
    ...(context === null ? {} : { context_length: context }),
  });
  for (const path of ["/v1/models", "/models"]) {
    app.get(path, (c) => c.json({ object: "list", data: models.list().map(told) }));
    app.get(`${path}/:id`, (c) => {
      const { id } = models.resolve(c.req.param("id"));
      return c.json(told(models.list().find((entry) => entry.id === id)!));
    });
  }
  return app;
}
