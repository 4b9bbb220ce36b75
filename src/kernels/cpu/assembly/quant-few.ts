/**
 * The loop over weights of four to six bits. A panel is 16 outputs. For every group of inputs that share a scale it holds steps of 64
 * bytes, four for each output: the low halves of step v's are codes 4v to 4v + 3, the high halves those half a group further. Then come, for
 * codes of more bits, 64 bytes of their upper bits, and what scales the codes (by `kind`). Products of bytes add up in 16-bit
 * lanes; once a group they become floats. Sums are named by row and vector of four outputs; neighbouring vectors are pairs
 * that V8 joins to 256 bits.
 */
import { madd } from "./math";
import { ROWS } from "./quant-rows";
import { dot8, Four, halfBits, halves, nibbles, One, ones, Three, Two, upperBits } from "./quant-tables";

/** 16 halves d a group: value (code - half the codes) d. */
export const HALF: i32 = 0;
/** 16 halves d and 16 halves m a group: value code d + m. */
export const HALF_MIN: i32 = 1;
/** 16 bytes s and 16 bytes t a group: value code s D - t M, with 16 floats D and 16 floats -M for 256 inputs behind the panel. */
export const BYTE_MIN: i32 = 2;
/** 16 signed bytes s a group: value (code - a constant) s D, with 16 floats D for 256 inputs behind the panel. */
export const BYTE: i32 = 3;

/** Bytes that a group of a panel takes. */
// @ts-ignore: decorator
@inline export function fewBytes(bits: i32, group: i32, kind: i32): i32 {
  const scales = kind == HALF_MIN ? 64 : kind == BYTE ? 16 : 32;
  return group * 8 + (bits > 4 ? 64 : 0) + scales;
}

/** Bytes behind a panel for every 256 inputs. */
// @ts-ignore: decorator
@inline export function fewHeadBytes(kind: i32): i32 {
  return kind == BYTE_MIN ? 128 : kind == BYTE ? 64 : 0;
}

/**
 * c (rows, 16) = x w for interleaved rows x (./quant-rows.ts), `sc` bytes between c's rows. All but the addresses and `inputs` are
 * constants: rows 1 to 4, bits 4 to 6, group 32 or 16, and for kinds without a minimum the code that stands for 0.
 */
