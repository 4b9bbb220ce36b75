/**
 * /engine/*: the engine as a browser runs it, and the bundled model, so that the chat can answer in the page alone; the same, with the
 * model's base, below /learn, where the base learns in the page. Public like the pages themselves. Bundled when first asked for; an
 * installed package brings the bundle along.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, extname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { Hono } from "hono";
import { bundleEngine } from "../../browser/bundle.ts";
import { modelFiles } from "../../browser/export-web.ts";
import { BUNDLED_MODEL } from "../../generate/load-model.ts";
import type { AppEnv } from "../core.ts";
import { ApiError } from "../errors.ts";

/** A worker has a policy of its own: this one compiles WebAssembly, runs what lies here and asks nobody else for anything. */
const WORKER_POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "connect-src 'self'",
  "worker-src 'self'",
].join("; ");

const HEADERS = {
  "content-security-policy": WORKER_POLICY,
  "x-content-type-options": "nosniff",
  "cross-origin-embedder-policy": "require-corp",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-cache",
  vary: "accept-encoding",
};

type Bytes = Uint8Array<ArrayBuffer>;

export function engineRoutes(): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  let bundled: Promise<ReadonlyMap<string, Bytes>> | null = null;
  for (const place of ["/engine", "/learn/engine"])
    app.get(`${place}/:name`, async (c) => {
      bundled ??= bundle();
      const files = await bundled.catch((error: unknown) => {
        bundled = null;
        throw error;
      });
      return send(files.get(c.req.param("name")), c.req.path, c.req.header("accept-encoding"));
    });
  for (const [place, folder] of [
    ["/engine/model", BUNDLED_MODEL],
    ["/learn/base", join(BUNDLED_MODEL, "base")],
  ] as const)
    app.get(`${place}/:name`, (c) => {
      const name = c.req.param("name");
      const files = modelFiles(folder);
      if (name === "files.json") return c.json({ name: basename(folder), files }, 200, HEADERS);
      const known = files.some((file) => file.name === name);
      return send(known ? read(join(folder, name)) : undefined, c.req.path, undefined);
    });
  return app;
}

function send(bytes: Bytes | undefined, path: string, accepts: string | undefined): Response {
  if (bytes === undefined) {
    throw new ApiError(404, `There is nothing at ${JSON.stringify(path)}.`, { code: "unknown_path" });
  }
  const type =
    { ".js": "text/javascript; charset=utf-8", ".wasm": "application/wasm" }[extname(path)] ??
    "application/octet-stream";
  const zips = type !== "application/octet-stream" && /\bgzip\b/.test(accepts ?? "");
  const headers = { ...HEADERS, "content-type": type };
  return zips
    ? new Response(Uint8Array.from(gzipSync(bytes)), { headers: { ...headers, "content-encoding": "gzip" } })
    : new Response(bytes, { headers });
}

const read = (path: string): Bytes => Uint8Array.from(readFileSync(path));

async function bundle(): Promise<ReadonlyMap<string, Bytes>> {
  const folder = mkdtempSync(join(tmpdir(), "reckon-engine-"));
  try {
    await bundleEngine(folder);
    return new Map(readdirSync(folder).map((name) => [name, read(join(folder, name))]));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
