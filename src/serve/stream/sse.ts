/**
 * Server-sent events from anything that comes piece by piece. The reader's pace is the writer's: a piece is asked for when the
 * one before has gone, so that back-pressure reaches whoever makes them.
 */

/** Where the frames of a stream come from. */
export interface StreamSource {
  /** The next frames, each whole as it stands on the wire; null at the end. Not called again before it has answered. */
  next(): Promise<readonly string[] | null>;
  /** The reader has gone. */
  cancel(): void;
}

/** A stream made of a request's events; an error in the middle becomes its last frame, since the status has long been sent. */
export interface EventFrames<E> {
  readonly events: AsyncIterable<E>;
  readonly opening: readonly string[];
  readonly of: (event: E) => readonly string[];
  readonly closing: () => readonly string[];
  readonly failed: (error: unknown) => readonly string[];
  readonly cancel: () => void;
}

export function framesOf<E>(frames: EventFrames<E>): StreamSource {
  const events = frames.events[Symbol.asyncIterator]();
  let opened = false;
  let ended = false;
  return {
    async next() {
      if (!opened) {
        opened = true;
        if (frames.opening.length > 0) return frames.opening;
      }
      while (!ended) {
        try {
          const { done, value } = await events.next();
          ended = done === true;
          const told = ended ? frames.closing() : frames.of(value);
          if (told.length > 0) return told;
        } catch (error) {
          ended = true;
          return frames.failed(error);
        }
      }
      return null;
    },
    cancel: frames.cancel,
  };
}

export const SSE_HEADERS = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-cache",
  // Proxies that collect answers would turn a stream into one late piece.
  "x-accel-buffering": "no",
};

/** One event. */
export const sseFrame = (data: string): string => `data: ${data}\n\n`;

/** A comment, which readers skip: it shows proxies and clients that the connection lives. */
export const PING = ": ping\n\n";

/** The body of a response. @param pingMs how long it may be silent, without `ping` however long it takes */
export function streamBody(source: StreamSource, pingMs: number, ping = PING): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder();
  let timer: NodeJS.Timeout | undefined;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        timer = setInterval(() => {
          if (controller.desiredSize === 0) controller.enqueue(bytes.encode(ping));
        }, pingMs);
        try {
          const frames = await source.next();
          if (frames === null) controller.close();
          else controller.enqueue(bytes.encode(frames.length === 1 ? frames[0] : frames.join("")));
        } finally {
          clearInterval(timer);
        }
      },
      cancel() {
        clearInterval(timer);
        source.cancel();
      },
    },
    { highWaterMark: 0 },
  );
}
