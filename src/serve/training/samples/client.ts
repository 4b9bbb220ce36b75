/** Asks the thread that keeps the tables of samples. */
import { AnsweringThread } from "../../threads/client.ts";
import type { Reading } from "./row.ts";
import type { Asked, Question } from "./worker.ts";

export interface Asking {
  /** Wait until all of the run's samples are read; else the answer may be {reading: Reading}, and one asks again. */
  readonly wait: boolean;
  /** Who has gone is not answered any more. */
  readonly signal?: AbortSignal;
}

export class SampleTables {
  readonly #cache: string;
  readonly #thread = new AnsweringThread<Asked>(new URL("./worker.ts", import.meta.url));
  /** One question is with the thread at a time: those of a page that has scrolled on are dropped before they are begun. */
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  /** @param cache the folder of the tables */
  constructor(cache: string) {
    this.#cache = cache;
  }

  /** @param run the run's folder @returns null where the asker has gone @throws Error where its files or the table cannot be read */
  async ask(run: string, question: Question, { wait, signal }: Asking): Promise<unknown> {
    for (;;) {
      const turn = this.#last.then(() => {
        if (this.#closed) throw new Error("the server is stopping");
        return signal?.aborted ? null : this.#thread.ask({ run, cache: this.#cache, question });
      });
      this.#last = turn.catch(() => {});
      const answer = await turn;
      if (!wait || !isReading(answer)) return answer;
    }
  }

  close(): Promise<void> {
    this.#closed = true;
    return this.#thread.close();
  }
}

const isReading = (answer: unknown): answer is { readonly reading: Reading } =>
  typeof answer === "object" && answer !== null && "reading" in answer;
