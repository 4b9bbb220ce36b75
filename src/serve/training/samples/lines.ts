/** Lines of JSON in large files: read in order from a byte on, or single ones by their place. */
import fs from "node:fs";
import path from "node:path";

export interface Line {
  readonly at: number;
  /** Without the line's end. */
  readonly bytes: number;
  /** Null where it is no JSON object. */
  readonly row: Record<string, unknown> | null;
}

const CHUNK = 8 * 2 ** 20;

/** The whole lines from a byte on, a chunk of the file in memory at a time. */
export function* linesFrom(file: string, from: number): Generator<Line> {
  const handle = fs.openSync(file, "r");
  try {
    let held = Buffer.alloc(0);
    let at = from;
    for (;;) {
      const left = fs.fstatSync(handle).size - at - held.length;
      const chunk = Buffer.allocUnsafe(Math.max(1, Math.min(CHUNK, left)));
      const read = fs.readSync(handle, chunk, 0, chunk.length, at + held.length);
      if (read === 0) return;
      const bytes = held.length === 0 ? chunk.subarray(0, read) : Buffer.concat([held, chunk.subarray(0, read)]);
      let start = 0;
      for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, start)) {
        yield { at: at + start, bytes: end - start, row: object(bytes.toString("utf8", start, end)) };
        start = end + 1;
      }
      held = Buffer.from(bytes.subarray(start));
      at += start;
    }
  } finally {
    fs.closeSync(handle);
  }
}

/** Reads single lines, each file opened once. */
export class LineReader implements Disposable {
  readonly #folder: string;
  readonly #open = new Map<string, number>();
  constructor(folder: string) {
    this.#folder = folder;
  }
  read(name: string, at: number, bytes: number): Record<string, unknown> | null {
    try {
      const handle = this.#open.get(name) ?? fs.openSync(path.join(this.#folder, name), "r");
      this.#open.set(name, handle);
      const buffer = Buffer.alloc(bytes);
      fs.readSync(handle, buffer, 0, bytes, at);
      return object(buffer.toString("utf8"));
    } catch {
      return null; // removed by a run that was resumed this moment; the next look at the files forgets it
    }
  }
  [Symbol.dispose](): void {
    for (const handle of this.#open.values()) fs.closeSync(handle);
  }
}

function object(json: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}
