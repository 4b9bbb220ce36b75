// The bytes in front of a GGUF file's data: metadata and tensor infos, version 3, little-endian.

import { blockBytes, blockInfo, type GgmlType } from "../../kernels/blocks/types.ts";
import type { TextList } from "../../text/packed-texts.ts";

/** A metadata value with the type it is written as. */
export type GgufEntry = readonly [key: string, value: GgufTyped];

export type GgufTyped =
  | { readonly u32: number }
  | { readonly i32: number }
  | { readonly f32: number }
  | { readonly bool: boolean }
  | { readonly text: string }
  | { readonly texts: TextList }
  | { readonly f32s: ArrayLike<number> }
  | { readonly i32s: ArrayLike<number> };

export interface TensorPlan {
  readonly name: string;
  readonly type: GgmlType;
  /** Outermost extent first. */
  readonly shape: readonly number[];
}

/** Where data starts is a multiple of this. */
export const ALIGNMENT = 32;

/** Bytes a tensor takes in the file, without the padding after it. */
export const tensorBytes = ({ type, shape }: TensorPlan): number =>
  blockBytes(
    type,
    shape.reduce((product, extent) => product * extent, 1),
  );

/** The zeros that follow `bytes` bytes. */
export const padding = (bytes: number): Uint8Array => new Uint8Array((ALIGNMENT - (bytes % ALIGNMENT)) % ALIGNMENT);

/** Everything before the data, padded. Tensors are to follow in this order, each padded. */
export function encodeHeader(entries: readonly GgufEntry[], tensors: readonly TensorPlan[]): Uint8Array {
  const bytes = new ByteWriter();
  bytes.raw(Buffer.from("GGUF"));
  bytes.u32(3);
  bytes.u64(tensors.length);
  bytes.u64(entries.length);
  for (const [key, value] of entries) {
    bytes.text(key);
    writeValue(bytes, value);
  }
  let at = 0;
  for (const tensor of tensors) {
    bytes.text(tensor.name);
    bytes.u32(tensor.shape.length);
    for (const extent of tensor.shape.toReversed()) bytes.u64(extent);
    bytes.u32(blockInfo(tensor.type).id);
    bytes.u64(at);
    const size = tensorBytes(tensor);
    at += size + padding(size).length;
  }
  bytes.raw(padding(bytes.length));
  return bytes.done();
}

function writeValue(bytes: ByteWriter, value: GgufTyped): void {
  if ("u32" in value) {
    bytes.u32(4);
    bytes.u32(value.u32);
  } else if ("i32" in value) {
    bytes.u32(5);
    bytes.u32(value.i32);
  } else if ("f32" in value) {
    bytes.u32(6);
    bytes.f32(value.f32);
  } else if ("bool" in value) {
    bytes.u32(7);
    bytes.raw(Uint8Array.of(value.bool ? 1 : 0));
  } else if ("text" in value) {
    bytes.u32(8);
    bytes.text(value.text);
  } else if ("texts" in value) {
    bytes.list(8, value.texts.length);
    for (const text of value.texts) bytes.text(text);
  } else if ("f32s" in value) {
    bytes.list(6, value.f32s.length);
    for (let i = 0; i < value.f32s.length; i++) bytes.f32(value.f32s[i]);
  } else {
    bytes.list(5, value.i32s.length);
    for (let i = 0; i < value.i32s.length; i++) bytes.u32(value.i32s[i]);
  }
}

/** A growing run of bytes. */
class ByteWriter {
  #bytes = Buffer.alloc(1 << 16);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  raw(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#room(bytes.length));
  }

  u32(value: number): void {
    const at = this.#room(4);
    this.#bytes.writeInt32LE(value | 0, at);
  }

  u64(value: number): void {
    const at = this.#room(8);
    this.#bytes.writeBigUInt64LE(BigInt(value), at);
  }

  f32(value: number): void {
    const at = this.#room(4);
    this.#bytes.writeFloatLE(value, at);
  }

  text(text: string): void {
    const length = Buffer.byteLength(text);
    this.u64(length);
    const at = this.#room(length);
    this.#bytes.write(text, at, "utf8");
  }

  list(type: number, length: number): void {
    this.u32(9);
    this.u32(type);
    this.u64(length);
  }

  done(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Makes room for `count` bytes and returns where. */
  #room(count: number): number {
    const at = this.#length;
    this.#length += count;
    if (this.#length > this.#bytes.length) {
      const grown = Buffer.alloc(Math.max(2 * this.#bytes.length, this.#length));
      this.#bytes.copy(grown, 0, 0, at);
      this.#bytes = grown;
    }
    return at;
  }
}
