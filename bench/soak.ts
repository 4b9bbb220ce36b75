/**
 * `reckon bench soak`: thousands of requests of clients that read, stop reading, leave, and send nonsense, many at once. Every request
 * must end exactly once on both sides of the socket, every answer must be the one the same request gets alone, and afterwards slots,
 * sockets and memory must be what they were.
 */
import { Agent } from "node:http";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { UserError } from "../src/error.ts";
import type { Engine } from "../src/generate/engine/engine.ts";
import type { Handle } from "../src/generate/engine/handle.ts";
import { Random } from "../src/random.ts";
import type { ServeOptions } from "../src/serve/config.ts";
import { type RunningServer, startServer } from "../src/serve/server.ts";
import { type Ask, CLIENTS, type End, type Place, pause, post, textOf } from "./soak-clients.ts";

export interface SoakOptions {
  readonly model: string;
  readonly threads?: number;
  /** Default 10,000. */
  readonly requests?: number;
  /** Of what is asked and how clients behave. Default 1. */
  readonly seed?: number;
  /** Clients at once; there is not room for all of them. Default 22. */
  readonly clients?: number;
  /** Called now and then with how many requests are over. */
  readonly progress?: (done: number) => void;
}

export interface SoakResult {
  readonly requests: number;
  readonly seconds: number;
  /** By kind of client, then by how they ended. */
  readonly ends: Readonly<Record<string, Readonly<Partial<Record<End | "failed", number>>>>>;
  /** What was not as it should be, in sentences. */
  readonly faults: readonly string[];
  /** Requests the engine took, and how many ended there. */
  readonly engine: { readonly taken: number; readonly ended: number; readonly reported: number };
  /** At rest, after each tenth of the requests. */
  readonly marks: readonly Resources[];
}

/** What is in use. */
export interface Resources {
  readonly freeSlots: number;
  readonly waiting: number;
  readonly sockets: number;
  readonly deviceBytes: number;
  /** Of JavaScript objects, and what V8 has set aside for them. */
  readonly heapBytes: number;
  readonly heapTotalBytes: number;
  /** Buffers outside the heap, WebAssembly's memory among them. */
  readonly externalBytes: number;
  readonly arrayBufferBytes: number;
  /** Of the process: never less than what the allocators below once needed and kept. */
  readonly rssBytes: number;
}

const QUESTIONS = 48;
/** The first part is not measured: buffers take their size, code is compiled. */
const PARTS = 10;
/** What may be in use more than before: garbage not yet collected, larger tables. A leak of a token's size each would pass both. */
const SPARE_HEAP = 6e6;
const SPARE_DEVICE = 16e6;
/** Of the process, in the second half of a run long enough for the allocators to have all they need by then. */
const SPARE_PROCESS = 16e6;
const LONG = 5000;

/** Runs the whole; the result tells of faults, it does not throw for them. @throws UserError where the model cannot be opened */
export async function soak(options: SoakOptions): Promise<SoakResult> {
  const { model, threads, requests = 10_000, seed = 1, clients = 22, progress } = options;
  const slots = 8;
  const config = {
    port: 0,
    models: [model],
    threads,
    slots,
    queue: 12,
    cacheBytes: 4 << 20,
    logLevel: "silent",
  } satisfies ServeOptions;
  const server = await startServer(config);
  try {
    const place: Place = { url: server.url, agent: new Agent({ keepAlive: true }) };
    const engine = await server.core.models.resolve(undefined).served.engine();
    const count = countRequests(engine);
    const asks = await askAlone(place, seed);
    const run = new Run(place, asks, seed);
    const started = performance.now();
    const report = setInterval(() => progress?.(run.done), 5000);
    const marks: Resources[] = [];
    for (let part = 0; part < PARTS; part++) {
      await run.all(Math.ceil((requests * part) / PARTS), Math.ceil((requests * (part + 1)) / PARTS), clients);
      marks.push(await resources(engine, place.agent));
    }
    clearInterval(report);
    const seconds = (performance.now() - started) / 1000;
    const { taken, ended } = count;
    const counts = { taken, ended, reported: await reportedEnds(server) };
    const faults = [...run.faults, ...leaks(marks, counts, slots, requests)];
    return { requests, seconds, ends: run.ends, faults, engine: counts, marks };
  } finally {
    await server.stop();
  }
}

/** Prints the result. @throws UserError where anything was not as it should be */
export async function run(options: SoakOptions & { emit: (line: Readonly<Record<string, unknown>>) => void }) {
  const { emit } = options;
  const { ends, faults, engine, marks, requests, seconds } = await soak(options);
  emit({ bench: "soak", requests, seconds: Math.round(seconds), faults: faults.length, ...engine });
  for (const [kind, counts] of Object.entries(ends)) emit({ bench: "soak", kind, ...counts });
  for (const [i, mark] of marks.entries()) emit({ bench: "soak", done: (requests * (i + 1)) / PARTS, ...mark });
  for (const fault of faults.slice(0, 20)) emit({ bench: "soak", fault });
  if (faults.length > 0) throw new UserError(`The soak found ${faults.length} faults.`, { type: "soak_failed" });
}

