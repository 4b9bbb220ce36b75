/**
 * Verdicts within a hard time: a worker thread judges, and one that takes longer than its budget is killed and replaced. What it
 * was judging gets the verdict "timeout", everything else is judged by the next worker; the process never stops.
 */
import { Worker } from "node:worker_threads";
import { clock } from "./clock.ts";
import type { MathVerdict, VerifyOptions } from "./verify.ts";
import type { Job, Report, WorkerStart } from "./worker.ts";

/** Milliseconds one verdict may take. */
export const DEFAULT_BUDGET_MS = 1_000;

/** Jobs a worker is given at once; more wait in the queue. */
const IN_FLIGHT = 128;

/** A worker that needs more memory than this is ended like one that needs too much time. */
const MEGABYTES = 256;

export interface SafeOptions extends VerifyOptions {
  readonly budgetMs?: number;
}

interface Pending extends Job {
  readonly resolve: (verdict: MathVerdict) => void;
  readonly reject: (error: Error) => void;
}

/** A verifier with a worker of its own, kept between verdicts. It does not keep the process alive while it is idle. */
export class Verifier {
  readonly #budget: number;
  readonly #options: VerifyOptions;
  readonly #waiting: Pending[] = [];
  /** Given to the worker and not yet answered, in order. */
  readonly #given = new Map<number, Pending>();
  #worker: Worker | null = null;
  #progress: Int32Array = new Int32Array(0);
  #ready = false;
  #timer: NodeJS.Timeout | null = null;
  #count = 0;
  #scheduled = false;
  #closed = false;

  constructor({ budgetMs = DEFAULT_BUDGET_MS, ...options }: SafeOptions = {}) {
    this.#budget = budgetMs;
    this.#options = options;
  }

