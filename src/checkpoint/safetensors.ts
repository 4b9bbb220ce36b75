// Reading and writing safetensors files, one or many shards. Tensors are read one at a time, when asked for, so that a file
// larger than memory can be converted; writing goes through a temporary name, so that a full disk or a kill leaves no half file.

import fs from "node:fs";
import path from "node:path";
import { reasonOf, UserError } from "../error.ts";
import { atomicWriteFile, type FileOperations } from "./atomic.ts";
import { bytesToF32, DTYPE_BYTES, type Dtype, f32ToBytes } from "./dtypes.ts";
import { broken, headerLength, parseHeader, type TensorInfo } from "./safetensors-header.ts";

/** An open file, or several opened as one. Close it when done. */
export interface SafetensorsFile {
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  readonly metadata: Readonly<Record<string, string>>;
  /** Size of the file, or of all of them. */
  readonly fileBytes: number;
  /** The tensor as float32, whatever it is stored as; into `into` where given (of exactly its number of elements). @throws UserError */
  readF32(name: string, into?: Float32Array): Float32Array;
  /** The stored bytes; into `into` where given, from byte `from` on. @throws UserError */
  readRaw(name: string, into?: Uint8Array, from?: number): Uint8Array;
  close(): void;
}

/** One tensor to write. Float32Array data is converted to BF16 or F16 where the dtype says so; everything else must match it. */
export interface TensorToWrite {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** A function is called only when its turn to be written comes (twice is possible). */
  readonly data: ArrayBufferView | (() => ArrayBufferView);
}

/** Opens one safetensors file and checks its header against its size. @throws UserError */
export function openSafetensors(file: string): SafetensorsFile {
  const fd = openFile(file);
  try {
    const fileBytes = fs.fstatSync(fd).size;
    const prefix = new Uint8Array(8);
    readFully(fd, prefix, 0, Math.min(8, fileBytes), file);
    const length = headerLength(prefix, fileBytes, file);
    const header = new Uint8Array(length);
    readFully(fd, header, 8, length, file);
    const { tensors, metadata } = parseHeader(header, fileBytes - 8 - length, file);
    return new OpenFile(file, fd, fileBytes, 8 + length, tensors, metadata);
  } catch (error) {
    fs.closeSync(fd);
    throw error;
  }
}

/**
 * Opens the shards that a `*.safetensors.index.json` lists, as one file.
 * @throws UserError for a missing shard, a tensor that is not in its shard, or an index that is not one.
 */
export function openSafetensorsIndex(indexFile: string): SafetensorsFile {
  const map = readIndex(indexFile);
  const folder = path.dirname(indexFile);
  const names = [...new Set(map.values())].sort();
  const missing = names.filter((name) => !fs.existsSync(path.join(folder, name)));
  if (missing.length > 0) {
    const more = missing.length > 1 ? ` and ${missing.length - 1} more` : "";
    throw new UserError(
      `${indexFile} lists the shard ${missing[0]}${more}, which is not in the folder; download the missing ${missing.length} of ${names.length} files.`,
      { param: missing[0], type: "invalid_checkpoint" },
    );
  }
  return openShards(folder, names, (opened) => {
    for (const [tensor, shard] of map) {
      if (!opened.get(shard)?.tensors.has(tensor)) {
        throw new UserError(
          `${indexFile} says the tensor ${tensor} is in ${shard}, but that file does not hold it; download both again.`,
          { param: tensor, type: "invalid_checkpoint" },
        );
      }
    }
  });
}

/** Opens several files of a folder as one; a tensor in two of them is an error. @throws UserError */
export function openShards(
  folder: string,
  names: readonly string[],
  check: (opened: ReadonlyMap<string, SafetensorsFile>) => void = () => {},
): SafetensorsFile {
  const opened = new Map<string, SafetensorsFile>();
  const close = (): void => {
    for (const shard of opened.values()) shard.close();
  };
  try {
    for (const name of names) opened.set(name, openSafetensors(path.join(folder, name)));
    check(opened);
    return new OpenShards(folder, opened, close);
  } catch (error) {
    close();
    throw error;
  }
}

