/** GET /health, for whoever starts, balances and stops servers: 200 once the model answers. It needs no key and tells nothing else. */
import { Hono } from "hono";
import type { AppEnv, Core } from "../core.ts";
import { ApiError } from "../errors.ts";

export function healthRoutes(core: Core): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  for (const path of ["/health", "/v1/health"]) {
    app.get(path, (c) => {
      if (core.state === "ready") return c.json({ status: "ok" });
      const message = core.state === "loading" ? "The model is being loaded." : "The server is shutting down.";
      throw new ApiError(503, message, { code: core.state, retryAfter: 2 });
    });
  }
  return app;
}
