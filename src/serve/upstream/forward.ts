/** Sends requests for models of other servers on to them, and their answers back as they come. */
import type { Context, MiddlewareHandler } from "hono";
import type { AppEnv, Core } from "../core.ts";
import { ApiError } from "../errors.ts";
import { readObject } from "../http/body.ts";
import { SSE_HEADERS, type StreamSource, sseFrame, streamBody } from "../stream/sse.ts";

/** Routes whose bodies go on as they are, and where they are below a base URL. */
const PASSED: ReadonlyMap<string, string> = new Map(
  ["/chat/completions", "/completions"].flatMap((path) => [
    [path, path],
    [`/v1${path}`, path],
  ]),
);

export function forwarded(core: Core): MiddlewareHandler<AppEnv> {
  const { upstreams } = core;
  return async (c, next) => {
    const path = PASSED.get(c.req.path);
    if (c.req.method !== "POST" || path === undefined || upstreams.names.length === 0) return next();
    const body = await readObject(c);
    const { model } = body as { readonly model?: unknown };
    if (!upstreams.has(model)) return next();
    Object.assign(c.get("logged"), { model, upstream: true });
    const answer = await upstreams.ask(model, path, body, c.req.raw.signal, c.get("requestId"));
    return passOn(core, c, answer);
  };
}

/** Only the type of what comes is taken over of its headers. */
async function passOn({ config, limits }: Core, c: Context<AppEnv>, answer: Response): Promise<Response> {
  const type = answer.headers.get("content-type") ?? "application/json";
  const spend = (text: string): void => limits.spend(c.get("client"), tokensIn(text));
  if (type.startsWith("text/event-stream") && answer.body !== null)
    return c.body(streamBody(eventsOf(answer.body, spend), config.pingMs), 200, SSE_HEADERS);
  try {
    const text = await answer.text();
    spend(text.slice(-TAIL));
    return new Response(text, { status: answer.status, headers: { "content-type": type } });
  } catch (error) {
    throw lost(error);
  }
}

/** A server's events, each whole: one that the end of the connection cut is left out, and the last tells what happened. */
function eventsOf(body: ReadableStream<Uint8Array>, spend: (tail: string) => void): StreamSource {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let [held, tail, ended] = ["", "", false];
  const end = (): void => {
    if (!ended) spend(tail);
    ended = true;
  };
  return {
    async next() {
      while (!ended) {
        try {
          const { done, value } = await reader.read();
          held += decoder.decode(value, { stream: !done });
          const whole = done ? held : (/^[\s\S]*\r?\n\r?\n/.exec(held)?.[0] ?? "");
          if (done) end();
          if (whole === "") continue;
          held = held.slice(whole.length);
          tail = (tail + whole).slice(-TAIL);
          return [whole];
        } catch (error) {
          end();
          return [sseFrame(JSON.stringify(lost(error).body))];
        }
      }
      return null;
    },
    cancel() {
      end();
      void reader.cancel().catch(() => {});
    },
  };
}

const lost = (cause: unknown): ApiError =>
  new ApiError(503, "The connection to the model's server was lost.", { code: "upstream_lost", cause });

/** Where an answer ends stands what it took. */
const TAIL = 4096;
const tokensIn = (tail: string): number =>
  Number([...tail.matchAll(/"total_tokens"\s*:\s*(\d{1,9})/g)].at(-1)?.[1] ?? 0);