/**
 * Writes a safetensors file under a temporary name and renames it when it is on the disk.
 * @throws UserError when the disk is full or the place cannot be written; nothing half-written stays.
 */
export function writeSafetensors(
  file: string,
  tensors: Iterable<TensorToWrite>,
  metadata: Readonly<Record<string, string>> = {},
  operations?: FileOperations,
): void {
  const all = [...tensors];
  const header: Record<string, unknown> = Object.create(null);
  if (Object.keys(metadata).length > 0) header.__metadata__ = metadata;
  let at = 0;
  for (const { name, dtype, shape } of all) {
    if (name === "__metadata__" || Object.hasOwn(header, name)) {
      throw new UserError(`Could not write ${file}: two tensors are named ${name}.`, { param: name });
    }
    const bytes = shape.reduce((product, extent) => product * extent, 1) * DTYPE_BYTES[dtype];
    Object.defineProperty(header, name, {
      value: { dtype, shape, data_offsets: [at, at + bytes] },
      enumerable: true,
    });
    at += bytes;
  }
  const json = Buffer.from(JSON.stringify(header));
  // data starts at a multiple of 8, as the format asks
  const length = Math.ceil(json.length / 8) * 8;
  const head = Buffer.alloc(8 + length, " ");
  head.writeBigUInt64LE(BigInt(length));
  json.copy(head, 8);
  atomicWriteFile(
    file,
    (append) => {
      append(head);
      for (const tensor of all) append(tensorBytes(tensor, file));
    },
    operations,
  );
}

class OpenFile implements SafetensorsFile {
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly fileBytes: number;
  readonly #file: string;
  readonly #dataStart: number;
  #fd: number;

  constructor(
    file: string,
    fd: number,
    fileBytes: number,
    dataStart: number,
    tensors: ReadonlyMap<string, TensorInfo>,
    metadata: Readonly<Record<string, string>>,
  ) {
    this.#file = file;
    this.#fd = fd;
    this.fileBytes = fileBytes;
    this.#dataStart = dataStart;
    this.tensors = tensors;
    this.metadata = metadata;
  }

