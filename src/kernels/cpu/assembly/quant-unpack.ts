/**
 * ggml's blocks taken apart (ggml/src/ggml-quants.c, dequantize_row_*): the codes of one group of 32 or 16 numbers as bytes,
 * and what scales them. Nothing is rounded. Formats go by ggml's numbers (../../blocks/types.ts).
 */

export const Q4_0: i32 = 2;
export const Q4_1: i32 = 3;
export const Q5_0: i32 = 6;
export const Q5_1: i32 = 7;
export const Q8_0: i32 = 8;
export const Q2_K: i32 = 10;
export const Q3_K: i32 = 11;
export const Q4_K: i32 = 12;
export const Q5_K: i32 = 13;
export const Q6_K: i32 = 14;
export const IQ4_NL: i32 = 20;
export const IQ4_XS: i32 = 23;
export const TQ1_0: i32 = 34;
export const TQ2_0: i32 = 35;
export const MXFP4: i32 = 39;

/** Where `unpack` puts things, counted from `to`: codes first, then scale and minimum, each in the kind of its layout. */
export const SCALE: usize = 32;
export const MIN: usize = 36;

// What the codes of formats that are not linear stand for: IQ4, then MXFP4 (doubled, so that they are whole).
// biome-ignore format: two tables
const VALUES: usize = memory.data<i8>([
  -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113,
  0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12,
]);

/**
 * Codes of group `part` of a block at `b`, and its scales: halves for Q4_0 to Q5_1, Q8_0 and IQ4_NL, bytes for K-quants (their
 * common factors: `heads`), floats for the rest.
 */
export function unpack(format: i32, b: usize, part: i32, to: usize): void {
  switch (format) {
    case Q4_0:
      store<u16>(to + SCALE, load<u16>(b));
      return nibbleCodes(b + 2, to);
    case Q4_1:
      store<u16>(to + SCALE, load<u16>(b));
      store<u16>(to + MIN, load<u16>(b, 2));
      return nibbleCodes(b + 4, to);
    case Q5_0:
      store<u16>(to + SCALE, load<u16>(b));
      nibbleCodes(b + 6, to);
      return fifthBits(load<u32>(b + 2), to);
    case Q5_1:
      store<u16>(to + SCALE, load<u16>(b));
      store<u16>(to + MIN, load<u16>(b, 2));
      nibbleCodes(b + 8, to);
      return fifthBits(load<u32>(b + 4), to);
    case Q8_0:
      store<u16>(to + SCALE, load<u16>(b));
      memory.copy(to, b + 2, 32);
      return;
    case IQ4_NL:
      store<u16>(to + SCALE, load<u16>(b));
      nibbleCodes(b + 2, to);
      return lookUp(VALUES, to);
    case Q2_K: {
      const both = byte(b + part);
      store<u8>(to + SCALE, <u8>(both & 15));
      store<u8>(to + MIN, <u8>(both >> 4));
      return twoBits(b + 16 + ((part >> 3) << 5) + ((part & 1) << 4), part & 6, to);
    }
    case Q3_K: {
      const side = (part & 1) << 4;
      twoBits(b + 32 + ((part >> 3) << 5) + side, part & 6, to);
      for (let l = 0; l < 16; l++) // the third bit counts 4; code 4 stands for 0
        store<u8>(to + l, <u8>(byte(to + l) + (((byte(b + side + l) >> (part >> 1)) & 1) << 2)));
      const low = part < 8 ? byte(b + 96 + part) & 15 : byte(b + 88 + part) >> 4;
      store<i8>(to + SCALE, <i8>((low | (((byte(b + 104 + (part & 3)) >> (2 * (part >> 2))) & 3) << 4)) - 32));
      return;
    }
    case Q4_K:
      sixBitScales(b + 4, part, to);
      return halfBytes(b + 16 + ((part >> 1) << 5), (part & 1) << 2, to);
    case Q5_K:
      sixBitScales(b + 4, part, to);
      halfBytes(b + 48 + ((part >> 1) << 5), (part & 1) << 2, to);
      for (let l = 0; l < 32; l++) store<u8>(to + l, <u8>(byte(to + l) | (((byte(b + 16 + l) >> part) & 1) << 4)));
      return;
    case Q6_K: {
      const quarter = (part >> 1) & 3, side = (part & 1) << 4;
      const low = b + ((part >> 3) << 6) + ((quarter & 1) << 5) + side, high = b + 128 + ((part >> 3) << 5) + side;
      for (let l = 0; l < 16; l++)
        store<u8>(to + l, <u8>(((byte(low + l) >> ((quarter >> 1) << 2)) & 15) | (((byte(high + l) >> (quarter << 1)) & 3) << 4)));
      store<u8>(to + SCALE, <u8>(byte(b + 192 + part)));
      return;
    }
    case IQ4_XS: {
      const high = <i32>load<u16>(b, 2);
      const code = ((byte(b + 4 + (part >> 1)) >> ((part & 1) << 2)) & 15) | (((high >> (2 * part)) & 3) << 4);
      store<f32>(to + SCALE, halfToFloat(load<u16>(b)) * <f32>(code - 32));
      nibbleCodes(b + 8 + (part << 4), to);
      return lookUp(VALUES, to);
    }
    case MXFP4: {
      const e = byte(b); // 2^(e - 128); the smallest two are subnormal
      store<f32>(to + SCALE, reinterpret<f32>(e < 2 ? 0x200000 << e : (e - 1) << 23));
      nibbleCodes(b + 1, to);
      return lookUp(VALUES + 16, to);
    }
    case TQ2_0:
      store<f32>(to + SCALE, halfToFloat(load<u16>(b + 64)));
      for (let l = 0; l < 32; l++) store<i8>(to + l, <i8>(((byte(b + ((part >> 2) << 5) + l) >> ((part & 3) << 1)) & 3) - 1));
      return;
    case TQ1_0:
      store<f32>(to + SCALE, halfToFloat(load<u16>(b + 52)));
      for (let l = 0; l < 32; l++) store<i8>(to + l, trit(b, (part << 5) + l));
      return;
    default:
      unreachable();
  }
}

