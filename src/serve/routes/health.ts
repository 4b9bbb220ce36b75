/** GET /health, for whoever starts, balances and stops servers: 200 while the models answer. It needs no key and tells nothing else. */
import { Hono } from "hono";
import type { AppEnv, Core } from "../core.ts";
import { ApiError } from "../errors.ts";

export function healthRoutes(core: Core): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  for (const path of ["/health", "/v1/health"]) {
    app.get(path, (c) => {
      const state = core.state === "ready" ? core.models.state : core.state;
      if (state === "ready") return c.json({ status: "ok" });
      throw new ApiError(503, MESSAGES[state], { code: state === "failed" ? "engine_failed" : state, retryAfter: 2 });
    });
  }
  return app;
}

const MESSAGES = {
  loading: "The model is being loaded.",
  restarting: "The engine broke and starts anew.",
  failed: "The engine broke and could not start anew; the next request makes it try again.",
  draining: "The server is shutting down.",
};