  readF32(name: string, into?: Float32Array): Float32Array {
    const info = this.#info(name);
    const out = into ?? new Float32Array(info.elements);
    if (out.length !== info.elements) {
      throw new UserError(
        `${this.#file}: the tensor ${name} has ${info.elements} elements, but room for ${out.length} was given.`,
        { param: name },
      );
    }
    const width = DTYPE_BYTES[info.dtype];
    // in pieces, so that a BF16 tensor never needs a second copy of itself
    const step = Math.min(CHUNK_ELEMENTS, info.elements);
    const piece = new Uint8Array(step * width);
    for (let i = 0; i < info.elements; i += step) {
      const n = Math.min(step, info.elements - i);
      const bytes = piece.subarray(0, n * width);
      readFully(this.#fd, bytes, this.#dataStart + info.begin + i * width, bytes.length, this.#file, name);
      bytesToF32(info.dtype, bytes, out.subarray(i, i + n));
    }
    return out;
  }

  readRaw(name: string, into?: Uint8Array, from = 0): Uint8Array {
    const info = this.#info(name);
    const bytes = into ?? new Uint8Array(info.end - info.begin);
    if (from + bytes.length > info.end - info.begin) throw new Error(`${name} has only ${info.end - info.begin} bytes`);
    readFully(this.#fd, bytes, this.#dataStart + info.begin + from, bytes.length, this.#file, name);
    return bytes;
  }

  close(): void {
    if (this.#fd >= 0) fs.closeSync(this.#fd);
    this.#fd = -1;
  }

  #info(name: string): TensorInfo {
    if (this.#fd < 0) throw new Error(`${this.#file} is closed`);
    return this.tensors.get(name) ?? noTensor(name, this.#file);
  }
}

class OpenShards implements SafetensorsFile {
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly fileBytes: number;
  readonly #home: ReadonlyMap<string, SafetensorsFile>;
  readonly #folder: string;
  readonly close: () => void;

  constructor(folder: string, opened: ReadonlyMap<string, SafetensorsFile>, close: () => void) {
    const tensors = new Map<string, TensorInfo>();
    const home = new Map<string, SafetensorsFile>();
    for (const [shard, file] of opened) {
      for (const [name, info] of file.tensors) {
        if (home.has(name)) throw broken(path.join(folder, shard), `the tensor ${name} is in another shard too`, name);
        tensors.set(name, info);
        home.set(name, file);
      }
    }
    this.tensors = tensors;
    this.fileBytes = [...opened.values()].reduce((sum, file) => sum + file.fileBytes, 0);
    // not by Object.assign: a key named __proto__ would be lost
    this.metadata = Object.fromEntries([...opened.values()].flatMap((file) => Object.entries(file.metadata)));
    this.#home = home;
    this.#folder = folder;
    this.close = close;
  }

  readF32(name: string, into?: Float32Array): Float32Array {
    return (this.#home.get(name) ?? noTensor(name, this.#folder)).readF32(name, into);
  }

  readRaw(name: string, into?: Uint8Array, from?: number): Uint8Array {
    return (this.#home.get(name) ?? noTensor(name, this.#folder)).readRaw(name, into, from);
  }
}

const CHUNK_ELEMENTS = 1 << 20;

function noTensor(name: string, where: string): never {
  throw new UserError(`${where} holds no tensor named ${name}; check that it belongs to this model.`, {
    param: name,
    type: "invalid_checkpoint",
  });
}

function openFile(file: string): number {
  try {
    if (fs.statSync(file).isDirectory()) {
      throw new UserError(`${file} is a folder, not a safetensors file; name a file in it.`, { param: file });
    }
    return fs.openSync(file, "r");
  } catch (error) {
    if (error instanceof UserError) throw error;
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    throw new UserError(
      missing ? `${file} does not exist; check the path.` : `${file} cannot be opened (${(error as Error).message}).`,
      { param: file, cause: error },
    );
  }
}

function readFully(
  fd: number,
  into: Uint8Array,
  position: number,
  length: number,
  file: string,
  tensor: string | null = null,
): void {
  for (let done = 0; done < length; ) {
    const n = fs.readSync(fd, into, done, length - done, position + done);
    // the size was checked on opening, so the file was cut while open
    if (n === 0)
      throw broken(file, tensor === null ? "it ends within its header" : `it ends within the tensor ${tensor}`, tensor);
    done += n;
  }
}

function readIndex(indexFile: string): Map<string, string> {
  const fail = (what: string): UserError =>
    new UserError(`${indexFile} ${what}; download it again.`, { param: indexFile, type: "invalid_checkpoint" });
  let json: unknown;
  try {
    json = JSON.parse(fs.readFileSync(indexFile, "utf8"));
  } catch (error) {
    throw fail(`cannot be read (${reasonOf(error, 80)})`);
  }
  const map = (json as { weight_map?: unknown } | null)?.weight_map;
  if (typeof map !== "object" || map === null) throw fail("has no weight_map");
  const entries = new Map<string, string>();
  for (const [tensor, shard] of Object.entries(map)) {
    // a shard's name must not lead out of the folder
    if (typeof shard !== "string" || shard !== path.basename(shard) || shard === "" || shard === "..") {
      throw fail(`names ${JSON.stringify(shard)} as the file of ${tensor}, which is no file name`);
    }
    entries.set(tensor, shard);
  }
  return entries;
}

function tensorBytes({ name, dtype, shape, data }: TensorToWrite, file: string): Uint8Array {
  const view = typeof data === "function" ? data() : data;
  const elements = shape.reduce((product, extent) => product * extent, 1);
  const bytes =
    view instanceof Float32Array && (dtype === "BF16" || dtype === "F16")
      ? f32ToBytes(dtype, view)
      : new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  if (bytes.length !== elements * DTYPE_BYTES[dtype]) {
    throw new UserError(
      `Could not write ${file}: the tensor ${name} of shape [${shape}] and dtype ${dtype} needs ${elements * DTYPE_BYTES[dtype]} bytes but ${bytes.length} were given.`,
      { param: name },
    );
  }
  return bytes;
}
