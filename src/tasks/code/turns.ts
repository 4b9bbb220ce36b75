/** Lets as many pieces of work run at once as the machine has processors; the others wait in the order they came. */
import { availableParallelism } from "node:os";

export class Turns {
  #free = availableParallelism();
  readonly #waiting: (() => void)[] = [];

  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }
}
