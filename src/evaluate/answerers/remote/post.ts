/** A request to an OpenAI-compatible server: what may pass is told from what will not, and a silent connection counts as lost. */
import { UserError } from "../../../error.ts";
import type { Endpoint } from "./endpoint.ts";
import { isPassing, Passing, retryAfter } from "./retry.ts";

export interface PostOptions {
  readonly signal: AbortSignal;
  /** Longest silence in seconds: without a byte for this long the request counts as lost. */
  readonly timeout: number;
}

/** A server that knows the token limit by its newer name alone (OpenAI's reasoning models). */
export class WantsNewerLimit extends Error {}

/**
 * Posts JSON to a path of the endpoint; `read` takes the response and reports every sign of life.
 * @throws Passing, WantsNewerLimit, or UserError for what will not pass by itself
 */
export async function post<T>(
  endpoint: Endpoint,
  path: string,
  body: Readonly<Record<string, unknown>>,
  options: PostOptions,
  read: (response: Response, heard: () => void) => Promise<T>,
): Promise<T> {
  const silence = silenceTimer(options.timeout);
  try {
    const response = await fetch(`${endpoint.base}${path}`, {
      method: "POST",
      headers: endpoint.headers,
      body: JSON.stringify(body),
      signal: AbortSignal.any([options.signal, silence.signal]),
    });
    silence.heard();
    if (!response.ok) throw await refused(endpoint, response, "max_tokens" in body);
    return await read(response, silence.heard);
  } catch (error) {
    throw translated(error, endpoint, options.signal, silence);
  } finally {
    silence.end();
  }
}

/** A document of JSON that is an object. @throws Passing where it is none */
export function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const value = record(JSON.parse(text));
    if (value !== null) return value;
  } catch {}
  throw new Passing(`the server sent no JSON: ${JSON.stringify(text.slice(0, 80))}`);
}

export const record = (value: unknown): Record<string, unknown> | null =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;

/** The error of a response that is none. */
async function refused(endpoint: Endpoint, response: Response, byOlderName: boolean): Promise<Error> {
  const said = messageOf(await response.text().catch(() => ""));
  const { status } = response;
  if (isPassing(status)) {
    const wait = retryAfter(response.headers, Date.now());
    return new Passing(`${status}${said === "" ? "" : ` ${said}`}`, {
      wait,
      limited: status === 429 || status === 503 || status === 529,
    });
  }
  if (status === 400 && byOlderName && said.includes("max_completion_tokens")) return new WantsNewerLimit();
  const hint =
    status === 401 || status === 403
      ? "; set the key with --api-key or RECKON_API_KEY"
      : status === 402
        ? "; the account has no balance"
        : status === 404
          ? `; check the address and --api-model ${endpoint.model}`
          : "";
  return new UserError(
    `The server ${endpoint.base} refused the request (${status}${said === "" ? "" : `: ${said}`})${hint}.`,
    {
      type: "refused",
      param: "--model",
    },
  );
}

function translated(error: unknown, endpoint: Endpoint, signal: AbortSignal, silence: Silence): unknown {
  if (signal.aborted) return signal.reason;
  if (silence.signal.aborted) return new Passing(`no byte for ${silence.seconds} s`);
  if (error instanceof UserError || error instanceof Passing || error instanceof WantsNewerLimit) return error;
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = (cause as NodeJS.ErrnoException | null)?.code ?? "";
  if (code === "ECONNREFUSED" || code === "ENOTFOUND") {
    return new Passing(`nothing answers at ${endpoint.base} (${code})`, { unreachable: true });
  }
  // fetch tells every broken connection as a TypeError, and a torn stream likewise
  if (error instanceof TypeError || code !== "")
    return new Passing(`the connection failed (${code || (cause as Error).message})`);
  return error;
}

interface Silence {
  readonly signal: AbortSignal;
  readonly seconds: number;
  heard(): void;
  end(): void;
}

function silenceTimer(seconds: number): Silence {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), seconds * 1000);
  return { signal: controller.signal, seconds, heard: () => timer.refresh(), end: () => clearTimeout(timer) };
}

function messageOf(body: string): string {
  try {
    const value = record(JSON.parse(body));
    const said = record(value?.error)?.message ?? value?.error ?? value?.message ?? value?.detail;
    if (typeof said === "string") return oneLine(said);
  } catch {}
  return oneLine(body);
}

const oneLine = (text: string): string => text.replace(/\s+/g, " ").trim().slice(0, 200);
