/** A small OpenAI-compatible server for tests, on a real socket: what it answers and how it misbehaves is the test's to say. */
import http from "node:http";
import type { AddressInfo } from "node:net";

export interface Asked {
  readonly path: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Readonly<Record<string, unknown>>;
  /** The user's message. */
  readonly prompt: string;
  /** performance.now() of its arrival. */
  readonly at: number;
}

export interface TestServer extends AsyncDisposable {
  readonly url: string;
  readonly asked: readonly Asked[];
}

/** Answers a request by hand. */
export type Handler = (asked: Asked, response: http.ServerResponse, number: number) => void | Promise<void>;

/** Starts a server on a free port of this machine. */
export async function testServer(handler: Handler): Promise<TestServer> {
  const asked: Asked[] = [];
  const server = http.createServer(async (request, response) => {
    let text = "";
    for await (const piece of request) text += piece;
    const body = text === "" ? {} : JSON.parse(text);
    const one = {
      path: request.url!,
      headers: request.headers,
      body,
      prompt: body.messages?.at(-1)?.content ?? "",
      at: performance.now(),
    };
    if (request.method === "POST") asked.push(one);
    await handler(one, response, asked.length);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const usage = (completion: number, reasoning: number) => ({
  prompt_tokens: 20,
  completion_tokens: completion,
  total_tokens: 20 + completion,
  prompt_cache_hit_tokens: 8,
  prompt_cache_miss_tokens: 12,
  completion_tokens_details: { reasoning_tokens: reasoning },
});

/** A stream as api.deepseek.com sends it, in pieces that cut events and characters apart. */
export function streamed(response: http.ServerResponse, reasoning: string, content: string, finish = "stop"): void {
  const chunk = (delta: object, more: object = {}): string =>
    `data: ${JSON.stringify({ id: "x", object: "chat.completion.chunk", choices: [{ index: 0, delta, finish_reason: null, ...more }], usage: null })}\r\n\r\n`;
  const half = Math.ceil(reasoning.length / 2);
  const text =
    ": keep-alive\r\n\r\n" +
    chunk({ role: "assistant", content: null, reasoning_content: "" }) +
    (reasoning === ""
      ? ""
      : chunk({ content: null, reasoning_content: reasoning.slice(0, half) }) +
        chunk({ content: null, reasoning_content: reasoning.slice(half) })) +
    chunk({ content, reasoning_content: null }) +
    `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: "" }, finish_reason: finish }], usage: usage(content.length + reasoning.length, reasoning.length) })}\r\n\r\n` +
    "data: [DONE]\r\n\r\n";
  response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += 61) response.write(bytes.subarray(at, at + 61));
  response.end();
}

/** One document, as a server that does not stream sends it, with the empty lines of one that was waited for. */
export function whole(response: http.ServerResponse, message: object, finish = "stop"): void {
  response.writeHead(200, { "content-type": "application/json" });
  response.end(
    `\n\n\n${JSON.stringify({ choices: [{ index: 0, message: { role: "assistant", ...message }, finish_reason: finish }], usage: usage(9, 0) })}`,
  );
}

/** An error body as OpenAI has it. */
export function failed(
  response: http.ServerResponse,
  status: number,
  message: string,
  headers: http.OutgoingHttpHeaders = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify({ error: { message, type: "error", param: null, code: null } }));
}

/** The sum in "What is a+b?". */
export const sumIn = (prompt: string): number => {
  const [, a, b] = /(\d+)\+(\d+)/.exec(prompt)!;
  return Number(a) + Number(b);
};
