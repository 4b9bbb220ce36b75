// Files of one JSON object a line, only ever appended to, so that anybody may read them while they grow. A kill can tear the
// last line; opening for writing cuts it off, together with what lies past the step a run resumes from.

import fs from "node:fs";
import { type FileOperations, writeError } from "../checkpoint/atomic.ts";

export type JsonRecord = Readonly<Record<string, unknown>>;

/** An append-only file of lines. */
export class JsonLines {
  readonly file: string;
  readonly #fd: number;
  readonly #operations: FileOperations;
  #bytes: number;

  /**
   * Opens `file` for appending, keeping its lines up to the first that is torn or that `keep` refuses.
   * @throws UserError when it cannot be written.
   */
  constructor(file: string, keep: (record: JsonRecord) => boolean = () => true, operations: FileOperations = fs) {
    this.file = file;
    this.#operations = operations;
    try {
      this.#fd = fs.openSync(file, "a+");
      this.#bytes = kept(fs.readFileSync(file), keep);
      fs.ftruncateSync(this.#fd, this.#bytes);
    } catch (error) {
      throw writeError(error, file);
    }
  }

  /** Appends a line. @throws UserError when the disk is full; the file then ends with the line before. */
  append(record: JsonRecord): void {
    const line = Buffer.from(`${JSON.stringify(record)}\n`);
    try {
      for (let done = 0; done < line.length; )
        done += this.#operations.writeSync(this.#fd, line, done, line.length - done);
    } catch (error) {
      fs.ftruncateSync(this.#fd, this.#bytes);
      throw writeError(error, this.file);
    }
    this.#bytes += line.length;
  }

  /** Returns once every line is on the disk. */
  flush(): void {
    this.#operations.fsyncSync(this.#fd);
  }

  close(): void {
    fs.closeSync(this.#fd);
  }
}

/** All whole lines of a file; none when it does not exist. A torn last line is left out. */
export function readJsonLines(file: string): JsonRecord[] {
  if (!fs.existsSync(file)) return [];
  const records: JsonRecord[] = [];
  kept(fs.readFileSync(file), (record) => records.push(record) > 0);
  return records;
}

/** How many bytes of whole, parseable, wanted lines the content starts with. */
function kept(content: Buffer, keep: (record: JsonRecord) => boolean): number {
  let at = 0;
  for (let end = content.indexOf(10, at); end >= 0; end = content.indexOf(10, at)) {
    try {
      const record: unknown = JSON.parse(content.toString("utf8", at, end));
      if (typeof record !== "object" || record === null || !keep(record as JsonRecord)) break;
    } catch {
      break;
    }
    at = end + 1;
  }
  return at;
}
