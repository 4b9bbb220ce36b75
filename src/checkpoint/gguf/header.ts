// The header of a GGUF file: metadata and where each tensor lies, believed only after every claim has been checked against the
// file's size (ggml/src/gguf.cpp holds the same line; https://github.com/ggml-org/ggml/blob/master/docs/gguf.md).

import { blockBytes, blockInfo, type GgmlType, typeOfId } from "../../kernels/blocks/types.ts";
import { TextPacker } from "../../text/packed-texts.ts";
import { badGguf, Cursor } from "./cursor.ts";
import type { GgufNumbers, GgufValue } from "./metadata.ts";

/** A tensor as the header describes it. */
export interface GgufTensor {
  readonly name: string;
  readonly type: GgmlType;
  /** Outermost extent first, as everywhere here; the file has them the other way round. */
  readonly shape: readonly number[];
  /** Product of the shape. */
  readonly elements: number;
  readonly bytes: number;
  /** From the start of its file. */
  readonly offset: number;
}

export interface GgufHeader {
  readonly version: number;
  readonly metadata: ReadonlyMap<string, GgufValue>;
  readonly tensors: ReadonlyMap<string, GgufTensor>;
}

/** ggml's own limits (GGML_MAX_NAME, GGML_MAX_DIMS) and those of @huggingface/gguf, which no real file reaches. */
const MAX_KEYS = 100_000;
const MAX_TENSORS = 10_000_000;
const MAX_ELEMENTS = 1_000_000;
const MAX_NAME_BYTES = 63;
const MAX_DIMENSIONS = 4;
const MAX_EXTENT = 2 ** 32;
const MAX_DEPTH = 4;

/** Reads and checks the header. @throws UserError naming the file and the key or tensor that is wrong */
export function readHeader(file: string, fd: number, size: number): GgufHeader {
  const cursor = new Cursor(file, fd, size);
  const { version, tensorCount, keyCount } = readCounts(cursor);
  const metadata = readMetadata(cursor, keyCount);
  const alignment = alignmentOf(cursor, metadata);
  const tensors = readTensors(cursor, tensorCount, alignment);
  return { version, metadata, tensors };
}

function readCounts(cursor: Cursor): { version: number; tensorCount: number; keyCount: number } {
  const { file } = cursor;
  if (cursor.size < 24) throw badGguf(file, `it has only ${cursor.size} bytes, too few for a header`);
  const magic = cursor.u32();
  if (magic !== MAGIC) {
    const shown = JSON.stringify(
      String.fromCharCode(magic & 255, (magic >> 8) & 255, (magic >> 16) & 255, magic >>> 24),
    );
    throw badGguf(file, `it starts with ${shown}, not with "GGUF"`);
  }
  const version = cursor.u32();
  if (version !== 0 && (version & 0xffff) === 0) {
    throw badGguf(file, "it is big-endian, and only little-endian files are read here");
  }
  if (version !== 2 && version !== 3)
    throw badGguf(file, `it is of version ${version}, and only 2 and 3 are read here`);
  const tensorCount = cursor.count(MAX_TENSORS, "tensors");
  const keyCount = cursor.count(MAX_KEYS, "metadata keys");
  // the least one takes: length, one letter, type, one byte; name length, dimensions, type, offset
  cursor.expect(keyCount, 14, "metadata keys");
  cursor.expect(tensorCount, 24, "tensors");
  return { version, tensorCount, keyCount };
}

/** "GGUF" */
const MAGIC = 0x46554747;

function readMetadata(cursor: Cursor, count: number): Map<string, GgufValue> {
  const values = new Map<string, GgufValue>();
  for (let i = 0; i < count; i++) {
    cursor.field = `metadata key number ${i + 1}`;
    const key = cursor.text();
    if (key === "") throw cursor.fail("is empty");
    cursor.field = `the metadata key ${shortened(key)}`;
    if (values.has(key)) throw cursor.fail("is there twice");
    const type = cursor.u32();
    // its type is laid down, unlike those of the others
    if (key === ALIGNMENT && type !== U32)
      throw cursor.fail(`has the type ${type}, but must be a 32-bit count (${U32})`);
    values.set(key, type === ARRAY ? readArray(cursor, 1) : readValue(cursor, type));
  }
  return values;
}