// @ts-ignore: decorator
@inline function few<Rows>(
  bits: i32, group: i32, kind: i32, zeroCode: f32, w: usize, x: usize, c: usize, sc: usize, inputs: i32,
): void {
  const mask = nibbles(), half = halfBits(), one = ones(), upper = upperBits(bits);
  const rows = <i32>offsetof<Rows>();
  const zero = i32x4.splat(0);
  let y00 = zero, y01 = zero, y02 = zero, y03 = zero;
  let y10 = zero, y11 = zero, y12 = zero, y13 = zero;
  let y20 = zero, y21 = zero, y22 = zero, y23 = zero;
  let y30 = zero, y31 = zero, y32 = zero, y33 = zero;
  const step = <usize>rows << 2;
  const end = w + <usize>((inputs / group) * fewBytes(bits, group, kind));
  let at = 0; // which group
  while (w < end) {
    let s00 = zero, s01 = zero, s02 = zero, s03 = zero;
    let s10 = zero, s11 = zero, s12 = zero, s13 = zero;
    let s20 = zero, s21 = zero, s22 = zero, s23 = zero;
    let s30 = zero, s31 = zero, s32 = zero, s33 = zero;
    const stop = w + <usize>(group << 3);
    let u0 = zero, u1 = zero, u2 = zero, u3 = zero;
    if (bits > 4) {
      u0 = v128.load(stop); u1 = v128.load(stop, 16); u2 = v128.load(stop, 32); u3 = v128.load(stop, 48);
    }
    while (w < stop) {
      const p0 = v128.load(w), p1 = v128.load(w, 16), p2 = v128.load(w, 32), p3 = v128.load(w, 48);
      let l0 = v128.and(p0, mask), l1 = v128.and(p1, mask), l2 = v128.and(p2, mask), l3 = v128.and(p3, mask);
      let h0 = v128.and(i16x8.shr_u(p0, 4), mask), h1 = v128.and(i16x8.shr_u(p1, 4), mask), h2 = v128.and(i16x8.shr_u(p2, 4), mask), h3 = v128.and(i16x8.shr_u(p3, 4), mask);
      if (bits == 5) {
        l0 = v128.or(l0, v128.and(i16x8.shl(u0, 4), upper)); l1 = v128.or(l1, v128.and(i16x8.shl(u1, 4), upper)); l2 = v128.or(l2, v128.and(i16x8.shl(u2, 4), upper)); l3 = v128.or(l3, v128.and(i16x8.shl(u3, 4), upper));
        h0 = v128.or(h0, v128.and(u0, upper)); h1 = v128.or(h1, v128.and(u1, upper)); h2 = v128.or(h2, v128.and(u2, upper)); h3 = v128.or(h3, v128.and(u3, upper));
        u0 = i16x8.shr_u(u0, 1); u1 = i16x8.shr_u(u1, 1); u2 = i16x8.shr_u(u2, 1); u3 = i16x8.shr_u(u3, 1);
      }
      if (bits == 6) {
        l0 = v128.or(l0, v128.and(i16x8.shl(u0, 4), upper)); l1 = v128.or(l1, v128.and(i16x8.shl(u1, 4), upper)); l2 = v128.or(l2, v128.and(i16x8.shl(u2, 4), upper)); l3 = v128.or(l3, v128.and(i16x8.shl(u3, 4), upper));
        h0 = v128.or(h0, v128.and(i16x8.shl(u0, 2), upper)); h1 = v128.or(h1, v128.and(i16x8.shl(u1, 2), upper)); h2 = v128.or(h2, v128.and(i16x8.shl(u2, 2), upper)); h3 = v128.or(h3, v128.and(i16x8.shl(u3, 2), upper));
        u0 = i16x8.shr_u(u0, 4); u1 = i16x8.shr_u(u1, 4); u2 = i16x8.shr_u(u2, 4); u3 = i16x8.shr_u(u3, 4);
      }
      let t = zero, u = zero;
      if (bits < 6) {
        t = v128.load32_splat(x);
        s00 = i16x8.add(s00, dot8(t, l0)); s01 = i16x8.add(s01, dot8(t, l1));
        s02 = i16x8.add(s02, dot8(t, l2)); s03 = i16x8.add(s03, dot8(t, l3));
        if (rows > 1) {
          t = v128.load32_splat(x, 4);
          s10 = i16x8.add(s10, dot8(t, l0)); s11 = i16x8.add(s11, dot8(t, l1));
          s12 = i16x8.add(s12, dot8(t, l2)); s13 = i16x8.add(s13, dot8(t, l3));
        }
        if (rows > 2) {
          t = v128.load32_splat(x, 8);
          s20 = i16x8.add(s20, dot8(t, l0)); s21 = i16x8.add(s21, dot8(t, l1));
          s22 = i16x8.add(s22, dot8(t, l2)); s23 = i16x8.add(s23, dot8(t, l3));
        }
        if (rows > 3) {
          t = v128.load32_splat(x, 12);
          s30 = i16x8.add(s30, dot8(t, l0)); s31 = i16x8.add(s31, dot8(t, l1));
          s32 = i16x8.add(s32, dot8(t, l2)); s33 = i16x8.add(s33, dot8(t, l3));
        }
        t = v128.load32_splat(x + step);
        s00 = i16x8.add(s00, dot8(t, h0)); s01 = i16x8.add(s01, dot8(t, h1));
        s02 = i16x8.add(s02, dot8(t, h2)); s03 = i16x8.add(s03, dot8(t, h3));
        if (rows > 1) {
          t = v128.load32_splat(x + step, 4);
          s10 = i16x8.add(s10, dot8(t, h0)); s11 = i16x8.add(s11, dot8(t, h1));
          s12 = i16x8.add(s12, dot8(t, h2)); s13 = i16x8.add(s13, dot8(t, h3));
        }
        if (rows > 2) {
          t = v128.load32_splat(x + step, 8);
          s20 = i16x8.add(s20, dot8(t, h0)); s21 = i16x8.add(s21, dot8(t, h1));
          s22 = i16x8.add(s22, dot8(t, h2)); s23 = i16x8.add(s23, dot8(t, h3));
        }
        if (rows > 3) {
          t = v128.load32_splat(x + step, 12);
          s30 = i16x8.add(s30, dot8(t, h0)); s31 = i16x8.add(s31, dot8(t, h1));
          s32 = i16x8.add(s32, dot8(t, h2)); s33 = i16x8.add(s33, dot8(t, h3));
        }
      } else {
        // Two products of 2 * 63 * 127 are all that 16 bits hold.
        t = v128.load32_splat(x); u = v128.load32_splat(x + step);
        s00 = i32x4.add(s00, i32x4.dot_i16x8_s(i16x8.add(dot8(t, l0), dot8(u, h0)), one));
        s01 = i32x4.add(s01, i32x4.dot_i16x8_s(i16x8.add(dot8(t, l1), dot8(u, h1)), one));
        s02 = i32x4.add(s02, i32x4.dot_i16x8_s(i16x8.add(dot8(t, l2), dot8(u, h2)), one));
        s03 = i32x4.add(s03, i32x4.dot_i16x8_s(i16x8.add(dot8(t, l3), dot8(u, h3)), one));
        if (rows > 1) {
          t = v128.load32_splat(x, 4); u = v128.load32_splat(x + step, 4);
          s10 = i32x4.add(s10, i32x4.dot_i16x8_s(i16x8.add(dot8(t, l0), dot8(u, h0)), one));
          s11 = i32x4.add(s11, i32x4.dot_i16x8_s(i16x8.add(dot8(t, l1), dot8(u, h1)), one));
          s12 = i32x4.add(s12, i32x4.dot_i16x8_s(i16x8.add(dot8(t, l2), dot8(u, h2)), one));
          s13 = i32x4.add(s13, i32x4.dot_i16x8_s(i16x8.add(dot8(t, l3), dot8(u, h3)), one));
        }
        if (rows > 2) {
          t = v128.load32_splat(x, 8); u = v128.load32_splat(x + step, 8);
          s20 = i32x4.add(s20, i32x4.dot_i16x8_s(i16x8.add(dot8(t, l0), dot8(u, h0)), one));
          s21 = i32x4.add(s21, i32x4.dot_i16x8_s(i16x8.add(dot8(t, l1), dot8(u, h1)), one));
          s22 = i32x4.add(s22, i32x4.dot_i16x8_s(i16x8.add(dot8(t, l2), dot8(u, h2)), one));
          s23 = i32x4.add(s23, i32x4.dot_i16x8_s(i16x8.add(dot8(t, l3), dot8(u, h3)), one));
        }
        if (rows > 3) {
          t = v128.load32_splat(x, 12); u = v128.load32_splat(x + step, 12);
          s30 = i32x4.add(s30, i32x4.dot_i16x8_s(i16x8.add(dot8(t, l0), dot8(u, h0)), one));
          s31 = i32x4.add(s31, i32x4.dot_i16x8_s(i16x8.add(dot8(t, l1), dot8(u, h1)), one));
          s32 = i32x4.add(s32, i32x4.dot_i16x8_s(i16x8.add(dot8(t, l2), dot8(u, h2)), one));
          s33 = i32x4.add(s33, i32x4.dot_i16x8_s(i16x8.add(dot8(t, l3), dot8(u, h3)), one));
        }
      }
      w += 64;
      x += 2 * step;
    }
    if (bits > 4) w += 64;
    let d0 = zero, d1 = zero, d2 = zero, d3 = zero, m0 = zero, m1 = zero, m2 = zero, m3 = zero;
    if (kind == HALF || kind == HALF_MIN) {
      d0 = halves(v128.load_ext<i16>(w), half); d1 = halves(v128.load_ext<i16>(w, 8), half); d2 = halves(v128.load_ext<i16>(w, 16), half); d3 = halves(v128.load_ext<i16>(w, 24), half);
      w += 32;
    }
    if (kind == HALF_MIN) {
      m0 = halves(v128.load_ext<i16>(w), half); m1 = halves(v128.load_ext<i16>(w, 8), half); m2 = halves(v128.load_ext<i16>(w, 16), half); m3 = halves(v128.load_ext<i16>(w, 24), half);
      w += 32;
    }
    if (kind == BYTE_MIN) {
      const head = end + (<usize>(at / (256 / group)) << 7);
      const e0 = v128.load_ext<u8>(w), e1 = v128.load_ext<u8>(w, 8), g0 = v128.load_ext<u8>(w, 16), g1 = v128.load_ext<u8>(w, 24);
      d0 = scaled(i32x4.extend_low_i16x8_s(e0), v128.load(head)); d1 = scaled(i32x4.extend_high_i16x8_s(e0), v128.load(head, 16));
      d2 = scaled(i32x4.extend_low_i16x8_s(e1), v128.load(head, 32)); d3 = scaled(i32x4.extend_high_i16x8_s(e1), v128.load(head, 48));
      m0 = scaled(i32x4.extend_low_i16x8_s(g0), v128.load(head, 64)); m1 = scaled(i32x4.extend_high_i16x8_s(g0), v128.load(head, 80));
      m2 = scaled(i32x4.extend_low_i16x8_s(g1), v128.load(head, 96)); m3 = scaled(i32x4.extend_high_i16x8_s(g1), v128.load(head, 112));
      at++;
      w += 32;
    }
    if (kind == BYTE) {
      const head = end + (<usize>(at / (256 / group)) << 6);
      const e0 = v128.load_ext<i8>(w), e1 = v128.load_ext<i8>(w, 8);
      d0 = scaled(i32x4.extend_low_i16x8_s(e0), v128.load(head)); d1 = scaled(i32x4.extend_high_i16x8_s(e0), v128.load(head, 16));
      d2 = scaled(i32x4.extend_low_i16x8_s(e1), v128.load(head, 32)); d3 = scaled(i32x4.extend_high_i16x8_s(e1), v128.load(head, 48));
      at++;
      w += 16;
    }
    if (kind == HALF || kind == BYTE) {
      const shift = f32x4.splat(-zeroCode);
      m0 = f32x4.mul(d0, shift); m1 = f32x4.mul(d1, shift); m2 = f32x4.mul(d2, shift); m3 = f32x4.mul(d3, shift);
    }
    let dx = zero, sx = zero;
    dx = v128.load32_splat(x); sx = v128.load32_splat(x + step);
    y00 = madd(m0, sx, madd(whole(s00, one, bits), f32x4.mul(d0, dx), y00));
    y01 = madd(m1, sx, madd(whole(s01, one, bits), f32x4.mul(d1, dx), y01));
    y02 = madd(m2, sx, madd(whole(s02, one, bits), f32x4.mul(d2, dx), y02));
    y03 = madd(m3, sx, madd(whole(s03, one, bits), f32x4.mul(d3, dx), y03));
    if (rows > 1) {
      dx = v128.load32_splat(x, 4); sx = v128.load32_splat(x + step, 4);
      y10 = madd(m0, sx, madd(whole(s10, one, bits), f32x4.mul(d0, dx), y10));
      y11 = madd(m1, sx, madd(whole(s11, one, bits), f32x4.mul(d1, dx), y11));
      y12 = madd(m2, sx, madd(whole(s12, one, bits), f32x4.mul(d2, dx), y12));
      y13 = madd(m3, sx, madd(whole(s13, one, bits), f32x4.mul(d3, dx), y13));
    }
    if (rows > 2) {
      dx = v128.load32_splat(x, 8); sx = v128.load32_splat(x + step, 8);
      y20 = madd(m0, sx, madd(whole(s20, one, bits), f32x4.mul(d0, dx), y20));
      y21 = madd(m1, sx, madd(whole(s21, one, bits), f32x4.mul(d1, dx), y21));
      y22 = madd(m2, sx, madd(whole(s22, one, bits), f32x4.mul(d2, dx), y22));
      y23 = madd(m3, sx, madd(whole(s23, one, bits), f32x4.mul(d3, dx), y23));
    }
    if (rows > 3) {
      dx = v128.load32_splat(x, 12); sx = v128.load32_splat(x + step, 12);
      y30 = madd(m0, sx, madd(whole(s30, one, bits), f32x4.mul(d0, dx), y30));
      y31 = madd(m1, sx, madd(whole(s31, one, bits), f32x4.mul(d1, dx), y31));
      y32 = madd(m2, sx, madd(whole(s32, one, bits), f32x4.mul(d2, dx), y32));
      y33 = madd(m3, sx, madd(whole(s33, one, bits), f32x4.mul(d3, dx), y33));
    }
    x += 2 * step;
  }
  v128.store(c, y00); v128.store(c, y01, 16); v128.store(c, y02, 32); v128.store(c, y03, 48);
  if (rows > 1) {
    v128.store(c + sc, y10); v128.store(c + sc, y11, 16); v128.store(c + sc, y12, 32); v128.store(c + sc, y13, 48);
  }
  if (rows > 2) {
    v128.store(c + 2 * sc, y20); v128.store(c + 2 * sc, y21, 16); v128.store(c + 2 * sc, y22, 32); v128.store(c + 2 * sc, y23, 48);
  }
  if (rows > 3) {
    v128.store(c + 3 * sc, y30); v128.store(c + 3 * sc, y31, 16); v128.store(c + 3 * sc, y32, 32); v128.store(c + 3 * sc, y33, 48);
  }
}

