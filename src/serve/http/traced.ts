/** A span for every request that is sent something, where traces are collected: from its arrival to the last byte of its answer. */
import type { MiddlewareHandler } from "hono";
import { routePath } from "hono/route";
import type { AppEnv, Core } from "../core.ts";

/** OpenTelemetry's SpanStatusCode.ERROR; the package itself is loaded only where traces are collected. */
const ERROR = 2;

export function traced({ traces }: Core): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const { method } = c.req;
    if (traces === null || method !== "POST") return next();
    const span = traces.start(method, (name) => c.req.header(name), {
      "http.request.method": method,
      "reckon.request.id": c.get("requestId"),
    });
    c.set("span", span);
    await next();
    const { status } = c.res;
    const route = routePath(c, -1);
    span.updateName(`${method} ${route}`);
    span.setAttributes({ "http.route": route, "http.response.status_code": status });
    if (status >= 500) span.setStatus({ code: ERROR });
    const { outgoing } = c.env;
    if (outgoing === undefined || outgoing.closed) span.end();
    else outgoing.once("close", () => span.end());
  };
}
