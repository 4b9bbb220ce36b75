/** Asks the thread that keeps the tables of samples. */
import { AnsweringThread } from "../../threads/client.ts";
import type { Asked, Question } from "./worker.ts";

export class SampleTables {
  readonly #cache: string;
  readonly #thread = new AnsweringThread<Asked>(new URL("./worker.ts", import.meta.url));

  /** @param cache the folder of the tables */
  constructor(cache: string) {
    this.#cache = cache;
  }

  /** @param run the run's folder @throws Error where its files or the table cannot be read */
  ask(run: string, question: Question): Promise<unknown> {
    return this.#thread.ask({ run, cache: this.#cache, question });
  }

  close(): Promise<void> {
    return this.#thread.close();
  }
}
