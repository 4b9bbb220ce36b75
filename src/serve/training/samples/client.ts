/** Asks the thread that keeps the tables of samples; it is started by the first question. */
import { Worker } from "node:worker_threads";
import type { Asked, Question, Told } from "./worker.ts";

export class SampleTables {
  readonly #cache: string;
  readonly #waiting = new Map<number, { resolve(answer: unknown): void; reject(error: Error): void }>();
  #worker: Worker | null = null;
  #count = 0;

  /** @param cache the folder of the tables */
  constructor(cache: string) {
    this.#cache = cache;
  }

  /** @param run the run's folder @throws Error where its files or the table cannot be read */
  ask(run: string, question: Question): Promise<unknown> {
    this.#worker ??= this.#start();
    const worker = this.#worker;
    const id = this.#count++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      worker.postMessage({ id, run, cache: this.#cache, question } satisfies Asked);
    });
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
    this.#fail(new Error("the server is stopping"));
  }

  #start(): Worker {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), {
      execArgv: ["--disable-warning=ExperimentalWarning"],
    });
    worker.unref();
    worker.on("message", (told: Told) => {
      const waiting = this.#waiting.get(told.id);
      this.#waiting.delete(told.id);
      if ("failed" in told) waiting?.reject(new Error(told.failed));
      else waiting?.resolve(told.answer);
    });
    worker.on("error", (error) => this.#fail(error instanceof Error ? error : new Error(String(error))));
    return worker;
  }

  #fail(error: Error): void {
    this.#worker = null;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
