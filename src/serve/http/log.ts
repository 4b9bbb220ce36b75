/** A line a request: how it went, never what was said. Paths carry ids and names, so the route's pattern stands for them. */
import type { MiddlewareHandler } from "hono";
import { routePath } from "hono/route";
import { type Logger, pino } from "pino";
import type { ServeConfig } from "../config.ts";
import type { AppEnv } from "../core.ts";

/** Logs to standard error as JSON lines. */
export function makeLog(level: ServeConfig["logLevel"]): Logger {
  // Lines that cannot be written, as on a full disk, wait within bounds and then are lost; they must not end the server.
  const destination = pino.destination({ dest: 2, sync: true, maxLength: 2 ** 20 });
  destination.on("error", () => {});
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination);
}

export function accessLog(log: Logger): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const started = performance.now();
    c.set("logged", {});
    await next();
    // Streams are logged by whoever writes them, at their end.
    const record = {
      request: c.get("requestId"),
      method: c.req.method,
      route: routePath(c, -1),
      status: c.res.status,
      ms: Math.round(performance.now() - started),
      ...c.get("logged"),
    };
    if (c.res.status >= 500) log.error(record, "failed");
    else log.info(record, "answered");
  };
}
