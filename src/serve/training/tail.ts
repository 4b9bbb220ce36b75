/** Reads a file of JSON lines from where a reader stopped: files are only appended to, so a byte position is all that must be kept. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";

export interface Tail {
  readonly rows: readonly Record<string, unknown>[];
  /** Where to read on. */
  readonly next: number;
  /** True where the file became shorter than `from` (a run resumed from an earlier checkpoint): these rows are from its start. */
  readonly again: boolean;
}

/** At most so much at once: a reader asks again while there is more. */
const MOST_BYTES = 32 * 2 ** 20;

/** The whole lines from byte `from` on; a torn last line waits until it is whole. None where there is no such file. */
export function readTail(file: string, from: number): Tail {
  let handle: number;
  try {
    handle = openSync(file, "r");
  } catch {
    return { rows: [], next: 0, again: from > 0 };
  }
  try {
    const { size } = fstatSync(handle);
    const again = size < from;
    const start = again ? 0 : from;
    const bytes = Buffer.alloc(Math.min(size - start, MOST_BYTES));
    const read = readSync(handle, bytes, 0, bytes.length, start);
    const end = bytes.lastIndexOf(10, read - 1) + 1;
    const rows = bytes.toString("utf8", 0, end).split("\n").map(parsed);
    return { rows: rows.filter((row) => row !== null), next: start + end, again };
  } finally {
    closeSync(handle);
  }
}

function parsed(line: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}
