// Blocks of 256 numbers with scales of their own inside: K-quants, IQ4_XS and the ternary formats.

import { HALF } from "./half.ts";
import { IQ4_VALUES } from "./tables.ts";

/** 16 scales and minima of 4 bits; each of two halves: four passes of two bits over the same 32 bytes. */
export function dequantizeQ2K(b: Uint8Array, count: number, out: Float32Array, o: number): void {
  for (let p = 0; count > 0; count--, p += 84) {
    const d = HALF[b[p + 80] | (b[p + 81] << 8)];
    const min = HALF[b[p + 82] | (b[p + 83] << 8)];
    for (let part = 0; part < 16; part++) {
      const scale = d * (b[p + part] & 15);
      const offset = min * (b[p + part] >> 4);
      const q = p + 16 + (part >> 3) * 32 + (part & 1) * 16;
      const shift = part & 6;
      for (let l = 0; l < 16; l++) out[o++] = scale * ((b[q + l] >> shift) & 3) - offset;
    }
  }
}

/** hmask[32], qs[64], 16 scales of 6 bits in 12 bytes, d. */
export function dequantizeQ3K(b: Uint8Array, count: number, out: Float32Array, o: number): void {
  for (let p = 0; count > 0; count--, p += 110) {
    const d = HALF[b[p + 108] | (b[p + 109] << 8)];
    for (let part = 0; part < 16; part++) {
      const scale = d * (q3Scale(b, p + 96, part) - 32);
      const side = (part & 1) * 16;
      const q = p + 32 + (part >> 3) * 32 + side;
      const shift = part & 6;
      const mask = 1 << (part >> 1);
      for (let l = 0; l < 16; l++) {
        out[o++] = scale * (((b[q + l] >> shift) & 3) - ((b[p + side + l] & mask) === 0 ? 4 : 0));
      }
    }
  }
}

/** Low four bits in bytes 0 to 7 (two a byte), high two bits in bytes 8 to 11. */
export function q3Scale(b: Uint8Array, at: number, part: number): number {
  const low = part < 8 ? b[at + part] & 15 : b[at + part - 8] >> 4;
  return low | (((b[at + 8 + (part & 3)] >> (2 * (part >> 2))) & 3) << 4);
}

/** d, dmin, 8 scales and minima of 6 bits in 12 bytes, qs[128]. */
export function dequantizeQ4K(b: Uint8Array, count: number, out: Float32Array, o: number): void {
  for (let p = 0; count > 0; count--, p += 144) {
    const d = HALF[b[p] | (b[p + 1] << 8)];
    const min = HALF[b[p + 2] | (b[p + 3] << 8)];
    for (let part = 0; part < 8; part++) {
      const scale = d * k4Scale(b, p + 4, part);
      const offset = min * k4Min(b, p + 4, part);
      const q = p + 16 + (part >> 1) * 32;
      const shift = (part & 1) * 4;
      for (let l = 0; l < 32; l++) out[o++] = scale * ((b[q + l] >> shift) & 15) - offset;
    }
  }
}

/** As Q4_K with a fifth bit in qh[32] before qs. */
export function dequantizeQ5K(b: Uint8Array, count: number, out: Float32Array, o: number): void {
  for (let p = 0; count > 0; count--, p += 176) {
    const d = HALF[b[p] | (b[p + 1] << 8)];
    const min = HALF[b[p + 2] | (b[p + 3] << 8)];
    for (let part = 0; part < 8; part++) {
      const scale = d * k4Scale(b, p + 4, part);
      const offset = min * k4Min(b, p + 4, part);
      const q = p + 48 + (part >> 1) * 32;
      const shift = (part & 1) * 4;
      for (let l = 0; l < 32; l++) {
        const high = ((b[p + 16 + l] >> part) & 1) << 4;
        out[o++] = scale * (((b[q + l] >> shift) & 15) + high) - offset;
      }
    }
  }
}

