/** What tests of the HTTP side share: a server on a free port, and requests to it over a real socket. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { saveTinyModel } from "../generate/tiny-models.ts";
import { referenceDevice } from "../kernels/reference/device.ts";
import { BUNDLED_TEMPLATE } from "../text/template.ts";
import type { ServeOptions } from "./config.ts";
import { type RunningServer, startServer } from "./server.ts";

/** A folder with a tiny model that writes nonsense with the bundled model's tokenizer and template. */
export async function tinyModelFolder(): Promise<{ readonly folder: string; readonly remove: () => void }> {
  const place = mkdtempSync(join(tmpdir(), "reckon-serve-"));
  const folder = join(place, "tiny");
  await saveTinyModel(folder, referenceDevice());
  return { folder, remove: () => rmSync(place, { recursive: true }) };
}

/** The bundled template with the tools' names in front and Hermes' mark, as short as the tiny model's context. */
export const TOOL_TEMPLATE = `{%- for tool in tools or [] -%}{{ tool.function.name }}<tool_call>{%- endfor -%}${BUNDLED_TEMPLATE.replace(
  "{%- elif message['role'] != 'system' -%}",
  "{%- elif message['role'] == 'tool' -%}{{- message['content'] -}}{%- elif message['role'] != 'system' -%}",
)}`;

export async function withServer(
  options: ServeOptions,
  use: (url: string, server: RunningServer) => Promise<void>,
): Promise<void> {
  const server = await startServer({ port: 0, logLevel: "silent", threads: 1, drainMs: 2000, ...options });
  try {
    await use(server.url, server);
  } finally {
    await server.stop();
  }
}

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape
  readonly body: any;
}

/** A JSON request; `body` may be text, to be sent as it is. */
export async function call(url: string, body?: unknown, init: RequestInit = {}): Promise<Reply> {
  const response = await fetch(url, {
    method: body === undefined ? "GET" : "POST",
    body: body === undefined || typeof body === "string" ? (body as string | undefined) : JSON.stringify(body),
    ...init,
    headers: { "content-type": "application/json", ...init.headers },
  });
  const text = await response.text();
  const json = response.headers.get("content-type")?.includes("json") ?? false;
  return { status: response.status, headers: response.headers, body: json ? JSON.parse(text) : text };
}

export interface Frame {
  readonly id: string | null;
  readonly data: string;
}

/** The events of a stream as they come; comments are left out, or told. */
export async function* frames(response: Response, onComment?: (text: string) => void): AsyncGenerator<Frame> {
  const decoder = new TextDecoder();
  let held = "";
  for await (const bytes of response.body!) {
    held += decoder.decode(bytes, { stream: true });
    for (let end = held.indexOf("\n\n"); end >= 0; end = held.indexOf("\n\n")) {
      const lines = held.slice(0, end).split("\n");
      held = held.slice(end + 2);
      for (const line of lines) if (line.startsWith(":")) onComment?.(line);
      const field = (name: string): string | null =>
        lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2) ?? null;
      const data = field("data");
      if (data !== null) yield { id: field("id"), data };
    }
  }
}

/** A streamed chat request. */
export async function stream(url: string, body: object, init: RequestInit = {}): Promise<Response> {
  return fetch(url, {
    method: "POST",
    body: JSON.stringify({ ...body, stream: true }),
    ...init,
    headers: { "content-type": "application/json", ...init.headers },
  });
}

/** All chunks of a stream, the closing [DONE] checked and left out. */
// biome-ignore lint/suspicious/noExplicitAny: as above
export async function chunksOf(response: Response): Promise<any[]> {
  const all: string[] = [];
  for await (const { data } of frames(response)) all.push(data);
  if (all.pop() !== "[DONE]") throw new Error("the stream does not end with [DONE]");
  return all.map((data) => JSON.parse(data));
}

export const user = (content: string) => [{ role: "user", content }];