/** A group's sums as floats; 16-bit ones are two an output. */
// @ts-ignore: decorator
@inline function whole(sums: v128, one: v128, bits: i32): v128 {
  return f32x4.convert_i32x4_s(bits < 6 ? i32x4.dot_i16x8_s(sums, one) : sums);
}

// @ts-ignore: decorator
@inline function scaled(factors: v128, units: v128): v128 {
  return f32x4.mul(f32x4.convert_i32x4_s(factors), units);
}

// Functions of their own for every layout: 1 to ROWS rows by a panel.

export function q4_0(rows: i32, w: usize, x: usize, c: usize, sc: usize, inputs: i32): void {
  if (rows == 1) return few<One>(4, 32, HALF, 8, w, x, c, sc, inputs);
  if (rows == 2) return few<Two>(4, 32, HALF, 8, w, x, c, sc, inputs);
  if (ROWS == 4 && rows == 3) return few<Three>(4, 32, HALF, 8, w, x, c, sc, inputs);
  if (ROWS == 4) few<Four>(4, 32, HALF, 8, w, x, c, sc, inputs);
}

export function q4_1(rows: i32, w: usize, x: usize, c: usize, sc: usize, inputs: i32): void {
  if (rows == 1) return few<One>(4, 32, HALF_MIN, 0, w, x, c, sc, inputs);
  if (rows == 2) return few<Two>(4, 32, HALF_MIN, 0, w, x, c, sc, inputs);
  if (ROWS == 4 && rows == 3) return few<Three>(4, 32, HALF_MIN, 0, w, x, c, sc, inputs);
  if (ROWS == 4) few<Four>(4, 32, HALF_MIN, 0, w, x, c, sc, inputs);
}

