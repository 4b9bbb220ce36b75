/**
 * Requests passed on to other OpenAI-compatible servers: each model has some, tried in order. Only addresses from the config are
 * asked, redirects are not followed, and nothing of a client's headers goes along; what a server says of our key stays here.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import { UserError } from "../../error.ts";
import { ApiError } from "../errors.ts";
import { Breaker } from "./breaker.ts";
import type { UpstreamModel, UpstreamRoute, UpstreamServer } from "./config.ts";

/** How a try of a server went. */
export type UpstreamOutcome = "answered" | "refused" | "failed";

export interface UpstreamTry {
  readonly model: string;
  /** Host name and port. */
  readonly server: string;
  readonly outcome: UpstreamOutcome;
}

interface Server {
  readonly at: string;
  readonly host: string;
  readonly model: string;
  readonly headers: Readonly<Record<string, string>>;
  /** What servers of Anthropic's API look at besides. */
  readonly anthropic: Readonly<Record<string, string>>;
  readonly breaker: Breaker;
}

/** Another try may go better. */
const isPassing = (status: number): boolean => status >= 500 || status === 408 || status === 429;
/** Only another server may: this one does not take our key, or is somewhere else. */
const isLasting = (status: number): boolean => [401, 403, 407].includes(status) || (status >= 300 && status < 400);

export class Upstreams {
  readonly #models: ReadonlyMap<string, { readonly config: UpstreamModel; readonly servers: readonly Server[] }>;
  readonly #log: Logger;
  readonly #tried: (record: UpstreamTry) => void;

  /** @throws UserError where a model is named twice, or a key's variable is not set */
  constructor(configs: readonly UpstreamModel[], log: Logger, tried: (record: UpstreamTry) => void) {
    const twice = configs.find(({ model }, i) => configs.findIndex((other) => other.model === model) !== i);
    if (twice !== undefined) {
      throw new UserError(`upstreams names the model ${twice.model} twice: give it one entry with several servers.`, {
        param: "upstreams",
        exitCode: 2,
      });
    }
    this.#models = new Map(
      configs.map((config) => [config.model, { config, servers: config.servers.map((one) => serverOf(one, config)) }]),
    );
    this.#log = log;
    this.#tried = tried;
  }

  get names(): readonly string[] {
    return [...this.#models.keys()];
  }

  has(model: unknown): model is string {
    return typeof model === "string" && this.#models.has(model);
  }

  /** What the servers of a model have. */
  routes(model: string): readonly UpstreamRoute[] {
    return this.#models.get(model)?.config.routes ?? [];
  }

  /**
   * The first answer that a server gives, with its body still to be read.
   * @throws ApiError 503 where none answers
   */
  async ask(
    model: string,
    route: UpstreamRoute,
    body: object,
    signal: AbortSignal,
    request: string,
  ): Promise<Response> {
    const { config, servers } = this.#models.get(model)!;
    for (const server of servers) {
      for (let attempt = 0; attempt <= config.retries; attempt++) {
        if (!server.breaker.enter()) break;
        if (attempt > 0) await sleep(100 * 2 ** attempt, undefined, { signal }).catch(() => {});
        const told = { request, model, server: server.host, attempt };
        try {
          const response = await send(server, route, body, signal, config.timeoutMs);
          const { status } = response;
          if (!isPassing(status) && !isLasting(status)) {
            server.breaker.succeeded();
            this.#tried({ model, server: server.host, outcome: response.ok ? "answered" : "refused" });
            return response;
          }
          void response.body?.cancel().catch(() => {});
          this.#failed(server, { ...told, status });
          if (isLasting(status)) break;
        } catch (error) {
          if (signal.aborted) {
            server.breaker.left();
            throw new ApiError(400, "The client left before there was an answer.", { code: "request_aborted" });
          }
          // The cause's code says what happened; its text could hold anything.
          const { name, cause } = error as Error & { cause?: NodeJS.ErrnoException };
          this.#failed(server, { ...told, why: cause?.code ?? name });
        }
      }
    }
    const waitMs = Math.min(...servers.map(({ breaker }) => breaker.waitMs));
    throw new ApiError(503, `None of the servers of the model ${JSON.stringify(model)} answers; try again later.`, {
      code: "upstream_unavailable",
      retryAfter: waitMs / 1000,
    });
  }

  #failed(server: Server, told: { readonly model: string; readonly [more: string]: unknown }): void {
    server.breaker.failed();
    this.#tried({ model: told.model, server: server.host, outcome: "failed" });
    this.#log.warn(told, "an upstream server failed");
  }
}

function serverOf({ url, model, apiKey, apiKeyEnv }: UpstreamServer, config: UpstreamModel): Server {
  const key = apiKey ?? (apiKeyEnv === undefined ? undefined : process.env[apiKeyEnv]);
  if (key === undefined && apiKeyEnv !== undefined) {
    throw new UserError(`upstreams takes a key from the environment variable ${apiKeyEnv}, which is not set.`, {
      param: "upstreams",
      exitCode: 2,
    });
  }
  return {
    at: url.replace(/\/+$/, ""),
    host: new URL(url).host,
    model: model ?? config.model,
    headers: { "content-type": "application/json", ...(key === undefined ? {} : { authorization: `Bearer ${key}` }) },
    anthropic: { "anthropic-version": "2023-06-01", ...(key === undefined ? {} : { "x-api-key": key }) },
    breaker: new Breaker(config.breakAfter, config.breakMs),
  };
}

async function send(
  { at, model, headers, anthropic }: Server,
  route: UpstreamRoute,
  body: object,
  signal: AbortSignal,
  timeoutMs: number,
): Promise<Response> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new Error("no answer in time")), timeoutMs);
  try {
    return await fetch(`${at}${route}`, {
      method: "POST",
      headers: route === "/messages" ? { ...headers, ...anthropic } : headers,
      body: JSON.stringify({ ...body, model }),
      redirect: "manual",
      signal: AbortSignal.any([signal, late.signal]),
    });
  } finally {
    clearTimeout(timer);
  }
}
