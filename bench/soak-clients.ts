/** The clients of bench/soak.ts: well behaved, slow, leaving, broken. Each says how its request ended; more than one end, or none, is a fault. */
import { type Agent, type IncomingMessage, request } from "node:http";
import { connect } from "node:net";
import type { Random } from "../src/random.ts";

/** How a request ended, as its client saw it. */
export type End = "answered" | "refused" | "rejected" | "left";

/** One answer, whole. */
export interface Said {
  readonly reasoning: string;
  readonly content: string;
  readonly finish: string;
}

export interface Ask {
  readonly body: Readonly<Record<string, unknown>>;
  /** What it says alone. */
  readonly alone: Said;
}

export interface Place {
  readonly url: string;
  readonly agent: Agent;
}

/** Does one request of a kind. @throws Error where something ends otherwise than it should */
export type Client = (place: Place, ask: Ask, random: Random) => Promise<End>;

/** Every kind of client, with its share of the requests in hundredths. */
export const CLIENTS: readonly { readonly kind: string; readonly share: number; readonly run: Client }[] = [
  { kind: "whole", share: 18, run: whole },
  { kind: "stream", share: 30, run: (place, ask) => streamed(place, ask, async () => {}) },
  { kind: "slow", share: 8, run: (place, ask, random) => streamed(place, ask, () => pause(random.int(0, 6))) },
  { kind: "aborted", share: 20, run: aborted },
  { kind: "disconnected", share: 12, run: disconnected },
  { kind: "bad", share: 12, run: bad },
];

const PATH = "/v1/chat/completions";

async function whole(place: Place, { body, alone }: Ask): Promise<End> {
  const response = await post(place, JSON.stringify(body));
  const text = await textOf(response);
  if (response.statusCode === 429) return refused(response, text);
  expectStatus(response, 200, text);
  const [{ message, finish_reason: finish }] = JSON.parse(text).choices;
  expectSame({ reasoning: message.reasoning_content ?? "", content: message.content ?? "", finish }, alone);
  return "answered";
}

async function streamed(place: Place, { body, alone }: Ask, between: () => Promise<void>): Promise<End> {
  const response = await post(place, JSON.stringify({ ...body, stream: true }));
  if (response.statusCode !== 200) return refused(response, await textOf(response));
  const said = { reasoning: "", content: "", finish: "" };
  let ends = 0;
  for await (const data of eventsOf(response, between)) {
    if (ends > 0) throw new Error(`after [DONE] came ${data}`);
    if (data === "[DONE]") {
      ends++;
      continue;
    }
    const { choices, error } = JSON.parse(data);
    if (error !== undefined) throw new Error(`the stream broke: ${error.message}`);
    for (const { delta, finish_reason: finish } of choices) {
      said.reasoning += delta.reasoning_content ?? "";
      said.content += delta.content ?? "";
      if (finish === null) continue;
      if (said.finish !== "") throw new Error(`an answer ended twice: ${said.finish}, then ${finish}`);
      said.finish = finish;
    }
  }
  if (ends !== 1) throw new Error("the stream has no [DONE]");
  expectSame(said, alone);
  return "answered";
}

/** Reads some events, then closes the connection. */
async function aborted(place: Place, { body }: Ask, random: Random): Promise<End> {
  let left = random.int(0, 8);
  const response = await post(place, JSON.stringify({ ...body, stream: true }));
  if (response.statusCode !== 200) return refused(response, await textOf(response));
  for await (const _ of eventsOf(response, async () => {})) if (left-- <= 0) break;
  response.destroy();
  return "left";
}

/** Closes the connection while the request is being sent or right after it. */
async function disconnected({ url }: Place, { body }: Ask, random: Random): Promise<End> {
  const { hostname, port } = new URL(url);
  const text = JSON.stringify({ ...body, stream: random.next() < 0.5 });
  const message = `POST ${PATH} HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${text.length}\r\n\r\n${text}`;
  const sent = random.next() < 0.5 ? message.length : random.int(1, message.length - 1);
  const wait = random.int(0, 4);
  const socket = connect(Number(port), hostname);
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.write(message.slice(0, sent), () => resolve());
  });
  await pause(wait);
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.destroy();
  await closed;
  return "left";
}

/** What cannot be answered, and the status that says so. */
const BAD: readonly (readonly [status: number, text: (body: Ask["body"]) => string])[] = [
  [400, () => "{"],
  [400, () => "[]"],
  [400, (body) => JSON.stringify(body).slice(0, -1)],
  [400, (body) => JSON.stringify({ ...body, messages: [] })],
  [400, (body) => JSON.stringify({ ...body, messages: [{ role: "nobody", content: "x" }] })],
  [400, (body) => JSON.stringify({ ...body, temperature: "hot" })],
  [400, (body) => JSON.stringify({ ...body, max_tokens: -1 })],
  [400, (body) => JSON.stringify({ ...body, messages: [{ role: "user", content: "1 + ".repeat(20_000) }] })],
  [404, (body) => JSON.stringify({ ...body, model: "no-such-model" })],
];

async function bad(place: Place, { body }: Ask, random: Random): Promise<End> {
  const [status, make] = BAD[random.int(0, BAD.length - 1)];
  const response = await post(place, make(body));
  const text = await textOf(response);
  if (response.statusCode === 429) return refused(response, text);
  expectStatus(response, status, text);
  if (typeof JSON.parse(text).error.code !== "string") throw new Error(`an error without a code: ${text}`);
  return "rejected";
}

/** The only other end there may be: no room. */
function refused(response: IncomingMessage, text: string): End {
  expectStatus(response, 429, text);
  if (response.headers["retry-after"] === undefined) throw new Error("429 without retry-after");
  return "refused";
}

function expectStatus({ statusCode }: IncomingMessage, status: number, text: string): void {
  if (statusCode !== status) throw new Error(`status ${statusCode} in place of ${status}: ${text.slice(0, 200)}`);
}

function expectSame(said: Said, alone: Said): void {
  for (const key of ["reasoning", "content", "finish"] as const) {
    if (said[key] !== alone[key]) {
      throw new Error(`${key} is ${JSON.stringify(said[key])}, alone it is ${JSON.stringify(alone[key])}`);
    }
  }
}

export function post({ url, agent }: Place, body: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
    const sending = request(`${url}${PATH}`, { method: "POST", agent, headers }, resolve);
    sending.once("error", reject);
    sending.end(body);
  });
}

export async function textOf(response: IncomingMessage): Promise<string> {
  let text = "";
  response.setEncoding("utf8");
  for await (const piece of response) text += piece;
  return text;
}

async function* eventsOf(response: IncomingMessage, between: () => Promise<void>): AsyncGenerator<string> {
  let held = "";
  response.setEncoding("utf8");
  for await (const piece of response) {
    held += piece;
    const lines = held.split("\n");
    held = lines.pop()!;
    for (const line of lines) if (line.startsWith("data: ")) yield line.slice(6);
    await between();
  }
  if (held !== "") throw new Error(`the stream ends within a line: ${held}`);
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
