// GGUF files byte by byte for tests, lies included: everything a writer would keep consistent can be set to something else.

import { blockBytes, blockInfo, type GgmlType } from "../../kernels/blocks/types.ts";

/** A value with the number of its type; arrays give the type of their elements too. */
export type RawValue =
  | { readonly type: number; readonly bytes: Uint8Array }
  | { readonly type: 9; readonly of: number; readonly count: bigint; readonly bytes: Uint8Array };

export interface RawTensor {
  readonly name: string;
  readonly type?: GgmlType;
  /** As the file has it: fastest extent first. */
  readonly extents: readonly (number | bigint)[];
  /** Default: the place it has. */
  readonly offset?: bigint;
  /** Default: the number of the type. */
  readonly typeId?: number;
  /** Default: how many extents there are. */
  readonly dimensions?: number;
  /** Default: zeros. */
  readonly data?: Uint8Array;
}

export interface RawGguf {
  readonly magic?: string;
  readonly version?: number;
  readonly tensorCount?: bigint;
  readonly keyCount?: bigint;
  readonly keys?: readonly (readonly [key: string, value: RawValue])[];
  readonly keyLength?: bigint;
  readonly tensors?: readonly RawTensor[];
  /** What the offsets and the padding keep to; general.alignment says it only where `keys` do. Default 32. */
  readonly alignment?: number;
  /** Bytes left off at the end. */
  readonly cut?: number;
}

export const u32 = (value: number): RawValue => ({ type: 4, bytes: le(4, BigInt(value)) });
export const i32 = (value: number): RawValue => ({ type: 5, bytes: le(4, BigInt(value)) });
export const f32 = (value: number): RawValue => ({ type: 6, bytes: new Uint8Array(Float32Array.of(value).buffer) });
export const bool = (value: boolean): RawValue => ({ type: 7, bytes: Uint8Array.of(value ? 1 : 0) });
export const text = (value: string): RawValue => ({ type: 8, bytes: textBytes(value) });
export const texts = (values: readonly string[]): RawValue => ({
  ...{ type: 9, of: 8, count: BigInt(values.length) },
  bytes: Buffer.concat(values.map((one) => textBytes(one))),
});

/** The bytes of the file. */
export function rawGguf(file: RawGguf): Uint8Array {
  const { keys = [], tensors = [], alignment = 32 } = file;
  const head: Uint8Array[] = [
    Buffer.from(file.magic ?? "GGUF"),
    le(4, BigInt(file.version ?? 3)),
    le(8, file.tensorCount ?? BigInt(tensors.length)),
    le(8, file.keyCount ?? BigInt(keys.length)),
  ];
  for (const [key, value] of keys) {
    head.push(textBytes(key, file.keyLength), le(4, BigInt(value.type)));
    if ("of" in value) head.push(le(4, BigInt(value.of)), le(8, value.count));
    head.push(value.bytes);
  }
  const data: Uint8Array[] = [];
  let at = 0;
  for (const tensor of tensors) {
    const type = tensor.type ?? "F32";
    head.push(textBytes(tensor.name), le(4, BigInt(tensor.dimensions ?? tensor.extents.length)));
    for (const extent of tensor.extents) head.push(le(8, BigInt(extent)));
    head.push(le(4, BigInt(tensor.typeId ?? blockInfo(type).id)), le(8, tensor.offset ?? BigInt(at)));
    const elements = tensor.extents.reduce<number>((product, extent) => product * Number(extent), 1);
    const bytes = tensor.data ?? new Uint8Array(Math.min(blockBytes(type, Math.max(elements, 0)), 1 << 20));
    data.push(bytes, padding(bytes.length, alignment));
    at += bytes.length + padding(bytes.length, alignment).length;
  }
  const front = Buffer.concat(head);
  const whole = Buffer.concat([front, padding(front.length, alignment), ...data]);
  return whole.subarray(0, whole.length - (file.cut ?? 0));
}

const padding = (bytes: number, alignment: number): Uint8Array =>
  new Uint8Array((alignment - (bytes % alignment)) % alignment);

function le(width: 4 | 8, value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigInt64(0, BigInt.asIntN(64, value), true);
  return bytes.subarray(0, width);
}

function textBytes(value: string, length?: bigint): Uint8Array {
  const bytes = Buffer.from(value);
  return Buffer.concat([le(8, length ?? BigInt(bytes.length)), bytes]);
}
