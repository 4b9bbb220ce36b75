/**
 * `reckon bench serve`: how soon and how fast answers come over HTTP with 1, 4 and 16 readers at once, and what of each token's
 * processor time is the serving itself: the server's, less that of the scheduler alone on the same work. With a peer's server the
 * same readers ask both in turn, and the ratios say how many times as soon and as fast ours is.
 *
 * The server runs in a process of its own, so that the readers' work counts for nothing in its processor time.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { type PeerServer, startPeer } from "./serve-peer.ts";

export interface ServeBenchOptions {
  readonly model: string;
  readonly threads?: number;
  /** Measures the server at this address instead, which may be any with OpenAI's API. */
  readonly url?: string;
  /** A server to compare with, as a command: see startPeer. */
  readonly peer?: string;
  /** New tokens of each answer. */
  readonly newTokens?: number;
  readonly emit: (line: Readonly<Record<string, unknown>>) => void;
}

const READERS = [1, 4, 16];
const ROUNDS = 3;
/** What the serving itself may take of each token, in milliseconds. */
const BAR = 0.5;

export async function run(options: ServeBenchOptions): Promise<void> {
  const { newTokens = 64, emit } = options;
  if (options.url !== undefined) {
    for (const readers of READERS)
      emit({ bench: "serve", url: options.url, ...(await load(options.url, readers, newTokens)) });
    return;
  }
  const child = fork(fileURLToPath(new URL("serve-child.ts", import.meta.url)), {
    execArgv: ["--disable-warning=ExperimentalWarning"],
  });
  let peer: PeerServer | null = null;
  try {
    const started = await ask<Started>(child, { start: options.model, threads: options.threads });
    if (options.peer !== undefined) peer = await startPeer(options.peer, options.model, started.threads);
    // Code compiled, memory touched, on all sides.
    for (const { url } of [started, ...(peer === null ? [] : [peer])]) await load(url, 16, newTokens, 1);
    await ask(child, { alone: 16, newTokens, rounds: 1 });
    for (const readers of READERS) {
      const measured = await loadWithCost(child, started.url, readers, newTokens);
      emit({ bench: "serve", threads: started.threads, ...measured });
      if (peer === null) continue;
      const theirs = await load(peer.url, readers, newTokens);
      const { ttft_ms, tok_s } = measured;
      emit({ bench: "serve", peer: options.peer, ...theirs });
      emit({
        bench: "serve",
        readers,
        "ttft, peer / ours": round(theirs.ttft_ms / ttft_ms, 2),
        "tok/s, ours / peer": round(median(tok_s) / median(theirs.tok_s), 2),
      });
    }
  } finally {
    child.kill("SIGKILL");
    await peer?.end();
  }
}

interface Started {
  readonly url: string;
  readonly threads: number;
}

/** Measures our own server, and what of its processor time is not the scheduler's. */
async function loadWithCost(child: ChildProcess, url: string, readers: number, newTokens: number) {
  const before = await ask<{ cpu: number }>(child, { usage: true });
  const measured = await load(url, readers, newTokens);
  const after = await ask<{ cpu: number }>(child, { usage: true });
  const alone = await ask<{ cpu: number; tokens: number }>(child, { alone: readers, newTokens, rounds: ROUNDS });
  const perToken = (after.cpu - before.cpu) / measured.tokens / 1000;
  const schedulerAlone = alone.cpu / alone.tokens / 1000;
  return {
    ...measured,
    cpu_ms_per_token: round(perToken, 3),
    scheduler_cpu_ms_per_token: round(schedulerAlone, 3),
    overhead_ms_per_token: round(perToken - schedulerAlone, 3),
    overhead_bar_ms: BAR,
  };
}

interface Load {
  readonly readers: number;
  /** Of the first answer. */
  readonly prompt_tokens: number;
  readonly new_tokens: number;
  readonly tokens: number;
  readonly ttft_ms: number;
  readonly ttft_ms_max: number;
  /** All readers together, of each round. */
  readonly tok_s: readonly number[];
}

/** Rounds of as many answers at once, none of them with a beginning in common. */
async function load(url: string, readers: number, newTokens: number, rounds = ROUNDS): Promise<Load> {
  const firsts: number[] = [];
  const rates: number[] = [];
  let [tokens, promptTokens] = [0, 0];
  for (let turn = 0; turn < rounds; turn++) {
    const started = performance.now();
    const answers = await Promise.all(
      Array.from({ length: readers }, (_, i) => read(url, newTokens, turn * readers + i)),
    );
    const seconds = (performance.now() - started) / 1000;
    const written = answers.reduce((sum, answer) => sum + answer.tokens, 0);
    tokens += written;
    promptTokens = answers[0].promptTokens;
    rates.push(round(written / seconds, 1));
    for (const { first } of answers) firsts.push(first);
  }
  return {
    readers,
    prompt_tokens: promptTokens,
    new_tokens: newTokens,
    tokens,
    ttft_ms: round(median(firsts), 1),
    ttft_ms_max: round(Math.max(...firsts), 1),
    tok_s: rates,
  };
}

/** The question of bench and child: digits, which every vocabulary has. */
export const question = (i: number): string =>
  `${i}: ${Array.from({ length: 30 }, (_, k) => (i * 37 + k * k * 11) % 97).join(" ")}`;

interface Read {
  readonly promptTokens: number;
  readonly tokens: number;
  readonly first: number;
}

async function read(url: string, newTokens: number, i: number): Promise<Read> {
  const started = performance.now();
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      messages: [{ role: "user", content: question(i) }],
      max_tokens: newTokens,
      temperature: 0,
      ignore_eos: true,
      cache_prompt: false,
      stream: true,
      stream_options: { include_usage: true },
    }),
  });
  if (!response.ok) throw new Error(`${url} answers ${response.status}: ${await response.text()}`);
  let [first, tokens, promptTokens] = [Number.NaN, 0, 0];
  const decoder = new TextDecoder();
  let held = "";
  for await (const bytes of response.body!) {
    held += decoder.decode(bytes, { stream: true });
    const lines = held.split("\n");
    held = lines.pop()!;
    for (const line of lines) {
      if (!line.startsWith("data: {")) continue;
      const { choices, usage } = JSON.parse(line.slice(6));
      const delta = choices[0]?.delta;
      if (Number.isNaN(first) && (delta?.content || delta?.reasoning_content)) first = performance.now() - started;
      if (usage) ({ completion_tokens: tokens, prompt_tokens: promptTokens } = usage);
    }
  }
  return { promptTokens, tokens, first };
}

async function ask<T>(child: ChildProcess, message: object): Promise<T> {
  const done = new AbortController();
  child.send(message);
  try {
    const [reply] = await Promise.race([
      once(child, "message", { signal: done.signal }),
      once(child, "exit", { signal: done.signal }).then(() => Promise.reject(new Error("the server's process ended"))),
    ]);
    return reply;
  } finally {
    done.abort();
  }
}

const round = (value: number, digits: number): number => Number(value.toFixed(digits));

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1];
