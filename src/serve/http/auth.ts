/** Who asks: checked by key where there are keys, else told apart by address. */
import type { MiddlewareHandler } from "hono";
import type { AppEnv } from "../core.ts";
import { ApiError } from "../errors.ts";
import type { Keys } from "../keys.ts";

export function auth(keys: Keys): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    if (!keys.required) {
      c.set("client", c.env.incoming?.socket.remoteAddress ?? "local");
      return next();
    }
    const presented = /^Bearer\s+(.+)$/i.exec(c.req.header("authorization") ?? "")?.[1] ?? c.req.header("x-api-key");
    if (presented === undefined) {
      throw new ApiError(401, "No API key: send the header Authorization: Bearer KEY.", {
        code: "missing_api_key",
        headers: { "www-authenticate": "Bearer" },
      });
    }
    const client = keys.check(presented.trim());
    if (client === null) {
      throw new ApiError(401, "The API key is none of this server's.", {
        code: "invalid_api_key",
        headers: { "www-authenticate": "Bearer" },
      });
    }
    c.set("client", client);
    await next();
  };
}
