/** Holds every client to its share: requests are counted as they come, tokens when they are known. */
import type { MiddlewareHandler } from "hono";
import type { AppEnv, Core } from "../core.ts";

export function limited({ limits }: Core): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    if (c.req.method !== "POST") return next();
    const headers = limits.admit(c.get("client"));
    await next();
    for (const [name, value] of Object.entries(headers)) c.res.headers.set(name, value);
  };
}
