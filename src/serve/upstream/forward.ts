/** Sends requests for models of other servers on to them, and their answers back as they come. */
import type { Context, MiddlewareHandler } from "hono";
import type { AppEnv, Core } from "../core.ts";
import { ApiError } from "../errors.ts";
import { readObject } from "../http/body.ts";
import { errorBody } from "../http/error-body.ts";
import { SSE_HEADERS, type StreamSource, sseFrame, streamBody } from "../stream/sse.ts";
import { UPSTREAM_ROUTES, type UpstreamRoute } from "./config.ts";

/** Where requests to our paths go below a base URL, their bodies as they are. */
const PASSED: ReadonlyMap<string, UpstreamRoute> = new Map(
  UPSTREAM_ROUTES.flatMap((route) => ["/v1", "/beta", ""].map((base) => [base + route, route] as const)),
);

export function forwarded(core: Core): MiddlewareHandler<AppEnv> {
  const { upstreams } = core;
  return async (c, next) => {
    const route = PASSED.get(c.req.path);
    if (c.req.method !== "POST" || route === undefined || upstreams.names.length === 0) return next();
    const body = await readObject(c);
    const { model } = body as { readonly model?: unknown };
    // What its servers do not have is refused by the route itself, as a model that is elsewhere.
    if (!upstreams.has(model) || !upstreams.routes(model).includes(route)) return next();
    Object.assign(c.get("logged"), { model, upstream: true });
    const answer = await upstreams.ask(model, route, body, c.req.raw.signal, c.get("requestId"));
    return passOn(core, c, answer);
  };
}

/** Only the type of what comes is taken over of its headers. */
async function passOn({ config, limits }: Core, c: Context<AppEnv>, answer: Response): Promise<Response> {
  const type = answer.headers.get("content-type") ?? "application/json";
  const spend = (text: string): void => limits.spend(c.get("client"), tokensIn(text));
  if (type.startsWith("text/event-stream") && answer.body !== null)
    return c.body(streamBody(eventsOf(answer.body, spend, brokenFrame(c)), config.pingMs), 200, SSE_HEADERS);
  try {
    const text = await answer.text();
    spend(text.slice(0, PART) + text.slice(-PART));
    return new Response(text, { status: answer.status, headers: { "content-type": type } });
  } catch (error) {
    throw lost(error);
  }
}

/** A server's events, each whole: one that the end of the connection cut is left out, and the last tells what happened. */
function eventsOf(
  body: ReadableStream<Uint8Array>,
  spend: (text: string) => void,
  broken: (error: ApiError) => string,
): StreamSource {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let [held, head, tail, ended] = ["", "", "", false];
  const end = (): void => {
    if (!ended) spend(head + tail);
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
          if (head.length < PART) head += whole.slice(0, PART);
          tail = (tail + whole).slice(-PART);
          return [whole];
        } catch (error) {
          end();
          return [broken(lost(error))];
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

/** The last event of a stream that broke off, in the shape of the API that was asked. */
const brokenFrame =
  (c: Context<AppEnv>) =>
  (error: ApiError): string => {
    const { path } = c.req;
    if (path.endsWith("/messages"))
      return `event: error\n${sseFrame(JSON.stringify(errorBody(path, error, c.get("requestId"))))}`;
    if (!path.endsWith("/responses")) return sseFrame(JSON.stringify(error.body));
    const { message, code } = error;
    return `event: error\n${sseFrame(JSON.stringify({ type: "error", code, message, param: null }))}`;
  };

/** Where an answer ends stands what it took; in Anthropic's shape what was read stands at the beginning. */
const PART = 4096;
function tokensIn(text: string): number {
  const last = (name: string): number =>
    Number([...text.matchAll(new RegExp(`"${name}"\\s*:\\s*(\\d{1,9})`, "g"))].at(-1)?.[1] ?? 0);
  return last("total_tokens") || last("input_tokens") + last("output_tokens");
}
