/** One question to an OpenAI-compatible server: the request, and its answer read from a stream of events or from one document. */
import { UserError } from "../../../error.ts";
import type { Reply } from "../../item.ts";
import type { AnswerSettings, Ask } from "../answerer.ts";
import type { Endpoint } from "./endpoint.ts";
import { isPassing, Passing, retryAfter } from "./retry.ts";
import { eventData } from "./sse.ts";

export interface CallOptions {
  readonly signal: AbortSignal;
  /** Longest silence in seconds: without a byte for this long the request counts as lost. */
  readonly timeout: number;
  /** The name this server knows the token limit by. */
  readonly limitField: "max_tokens" | "max_completion_tokens";
}

/** A server that knows the token limit by its newer name alone (OpenAI's reasoning models). */
export class WantsNewerLimit extends Error {}

/** Asks once. @throws Passing, WantsNewerLimit, or UserError for what will not pass by itself */
export async function chatCompletion(
  endpoint: Endpoint,
  { item, seed }: Ask,
  settings: AnswerSettings,
  options: CallOptions,
): Promise<Reply> {
  const silence = silenceTimer(options.timeout);
  const started = performance.now();
  const body = {
    model: endpoint.model,
    messages: [{ role: "user", content: item.prompt }],
    temperature: settings.temperature,
    top_p: settings.topP,
    [options.limitField]: settings.maxTokens,
    seed,
    stream: true,
    stream_options: { include_usage: true },
  };
  try {
    const response = await fetch(`${endpoint.base}/chat/completions`, {
      method: "POST",
      headers: endpoint.headers,
      body: JSON.stringify(body),
      signal: AbortSignal.any([options.signal, silence.signal]),
    });
    silence.heard();
    if (!response.ok) throw await refused(endpoint, response, options.limitField);
    const gathered = new Gathered();
    if (response.headers.get("content-type")?.includes("text/event-stream")) {
      await readStream(response, gathered, silence.heard);
    } else {
      gathered.add(parsed(await response.text()), "message");
      gathered.ended = true;
    }
    return gathered.reply((performance.now() - started) / 1000);
  } catch (error) {
    throw translated(error, endpoint, options.signal, silence);
  } finally {
    silence.end();
  }
}

async function readStream(response: Response, gathered: Gathered, onBytes: () => void): Promise<void> {
  for await (const data of eventData(response.body!, onBytes)) {
    if (data === "[DONE]") {
      gathered.ended = true;
      return;
    }
    gathered.add(parsed(data), "delta");
  }
}

/** What has arrived of an answer. */
class Gathered {
  #reasoning = "";
  /** The server tells thinking apart, be there any or not. */
  #tellsReasoning = false;
  #content = "";
  #finish: string | null = null;
  #usage: Record<string, unknown> | null = null;
  /** The server said that nothing more comes. */
  ended = false;

  add(chunk: Readonly<Record<string, unknown>>, part: "delta" | "message"): void {
    const error = record(chunk.error);
    if (error !== null) throw new Passing(`the server reported ${JSON.stringify(error.message ?? error)}`);
    this.#usage = record(chunk.usage) ?? this.#usage;
    const choice = Array.isArray(chunk.choices) ? record(chunk.choices[0]) : null;
    if (choice === null) return;
    const message = record(choice[part]) ?? {};
    this.#reasoning += textOf(message.reasoning_content) || textOf(message.reasoning);
    this.#tellsReasoning ||= [message.reasoning_content, message.reasoning].some((value) => typeof value === "string");
    this.#content += textOf(message.content);
    if (typeof choice.finish_reason === "string") this.#finish = choice.finish_reason;
  }

  /** @throws Passing where it broke off */
  reply(seconds: number): Reply {
    if (this.#finish === "insufficient_system_resource") throw new Passing("the server ran out of resources");
    if (this.#finish === null && !this.ended) throw new Passing("the answer broke off");
    const finish = this.#finish === "length" ? "length" : "stop";
    const [thinking, answer] = [this.#reasoning, this.#content];
    // Nothing behind the thinking: it was never closed.
    const thought = answer === "" ? `<think>${thinking}` : `<think>${thinking}</think>${answer}`;
    const text = this.#tellsReasoning && (thinking !== "" || answer !== "") ? thought : answer;
    const details = record(this.#usage?.completion_tokens_details);
    const cached = this.#usage?.prompt_cache_hit_tokens ?? record(this.#usage?.prompt_tokens_details)?.cached_tokens;
    return {
      text,
      tokens: count(this.#usage?.completion_tokens),
      thinking:
        details?.reasoning_tokens === undefined
          ? thinking === "" && !text.includes("</think>")
            ? 0
            : Number.NaN
          : count(details.reasoning_tokens),
      finish,
      promptTokens: count(this.#usage?.prompt_tokens),
      cachedTokens: cached === undefined ? 0 : count(cached),
      seconds,
    };
  }
}

/** The error of a response that is none. */
async function refused(endpoint: Endpoint, response: Response, limitField: CallOptions["limitField"]): Promise<Error> {
  const said = messageOf(await response.text().catch(() => ""));
  const { status } = response;
  if (isPassing(status)) {
    const wait = retryAfter(response.headers, Date.now());
    return new Passing(`${status}${said === "" ? "" : ` ${said}`}`, {
      wait,
      limited: status === 429 || status === 503 || status === 529,
    });
  }
  if (status === 400 && limitField === "max_tokens" && said.includes("max_completion_tokens"))
    return new WantsNewerLimit();
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

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const value = record(JSON.parse(text));
    if (value !== null) return value;
  } catch {}
  throw new Passing(`the server sent no JSON: ${JSON.stringify(text.slice(0, 80))}`);
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
const textOf = (value: unknown): string => (typeof value === "string" ? value : "");
const count = (value: unknown): number => (typeof value === "number" && value >= 0 ? value : Number.NaN);
const record = (value: unknown): Record<string, unknown> | null =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
