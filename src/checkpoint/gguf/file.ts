// An open GGUF file, or a split one opened as one. Only the header is in memory; tensors are read where they are wanted.

import fs from "node:fs";
import path from "node:path";
import { UserError } from "../../error.ts";
import { badGguf, readAt } from "./cursor.ts";
import { type GgufHeader, type GgufTensor, readHeader } from "./header.ts";
import { GgufMetadata } from "./metadata.ts";

export type { GgufTensor } from "./header.ts";

export interface GgufFile {
  /** The file opened, the first of a split model. */
  readonly path: string;
  readonly version: number;
  readonly metadata: GgufMetadata;
  readonly tensors: ReadonlyMap<string, GgufTensor>;
  /** Size of the file, or of all of them. */
  readonly fileBytes: number;
  /** Fills `into` with bytes of a tensor, from its byte `from` on. @throws UserError */
  readBytes(tensor: GgufTensor, into: Uint8Array, from?: number): void;
  close(): void;
}

/** Opens a GGUF file, and where it is the first part of a split model (name-00001-of-0000N.gguf) all of them. @throws UserError */
export function openGguf(file: string): GgufFile {
  const first = openPart(file);
  const parts = [first];
  try {
    const metadata = new GgufMetadata(file, first.header.metadata);
    const count = metadata.count("split.count", 0);
    if (count > 1) openOthers(file, metadata, count, parts);
    return new OpenGguf(file, metadata, parts);
  } catch (error) {
    for (const part of parts) fs.closeSync(part.fd);
    throw error;
  }
}

/** Whether a file is the second or a later part of a split model. */
export const isLaterPart = (file: string): boolean => {
  const match = PART.exec(file);
  return match !== null && Number(match[1]) > 1;
};

const PART = /-(\d{5})-of-(\d{5})\.gguf$/i;

interface Part {
  readonly file: string;
  readonly fd: number;
  readonly size: number;
  readonly header: GgufHeader;
}

function openPart(file: string): Part {
  let fd = -1;
  try {
    if (fs.statSync(file).isDirectory()) {
      throw new UserError(`${file} is a folder, not a GGUF file; name a file in it.`, { param: file });
    }
    fd = fs.openSync(file, "r");
    const { size } = fs.fstatSync(fd);
    return { file, fd, size, header: readHeader(file, fd, size) };
  } catch (error) {
    if (fd >= 0) fs.closeSync(fd);
    if (error instanceof UserError) throw error;
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    throw new UserError(
      missing ? `${file} does not exist; check the path.` : `${file} cannot be opened (${(error as Error).message}).`,
      { param: file, type: missing ? "model_not_found" : "failed", cause: error },
    );
  }
}

function openOthers(file: string, metadata: GgufMetadata, count: number, parts: Part[]): void {
  const match = PART.exec(file);
  const number = metadata.count("split.no", 0);
  if (number !== 0 || (match !== null && Number(match[1]) !== 1)) {
    throw badGguf(file, `it is part ${number + 1} of a model split into ${count}; name the first part`, "split.no");
  }
  if (match === null || Number(match[2]) !== count) {
    throw badGguf(
      file,
      `it is the first of ${count} parts, so its name must end in -00001-of-${String(count).padStart(5, "0")}.gguf`,
      "split.count",
    );
  }
  const nameOf = (no: number): string =>
    `${file.slice(0, match.index)}-${String(no).padStart(5, "0")}-of-${match[2]}${file.slice(-5)}`;
  const names = Array.from({ length: count - 1 }, (_, i) => nameOf(i + 2));
  const missing = names.filter((name) => !fs.existsSync(name));
  if (missing.length > 0) {
    throw new UserError(
      `${file} is the first of ${count} parts, of which ${missing.length} (${path.basename(missing[0])}${missing.length > 1 ? ", ..." : ""}) are not beside it; download them too.`,
      { param: missing[0], type: "invalid_checkpoint" },
    );
  }
  for (const [i, name] of names.entries()) {
    const part = openPart(name);
    parts.push(part);
    const own = new GgufMetadata(name, part.header.metadata);
    if (own.count("split.no") !== i + 1 || own.count("split.count") !== count) {
      throw badGguf(name, `it says it is not part ${i + 2} of ${count}`, "split.no");
    }
  }
  const total = parts.reduce((sum, part) => sum + part.header.tensors.size, 0);
  const expected = metadata.count("split.tensors.count", total);
  if (total !== expected) {
    throw badGguf(file, `its parts hold ${total} tensors together, not ${expected}`, "split.tensors.count");
  }
}

class OpenGguf implements GgufFile {
  readonly path: string;
  readonly version: number;
  readonly metadata: GgufMetadata;
  readonly tensors: ReadonlyMap<string, GgufTensor>;
  readonly fileBytes: number;
  readonly #home = new Map<GgufTensor, Part>();
  #parts: readonly Part[];

  constructor(file: string, metadata: GgufMetadata, parts: readonly Part[]) {
    this.path = file;
    this.version = parts[0].header.version;
    this.metadata = metadata;
    this.fileBytes = parts.reduce((sum, part) => sum + part.size, 0);
    const tensors = new Map<string, GgufTensor>();
    for (const part of parts) {
      for (const [name, tensor] of part.header.tensors) {
        if (tensors.has(name)) throw badGguf(part.file, `the tensor ${name} is in another part too`, name);
        tensors.set(name, tensor);
        this.#home.set(tensor, part);
      }
    }
    this.tensors = tensors;
    this.#parts = parts;
  }

  readBytes(tensor: GgufTensor, into: Uint8Array, from = 0): void {
    const part = this.#home.get(tensor);
    if (part === undefined || this.#parts.length === 0) throw new Error(`${this.path} is closed`);
    if (from + into.length > tensor.bytes) throw new Error(`${tensor.name} has only ${tensor.bytes} bytes`);
    readAt(part.fd, into, tensor.offset + from, part.file);
  }

  close(): void {
    for (const part of this.#parts) fs.closeSync(part.fd);
    this.#parts = [];
  }
}
