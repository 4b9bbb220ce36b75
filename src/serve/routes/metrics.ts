/** GET /metrics, for Prometheus. */
import { Hono } from "hono";
import type { AppEnv, Core } from "../core.ts";

export function metricsRoutes({ metrics: { registry } }: Core): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  app.get("/metrics", async (c) => c.body(await registry.metrics(), 200, { "content-type": registry.contentType }));
  return app;
}