/** The types of metadata by their number (enum gguf_type). */
const U32 = 4;
const TEXT = 8;
const ARRAY = 9;

const ALIGNMENT = "general.alignment";

/** Names can be megabytes in a damaged file. */
const shortened = (text: string): string => (text.length > 80 ? `${text.slice(0, 80)}...` : text);

function readValue(cursor: Cursor, type: number): GgufValue {
  switch (type) {
    case 0:
      return cursor.u8();
    case 1:
      return cursor.i8();
    case 2:
      return cursor.u16();
    case 3:
      return cursor.i16();
    case 4:
      return cursor.u32();
    case 5:
      return cursor.i32();
    case 6:
      return cursor.f32();
    case 7:
      return cursor.u8() !== 0;
    case TEXT:
      return cursor.text();
    case 10:
      return narrow(cursor.u64());
    case 11:
      return narrow(cursor.i64());
    case 12:
      return cursor.f64();
    default:
      throw cursor.fail(`has the unknown type ${type}`);
  }
}

const narrow = (value: bigint): number | bigint =>
  value <= Number.MAX_SAFE_INTEGER && value >= Number.MIN_SAFE_INTEGER ? Number(value) : value;

/** Bytes an element takes, or takes at least. */
const ELEMENT_BYTES: readonly number[] = [1, 1, 2, 2, 4, 4, 4, 1, 8, 12, 8, 8, 8];

function readArray(cursor: Cursor, depth: number): GgufValue {
  if (depth > MAX_DEPTH) throw cursor.fail(`holds lists nested more than ${MAX_DEPTH} deep`);
  const type = cursor.u32();
  if (type >= ELEMENT_BYTES.length) throw cursor.fail(`is a list of the unknown type ${type}`);
  const count = cursor.count(MAX_ELEMENTS, "elements");
  cursor.expect(count, ELEMENT_BYTES[type], "elements");
  if (type === TEXT) {
    const texts = new TextPacker(count);
    for (let i = 0; i < count; i++) cursor.packText(texts);
    return texts.done();
  }
  if (type === ARRAY) {
    const lists: GgufValue[] = [];
    for (let i = 0; i < count; i++) lists.push(readArray(cursor, depth + 1));
    return lists;
  }
  const bytes = new Uint8Array(count * ELEMENT_BYTES[type]);
  cursor.bytes(bytes);
  return numbersOf(type, bytes.buffer);
}

function numbersOf(type: number, buffer: ArrayBuffer): GgufNumbers {
  switch (type) {
    case 1:
      return new Int8Array(buffer);
    case 2:
      return new Uint16Array(buffer);
    case 3:
      return new Int16Array(buffer);
    case 4:
      return new Uint32Array(buffer);
    case 5:
      return new Int32Array(buffer);
    case 6:
      return new Float32Array(buffer);
    case 10:
      return new BigUint64Array(buffer);
    case 11:
      return new BigInt64Array(buffer);
    case 12:
      return new Float64Array(buffer);
    default:
      return new Uint8Array(buffer); // bytes, and true and false
  }
}

function alignmentOf(cursor: Cursor, metadata: ReadonlyMap<string, GgufValue>): number {
  const value = metadata.get(ALIGNMENT) ?? 32;
  cursor.field = `the metadata key ${ALIGNMENT}`;
  if (typeof value !== "number" || !(value > 0) || !Number.isInteger(Math.log2(value))) {
    throw cursor.fail(`is ${String(value)}, but must be a power of 2`);
  }
  return value;
}

