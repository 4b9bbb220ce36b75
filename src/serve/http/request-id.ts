/** Every request has an id, in its answer's headers and in the log; what a client proposes is taken if it looks like one. */
import { randomUUID } from "node:crypto";
import type { MiddlewareHandler } from "hono";
import type { AppEnv } from "../core.ts";

const ACCEPTABLE = /^[\w.:-]{1,128}$/;

export const requestId: MiddlewareHandler<AppEnv> = async (c, next) => {
  const proposed = c.req.header("x-request-id");
  const id = proposed !== undefined && ACCEPTABLE.test(proposed) ? proposed : randomUUID();
  c.set("requestId", id);
  await next();
  c.res.headers.set("x-request-id", id);
  c.res.headers.set("request-id", id); // Anthropic's name of it
};
