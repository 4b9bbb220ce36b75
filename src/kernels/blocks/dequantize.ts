// ggml's blocks to float32, bit for bit as ggml's C reference gives them (ggml/src/ggml-quants.c, dequantize_row_*). Products of a
// half and a few bits are exact in double precision, so storing to a Float32Array rounds once, as the C code does.

import { UserError } from "../../error.ts";
import {
  dequantizeIq4Xs,
  dequantizeQ2K,
  dequantizeQ3K,
  dequantizeQ4K,
  dequantizeQ5K,
  dequantizeQ6K,
  dequantizeTq1,
  dequantizeTq2,
} from "./dequantize-super.ts";
import { HALF } from "./half.ts";
import { IQ4_VALUES, MXFP4_VALUES } from "./tables.ts";
import { blockInfo, type GgmlType } from "./types.ts";

/** Reads `count` blocks from byte 0 of `b` into `out` from element `o`. */
export type Dequantizer = (b: Uint8Array, count: number, out: Float32Array, o: number) => void;

/**
 * Writes what `blocks` (a whole number of blocks of `type`) stand for into `out`, from element `at` on.
 * @throws UserError where the bytes are no whole number of blocks or `out` is too short.
 */
export function dequantize(type: GgmlType, blocks: Uint8Array, out: Float32Array, at = 0): void {
  const { elements, bytes } = blockInfo(type);
  const count = blocks.length / bytes;
  if (!Number.isInteger(count) || at + count * elements > out.length) {
    throw new UserError(
      `${blocks.length} bytes of ${type} (${bytes} a block of ${elements}) do not fit ${out.length - at} numbers.`,
      { param: "blocks", type: "invalid_blocks" },
    );
  }
  DEQUANTIZERS[type](blocks, count, out, at);
}

const DEQUANTIZERS: Readonly<Record<GgmlType, Dequantizer>> = {
  F32(b, count, out, o) {
    new Uint8Array(out.buffer, out.byteOffset + 4 * o, 4 * count).set(b);
  },
  F16(b, count, out, o) {
    for (let i = 0, p = 0; i < count; i++, p += 2) out[o + i] = HALF[b[p] | (b[p + 1] << 8)];
  },
  BF16(b, count, out, o) {
    const bits = new Uint32Array(out.buffer, out.byteOffset + 4 * o, count);
    for (let i = 0, p = 0; i < count; i++, p += 2) bits[i] = (b[p] << 16) | (b[p + 1] << 24);
  },
  Q4_0(b, count, out, o) {
    for (let p = 0; count > 0; count--, p += 18, o += 32) {
      const d = HALF[b[p] | (b[p + 1] << 8)];
      for (let j = 0; j < 16; j++) {
        const q = b[p + 2 + j];
        out[o + j] = ((q & 15) - 8) * d;
        out[o + j + 16] = ((q >> 4) - 8) * d;
      }
    }
  },
  Q4_1(b, count, out, o) {
    for (let p = 0; count > 0; count--, p += 20, o += 32) {
      const d = HALF[b[p] | (b[p + 1] << 8)];
      const m = HALF[b[p + 2] | (b[p + 3] << 8)];
      for (let j = 0; j < 16; j++) {
        const q = b[p + 4 + j];
        out[o + j] = (q & 15) * d + m;
        out[o + j + 16] = (q >> 4) * d + m;
      }
    }
  },
  Q5_0(b, count, out, o) {
    for (let p = 0; count > 0; count--, p += 22, o += 32) {
      const d = HALF[b[p] | (b[p + 1] << 8)];
      const high = b[p + 2] | (b[p + 3] << 8) | (b[p + 4] << 16) | (b[p + 5] << 24);
      for (let j = 0; j < 16; j++) {
        const q = b[p + 6 + j];
        out[o + j] = (((q & 15) | (((high >> j) << 4) & 16)) - 16) * d;
        out[o + j + 16] = (((q >> 4) | ((high >> (j + 12)) & 16)) - 16) * d;
      }
    }
  },
  Q5_1(b, count, out, o) {
    for (let p = 0; count > 0; count--, p += 24, o += 32) {
      const d = HALF[b[p] | (b[p + 1] << 8)];
      const m = HALF[b[p + 2] | (b[p + 3] << 8)];
      const high = b[p + 4] | (b[p + 5] << 8) | (b[p + 6] << 16) | (b[p + 7] << 24);
      for (let j = 0; j < 16; j++) {
        const q = b[p + 8 + j];
        out[o + j] = ((q & 15) | (((high >> j) << 4) & 16)) * d + m;
        out[o + j + 16] = ((q >> 4) | ((high >> (j + 12)) & 16)) * d + m;
      }
    }
  },
  Q8_0(b, count, out, o) {
    const codes = new Int8Array(b.buffer, b.byteOffset, b.length);
    for (let p = 0; count > 0; count--, p += 34, o += 32) {
      const d = HALF[b[p] | (b[p + 1] << 8)];
      for (let j = 0; j < 32; j++) out[o + j] = codes[p + 2 + j] * d;
    }
  },
  Q2_K: dequantizeQ2K,
  Q3_K: dequantizeQ3K,
  Q4_K: dequantizeQ4K,
  Q5_K: dequantizeQ5K,
  Q6_K: dequantizeQ6K,
  IQ4_NL(b, count, out, o) {
    for (let p = 0; count > 0; count--, p += 18, o += 32) {
      const d = HALF[b[p] | (b[p + 1] << 8)];
      for (let j = 0; j < 16; j++) {
        const q = b[p + 2 + j];
        out[o + j] = d * IQ4_VALUES[q & 15];
        out[o + j + 16] = d * IQ4_VALUES[q >> 4];
      }
    }
  },
  IQ4_XS: dequantizeIq4Xs,
  TQ1_0: dequantizeTq1,
  TQ2_0: dequantizeTq2,
  MXFP4(b, count, out, o) {
    for (let p = 0; count > 0; count--, p += 17, o += 32) {
      const d = 2 ** (b[p] - 128); // the values are doubled
      for (let j = 0; j < 16; j++) {
        const q = b[p + 1 + j];
        out[o + j] = d * MXFP4_VALUES[q & 15];
        out[o + j + 16] = d * MXFP4_VALUES[q >> 4];
      }
    }
  },
};
