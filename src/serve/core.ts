/** What all routes share. */
import type { HttpBindings } from "@hono/node-server";
import type { Span } from "@opentelemetry/api";
import type { Logger } from "pino";
import type { ServeConfig } from "./config.ts";
import type { Question as EvaluationQuestion } from "./evaluations/answers.ts";
import type { Keys } from "./keys.ts";
import type { Limits } from "./limits.ts";
import type { Metrics } from "./metrics.ts";
import type { Models } from "./models.ts";
import type { ResponseStore } from "./responses/store.ts";
import type { Replays } from "./stream/replays.ts";
import type { AnsweringThread } from "./threads/client.ts";
import type { Traces } from "./tracing/traces.ts";
import type { SampleTables } from "./training/samples/client.ts";
import type { Upstreams } from "./upstream/upstreams.ts";

/** hono's environment: node's objects where the request came over a socket, and what the middleware found out. */
export interface AppEnv {
  readonly Bindings: Partial<HttpBindings>;
  readonly Variables: {
    requestId: string;
    /** Who asks: a key's name, else the address. */
    client: string;
    /** The body, once it has been read. */
    body: object | undefined;
    /** The largest body a request may have. */
    bodyBytes: number;
    /** Shown in the log: numbers and names, never what was said. */
    logged: Record<string, unknown>;
    /** Of the request, where traces are collected. */
    span: Span | undefined;
  };
}

/** "loading" until the first model can answer. */
export type ServerState = "loading" | "ready" | "draining";

export interface Core {
  readonly config: ServeConfig;
  readonly models: Models;
  readonly keys: Keys;
  readonly limits: Limits;
  readonly metrics: Metrics;
  readonly replays: Replays;
  readonly responses: ResponseStore;
  readonly samples: SampleTables;
  readonly evaluations: AnsweringThread<EvaluationQuestion>;
  readonly upstreams: Upstreams;
  /** Null: they are not collected. */
  readonly traces: Traces | null;
  readonly log: Logger;
  state: ServerState;
}