/** Requests from one number to another, as many at once as there are clients. What each does depends on seed and number only. */
class Run {
  readonly ends: Record<string, Partial<Record<End | "failed", number>>> = {};
  readonly faults: string[] = [];
  done = 0;
  readonly #place: Place;
  readonly #asks: readonly Ask[];
  readonly #seed: number;

  constructor(place: Place, asks: readonly Ask[], seed: number) {
    this.#place = place;
    this.#asks = asks;
    this.#seed = seed;
  }

  async all(from: number, to: number, clients: number): Promise<void> {
    let next = from;
    const client = async (): Promise<void> => {
      while (next < to) await this.#one(next++);
    };
    await Promise.all(Array.from({ length: clients }, client));
  }

  async #one(number: number): Promise<void> {
    const random = Random.from(this.#seed, "request", number);
    const { kind, run } = pick(random.int(0, 99));
    const ask = this.#asks[random.int(0, this.#asks.length - 1)];
    let end: End | "failed";
    try {
      end = await run(this.#place, ask, random);
    } catch (error) {
      end = "failed";
      this.faults.push(`Request ${number} (${kind}): ${error instanceof Error ? error.message : error}.`);
    }
    this.ends[kind] ??= {};
    this.ends[kind][end] = (this.ends[kind][end] ?? 0) + 1;
    this.done++;
    // Whoever was told that there is no room comes back a little later.
    if (end === "refused") await pause(random.int(50, 150));
  }
}

function pick(hundredth: number): (typeof CLIENTS)[number] {
  let left = hundredth;
  for (const client of CLIENTS) {
    left -= client.share;
    if (left < 0) return client;
  }
  throw new Error("the shares of the clients do not add up to 100");
}

/** Questions with what each gets when nobody else is there; half are drawn, with a seed of their own. */
async function askAlone(place: Place, seed: number): Promise<Ask[]> {
  const asks: Ask[] = [];
  for (let i = 0; i < QUESTIONS; i++) {
    const random = Random.from(seed, "question", i);
    const body = {
      messages: [{ role: "user", content: `What is ${random.int(0, 99)} + ${random.int(0, 99)}?` }],
      max_tokens: random.int(2, 28),
      temperature: i % 2 === 0 ? 0 : 0.8,
      seed: i,
    };
    const response = await post(place, JSON.stringify(body));
    const [{ message, finish_reason: finish }] = JSON.parse(await textOf(response)).choices;
    asks.push({ body, alone: { reasoning: message.reasoning_content ?? "", content: message.content ?? "", finish } });
  }
  return asks;
}

/** Counts what the engine takes, and what of it settles. */
function countRequests(engine: Engine): { taken: number; ended: number } {
  const count = { taken: 0, ended: 0 };
  const ended = () => {
    count.ended++;
  };
  const submit = engine.submit.bind(engine);
  engine.submit = async (...args: Parameters<Engine["submit"]>): Promise<Handle> => {
    const handle = await submit(...args);
    count.taken++;
    handle.result.then(ended, ended);
    return handle;
  };
  return count;
}

/** How many ends the engine has told of: one for each request where none ends twice. */
async function reportedEnds({ core }: RunningServer): Promise<number> {
  const text = await core.metrics.registry.metrics();
  const counts = text.matchAll(/^reckon_e2e_request_latency_seconds_count\S* (\d+)$/gm);
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
}

/** Waits for what left clients began to end, then counts. */
async function resources(engine: Engine, agent: Agent): Promise<Resources> {
  agent.destroy();
  const sockets = () => process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length;
  const until = performance.now() + 10_000;
  while ((engine.busy || sockets() > 0) && performance.now() < until) await pause(5);
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
  const { waiting, freeSlots } = engine.load;
  const memory = process.memoryUsage();
  return {
    freeSlots,
    waiting,
    sockets: sockets(),
    deviceBytes: engine.session.decoder.device.usage().bytes,
    heapBytes: memory.heapUsed,
    heapTotalBytes: memory.heapTotal,
    externalBytes: memory.external,
    arrayBufferBytes: memory.arrayBuffers,
    rssBytes: memory.rss,
  };
}

function leaks(marks: readonly Resources[], engine: SoakResult["engine"], slots: number, requests: number): string[] {
  const before = marks[0];
  const after = marks.at(-1)!;
  const faults: string[] = [];
  const check = (holds: boolean, fault: string) => {
    if (!holds) faults.push(fault);
  };
  const { taken, ended, reported } = engine;
  check(
    taken === ended && taken === reported,
    `The engine took ${taken} requests, ${ended} ended, it told of ${reported} ends.`,
  );
  check(after.freeSlots === slots, `${after.freeSlots} of ${slots} slots are free at the end.`);
  check(after.waiting === 0, `${after.waiting} requests wait at the end.`);
  check(after.sockets === 0, `${after.sockets} sockets are open at the end.`);
  const grown = (what: "heapBytes" | "deviceBytes") => after[what] - before[what];
  check(grown("heapBytes") < SPARE_HEAP, `The heap has grown by ${grown("heapBytes")} bytes.`);
  check(grown("deviceBytes") < SPARE_DEVICE, `The device's memory has grown by ${grown("deviceBytes")} bytes.`);
  const kept = after.rssBytes - marks[PARTS / 2 - 1].rssBytes;
  check(requests < LONG || kept < SPARE_PROCESS, `The process has grown by ${kept} bytes in the second half.`);
  return faults;
}
