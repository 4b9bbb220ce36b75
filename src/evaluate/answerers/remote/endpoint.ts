/** Where a remote model is and how it is called. */
import { UserError, usageError } from "../../../error.ts";

export interface Endpoint {
  /** The base URL that "/chat/completions" follows, without a slash at the end. */
  readonly base: string;
  readonly model: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** The flags that name an endpoint, for messages. */
export interface Flags {
  readonly address: string;
  readonly model: string;
}

/** Whether a MODEL argument is a server. */
export const isUrl = (model: string | undefined): model is string => model !== undefined && /^https?:\/\//i.test(model);

/**
 * A server's base URL: an address without a path gets "/v1", as OpenAI-compatible servers have it; one with a path stays.
 * @throws UserError for what is no address
 */
export function baseUrl(address: string): string {
  let url: URL;
  try {
    url = new URL(address);
  } catch {
    throw usageError(`--model ${address} is no address; write it like http://127.0.0.1:8080`, "--model");
  }
  const path = url.pathname.replace(/\/+$/, "").replace(/\/chat\/completions$/, "");
  return `${url.origin}${path === "" ? "/v1" : path}`;
}

/** The key itself, or with "env:NAME" what that variable holds; left out: RECKON_API_KEY. @throws UserError where the variable is not set */
export function apiKey(
  given: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
  flag = "--api-key",
): string | null {
  const name = given === undefined ? "RECKON_API_KEY" : /^env:(\w+)$/.exec(given)?.[1];
  if (name === undefined) return given!;
  const value = environment[name] ?? "";
  if (value === "" && given !== undefined)
    throw usageError(`${flag} env:${name}: the environment has no ${name}`, flag);
  return value === "" ? null : value;
}

/**
 * The endpoint of a server. Without a model's name the server is asked for its models, and its only one is taken.
 * @throws UserError where nothing answers or there are several models
 */
export async function openEndpoint(
  address: string,
  model: string | undefined,
  key: string | null,
  flags: Flags = { address: "--model", model: "--api-model" },
): Promise<Endpoint> {
  const base = baseUrl(address);
  const headers = { "content-type": "application/json", ...(key === null ? {} : { authorization: `Bearer ${key}` }) };
  return { base, headers, model: model ?? (await onlyModel(base, headers, flags)) };
}

const ALIASES: readonly string[] = ["deepseek-reasoner", "deepseek-chat"];

async function onlyModel(base: string, headers: Readonly<Record<string, string>>, flags: Flags): Promise<string> {
  let names: readonly string[];
  try {
    const response = await fetch(`${base}/models`, { headers, signal: AbortSignal.timeout(20_000) });
    const list = (await response.json()) as { data?: readonly { id?: unknown }[] };
    names = (list.data ?? []).map(({ id }) => id).filter((id) => typeof id === "string");
  } catch (error) {
    const why =
      error instanceof Error && error.cause instanceof Error
        ? error.cause.message || String((error.cause as NodeJS.ErrnoException).code)
        : String(error);
    throw new UserError(
      `The server ${base} does not list its models (${why}); check the address, or name the model with ${flags.model}.`,
      {
        type: "unreachable",
        param: flags.address,
      },
    );
  }
  // Reckon's server lists DeepSeek's names beside its one model's own.
  const own = names.filter((name) => !ALIASES.includes(name));
  if (own.length === 1 || names.length === 1) return own[0] ?? names[0]!;
  const there = names.length === 0 ? "none" : names.slice(0, 12).join(", ");
  throw usageError(
    `the server ${base} has ${names.length === 0 ? "no" : "several"} models (${there}); name one with ${flags.model}`,
    flags.model,
  );
}