export function q5_0(rows: i32, w: usize, x: usize, c: usize, sc: usize, inputs: i32): void {
  if (rows == 1) return few<One>(5, 32, HALF, 16, w, x, c, sc, inputs);
  if (rows == 2) return few<Two>(5, 32, HALF, 16, w, x, c, sc, inputs);
  if (ROWS == 4 && rows == 3) return few<Three>(5, 32, HALF, 16, w, x, c, sc, inputs);
  if (ROWS == 4) few<Four>(5, 32, HALF, 16, w, x, c, sc, inputs);
}

export function q5_1(rows: i32, w: usize, x: usize, c: usize, sc: usize, inputs: i32): void {
  if (rows == 1) return few<One>(5, 32, HALF_MIN, 0, w, x, c, sc, inputs);
  if (rows == 2) return few<Two>(5, 32, HALF_MIN, 0, w, x, c, sc, inputs);
  if (ROWS == 4 && rows == 3) return few<Three>(5, 32, HALF_MIN, 0, w, x, c, sc, inputs);
  if (ROWS == 4) few<Four>(5, 32, HALF_MIN, 0, w, x, c, sc, inputs);
}

export function q4_k(rows: i32, w: usize, x: usize, c: usize, sc: usize, inputs: i32): void {
  if (rows == 1) return few<One>(4, 32, BYTE_MIN, 0, w, x, c, sc, inputs);
  if (rows == 2) return few<Two>(4, 32, BYTE_MIN, 0, w, x, c, sc, inputs);
  if (ROWS == 4 && rows == 3) return few<Three>(4, 32, BYTE_MIN, 0, w, x, c, sc, inputs);
  if (ROWS == 4) few<Four>(4, 32, BYTE_MIN, 0, w, x, c, sc, inputs);
}