/** get_scale_min_k4: the scale of part 0 to 7. */
export const k4Scale = (b: Uint8Array, at: number, part: number): number =>
  part < 4 ? b[at + part] & 63 : (b[at + part + 4] & 15) | ((b[at + part - 4] >> 6) << 4);

/** get_scale_min_k4: the minimum of part 0 to 7. */
export const k4Min = (b: Uint8Array, at: number, part: number): number =>
  part < 4 ? b[at + part + 4] & 63 : (b[at + part + 4] >> 4) | ((b[at + part] >> 6) << 4);

/** ql[128], qh[64], 16 signed scales, d. */
export function dequantizeQ6K(b: Uint8Array, count: number, out: Float32Array, o: number): void {
  for (let p = 0; count > 0; count--, p += 210, o += 256) {
    const d = HALF[b[p + 208] | (b[p + 209] << 8)];
    for (let part = 0; part < 16; part++) {
      const scale = d * ((b[p + 192 + part] << 24) >> 24);
      const quarter = (part >> 1) & 3; // of 32 numbers, in half part >> 3 of the block
      const side = (part & 1) * 16;
      const low = p + (part >> 3) * 64 + (quarter & 1) * 32 + side;
      const high = p + 128 + (part >> 3) * 32 + side;
      const lowShift = (quarter >> 1) * 4;
      const highShift = quarter * 2;
      const to = o + part * 16;
      for (let l = 0; l < 16; l++) {
        out[to + l] = scale * ((((b[low + l] >> lowShift) & 15) | (((b[high + l] >> highShift) & 3) << 4)) - 32);
      }
    }
  }
}

/** d, high bits of 8 scales, low bits, qs[128]. */
export function dequantizeIq4Xs(b: Uint8Array, count: number, out: Float32Array, o: number): void {
  for (let p = 0; count > 0; count--, p += 136) {
    const d = HALF[b[p] | (b[p + 1] << 8)];
    const high = b[p + 2] | (b[p + 3] << 8);
    for (let part = 0; part < 8; part++, o += 32) {
      const code = ((b[p + 4 + (part >> 1)] >> (4 * (part & 1))) & 15) | (((high >> (2 * part)) & 3) << 4);
      const scale = d * (code - 32);
      const q = p + 8 + part * 16;
      for (let j = 0; j < 16; j++) {
        out[o + j] = scale * IQ4_VALUES[b[q + j] & 15];
        out[o + j + 16] = scale * IQ4_VALUES[b[q + j] >> 4];
      }
    }
  }
}

/** Five ternary digits a byte, as a fraction of 256: multiplying by powers of 3 modulo 256 brings each to the top. */
export function dequantizeTq1(b: Uint8Array, count: number, out: Float32Array, o: number): void {
  for (let p = 0; count > 0; count--, p += 54) {
    const d = HALF[b[p + 52] | (b[p + 53] << 8)];
    // bytes 0 to 31 and 32 to 47 hold five digits each, 48 to 51 four
    o = trits(b, p, 32, 5, d, out, o);
    o = trits(b, p + 32, 16, 5, d, out, o);
    o = trits(b, p + 48, 4, 4, d, out, o);
  }
}

function trits(
  b: Uint8Array,
  at: number,
  width: number,
  digits: number,
  d: number,
  out: Float32Array,
  o: number,
): number {
  for (let n = 0, power = 1; n < digits; n++, power *= 3) {
    for (let m = 0; m < width; m++) out[o++] = (((((b[at + m] * power) & 255) * 3) >> 8) - 1) * d;
  }
  return o;
}

/** Four codes of two bits a byte. */
export function dequantizeTq2(b: Uint8Array, count: number, out: Float32Array, o: number): void {
  for (let p = 0; count > 0; count--, p += 66) {
    const d = HALF[b[p + 64] | (b[p + 65] << 8)];
    for (let part = 0; part < 8; part++) {
      const q = p + (part >> 2) * 32;
      const shift = (part & 3) * 2;
      for (let m = 0; m < 32; m++) out[o++] = (((b[q + m] >> shift) & 3) - 1) * d;
    }
  }
}
