/** What other servers have and this one does not: said as such, rather than as an unknown path. */
import { Hono } from "hono";
import type { AppEnv } from "../core.ts";
import { ApiError } from "../errors.ts";

export function notSupportedRoutes(): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  for (const path of ["/v1/embeddings", "/embeddings"]) {
    app.post(path, () => {
      throw new ApiError(501, "This server gives no embeddings: it serves models that write.", {
        code: "not_supported",
      });
    });
  }
  return app;
}
