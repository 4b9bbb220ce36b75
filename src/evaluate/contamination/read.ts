/** Training data as a stream of text, gzipped or not, whatever its size. */
import fs from "node:fs";
import type { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { UserError } from "../../error.ts";

/** Chunks of a file's text. @throws UserError where it cannot be read */
export async function* textOf(file: string, onBytes?: (bytes: number) => void): AsyncGenerator<string> {
  const fail = (why: string): UserError =>
    new UserError(`The training data ${file} cannot be read: ${why}.`, { type: "bad_input", param: "--training" });
  const stat = fs.statSync(file, { throwIfNoEntry: false });
  if (stat === undefined) throw fail("there is no such file");
  if (!stat.isFile()) throw fail("it is no file");
  const raw = fs.createReadStream(file, { highWaterMark: 1 << 18 });
  let bytes = 0;
  raw.on("data", (chunk) => {
    bytes += chunk.length;
    onBytes?.(bytes);
  });
  const decoder = new TextDecoder();
  try {
    const plain: Readable = isGzip(file) ? raw.pipe(createGunzip()) : raw;
    raw.on("error", (error) => plain.destroy(error));
    for await (const chunk of plain) yield decoder.decode(chunk as Uint8Array, { stream: true });
    yield decoder.decode();
  } catch (error) {
    throw fail((error as Error).message);
  } finally {
    raw.destroy();
  }
}

function isGzip(file: string): boolean {
  const fd = fs.openSync(file, "r");
  try {
    const head = Buffer.alloc(2);
    return fs.readSync(fd, head, 0, 2, 0) === 2 && head[0] === 0x1f && head[1] === 0x8b;
  } finally {
    fs.closeSync(fd);
  }
}