  /** Judges; see `verify`. Never rejects for any text, only where no worker can be started or the verifier was closed. */
  verify(gold: string, answer: string, options: VerifyOptions = {}): Promise<MathVerdict> {
    return new Promise((resolve, reject) => {
      if (this.#closed) throw new Error("the verifier is closed");
      this.#count = (this.#count + 1) % 0x7fffffff;
      const merged = { ...this.#options, ...options };
      this.#waiting.push({ number: this.#count, gold, answer, options: merged, resolve, reject });
      this.#schedule();
    });
  }

  /** Judges many, in order, some ahead of what has been taken. */
  async *verifyAll(items: Iterable<{ readonly gold: string; readonly answer: string }>): AsyncIterable<MathVerdict> {
    const ahead: Promise<MathVerdict>[] = [];
    for (const { gold, answer } of items) {
      ahead.push(this.verify(gold, answer));
      if (ahead.length >= 2 * IN_FLIGHT) yield await ahead.shift()!;
    }
    for (const one of ahead) yield await one;
  }

  /** Ends the worker; what is not yet judged is rejected. */
  async close(): Promise<void> {
    this.#closed = true;
    const worker = this.#detach();
    for (const { reject } of [...this.#given.values(), ...this.#waiting]) reject(new Error("the verifier was closed"));
    this.#given.clear();
    this.#waiting.length = 0;
    await worker?.terminate();
  }

  /** Hands over what was asked for in one turn of the event loop together. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#send();
    });
  }

  #send(): void {
    if (this.#closed) return;
    this.#worker ??= this.#start();
    if (!this.#ready || this.#given.size > IN_FLIGHT / 2) return;
    const jobs: Job[] = [];
    while (this.#waiting.length > 0 && this.#given.size < IN_FLIGHT) {
      const job = this.#waiting.shift()!;
      this.#given.set(job.number, job);
      jobs.push({ number: job.number, gold: job.gold, answer: job.answer, options: job.options });
    }
    if (jobs.length > 0) this.#worker.postMessage(jobs);
    this.#watch();
  }

  #start(): Worker {
    const progress = new Int32Array(new SharedArrayBuffer(8));
    const worker = new Worker(new URL("./worker.ts", import.meta.url), {
      workerData: { progress } satisfies WorkerStart,
      resourceLimits: { maxOldGenerationSizeMb: MEGABYTES },
      execArgv: ["--disable-warning=ExperimentalWarning"],
      stdout: false,
      stderr: false,
    });
    this.#progress = progress;
    worker.on("message", (report: Report) => {
      if (worker !== this.#worker) return; // the last words of one already replaced
      if (report === null) this.#ready = true;
      else this.#settle(report.number, report.verdict);
      this.#send();
    });
    worker.on("error", (error: Error) => worker === this.#worker && this.#failed(error));
    return worker;
  }

  #settle(number: number, verdict: MathVerdict): void {
    this.#given.get(number)?.resolve(verdict);
    this.#given.delete(number);
    this.#watch();
  }

  /** A worker that died: before it was ready nothing can be judged here; later it was its job's doing. */
  #failed(error: Error): void {
    if (!this.#ready) {
      this.#detach();
      for (const { reject } of this.#waiting) reject(error);
      this.#waiting.length = 0;
      return;
    }
    const reason =
      "code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY" ? "out of memory" : `failed: ${error.message}`;
    this.#replace(reason);
  }

  /** The clock runs while there are jobs with the worker. */
  #watch(): void {
    if (this.#given.size === 0) {
      if (this.#timer !== null) clearTimeout(this.#timer);
      this.#timer = null;
      if (this.#waiting.length === 0) this.#worker?.unref();
      return;
    }
    this.#worker?.ref();
    this.#timer ??= setTimeout(() => this.#look(), this.#budget);
  }

  /** Ends the worker if the job it is at has had its time; else looks again when that will be. */
  #look(): void {
    this.#timer = null;
    const running = Atomics.load(this.#progress, 0);
    const begun = Atomics.load(this.#progress, 1);
    const spent = this.#given.has(running) ? (clock() - begun + 0x7fffffff) % 0x7fffffff : 0;
    if (spent >= this.#budget) {
      // its verdict may be under way, if this thread was what was slow: messages come before immediates
      setImmediate(() => {
        if (Atomics.load(this.#progress, 0) === running && this.#given.has(running)) this.#replace("timeout");
        else this.#watch();
      });
    } else {
      this.#timer = setTimeout(() => this.#look(), Math.max(1, this.#budget - spent));
    }
  }

  /** Ends the worker with a verdict on what it was judging; the rest goes back to the head of the queue. */
  #replace(reason: string): void {
    const running = this.#given.get(Atomics.load(this.#progress, 0)) ?? this.#given.values().next().value;
    void this.#detach()?.terminate();
    const others = [...this.#given.values()].filter((job) => job !== running);
    this.#given.clear();
    this.#waiting.unshift(...others);
    if (running !== undefined) {
      const ms = this.#budget;
      const text = reason === "timeout" ? `timeout: no verdict within ${ms} ms` : reason;
      running.resolve({ correct: false, reason: text, gold: cut(running.gold), answer: "", ms });
    }
    if (this.#waiting.length > 0) this.#send();
  }

  #detach(): Worker | null {
    const worker = this.#worker;
    this.#worker = null;
    this.#ready = false;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    return worker;
  }
}

const cut = (text: string): string => (text.length > 200 ? `${text.slice(0, 197)}...` : text);

let shared: Verifier | null = null;

/** As `verify`, by a worker of the whole process that is killed where it takes longer than `budgetMs` (1000 unless stated). */
export function verifySafely(
  gold: string,
  answer: string,
  { budgetMs, ...options }: SafeOptions = {},
): Promise<MathVerdict> {
  if (budgetMs !== undefined && budgetMs !== DEFAULT_BUDGET_MS) {
    const own = new Verifier({ budgetMs });
    return own.verify(gold, answer, options).finally(() => own.close());
  }
  shared ??= new Verifier();
  return shared.verify(gold, answer, options);
}