interface Placed {
  readonly name: string;
  readonly type: GgmlType;
  readonly shape: readonly number[];
  readonly elements: number;
  readonly bytes: number;
  /** From the start of the data. */
  readonly start: number;
}

function readTensors(cursor: Cursor, count: number, alignment: number): Map<string, GgufTensor> {
  const placed: Placed[] = [];
  const names = new Set<string>();
  for (let i = 0; i < count; i++) {
    cursor.field = `the name of tensor number ${i + 1}`;
    const name = cursor.text();
    if (new TextEncoder().encode(name).length > MAX_NAME_BYTES)
      throw cursor.fail(`is longer than ${MAX_NAME_BYTES} bytes`);
    cursor.field = `the tensor ${name}`;
    if (names.has(name)) throw cursor.fail("is there twice");
    names.add(name);
    placed.push(readTensor(cursor, name));
  }
  const dataStart = padded(cursor.position, alignment);
  const dataBytes = cursor.size - dataStart;
  const tensors = new Map<string, GgufTensor>();
  let at = 0;
  for (const { start, ...tensor } of placed) {
    cursor.field = `the tensor ${tensor.name}`;
    // tensors lie one after the other, each padded to the alignment
    if (start !== at) throw cursor.fail(`claims to start at byte ${start} of the data, but its place is ${at}`);
    if (start + tensor.bytes > dataBytes) {
      const present = Math.max(0, dataBytes);
      throw cursor.fail(
        `ends at byte ${start + tensor.bytes} but the file holds ${present} bytes of data, so it is cut short`,
      );
    }
    tensors.set(tensor.name, { ...tensor, offset: dataStart + start });
    at = padded(start + tensor.bytes, alignment);
  }
  return tensors;
}

function readTensor(cursor: Cursor, name: string): Placed {
  const dimensions = cursor.u32();
  if (dimensions > MAX_DIMENSIONS) throw cursor.fail(`has ${dimensions} dimensions, more than ${MAX_DIMENSIONS}`);
  const shape: number[] = [];
  let elements = 1;
  for (let d = 0; d < dimensions; d++) {
    const extent = cursor.count(MAX_EXTENT, "numbers along one dimension");
    shape.unshift(extent);
    elements *= extent;
  }
  const id = cursor.u32();
  const type = typeOfId(id);
  if (type === undefined) {
    const known = OTHER_TYPES[id];
    throw cursor.fail(
      known === undefined
        ? `has the unknown type ${id}`
        : `is stored as ${known}, which is not read here (take a file of Q4_K_M, Q8_0 or the like)`,
    );
  }
  const row = shape.at(-1) ?? 1;
  if (row % blockInfo(type).elements !== 0) {
    throw cursor.fail(`has rows of ${row} numbers, which are no whole blocks of ${type}`);
  }
  // a model has fewer numbers than its file has bits, which also keeps every product exact
  const bytes = blockBytes(type, elements);
  if (bytes > cursor.size) {
    throw cursor.fail(
      `of shape [${shape}] and type ${type} needs ${bytes} bytes, but the file has ${cursor.size}, so it is cut short or damaged`,
    );
  }
  const start = cursor.count(cursor.size, "bytes of data before it");
  return { name, type, shape, elements, bytes, start };
}

const padded = (bytes: number, alignment: number): number => Math.ceil(bytes / alignment) * alignment;

/** Types there are in ggml but not here. */
const OTHER_TYPES: Readonly<Record<number, string>> = {
  9: "Q8_1",
  15: "Q8_K",
  16: "IQ2_XXS",
  17: "IQ2_XS",
  18: "IQ3_XXS",
  19: "IQ1_S",
  21: "IQ3_S",
  22: "IQ2_S",
  24: "I8",
  25: "I16",
  26: "I32",
  27: "I64",
  28: "F64",
  29: "IQ1_M",
  40: "NVFP4",
};
