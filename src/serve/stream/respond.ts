/** A stream as a response, resumable or not. */
import type { Context } from "hono";
import type { AppEnv, Core } from "../core.ts";
import { SSE_HEADERS, type StreamSource, streamBody } from "./sse.ts";

/** @param resumable the id under which it can be read on, or null */
export function streamResponse(
  core: Core,
  c: Context<AppEnv>,
  source: StreamSource,
  resumable: string | null,
): Response {
  if (resumable === null) return c.body(streamBody(source, core.config.pingMs), 200, SSE_HEADERS);
  const replay = core.replays.start(resumable, c.get("client"), source);
  return c.body(streamBody(replay.attach(-1), core.config.pingMs), 200, {
    ...SSE_HEADERS,
    "x-stream-id": resumable,
  });
}
