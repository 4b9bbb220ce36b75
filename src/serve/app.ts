/** All routes behind what every request goes through: an id, a line in the log, guards against web pages, keys, limits. */
import { Hono } from "hono";
import { apiRoutes } from "./api/route.ts";
import { chatRoutes } from "./chat/route.ts";
import { completionRoutes } from "./completions/route.ts";
import type { AppEnv, Core } from "./core.ts";
import { ApiError, toApiError } from "./errors.ts";
import { evaluationRoutes } from "./evaluations/route.ts";
import { auth } from "./http/auth.ts";
import { errorBody } from "./http/error-body.ts";
import { cors, guard } from "./http/guard.ts";
import { limited } from "./http/limited.ts";
import { accessLog } from "./http/log.ts";
import { requestId } from "./http/request-id.ts";
import { traced } from "./http/traced.ts";
import { messagesRoutes } from "./messages/route.ts";
import { ollamaRoutes } from "./ollama/route.ts";
import { responsesRoutes } from "./responses/route.ts";
import { engineRoutes } from "./routes/engine.ts";
import { healthRoutes } from "./routes/health.ts";
import { learnRoutes } from "./routes/learn.ts";
import { metricsRoutes } from "./routes/metrics.ts";
import { modelRoutes } from "./routes/models.ts";
import { notSupportedRoutes } from "./routes/not-supported.ts";
import { streamRoutes } from "./routes/streams.ts";
import { textRoutes } from "./routes/text.ts";
import { verifyRoutes } from "./routes/verify.ts";
import { webRoutes } from "./routes/web.ts";
import { runRoutes } from "./training/route.ts";
import { forwarded } from "./upstream/forward.ts";

export function createApp(core: Core): Hono<AppEnv> {
  const { config, log } = core;
  const app = new Hono<AppEnv>();
  app.use(requestId, accessLog(log), guard(config), cors(config));
  app.route("/", healthRoutes(core));
  app.route("/", apiRoutes());
  app.route("/", webRoutes());
  app.route("/", engineRoutes());
  app.route("/", learnRoutes());
  app.use(auth(core.keys));
  app.use((c, next) => {
    c.set("bodyBytes", config.bodyBytes);
    return next();
  });
  app.use(traced(core), limited(core), forwarded(core));
  for (const routes of [
    chatRoutes,
    completionRoutes,
    responsesRoutes,
    messagesRoutes,
    ollamaRoutes,
    modelRoutes,
    textRoutes,
    streamRoutes,
    metricsRoutes,
    verifyRoutes,
    runRoutes,
    evaluationRoutes,
  ]) {
    app.route("/", routes(core));
  }
  app.route("/", notSupportedRoutes());
  app.notFound((c) => {
    throw unknownPath(app, c.req.method, c.req.path);
  });
  app.onError((error, c) => {
    const told = toApiError(error);
    if (told.status >= 500) {
      log.error({ request: c.get("requestId"), err: told.cause ?? error }, "request failed");
    }
    const response = c.json(errorBody(c.req.path, told, c.get("requestId")), told.status, told.headers);
    response.headers.set("x-request-id", c.get("requestId"));
    return response;
  });
  return app;
}

/** 405 where the path is one of ours but not with this method, else 404. */
function unknownPath(app: Hono<AppEnv>, method: string, path: string): ApiError {
  const allowed = app.routes
    .filter((route) => route.method !== "ALL" && patternOf(route.path).test(path))
    .map((route) => route.method);
  if (allowed.length === 0) {
    return new ApiError(404, `There is nothing at ${JSON.stringify(path.slice(0, 200))}.`, { code: "unknown_path" });
  }
  return new ApiError(405, `${method} is not possible here; ${[...new Set(allowed)].join(", ")} is.`, {
    code: "method_not_allowed",
    headers: { allow: [...new Set(allowed)].join(", ") },
  });
}

const patternOf = (path: string): RegExp =>
  new RegExp(`^${path.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&").replaceAll(/:\w+/g, "[^/]+")}$`);
