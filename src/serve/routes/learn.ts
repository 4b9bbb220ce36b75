/** /learn: the page on which the bundled base model learns in the visitor's tab, as `reckon export --web` writes it; public like the others. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Hono } from "hono";
import type { AppEnv } from "../core.ts";
import { ApiError } from "../errors.ts";

const PAGES = fileURLToPath(new URL("../../browser/page", import.meta.url));
/** What the exported pages share with the web app. */
const COLOURS = fileURLToPath(new URL("../../../web/colours.css", import.meta.url));

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
};

const HEADERS = {
  "content-security-policy": [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "img-src 'self' data:",
    ...["style-src", "connect-src", "worker-src"].map((name) => `${name} 'self'`),
    ...["base-uri", "form-action", "frame-ancestors"].map((name) => `${name} 'none'`),
  ].join("; "),
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  // Isolated: the engine computes on threads.
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
  "cache-control": "no-cache",
};

export function learnRoutes(): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  const files = new Map(readdirSync(PAGES).map((name) => [name, join(PAGES, name)]));
  if (existsSync(COLOURS)) files.set("colours.css", COLOURS);
  // The chat of the exported pages is not needed where there is the whole one.
  for (const name of ["index.html", "chat.js"]) files.delete(name);
  app.get("/learn", (c) => c.redirect("/learn/"));
  app.get("/learn/index.html", (c) => c.redirect("/"));
  app.get("/learn/:name{.*}", (c) => {
    const name = c.req.param("name") || "train.html";
    const path = files.get(name);
    if (path === undefined)
      throw new ApiError(404, `There is nothing at ${JSON.stringify(c.req.path)}.`, { code: "unknown_path" });
    const type = TYPES[extname(name)] ?? "application/octet-stream";
    return c.body(Uint8Array.from(readFileSync(path)), 200, { ...HEADERS, "content-type": type });
  });
  return app;
}
