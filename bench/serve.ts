/**
 * `reckon bench serve`: how soon and how fast answers come over HTTP with 1, 4 and 16 readers at once, and what of each token's
 * processor time is the serving itself: the server's, less that of the scheduler alone on the same work.
 *
 * The server runs in a process of its own, so that the readers' work counts for nothing in its processor time.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

export interface ServeBenchOptions {
  readonly model: string;
  readonly threads?: number;
  /** Measures the server at this address instead, which may be any with OpenAI's API. */
  readonly url?: string;
  /** New tokens of each answer. */
  readonly newTokens?: number;
  readonly emit: (line: Readonly<Record<string, unknown>>) => void;
}

const READERS = [1, 4, 16];
const ROUNDS = 5;

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
  try {
    const { url } = await ask<{ url: string }>(child, { start: options.model, threads: options.threads });
    // Code compiled, memory touched, on both sides.
    await load(url, 16, newTokens);
    await ask(child, { alone: 16, newTokens, rounds: ROUNDS });
    for (const readers of READERS) {
      const before = await ask<{ cpu: number }>(child, { usage: true });
      const measured = await load(url, readers, newTokens);
      const after = await ask<{ cpu: number }>(child, { usage: true });
      const alone = await ask<{ cpu: number; tokens: number }>(child, { alone: readers, newTokens, rounds: ROUNDS });
      const perToken = (after.cpu - before.cpu) / measured.tokens;
      const schedulerAlone = alone.cpu / alone.tokens;
      emit({
        bench: "serve",
        ...measured,
        cpu_us_per_token: round(perToken),
        scheduler_cpu_us_per_token: round(schedulerAlone),
        overhead_us_per_token: round(perToken - schedulerAlone),
      });
    }
  } finally {
    child.kill("SIGKILL");
  }
}

interface Load {
  readonly readers: number;
  readonly new_tokens: number;
  readonly tokens: number;
  readonly ttft_ms: number;
  readonly ttft_ms_max: number;
  /** All readers together, of each round. */
  readonly tok_s: readonly number[];
}

/** Rounds of as many answers at once, none of them with a beginning in common. */
async function load(url: string, readers: number, newTokens: number): Promise<Load> {
  const firsts: number[] = [];
  const rates: number[] = [];
  let tokens = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const started = performance.now();
    const answers = await Promise.all(
      Array.from({ length: readers }, (_, i) => read(url, newTokens, round * readers + i)),
    );
    const seconds = (performance.now() - started) / 1000;
    const written = answers.reduce((sum, answer) => sum + answer.tokens, 0);
    tokens += written;
    rates.push(Math.round(written / seconds));
    for (const { first } of answers) firsts.push(first);
  }
  firsts.sort((a, b) => a - b);
  return {
    readers,
    new_tokens: newTokens,
    tokens,
    ttft_ms: round(firsts[firsts.length >> 1]),
    ttft_ms_max: round(firsts.at(-1)!),
    tok_s: rates,
  };
}

/** The question of bench and child: digits, which every vocabulary has. */
export const question = (i: number): string =>
  `${i}: ${Array.from({ length: 30 }, (_, k) => (i * 37 + k * k * 11) % 97).join(" ")}`;

async function read(url: string, newTokens: number, i: number): Promise<{ tokens: number; first: number }> {
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
  let [first, tokens] = [Number.NaN, 0];
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
      if (usage) tokens = usage.completion_tokens;
    }
  }
  return { tokens, first };
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

const round = (value: number): number => Math.round(value * 10) / 10;
