/** GET /openapi.json and the page to try it. Neither needs a key: they tell what the documentation tells. */
import { readFileSync } from "node:fs";
import { Hono } from "hono";
import type { AppEnv } from "../core.ts";
import { openApi } from "./openapi.ts";
import { TRY_PAGE } from "./page.ts";

export function apiRoutes(): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  const { version } = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8"));
  let document: ReturnType<typeof openApi> | null = null;
  app.get("/openapi.json", (c) => {
    document ??= openApi(version);
    return c.json(document);
  });
  app.get("/docs", (c) =>
    c.html(TRY_PAGE, 200, {
      "content-security-policy":
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'",
    }),
  );
  return app;
}