export function q5_k(rows: i32, w: usize, x: usize, c: usize, sc: usize, inputs: i32): void {
  if (rows == 1) return few<One>(5, 32, BYTE_MIN, 0, w, x, c, sc, inputs);
  if (rows == 2) return few<Two>(5, 32, BYTE_MIN, 0, w, x, c, sc, inputs);
  if (ROWS == 4 && rows == 3) return few<Three>(5, 32, BYTE_MIN, 0, w, x, c, sc, inputs);
  if (ROWS == 4) few<Four>(5, 32, BYTE_MIN, 0, w, x, c, sc, inputs);
}

export function q6_k(rows: i32, w: usize, x: usize, c: usize, sc: usize, inputs: i32): void {
  if (rows == 1) return few<One>(6, 16, BYTE, 32, w, x, c, sc, inputs);
  if (rows == 2) return few<Two>(6, 16, BYTE, 32, w, x, c, sc, inputs);
  if (ROWS == 4 && rows == 3) return few<Three>(6, 16, BYTE, 32, w, x, c, sc, inputs);
  if (ROWS == 4) few<Four>(6, 16, BYTE, 32, w, x, c, sc, inputs);
}

export function q3_k(rows: i32, w: usize, x: usize, c: usize, sc: usize, inputs: i32): void {
  if (rows == 1) return few<One>(4, 16, BYTE, 4, w, x, c, sc, inputs);
  if (rows == 2) return few<Two>(4, 16, BYTE, 4, w, x, c, sc, inputs);
  if (ROWS == 4 && rows == 3) return few<Three>(4, 16, BYTE, 4, w, x, c, sc, inputs);
  if (ROWS == 4) few<Four>(4, 16, BYTE, 4, w, x, c, sc, inputs);
}

export function q2_k(rows: i32, w: usize, x: usize, c: usize, sc: usize, inputs: i32): void {
  if (rows == 1) return few<One>(4, 16, BYTE_MIN, 0, w, x, c, sc, inputs);
  if (rows == 2) return few<Two>(4, 16, BYTE_MIN, 0, w, x, c, sc, inputs);
  if (ROWS == 4 && rows == 3) return few<Three>(4, 16, BYTE_MIN, 0, w, x, c, sc, inputs);
  if (ROWS == 4) few<Four>(4, 16, BYTE_MIN, 0, w, x, c, sc, inputs);
}
