/**
 * Streams whose reader may come back: what was sent is kept for a while, numbered, and after a dropped connection the reader says
 * which number it saw last. Nobody coming back in time is the same as a reader that left.
 */
import { ApiError } from "../errors.ts";
import type { StreamSource } from "./sse.ts";

/** Frames kept behind and ahead of the reader. */
const KEPT = 4096;

export class Replays {
  readonly #waitMs: number;
  readonly #streams = new Map<string, Replay>();

  /** @param waitMs how long a stream waits for its reader, and how long it is kept after its end */
  constructor(waitMs: number) {
    this.#waitMs = waitMs;
  }

  /** Starts a stream; its first reader attaches with `after` -1. */
  start(id: string, owner: string, source: StreamSource): Replay {
    const replay = new Replay(owner, source, this.#waitMs, () => this.#streams.delete(id));
    this.#streams.set(id, replay);
    return replay;
  }

  /** @throws ApiError 404 where there is none, or it is somebody else's */
  find(id: string, owner: string): Replay {
    const found = this.#streams.get(id);
    if (found === undefined || found.owner !== owner) {
      throw new ApiError(404, `There is no stream ${JSON.stringify(id)} to resume (any more).`, {
        code: "stream_not_found",
        param: "id",
      });
    }
    return found;
  }

  /** Ends all that wait for a reader. */
  close(): void {
    for (const replay of this.#streams.values()) replay.close();
  }
}

export class Replay {
  readonly owner: string;
  readonly #source: StreamSource;
  readonly #waitMs: number;
  readonly #forget: () => void;
  readonly #frames: string[] = [];
  /** Number of the first frame kept. */
  #first = 0;
  /** Number of the frame the reader takes next. */
  #taken = 0;
  #reader = 0;
  #ended = false;
  #timer: NodeJS.Timeout | undefined;
  #wakeReader: (() => void) | null = null;
  #wakeWriter: (() => void) | null = null;

  constructor(owner: string, source: StreamSource, waitMs: number, forget: () => void) {
    this.owner = owner;
    this.#source = source;
    this.#waitMs = waitMs;
    this.#forget = forget;
    this.#waitForReader();
    void this.#pump();
  }

  /**
   * Reads on after a frame's number; whoever read before gets no more.
   * @throws ApiError 410 where those frames are not kept any more
   */
  attach(after: number): StreamSource {
    const from = after + 1;
    if (from < this.#first || from > this.#first + this.#frames.length) {
      const last = this.#first + this.#frames.length - 1;
      throw new ApiError(410, `The stream holds events ${this.#first} to ${last}, so it cannot go on after ${after}.`, {
        code: "stream_position_lost",
        param: "last-event-id",
      });
    }
    clearTimeout(this.#timer);
    const reader = ++this.#reader;
    this.#taken = from;
    this.#wake();
    return {
      next: () => this.#take(reader),
      cancel: () => {
        if (reader !== this.#reader) return;
        this.#reader++;
        this.#waitForReader();
      },
    };
  }

  close(): void {
    clearTimeout(this.#timer);
    if (!this.#ended) this.#source.cancel();
    this.#ended = true;
    this.#forget();
    this.#wake();
  }

  async #take(reader: number): Promise<readonly string[] | null> {
    for (;;) {
      if (reader !== this.#reader) return null;
      const at = this.#taken - this.#first;
      if (at < this.#frames.length) {
        const frames = this.#frames.slice(at);
        this.#taken += frames.length;
        this.#drop();
        return frames;
      }
      if (this.#ended) return null;
      await new Promise<void>((resolve) => {
        this.#wakeReader = resolve;
      });
    }
  }

  /** Keeps so many frames of what was taken, and lets the writer go on. */
  #drop(): void {
    const taken = this.#taken - this.#first;
    if (taken > KEPT) {
      this.#frames.splice(0, taken - KEPT);
      this.#first += taken - KEPT;
    }
    this.#wakeWriter?.();
    this.#wakeWriter = null;
  }

  async #pump(): Promise<void> {
    for (;;) {
      const frames = await this.#source.next();
      if (frames === null || this.#ended) break;
      for (const frame of frames) this.#frames.push(`id: ${this.#first + this.#frames.length}\n${frame}`);
      this.#wake();
      while (this.#first + this.#frames.length - this.#taken >= KEPT && !this.#ended) {
        await new Promise<void>((resolve) => {
          this.#wakeWriter = resolve;
        });
      }
    }
    if (this.#ended) return;
    this.#ended = true;
    this.#wake();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#forget, this.#waitMs);
    this.#timer.unref();
  }

  #waitForReader(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.close(), this.#waitMs);
    this.#timer.unref();
  }

  #wake(): void {
    this.#wakeReader?.();
    this.#wakeReader = null;
    this.#wakeWriter?.();
    this.#wakeWriter = null;
  }
}
