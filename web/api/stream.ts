/**
 * Chat answers as they are written: server-sent events of the chat API, told as what they mean. A connection that drops is taken up
 * again where it was, and so is a stream that an earlier page had begun.
 */
import { ApiFailure, request } from "./client.ts";
import { serverEvents } from "./sse.ts";

export interface Alternative {
  readonly token: string;
  readonly logprob: number;
}

export interface Token extends Alternative {
  readonly top: readonly Alternative[];
  /** Of all that might have come, in nats; absent where the server told only the likeliest. */
  readonly entropy?: number;
}

export interface Usage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly completion_tokens_details?: { readonly reasoning_tokens: number };
  /** US dollars, where the server states a price. */
  readonly cost?: { readonly prompt: number; readonly thinking: number; readonly answer: number };
}

/** `index`: which of several answers. `at`: the event's number, to read on from, or null. */
export type ChatEvent =
  | { readonly kind: "opened"; readonly id: string }
  /** The server is gone, and tried to be reached; or it is there again. */
  | { readonly kind: "connection"; readonly lost: boolean }
  | {
      readonly kind: "thinking" | "content";
      readonly index: number;
      readonly at: number | null;
      readonly text: string;
      readonly tokens: readonly Token[];
      /** The tokens are of text that came before, where they were counted. */
      readonly late?: true;
    }
  | { readonly kind: "end"; readonly index: number; readonly reason: string }
  | { readonly kind: "finish"; readonly usage: Usage | null };

/** A stream under way: its id, and the number of the event seen last. */
export interface StreamPlace {
  readonly id: string;
  readonly last: number;
}

interface RawToken extends Alternative {
  readonly top_logprobs: readonly Alternative[];
  readonly entropy?: number;
}

interface Chunk {
  readonly error?: { readonly message: string };
  readonly usage?: Usage | null;
  readonly choices: readonly {
    readonly index: number;
    readonly delta: { readonly content?: string | null; readonly reasoning_content?: string | null };
    readonly logprobs?: {
      readonly content: readonly RawToken[] | null;
      readonly reasoning_content?: readonly RawToken[] | null;
    } | null;
    readonly finish_reason: string | null;
  }[];
}

/** Tries to reach a server that has gone, over about ten seconds. */
const PAUSES = [300, 600, 1200, 2400, 4800];

/**
 * @param from a request's fields, or the place of a stream that was begun
 * @throws ApiFailure; the signal's reason where it was aborted
 */
export async function* streamChat(
  from: { readonly body: object } | StreamPlace,
  key: string,
  signal: AbortSignal,
): AsyncGenerator<ChatEvent> {
  let [id, last] = "body" in from ? [null, -1] : [from.id, from.last];
  let [tries, lost] = [0, false];
  let usage: Usage | null = null;
  for (;;) {
    try {
      let response: Response;
      if (id === null) {
        const { body } = from as { readonly body: object };
        const wanted = { ...body, stream: true, stream_options: { include_usage: true, resumable: true } };
        response = await request("/v1/chat/completions", key, wanted, signal);
        id = response.headers.get("x-stream-id");
        if (id !== null) yield { kind: "opened", id };
      } else response = await resumed(id, last, key, signal);
      if (lost) yield { kind: "connection", lost: false };
      lost = false;
      for await (const event of serverEvents(response.body!)) {
        tries = 0;
        last = event.id ?? last;
        if (event.data === "[DONE]") {
          yield { kind: "finish", usage };
          return;
        }
        const chunk: Chunk = JSON.parse(event.data);
        if (chunk.error) throw new ApiFailure(chunk.error.message, true, false);
        usage = chunk.usage ?? usage;
        yield* told(chunk, event.id);
      }
      throw new ApiFailure("The connection ended before the answer did.", true);
    } catch (error) {
      if (signal.aborted) throw error;
      const failure =
        error instanceof ApiFailure
          ? error
          : new ApiFailure("The connection to the server was lost while it answered.", true);
      if (id === null || !failure.unreachable) throw failure;
      if (tries >= PAUSES.length) throw new ApiFailure(GONE, true);
      if (!lost) yield { kind: "connection", lost: true };
      lost = true;
      await new Promise((resolve) => setTimeout(resolve, PAUSES[tries++]));
      if (signal.aborted) throw signal.reason;
    }
  }
}

const GONE =
  "The server has gone while it answered. Once it runs again, Go on writes on from what has come, and Retry asks anew.";

const FORGOTTEN =
  "The server no longer has this answer: it was started anew, or the page was away too long. Go on writes on from what has come, and Retry asks anew.";

async function resumed(id: string, last: number, key: string, signal: AbortSignal): Promise<Response> {
  try {
    return await request(`/v1/streams/${id}?after=${last}`, key, undefined, signal);
  } catch (error) {
    const refused = error instanceof ApiFailure && !error.mayRetry;
    throw refused ? new ApiFailure(FORGOTTEN, true, false) : error;
  }
}

function* told({ choices }: Chunk, at: number | null): Generator<ChatEvent> {
  for (const { index, delta, logprobs, finish_reason: reason } of choices) {
    const thought = (logprobs?.reasoning_content ?? []).map(tokenOf);
    const said = (logprobs?.content ?? []).map(tokenOf);
    if (delta.reasoning_content || thought.length > 0) {
      yield { kind: "thinking", index, at, text: delta.reasoning_content ?? "", tokens: thought };
    }
    if (delta.content || said.length > 0) yield { kind: "content", index, at, text: delta.content ?? "", tokens: said };
    if (reason !== null) yield { kind: "end", index, reason };
  }
}

const tokenOf = ({ token, logprob, top_logprobs: top, entropy }: RawToken): Token => ({
  token,
  logprob,
  top: top.map((one) => ({ token: one.token, logprob: one.logprob })),
  ...(entropy === undefined ? {} : { entropy }),
});