/** The factor D of a K-quant block's byte scales and, where it has minima, -M, as floats. */
export function heads(format: i32, b: usize, d: usize, m: usize): void {
  if (format == Q6_K) return store<f32>(d, halfToFloat(load<u16>(b + 208)));
  if (format == Q3_K) return store<f32>(d, halfToFloat(load<u16>(b + 108)));
  const at = b + (format == Q2_K ? 80 : 0);
  store<f32>(d, halfToFloat(load<u16>(at)));
  store<f32>(m, -halfToFloat(load<u16>(at + 2)));
}

/** A half as a float, exactly. */
export function halfToFloat(half: u32): f32 {
  const exponent = (half >> 10) & 31, fraction = half & 0x3ff, sign = (half & 0x8000) << 16;
  if (exponent == 0) return (sign ? <f32>-1 : <f32>1) * <f32>fraction * <f32>5.9604644775390625e-8; // 2^-24
  if (exponent == 31) return reinterpret<f32>(sign | 0x7f800000 | (fraction << 13));
  return reinterpret<f32>(sign | ((exponent + 112) << 23) | (fraction << 13));
}

// @ts-ignore: decorator
@inline function byte(at: usize): i32 {
  return <i32>load<u8>(at);
}

/** 16 bytes: low halves, then high halves. */
function nibbleCodes(from: usize, to: usize): void {
  const bytes = v128.load(from), mask = i8x16.splat(15);
  v128.store(to, v128.and(bytes, mask));
  v128.store(to, v128.and(i16x8.shr_u(bytes, 4), mask), 16);
}

/** 32 bytes' low halves (shift 0) or high halves (4). */
function halfBytes(from: usize, shift: i32, to: usize): void {
  const mask = i8x16.splat(15);
  v128.store(to, v128.and(i16x8.shr_u(v128.load(from), shift), mask));
  v128.store(to, v128.and(i16x8.shr_u(v128.load(from, 16), shift), mask), 16);
}

/** 16 codes of two bits. */
function twoBits(from: usize, shift: i32, to: usize): void {
  v128.store(to, v128.and(i16x8.shr_u(v128.load(from), shift), i8x16.splat(3)));
}

function fifthBits(bits: u32, to: usize): void {
  for (let l = 0; l < 32; l++) store<u8>(to + l, <u8>(byte(to + l) | (((bits >> l) & 1) << 4)));
}

function lookUp(values: usize, to: usize): void {
  const table = v128.load(values);
  v128.store(to, i8x16.swizzle(table, v128.load(to)));
  v128.store(to, i8x16.swizzle(table, v128.load(to, 16)), 16);
}

/** get_scale_min_k4. */
function sixBitScales(b: usize, part: i32, to: usize): void {
  if (part < 4) {
    store<u8>(to + SCALE, <u8>(byte(b + part) & 63));
    store<u8>(to + MIN, <u8>(byte(b + part + 4) & 63));
  } else {
    store<u8>(to + SCALE, <u8>((byte(b + part + 4) & 15) | ((byte(b + part - 4) >> 6) << 4)));
    store<u8>(to + MIN, <u8>((byte(b + part + 4) >> 4) | ((byte(b + part) >> 6) << 4)));
  }
}

/** Number k of a TQ1_0 block: five ternary digits a byte, as a fraction of 256 (four in the last four bytes). */
function trit(b: usize, k: i32): i8 {
  let at = k & 31, digit = k >> 5;
  if (k >= 240) {
    at = 48 + (k & 3);
    digit = (k - 240) >> 2;
  } else if (k >= 160) {
    at = 32 + (k & 15);
    digit = (k - 160) >> 4;
  }
  let digits = byte(b + at);
  for (; digit > 0; digit--) digits = (digits * 3) & 255;
  return <i8>(((digits * 3) >> 8) - 1);
}
