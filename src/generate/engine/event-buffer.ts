/**
 * What a request has written and its reader has not taken yet. It tells when it is full, so that the writer can pause, and when it
 * has room again; a reader that leaves its loop is told of too.
 */

export interface BufferListener {
  /** There is room again after `push` said there was none. */
  readonly drained: () => void;
  /** The reader left before the end. */
  readonly left: () => void;
}

export class EventBuffer<T> implements AsyncIterable<T> {
  readonly #limit: number;
  readonly #listener: BufferListener;
  readonly #events: T[] = [];
  #head = 0;
  #reading = false;
  #blocked = false;
  #ended = false;
  #error: unknown = null;
  #wake: (() => void) | null = null;

  /** @param limit events kept for a reader that is behind */
  constructor(limit: number, listener: BufferListener) {
    this.#limit = limit;
    this.#listener = listener;
  }

  /** Adds an event. Without a reader it is dropped. @returns false where the buffer is full now: to be paused until `drained` */
  push(event: T): boolean {
    if (!this.#reading || this.#ended) return true;
    this.#events.push(event);
    this.#signal();
    this.#blocked = this.#events.length - this.#head >= this.#limit;
    return !this.#blocked;
  }

  /** No more events come; the reader gets what is left, then the end, or the error. */
  end(error: unknown = null): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    this.#signal();
  }

  /** Starts the reading, at the moment of the call; only once. */
  [Symbol.asyncIterator](): AsyncIterator<T> {
    if (this.#reading) throw new Error("the events of a request can be read only once");
    this.#reading = true;
    return {
      next: () => this.#next(),
      return: async () => {
        const early = !this.#ended;
        this.end();
        this.#events.length = this.#head = 0;
        if (early) this.#listener.left();
        return { done: true, value: undefined };
      },
    };
  }

  async #next(): Promise<IteratorResult<T>> {
    while (this.#head === this.#events.length) {
      if (this.#ended) {
        if (this.#error !== null) throw this.#error;
        return { done: true, value: undefined };
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const value = this.#events[this.#head++];
    if (this.#head === this.#events.length) this.#events.length = this.#head = 0;
    else if (this.#head > this.#limit) {
      this.#events.splice(0, this.#head);
      this.#head = 0;
    }
    if (this.#blocked && 2 * (this.#events.length - this.#head) <= this.#limit) {
      this.#blocked = false;
      this.#listener.drained();
    }
    return { done: false, value };
  }

  #signal(): void {
    this.#wake?.();
    this.#wake = null;
  }
}
