/** Asks a thread of the server's, which is started by the first question: what takes long must not hold up the answers being written. */
import { Worker } from "node:worker_threads";
import { ApiError } from "../errors.ts";
import type { Asked, Told } from "./answering.ts";

export class AnsweringThread<Question> {
  readonly #file: URL;
  readonly #waiting = new Map<number, { resolve(answer: unknown): void; reject(error: Error): void }>();
  #worker: Worker | null = null;
  #count = 0;

  /** @param file the thread's own module, which calls `answerQuestions` */
  constructor(file: URL) {
    this.#file = file;
  }

  /** @throws ApiError where the thread threw one; another Error where it failed or has ended */
  ask(question: Question): Promise<unknown> {
    this.#worker ??= this.#start();
    const worker = this.#worker;
    const id = this.#count++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      worker.postMessage({ id, question } satisfies Asked<Question>);
    });
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
    this.#fail(new Error("the server is stopping"));
  }

  #start(): Worker {
    const worker = new Worker(this.#file, { execArgv: ["--disable-warning=ExperimentalWarning"] });
    worker.unref();
    worker.on("message", (told: Told) => {
      const waiting = this.#waiting.get(told.id);
      this.#waiting.delete(told.id);
      if ("answer" in told) waiting?.resolve(told.answer);
      else if ("refused" in told) {
        const { status, message, code, param } = told.refused;
        waiting?.reject(new ApiError(status, message, { code, param }));
      } else waiting?.reject(new Error(told.failed));
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
