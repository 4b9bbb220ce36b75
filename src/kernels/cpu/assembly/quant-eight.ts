/**
 * The loop over weights of eight bits (signed), which activations of sixteen bits meet: a panel of 16 outputs holds for every 32
 * inputs 32 bytes a pair of inputs, two for each output, then what scales them (by `kind`). Products of pairs add up in
 * 32-bit lanes (16 times 2 * 128 * 32767 fits); once per 32 inputs they become floats. See ./quant-few.ts for the rest.
 */
import { madd } from "./math";
import { ROWS } from "./quant-rows";
import { Four, halfBits, halves, One, Three, Two } from "./quant-tables";

/** What stands behind the codes: 16 halves d. */
export const HALF_STEP: i32 = 0;
/** 16 floats d. */
export const STEP: i32 = 1;
/** Bytes that 32 inputs of a panel take. */
// @ts-ignore: decorator
@inline export function eightBytes(kind: i32): i32 {
  return kind == HALF_STEP ? 544 : 576;
}

/** c (rows, 16) = x w for `rows` (a constant, 1 to 4) interleaved rows x, `sc` bytes between c's rows. */
// @ts-ignore: decorator
@inline function eight<Rows>(kind: i32, w: usize, x: usize, c: usize, sc: usize, inputs: i32): void {
  const bits = halfBits();
  const rows = <i32>offsetof<Rows>();
  const zero = i32x4.splat(0);
  let y00 = zero, y01 = zero, y02 = zero, y03 = zero;
  let y10 = zero, y11 = zero, y12 = zero, y13 = zero;
  let y20 = zero, y21 = zero, y22 = zero, y23 = zero;
  let y30 = zero, y31 = zero, y32 = zero, y33 = zero;
  const step = <usize>rows << 2;
  const end = w + <usize>((inputs >> 5) * eightBytes(kind));
  while (w < end) {
    let s00 = zero, s01 = zero, s02 = zero, s03 = zero;
    let s10 = zero, s11 = zero, s12 = zero, s13 = zero;
    let s20 = zero, s21 = zero, s22 = zero, s23 = zero;
    let s30 = zero, s31 = zero, s32 = zero, s33 = zero;
    const stop = w + 512;
    while (w < stop) {
      const p0 = v128.load_ext<i8>(w), p1 = v128.load_ext<i8>(w, 8), p2 = v128.load_ext<i8>(w, 16), p3 = v128.load_ext<i8>(w, 24);
      const q0 = v128.load_ext<i8>(w, 32), q1 = v128.load_ext<i8>(w, 40), q2 = v128.load_ext<i8>(w, 48), q3 = v128.load_ext<i8>(w, 56);
      let t = v128.load32_splat(x);
      s00 = i32x4.add(s00, i32x4.dot_i16x8_s(t, p0)); s01 = i32x4.add(s01, i32x4.dot_i16x8_s(t, p1));
      s02 = i32x4.add(s02, i32x4.dot_i16x8_s(t, p2)); s03 = i32x4.add(s03, i32x4.dot_i16x8_s(t, p3));
      if (rows > 1) {
        t = v128.load32_splat(x, 4);
        s10 = i32x4.add(s10, i32x4.dot_i16x8_s(t, p0)); s11 = i32x4.add(s11, i32x4.dot_i16x8_s(t, p1));
        s12 = i32x4.add(s12, i32x4.dot_i16x8_s(t, p2)); s13 = i32x4.add(s13, i32x4.dot_i16x8_s(t, p3));
      }
      if (rows > 2) {
        t = v128.load32_splat(x, 8);
        s20 = i32x4.add(s20, i32x4.dot_i16x8_s(t, p0)); s21 = i32x4.add(s21, i32x4.dot_i16x8_s(t, p1));
        s22 = i32x4.add(s22, i32x4.dot_i16x8_s(t, p2)); s23 = i32x4.add(s23, i32x4.dot_i16x8_s(t, p3));
      }
      if (rows > 3) {
        t = v128.load32_splat(x, 12);
        s30 = i32x4.add(s30, i32x4.dot_i16x8_s(t, p0)); s31 = i32x4.add(s31, i32x4.dot_i16x8_s(t, p1));
        s32 = i32x4.add(s32, i32x4.dot_i16x8_s(t, p2)); s33 = i32x4.add(s33, i32x4.dot_i16x8_s(t, p3));
      }
      t = v128.load32_splat(x + step);
      s00 = i32x4.add(s00, i32x4.dot_i16x8_s(t, q0)); s01 = i32x4.add(s01, i32x4.dot_i16x8_s(t, q1));
      s02 = i32x4.add(s02, i32x4.dot_i16x8_s(t, q2)); s03 = i32x4.add(s03, i32x4.dot_i16x8_s(t, q3));
      if (rows > 1) {
        t = v128.load32_splat(x + step, 4);
        s10 = i32x4.add(s10, i32x4.dot_i16x8_s(t, q0)); s11 = i32x4.add(s11, i32x4.dot_i16x8_s(t, q1));
        s12 = i32x4.add(s12, i32x4.dot_i16x8_s(t, q2)); s13 = i32x4.add(s13, i32x4.dot_i16x8_s(t, q3));
      }
      if (rows > 2) {
        t = v128.load32_splat(x + step, 8);
        s20 = i32x4.add(s20, i32x4.dot_i16x8_s(t, q0)); s21 = i32x4.add(s21, i32x4.dot_i16x8_s(t, q1));
        s22 = i32x4.add(s22, i32x4.dot_i16x8_s(t, q2)); s23 = i32x4.add(s23, i32x4.dot_i16x8_s(t, q3));
      }
      if (rows > 3) {
        t = v128.load32_splat(x + step, 12);
        s30 = i32x4.add(s30, i32x4.dot_i16x8_s(t, q0)); s31 = i32x4.add(s31, i32x4.dot_i16x8_s(t, q1));
        s32 = i32x4.add(s32, i32x4.dot_i16x8_s(t, q2)); s33 = i32x4.add(s33, i32x4.dot_i16x8_s(t, q3));
      }
      w += 64;
      x += 2 * step;
    }
    let d0 = zero, d1 = zero, d2 = zero, d3 = zero;
    if (kind == HALF_STEP) {
      d0 = halves(v128.load_ext<i16>(w), bits); d1 = halves(v128.load_ext<i16>(w, 8), bits); d2 = halves(v128.load_ext<i16>(w, 16), bits); d3 = halves(v128.load_ext<i16>(w, 24), bits);
      w += 32;
    } else {
      d0 = v128.load(w); d1 = v128.load(w, 16); d2 = v128.load(w, 32); d3 = v128.load(w, 48);
      w += 64;
    }
    let dx = v128.load32_splat(x);
    y00 = madd(f32x4.convert_i32x4_s(s00), f32x4.mul(d0, dx), y00); y01 = madd(f32x4.convert_i32x4_s(s01), f32x4.mul(d1, dx), y01);
    y02 = madd(f32x4.convert_i32x4_s(s02), f32x4.mul(d2, dx), y02); y03 = madd(f32x4.convert_i32x4_s(s03), f32x4.mul(d3, dx), y03);
    if (rows > 1) {
      dx = v128.load32_splat(x, 4);
      y10 = madd(f32x4.convert_i32x4_s(s10), f32x4.mul(d0, dx), y10); y11 = madd(f32x4.convert_i32x4_s(s11), f32x4.mul(d1, dx), y11);
      y12 = madd(f32x4.convert_i32x4_s(s12), f32x4.mul(d2, dx), y12); y13 = madd(f32x4.convert_i32x4_s(s13), f32x4.mul(d3, dx), y13);
    }
    if (rows > 2) {
      dx = v128.load32_splat(x, 8);
      y20 = madd(f32x4.convert_i32x4_s(s20), f32x4.mul(d0, dx), y20); y21 = madd(f32x4.convert_i32x4_s(s21), f32x4.mul(d1, dx), y21);
      y22 = madd(f32x4.convert_i32x4_s(s22), f32x4.mul(d2, dx), y22); y23 = madd(f32x4.convert_i32x4_s(s23), f32x4.mul(d3, dx), y23);
    }
    if (rows > 3) {
      dx = v128.load32_splat(x, 12);
      y30 = madd(f32x4.convert_i32x4_s(s30), f32x4.mul(d0, dx), y30); y31 = madd(f32x4.convert_i32x4_s(s31), f32x4.mul(d1, dx), y31);
      y32 = madd(f32x4.convert_i32x4_s(s32), f32x4.mul(d2, dx), y32); y33 = madd(f32x4.convert_i32x4_s(s33), f32x4.mul(d3, dx), y33);
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

// Functions of their own for both layouts: 1 to ROWS rows by a panel.

export function q8_half(rows: i32, w: usize, x: usize, c: usize, sc: usize, inputs: i32): void {
  if (rows == 1) return eight<One>(HALF_STEP, w, x, c, sc, inputs);
  if (rows == 2) return eight<Two>(HALF_STEP, w, x, c, sc, inputs);
  if (ROWS == 4 && rows == 3) return eight<Three>(HALF_STEP, w, x, c, sc, inputs);
  if (ROWS == 4) eight<Four>(HALF_STEP, w, x, c, sc, inputs);
}

export function q8_float(rows: i32, w: usize, x: usize, c: usize, sc: usize, inputs: i32): void {
  if (rows == 1) return eight<One>(STEP, w, x, c, sc, inputs);
  if (rows == 2) return eight<Two>(STEP, w, x, c, sc, inputs);
  if (ROWS == 4 && rows == 3) return eight<Three>(STEP, w, x, c, sc, inputs);
  if (ROWS == 4) eight<Four>(STEP, w, x, c, sc, inputs);
}
