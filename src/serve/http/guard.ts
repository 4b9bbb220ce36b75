/**
 * Keeps web pages from reaching a server on this machine. A page can make a browser send requests to any address, also by
 * letting its own name resolve to 127.0.0.1 (DNS rebinding): the Host header then has that name, and Origin the page's.
 */
import type { MiddlewareHandler } from "hono";
import type { ServeConfig } from "../config.ts";
import type { AppEnv } from "../core.ts";
import { ApiError } from "../errors.ts";

const LOOPBACK_NAMES: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** Whether only this machine can reach an address a server listens on. */
export const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);

export function guard(config: ServeConfig): MiddlewareHandler<AppEnv> {
  const anyName = !isLoopback(config.host) && config.allowHosts.length === 0;
  const names = new Set([
    ...LOOPBACK_NAMES,
    config.host.toLowerCase(),
    ...config.allowHosts.map((name) => name.toLowerCase()),
  ]);
  const anyOrigin = config.cors.includes("*");
  return async (c, next) => {
    const host = (c.req.header("host") ?? "").toLowerCase();
    if (!anyName && !names.has(host.replace(/:\d+$/, ""))) {
      throw new ApiError(403, `This server does not answer for the host name ${JSON.stringify(host)}.`, {
        code: "host_not_allowed",
      });
    }
    const origin = c.req.header("origin");
    if (origin !== undefined && !anyOrigin && !config.cors.includes(origin) && hostOf(origin) !== host) {
      throw new ApiError(403, `Web pages of ${JSON.stringify(origin)} may not use this server; start it with --cors.`, {
        code: "origin_not_allowed",
      });
    }
    await next();
  };
}

/** Answers browsers' questions about other origins; without configured origins there is nothing to say. */
export function cors(config: ServeConfig): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const origin = c.req.header("origin");
    const allowed = origin !== undefined && (config.cors.includes("*") || config.cors.includes(origin));
    if (!allowed) return next();
    const headers = {
      "access-control-allow-origin": origin,
      vary: "origin",
      "access-control-expose-headers": "x-request-id, retry-after",
    };
    if (c.req.method === "OPTIONS") {
      const wanted = c.req.header("access-control-request-headers") ?? "authorization, content-type";
      return c.body(null, 204, {
        ...headers,
        "access-control-allow-methods": "GET, POST, DELETE, OPTIONS",
        "access-control-allow-headers": wanted,
        "access-control-max-age": "600",
      });
    }
    await next();
    for (const [name, value] of Object.entries(headers)) c.res.headers.set(name, value);
  };
}

function hostOf(origin: string): string | null {
  try {
    return new URL(origin).host;
  } catch {
    return null;
  }
}
