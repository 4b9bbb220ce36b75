/** A chat answer as it is written: server-sent events of the chat API, told as what they mean. */
import { ApiFailure, request } from "./client.ts";

export interface Alternative {
  readonly token: string;
  readonly logprob: number;
}

export interface Token extends Alternative {
  readonly top: readonly Alternative[];
}

export interface Usage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly completion_tokens_details?: { readonly reasoning_tokens: number };
}

export type ChatEvent =
  | { readonly kind: "thinking" | "content"; readonly text: string; readonly tokens: readonly Token[] }
  | { readonly kind: "finish"; readonly reason: string; readonly usage: Usage | null };

interface RawToken extends Alternative {
  readonly top_logprobs: readonly Alternative[];
}

interface Chunk {
  readonly error?: { readonly message: string };
  readonly usage?: Usage | null;
  readonly choices: readonly {
    readonly delta: { readonly content?: string | null; readonly reasoning_content?: string | null };
    readonly logprobs?: {
      readonly content: readonly RawToken[] | null;
      readonly reasoning_content?: readonly RawToken[] | null;
    } | null;
    readonly finish_reason: string | null;
  }[];
}

/** @throws ApiFailure; the signal's reason where it was aborted */
export async function* streamChat(body: object, key: string, signal: AbortSignal): AsyncGenerator<ChatEvent> {
  const wanted = { ...body, stream: true, stream_options: { include_usage: true } };
  const response = await request("/v1/chat/completions", key, wanted, signal);
  let reason = "";
  let usage: Usage | null = null;
  for await (const data of eventData(response.body!, signal)) {
    if (data === "[DONE]") {
      yield { kind: "finish", reason, usage };
      return;
    }
    const chunk: Chunk = JSON.parse(data);
    if (chunk.error) throw new ApiFailure(chunk.error.message, true);
    usage = chunk.usage ?? usage;
    for (const { delta, logprobs, finish_reason } of chunk.choices) {
      reason = finish_reason ?? reason;
      const thought = (logprobs?.reasoning_content ?? []).map(told);
      const said = (logprobs?.content ?? []).map(told);
      if (delta.reasoning_content || thought.length > 0) {
        yield { kind: "thinking", text: delta.reasoning_content ?? "", tokens: thought };
      }
      if (delta.content || said.length > 0) yield { kind: "content", text: delta.content ?? "", tokens: said };
    }
  }
  throw new ApiFailure("The connection ended before the answer did.", true);
}

const told = ({ token, logprob, top_logprobs }: RawToken): Token => ({
  token,
  logprob,
  top: top_logprobs.map((one) => ({ token: one.token, logprob: one.logprob })),
});

async function* eventData(body: ReadableStream<Uint8Array>, signal: AbortSignal): AsyncGenerator<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let held = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      held += decoder.decode(value, { stream: true });
      for (let end = held.indexOf("\n\n"); end >= 0; end = held.indexOf("\n\n")) {
        const event = held.slice(0, end);
        held = held.slice(end + 2);
        for (const line of event.split("\n")) if (line.startsWith("data: ")) yield line.slice(6);
      }
    }
  } catch (error) {
    if (signal.aborted) throw error;
    throw new ApiFailure("The connection to the server was lost while it answered.", true);
  } finally {
    reader.cancel().catch(() => undefined);
  }
}
