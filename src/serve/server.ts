/** The server as a whole: listens, opens the first model, and ends in order. */
import { createServer, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { UserError } from "../error.ts";
import type { RequestRecord } from "../generate/engine/handle.ts";
import { createApp } from "./app.ts";
import { type ServeConfig, type ServeOptions, serveConfig } from "./config.ts";
import { innermost } from "./config-file.ts";
import type { Core } from "./core.ts";
import { ApiError, toApiError } from "./errors.ts";
import { isLoopback } from "./http/guard.ts";
import { makeLog } from "./http/log.ts";
import { Keys, keyName } from "./keys.ts";
import { Limits } from "./limits.ts";
import { Metrics } from "./metrics.ts";
import { Models } from "./models.ts";
import { ResponseStore } from "./responses/store.ts";
import { Replays } from "./stream/replays.ts";
import { AnsweringThread } from "./threads/client.ts";
import type { Traces } from "./tracing/traces.ts";
import { SampleTables } from "./training/samples/client.ts";
import { Upstreams } from "./upstream/upstreams.ts";

export interface RunningServer {
  readonly url: string;
  readonly core: Core;
  /** Takes no more requests, lets those under way end (as long as `drainMs` says), and closes. */
  stop(): Promise<void>;
}

/**
 * Starts a server and resolves once the first model can answer; /health tells of the time before.
 * @param onListening called with the address before the model is there
 * @throws UserError where it may not listen there, cannot, or the model cannot be opened
 */
export async function startServer(
  options: ServeOptions = {},
  onListening?: (url: string) => void,
): Promise<RunningServer> {
  const config = readConfig(options);
  if (!isLoopback(config.host) && config.apiKeys.length === 0) {
    throw new UserError(
      `Without a key only this machine may reach the server: add --api-key, or leave --host ${config.host} out.`,
      { param: "--host", exitCode: 2 },
    );
  }
  const log = makeLog(config.logLevel);
  const traces = config.traces === undefined ? null : await openTraces(config.traces);
  const limits = new Limits(config.requestsPerMinute, config.tokensPerMinute, undefined, ownShares(config));
  const metrics: Metrics = new Metrics(() => models.loads());
  const finished = (model: string, record: RequestRecord): void => {
    metrics.finished(model, record);
    traces?.finished(model, record);
    limits.spend(record.owner, record.promptTokens + record.newTokens);
    const { id, outcome, promptTokens, cachedTokens, newTokens, reasoningTokens, totalMs } = record;
    const lost = record.answers.some((answer) => answer.thinking_truncated);
    const told = {
      id,
      model,
      outcome,
      promptTokens,
      cachedTokens,
      newTokens,
      reasoningTokens,
      ms: Math.round(totalMs),
    };
    if (lost) log.warn(told, "the token limit ended the thinking: there is no answer");
    else log.info(told, "written");
  };
  const models = new Models(config, log, {
    finished,
    stepped: (model, step) => metrics.stepped(model, step),
    broke: (model) => metrics.broke(model),
  });
  const core: Core = {
    config,
    models,
    limits,
    metrics,
    traces,
    log,
    keys: new Keys(config.apiKeys.map(({ key }) => key)),
    replays: new Replays(config.resumeMs),
    samples: new SampleTables(config.cache),
    evaluations: new AnsweringThread(new URL("./evaluations/worker.ts", import.meta.url)),
    upstreams: new Upstreams(config.upstreams, log, (record) => metrics.upstreamTried(record)),
    responses: new ResponseStore(config.store ?? null, config.storedResponses),
    state: "loading",
  };
  const server = createServer(
    {
      requestTimeout: config.receiveMs,
      headersTimeout: Math.min(config.receiveMs, 30_000),
      connectionsCheckingInterval: Math.min(config.receiveMs, 5000),
      keepAliveTimeout: 65_000,
      maxHeaderSize: 16_384,
    },
    getRequestListener(createApp(core).fetch, { overrideGlobalObjects: false }),
  );
  server.on("clientError", refuse);
  const unused = unusedConnections(server);
  await listen(server, config.host, config.port);
  const url = urlOf(server, config.host);
  onListening?.(url);
  try {
    await models.preload();
  } catch (error) {
    server.closeAllConnections();
    server.close();
    throw error;
  }
  core.state = "ready";
  let stopping: Promise<void> | null = null;
  return {
    url,
    core,
    stop: () => {
      stopping ??= stop(server, unused, core);
      return stopping;
    },
  };
}

/** Loads what spans need only here, where they are wanted. */
async function openTraces(endpoint: string): Promise<Traces> {
  const { Traces } = await import("./tracing/traces.ts");
  return new Traces(endpoint);
}

/** The limits of keys that have some of their own. */
const ownShares = ({ apiKeys }: ServeConfig) =>
  new Map(
    apiKeys.map(({ key, requestsPerMinute: requests, tokensPerMinute: tokens }) => [
      keyName(key),
      { requests, tokens },
    ]),
  );

/** Fills in defaults. @throws UserError naming the flag that is wrong */
export function readConfig(options: ServeOptions): ServeConfig {
  const read = serveConfig.safeParse(options);
  if (read.success) return read.data;
  const { path, message } = innermost(read.error.issues[0]);
  const flag = `--${path.join(".").replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  throw new UserError(`${flag}: ${message.replace(/^Invalid (input|option): /, "")}.`, { param: flag, exitCode: 2 });
}

async function stop(server: Server, unused: ReadonlySet<Socket>, core: Core): Promise<void> {
  core.state = "draining";
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const timeUp = new Promise<void>((resolve) => setTimeout(resolve, core.config.drainMs).unref());
  await Promise.race([core.models.drain(), timeUp]);
  await core.models.close(); // what is still under way ends with what it has
  core.replays.close();
  core.responses.close();
  await core.samples.close();
  await core.evaluations.close();
  // Connections are closed as soon as their last answer has gone out, and after a second whatever they hold.
  for (const socket of unused) socket.destroy();
  const idle = setInterval(() => server.closeIdleConnections(), 10);
  const forced = setTimeout(() => server.closeAllConnections(), 1000);
  await closed;
  clearInterval(idle);
  clearTimeout(forced);
  await core.traces?.close();
}

function urlOf(server: Server, host: string): string {
  const { port } = server.address() as AddressInfo;
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** Connections that clients keep ready and have sent nothing over: Node does not count them among the idle ones. */
function unusedConnections(server: Server): ReadonlySet<Socket> {
  const unused = new Set<Socket>();
  server.on("connection", (socket) => {
    unused.add(socket);
    socket.once("close", () => unused.delete(socket));
  });
  server.on("request", ({ socket }) => unused.delete(socket));
  return unused;
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.removeListener("error", reject);
      resolve();
    });
  });
}

/** Answers what is no proper HTTP, or too slow or too large to be read, before closing the connection. */
function refuse(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const told =
    error.code === "HPE_HEADER_OVERFLOW"
      ? new ApiError(431, "The request's headers are too large.", { code: "headers_too_large" })
      : error.code === "ERR_HTTP_REQUEST_TIMEOUT"
        ? new ApiError(408, "The request took too long to arrive.", { code: "request_timeout" })
        : new ApiError(400, "This is no HTTP request.", { code: "invalid_http" });
  const body = JSON.stringify(toApiError(told).body);
  const status = { 431: "Request Header Fields Too Large", 408: "Request Timeout", 400: "Bad Request" }[
    told.status as 400 | 408 | 431
  ];
  socket.end(
    `HTTP/1.1 ${told.status} ${status}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n` +
      `connection: close\r\n\r\n${body}`,
  );
}
