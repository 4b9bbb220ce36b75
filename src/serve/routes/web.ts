/**
 * The web app: files of build/web, found once when the server starts. Public, as it holds nothing of anyone; what it asks of
 * the API needs the key like every other request. The policy lets a page load and run only what lies here: whatever a model
 * writes can neither run nor fetch anything.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { Hono } from "hono";
import type { AppEnv } from "../core.ts";
import { ApiError } from "../errors.ts";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
  ".woff": "font/woff",
  ".ttf": "font/ttf",
};

/** A page's policy; connect-src 'self' keeps even a page gone wrong from telling anyone anything. */
export const PAGE_POLICY = [
  "default-src 'none'",
  ...["script-src", "style-src", "font-src", "img-src", "connect-src", "worker-src"].map((name) => `${name} 'self'`),
  ...["base-uri", "form-action", "frame-ancestors", "object-src"].map((name) => `${name} 'none'`),
].join("; ");

const HEADERS = {
  "content-security-policy": PAGE_POLICY,
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  // Isolated, a page may share memory with its workers: the engine in the page computes on threads.
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
  vary: "accept-encoding",
};

interface StaticFile {
  readonly plain: Uint8Array<ArrayBuffer>;
  /** Null where it is compressed already. */
  readonly gzipped: Uint8Array<ArrayBuffer> | null;
  readonly headers: Readonly<Record<string, string>>;
}

/** @param folder where the built app lies */
export function webRoutes(folder: string = builtWeb()): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  const files = readFiles(folder);
  if (!files.has("/index.html")) {
    app.get("/", () => {
      throw new ApiError(404, "The web app is not built: run `npm run build`. The API is at /v1.", {
        code: "web_not_built",
      });
    });
    return app;
  }
  for (const [path, file] of files) {
    app.get(path === "/index.html" ? "/" : path.replace(/\.html$/, ""), (c) => {
      const zipped = file.gzipped !== null && /\bgzip\b/.test(c.req.header("accept-encoding") ?? "");
      return zipped
        ? c.body(file.gzipped, 200, { ...file.headers, "content-encoding": "gzip" })
        : c.body(file.plain, 200, file.headers);
    });
  }
  return app;
}

function readFiles(folder: string): Map<string, StaticFile> {
  const files = new Map<string, StaticFile>();
  if (!existsSync(folder)) return files;
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    const ending = extname(entry.name);
    if (!entry.isFile() || TYPES[ending] === undefined) continue;
    const full = join(entry.parentPath, entry.name);
    const path = full.slice(folder.length).replaceAll("\\", "/");
    const plain = Uint8Array.from(readFileSync(full));
    // Names in assets/ hold a hash of their content.
    const cache = path.startsWith("/assets/") ? "public, max-age=31536000, immutable" : "no-cache";
    const headers = { ...HEADERS, "content-type": TYPES[ending], "cache-control": cache };
    files.set(path, { plain, gzipped: ending.startsWith(".woff") ? null : Uint8Array.from(gzipSync(plain)), headers });
  }
  return files;
}

/** build/web below the project's or the package's root, the nearest folder above with a package.json. */
function builtWeb(): string {
  let place = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(place, "package.json")) && dirname(place) !== place) place = dirname(place);
  return join(place, "build", "web");
}
