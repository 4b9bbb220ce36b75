// Float32 to ggml's blocks, bit for bit as ggml's C reference makes them (ggml/src/ggml-quants.c, quantize_row_*_ref, no importance
// matrix). Every intermediate result is rounded to float32 where the C code stores or passes a float.

import { UserError } from "../../error.ts";
import { f32BitsToBf16, f32BitsToF16, toHalf } from "./half.ts";
import { quantizeQ4K, quantizeQ5K } from "./quantize-min.ts";
import { quantizeQ2K, quantizeQ3K, quantizeQ6K } from "./quantize-super.ts";
import { blockInfo, type GgmlType } from "./types.ts";

/** The formats that can be written. */
export const WRITABLE_TYPES = [
  "F32",
  "F16",
  "BF16",
  "Q4_0",
  "Q4_1",
  "Q5_0",
  "Q5_1",
  "Q8_0",
  "Q2_K",
  "Q3_K",
  "Q4_K",
  "Q5_K",
  "Q6_K",
] as const satisfies readonly GgmlType[];
export type WritableType = (typeof WRITABLE_TYPES)[number];

/** Writes `count` blocks made of `x` from its start into `b` from byte 0 on. */
export type Quantizer = (x: Float32Array, count: number, b: Uint8Array) => void;

/**
 * Writes `values` (whole blocks; of a matrix: rows end to end, each of whole blocks) as `type` into `out` and returns it; `out` is
 * made where not given.
 * @throws UserError where the values are no whole number of blocks or `out` has another size.
 */
export function quantize(type: WritableType, values: Float32Array, out?: Uint8Array): Uint8Array {
  const { elements, bytes } = blockInfo(type);
  const count = values.length / elements;
  const target = out ?? new Uint8Array(Math.floor(count) * bytes);
  if (!Number.isInteger(count) || target.length !== count * bytes) {
    throw new UserError(
      `${values.length} numbers do not fill ${target.length} bytes of ${type} (${bytes} a block of ${elements}).`,
      { param: "values", type: "invalid_blocks" },
    );
  }
  QUANTIZERS[type](values, count, target);
  return target;
}

const { fround, abs } = Math;

const QUANTIZERS: Readonly<Record<WritableType, Quantizer>> = {
  F32: (x, _count, b) => b.set(new Uint8Array(x.buffer, x.byteOffset, x.byteLength)),
  F16: (x, count, b) => rounded(x, count, b, f32BitsToF16),
  BF16: (x, count, b) => rounded(x, count, b, f32BitsToBf16),
  Q4_0(x, count, b) {
    for (let block = 0, o = 0, p = 0; block < count; block++, o += 32, p += 18) {
      const d = fround(signedMax(x, o) / -8);
      const inverse = d === 0 ? 0 : fround(1 / d);
      putHalf(b, p, d);
      for (let j = 0; j < 16; j++) {
        b[p + 2 + j] = code(x[o + j], inverse, 8.5, 15) | (code(x[o + j + 16], inverse, 8.5, 15) << 4);
      }
    }
  },
  Q4_1(x, count, b) {
    for (let block = 0, o = 0, p = 0; block < count; block++, o += 32, p += 20) {
      const min = minimum(x, o);
      const d = fround(fround(maximum(x, o) - min) / 15);
      const inverse = d === 0 ? 0 : fround(1 / d);
      putHalf(b, p, d);
      putHalf(b, p + 2, min);
      for (let j = 0; j < 16; j++) {
        const low = code(fround(x[o + j] - min), inverse, 0.5, 15);
        b[p + 4 + j] = low | (code(fround(x[o + j + 16] - min), inverse, 0.5, 15) << 4);
      }
    }
  },
  Q5_0(x, count, b) {
    for (let block = 0, o = 0, p = 0; block < count; block++, o += 32, p += 22) {
      const d = fround(signedMax(x, o) / -16);
      const inverse = d === 0 ? 0 : fround(1 / d);
      putHalf(b, p, d);
      let high = 0;
      for (let j = 0; j < 16; j++) {
        const first = code(x[o + j], inverse, 16.5, 31);
        const second = code(x[o + j + 16], inverse, 16.5, 31);
        b[p + 6 + j] = (first & 15) | ((second & 15) << 4);
        high |= ((first >> 4) << j) | ((second >> 4) << (j + 16));
      }
      putWord(b, p + 2, high);
    }
  },
  Q5_1(x, count, b) {
    for (let block = 0, o = 0, p = 0; block < count; block++, o += 32, p += 24) {
      const min = minimum(x, o);
      const d = fround(fround(maximum(x, o) - min) / 31);
      const inverse = d === 0 ? 0 : fround(1 / d);
      putHalf(b, p, d);
      putHalf(b, p + 2, min);
      let high = 0;
      for (let j = 0; j < 16; j++) {
        const first = code(fround(x[o + j] - min), inverse, 0.5, 31);
        const second = code(fround(x[o + j + 16] - min), inverse, 0.5, 31);
        b[p + 8 + j] = (first & 15) | ((second & 15) << 4);
        high |= ((first >> 4) << j) | ((second >> 4) << (j + 16));
      }
      putWord(b, p + 4, high);
    }
  },
  Q8_0(x, count, b) {
    for (let block = 0, o = 0, p = 0; block < count; block++, o += 32, p += 34) {
      const d = fround(abs(signedMax(x, o)) / 127);
      const inverse = d === 0 ? 0 : fround(1 / d);
      putHalf(b, p, d);
      for (let j = 0; j < 32; j++) {
        const scaled = fround(x[o + j] * inverse);
        // roundf: halves away from zero
        b[p + 2 + j] = scaled < 0 ? -Math.floor(0.5 - scaled) : Math.floor(scaled + 0.5);
      }
    }
  },
  Q2_K: quantizeQ2K,
  Q3_K: quantizeQ3K,
  Q4_K: quantizeQ4K,
  Q5_K: quantizeQ5K,
  Q6_K: quantizeQ6K,
};

/** Rounds through bits of two bytes. */
function rounded(x: Float32Array, count: number, b: Uint8Array, round: (bits: number) => number): void {
  const bits = new Uint32Array(x.buffer, x.byteOffset, x.length);
  for (let i = 0, p = 0; i < count; i++, p += 2) {
    const short = round(bits[i]);
    b[p] = short;
    b[p + 1] = short >> 8;
  }
}

/** trunc(value * inverse + offset), at most `most`. */
function code(value: number, inverse: number, offset: number, most: number): number {
  const q = fround(fround(value * inverse) + offset) | 0;
  return q > most ? most : q;
}

/** The number of largest magnitude of 32, the first of equals, with its sign. */
function signedMax(x: Float32Array, o: number): number {
  let max = 0;
  for (let j = 0; j < 32; j++) if (abs(x[o + j]) > abs(max)) max = x[o + j];
  return max;
}

function minimum(x: Float32Array, o: number): number {
  let min = x[o];
  for (let j = 1; j < 32; j++) if (x[o + j] < min) min = x[o + j];
  return min;
}

function maximum(x: Float32Array, o: number): number {
  let max = x[o];
  for (let j = 1; j < 32; j++) if (x[o + j] > max) max = x[o + j];
  return max;
}

function putHalf(b: Uint8Array, p: number, value: number): void {
  const half = toHalf(value);
  b[p] = half;
  b[p + 1] = half >> 8;
}

function putWord(b: Uint8Array, p: number, word: number): void {
  b[p] = word;
  b[p + 1] = word >> 8;
  b[p + 2] = word >> 16;
  b[p + 3] = word >> 24;
}
