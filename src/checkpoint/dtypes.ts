// The number formats of checkpoint files and their conversion to and from float32, as plain loops over typed arrays.
// Files are little-endian, as is every machine Node runs on.

import { f32BitsToBf16, f32BitsToF16, HALF } from "../kernels/blocks/half.ts";

/** safetensors' names of number formats with their size in bytes. */
export const DTYPE_BYTES = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  F8_E8M0: 1,
  U16: 2,
  I16: 2,
  F16: 2,
  BF16: 2,
  U32: 4,
  I32: 4,
  F32: 4,
  U64: 8,
  I64: 8,
  F64: 8,
} as const;

export type Dtype = keyof typeof DTYPE_BYTES;

export const isDtype = (name: unknown): name is Dtype => typeof name === "string" && Object.hasOwn(DTYPE_BYTES, name);

/** Converts `bytes` (count x DTYPE_BYTES[dtype] of them) into `out` (count floats). 64-bit numbers and large integers round to float32. */
export function bytesToF32(dtype: Dtype, bytes: Uint8Array, out: Float32Array): void {
  const view = viewOf(dtype, bytes);
  const n = out.length;
  if (view instanceof BigInt64Array || view instanceof BigUint64Array) {
    for (let i = 0; i < n; i++) out[i] = Number(view[i]);
    return;
  }
  switch (dtype) {
    case "BF16": {
      const bits = new Uint32Array(out.buffer, out.byteOffset, n);
      for (let i = 0; i < n; i++) bits[i] = view[i] << 16;
      return;
    }
    case "F16":
      for (let i = 0; i < n; i++) out[i] = HALF[view[i]];
      return;
    case "F8_E5M2":
      for (let i = 0; i < n; i++) out[i] = HALF[view[i] << 8];
      return;
    case "F8_E8M0":
      // powers of two, as scales are written by DeepSeek-V3.1 (ue8m0)
      for (let i = 0; i < n; i++) out[i] = view[i] === 255 ? Number.NaN : 2 ** (view[i] - 127);
      return;
    case "F8_E4M3":
      for (let i = 0; i < n; i++) out[i] = E4M3[view[i]];
      return;
    default:
      out.set(view.length === n ? view : view.subarray(0, n));
  }
}

/** Converts floats to the bytes of a file; BF16 and F16 round to nearest, ties to even, NaN stays NaN. */
export function f32ToBytes(dtype: "F32" | "BF16" | "F16", values: Float32Array): Uint8Array {
  if (dtype === "F32") return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const out = new Uint16Array(values.length);
  const convert = dtype === "BF16" ? f32BitsToBf16 : f32BitsToF16;
  for (let i = 0; i < out.length; i++) out[i] = convert(bits[i]);
  return new Uint8Array(out.buffer);
}

/** e4m3fn: bias 7, no infinities, NaN at 0x7f and 0xff. */
const E4M3 = Float32Array.from({ length: 256 }, (_, code) => {
  const sign = code & 0x80 ? -1 : 1;
  const exponent = (code >> 3) & 15;
  const mantissa = code & 7;
  if (exponent === 15 && mantissa === 7) return Number.NaN;
  return exponent === 0 ? sign * mantissa * 2 ** -9 : sign * (1 + mantissa / 8) * 2 ** (exponent - 7);
});

type NumberView =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array;

function viewOf(dtype: Dtype, bytes: Uint8Array): NumberView | BigInt64Array | BigUint64Array {
  const width = DTYPE_BYTES[dtype];
  // a typed array must start at a multiple of its width
  const { buffer, byteOffset, byteLength } = bytes.byteOffset % width === 0 ? bytes : bytes.slice();
  const length = byteLength / width;
  switch (dtype) {
    case "I8":
      return new Int8Array(buffer, byteOffset, length);
    case "U16":
    case "F16":
    case "BF16":
      return new Uint16Array(buffer, byteOffset, length);
    case "I16":
      return new Int16Array(buffer, byteOffset, length);
    case "U32":
      return new Uint32Array(buffer, byteOffset, length);
    case "I32":
      return new Int32Array(buffer, byteOffset, length);
    case "F32":
      return new Float32Array(buffer, byteOffset, length);
    case "U64":
      return new BigUint64Array(buffer, byteOffset, length);
    case "I64":
      return new BigInt64Array(buffer, byteOffset, length);
    case "F64":
      return new Float64Array(buffer, byteOffset, length);
    default:
      return new Uint8Array(buffer, byteOffset, length);
  }
}
