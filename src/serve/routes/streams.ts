/** GET /v1/streams/:id: reads a resumable stream on after a dropped connection, from the event after Last-Event-ID. */
import { Hono } from "hono";
import type { AppEnv, Core } from "../core.ts";
import { invalid } from "../errors.ts";
import { SSE_HEADERS, streamBody } from "../stream/sse.ts";

export function streamRoutes({ replays, config }: Core): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  app.get("/v1/streams/:id", (c) => {
    const last = c.req.header("last-event-id") ?? c.req.query("after") ?? "-1";
    if (!/^-?\d{1,9}$/.test(last)) throw invalid("Last-Event-ID must be the number of an event.", "last-event-id");
    const id = c.req.param("id");
    const source = replays.find(id, c.get("client")).attach(Number(last));
    return c.body(streamBody(source, config.pingMs), 200, { ...SSE_HEADERS, "x-stream-id": id });
  });
  return app;
}
