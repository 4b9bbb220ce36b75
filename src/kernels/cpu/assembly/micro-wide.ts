/**
 * The innermost loops of the matrix products for panels of 16 columns. Engines that join neighbouring 128-bit vectors to one of
 * 256 bits (V8 on x64 with AVX2, told to: ../host.ts) keep twelve sums of eight numbers in registers here and run twice as fast
 * as ./micro.ts allows; any other engine would spill half of them. The same sums in the same order: the same bits.
 */
import { madd } from "./math";

// For the meaning of the parameters see ./micro.ts. Sums are named by row and vector.

/** `rows` (a constant, 1 to 6) rows by one panel. */
// @ts-ignore: decorator
@inline export function block(rows: i32, a: usize, sa: usize, b: usize, c: usize, sc: usize, k: i32, reload: bool): void {
  let a1 = a + sa, a2 = a1 + sa, a3 = a2 + sa, a4 = a3 + sa, a5 = a4 + sa;
  const c1 = c + sc, c2 = c1 + sc, c3 = c2 + sc, c4 = c3 + sc, c5 = c4 + sc;
  // All sums start from c, blanked where they should start at zero: V8 does not join vectors that come from two branches.
  const keep = i32x4.splat(-<i32>reload);
  const zero = f32x4.splat(0);
  let s00 = v128.and(v128.load(c), keep), s01 = v128.and(v128.load(c, 16), keep), s02 = v128.and(v128.load(c, 32), keep), s03 = v128.and(v128.load(c, 48), keep);
  let s10 = zero, s11 = zero, s12 = zero, s13 = zero;
  let s20 = zero, s21 = zero, s22 = zero, s23 = zero;
  let s30 = zero, s31 = zero, s32 = zero, s33 = zero;
  let s40 = zero, s41 = zero, s42 = zero, s43 = zero;
  let s50 = zero, s51 = zero, s52 = zero, s53 = zero;
  if (rows > 1) {
    s10 = v128.and(v128.load(c1), keep); s11 = v128.and(v128.load(c1, 16), keep); s12 = v128.and(v128.load(c1, 32), keep); s13 = v128.and(v128.load(c1, 48), keep);
  }
  if (rows > 2) {
    s20 = v128.and(v128.load(c2), keep); s21 = v128.and(v128.load(c2, 16), keep); s22 = v128.and(v128.load(c2, 32), keep); s23 = v128.and(v128.load(c2, 48), keep);
  }
  if (rows > 3) {
    s30 = v128.and(v128.load(c3), keep); s31 = v128.and(v128.load(c3, 16), keep); s32 = v128.and(v128.load(c3, 32), keep); s33 = v128.and(v128.load(c3, 48), keep);
  }
  if (rows > 4) {
    s40 = v128.and(v128.load(c4), keep); s41 = v128.and(v128.load(c4, 16), keep); s42 = v128.and(v128.load(c4, 32), keep); s43 = v128.and(v128.load(c4, 48), keep);
  }
  if (rows > 5) {
    s50 = v128.and(v128.load(c5), keep); s51 = v128.and(v128.load(c5, 16), keep); s52 = v128.and(v128.load(c5, 32), keep); s53 = v128.and(v128.load(c5, 48), keep);
  }
  const end = b + (<usize>k << 6);
  while (b < end) {
    const b0 = v128.load(b), b1 = v128.load(b, 16), b2 = v128.load(b, 32), b3 = v128.load(b, 48);
    let x = v128.load_splat<f32>(a);
    s00 = madd(x, b0, s00); s01 = madd(x, b1, s01); s02 = madd(x, b2, s02); s03 = madd(x, b3, s03);
    if (rows > 1) {
      x = v128.load_splat<f32>(a1);
      s10 = madd(x, b0, s10); s11 = madd(x, b1, s11); s12 = madd(x, b2, s12); s13 = madd(x, b3, s13);
    }
    if (rows > 2) {
      x = v128.load_splat<f32>(a2);
      s20 = madd(x, b0, s20); s21 = madd(x, b1, s21); s22 = madd(x, b2, s22); s23 = madd(x, b3, s23);
    }
    if (rows > 3) {
      x = v128.load_splat<f32>(a3);
      s30 = madd(x, b0, s30); s31 = madd(x, b1, s31); s32 = madd(x, b2, s32); s33 = madd(x, b3, s33);
    }
    if (rows > 4) {
      x = v128.load_splat<f32>(a4);
      s40 = madd(x, b0, s40); s41 = madd(x, b1, s41); s42 = madd(x, b2, s42); s43 = madd(x, b3, s43);
    }
    if (rows > 5) {
      x = v128.load_splat<f32>(a5);
      s50 = madd(x, b0, s50); s51 = madd(x, b1, s51); s52 = madd(x, b2, s52); s53 = madd(x, b3, s53);
    }
    b += 64;
    a += 4;
    if (rows > 1) a1 += 4;
    if (rows > 2) a2 += 4;
    if (rows > 3) a3 += 4;
    if (rows > 4) a4 += 4;
    if (rows > 5) a5 += 4;
  }
  v128.store(c, s00); v128.store(c, s01, 16); v128.store(c, s02, 32); v128.store(c, s03, 48);
  if (rows > 1) { v128.store(c1, s10); v128.store(c1, s11, 16); v128.store(c1, s12, 32); v128.store(c1, s13, 48); }
  if (rows > 2) { v128.store(c2, s20); v128.store(c2, s21, 16); v128.store(c2, s22, 32); v128.store(c2, s23, 48); }
  if (rows > 3) { v128.store(c3, s30); v128.store(c3, s31, 16); v128.store(c3, s32, 32); v128.store(c3, s33, 48); }
  if (rows > 4) { v128.store(c4, s40); v128.store(c4, s41, 16); v128.store(c4, s42, 32); v128.store(c4, s43, 48); }
  if (rows > 5) { v128.store(c5, s50); v128.store(c5, s51, 16); v128.store(c5, s52, 32); v128.store(c5, s53, 48); }
}

/** One row by two panels, `panel` bytes apart. */
export function row2(a: usize, b: usize, panel: usize, c: usize, k: i32, reload: bool): void {
  let p1 = b + panel;
  const keep = i32x4.splat(-<i32>reload);
  let s0 = v128.and(v128.load(c), keep), s1 = v128.and(v128.load(c, 16), keep);
  let s2 = v128.and(v128.load(c, 32), keep), s3 = v128.and(v128.load(c, 48), keep);
  let s4 = v128.and(v128.load(c, 64), keep), s5 = v128.and(v128.load(c, 80), keep);
  let s6 = v128.and(v128.load(c, 96), keep), s7 = v128.and(v128.load(c, 112), keep);
  const end = b + (<usize>k << 6);
  while (b < end) {
    const x = v128.load_splat<f32>(a);
    s0 = madd(x, v128.load(b), s0); s1 = madd(x, v128.load(b, 16), s1);
    s2 = madd(x, v128.load(b, 32), s2); s3 = madd(x, v128.load(b, 48), s3);
    s4 = madd(x, v128.load(p1), s4); s5 = madd(x, v128.load(p1, 16), s5);
    s6 = madd(x, v128.load(p1, 32), s6); s7 = madd(x, v128.load(p1, 48), s7);
    a += 4;
    b += 64;
    p1 += 64;
  }
  v128.store(c, s0); v128.store(c, s1, 16); v128.store(c, s2, 32); v128.store(c, s3, 48);
  v128.store(c, s4, 64); v128.store(c, s5, 80); v128.store(c, s6, 96); v128.store(c, s7, 112);
}

/** Two rows by two panels. */
export function pair2(a: usize, sa: usize, b: usize, panel: usize, c: usize, sc: usize, k: i32, reload: bool): void {
  let p1 = b + panel, a1 = a + sa;
  const c1 = c + sc;
  const keep = i32x4.splat(-<i32>reload);
  let s0 = v128.and(v128.load(c), keep), s1 = v128.and(v128.load(c, 16), keep);
  let s2 = v128.and(v128.load(c, 32), keep), s3 = v128.and(v128.load(c, 48), keep);
  let s4 = v128.and(v128.load(c, 64), keep), s5 = v128.and(v128.load(c, 80), keep);
  let s6 = v128.and(v128.load(c, 96), keep), s7 = v128.and(v128.load(c, 112), keep);
  let t0 = v128.and(v128.load(c1), keep), t1 = v128.and(v128.load(c1, 16), keep);
  let t2 = v128.and(v128.load(c1, 32), keep), t3 = v128.and(v128.load(c1, 48), keep);
  let t4 = v128.and(v128.load(c1, 64), keep), t5 = v128.and(v128.load(c1, 80), keep);
  let t6 = v128.and(v128.load(c1, 96), keep), t7 = v128.and(v128.load(c1, 112), keep);
  const end = b + (<usize>k << 6);
  while (b < end) {
    const x = v128.load_splat<f32>(a), y = v128.load_splat<f32>(a1);
    const b0 = v128.load(b), b1 = v128.load(b, 16), b2 = v128.load(b, 32), b3 = v128.load(b, 48);
    s0 = madd(x, b0, s0); s1 = madd(x, b1, s1); s2 = madd(x, b2, s2); s3 = madd(x, b3, s3);
    t0 = madd(y, b0, t0); t1 = madd(y, b1, t1); t2 = madd(y, b2, t2); t3 = madd(y, b3, t3);
    const b4 = v128.load(p1), b5 = v128.load(p1, 16), b6 = v128.load(p1, 32), b7 = v128.load(p1, 48);
    s4 = madd(x, b4, s4); s5 = madd(x, b5, s5); s6 = madd(x, b6, s6); s7 = madd(x, b7, s7);
    t4 = madd(y, b4, t4); t5 = madd(y, b5, t5); t6 = madd(y, b6, t6); t7 = madd(y, b7, t7);
    a += 4;
    a1 += 4;
    b += 64;
    p1 += 64;
  }
  v128.store(c, s0); v128.store(c, s1, 16); v128.store(c, s2, 32); v128.store(c, s3, 48);
  v128.store(c, s4, 64); v128.store(c, s5, 80); v128.store(c, s6, 96); v128.store(c, s7, 112);
  v128.store(c1, t0); v128.store(c1, t1, 16); v128.store(c1, t2, 32); v128.store(c1, t3, 48);
  v128.store(c1, t4, 64); v128.store(c1, t5, 80); v128.store(c1, t6, 96); v128.store(c1, t7, 112);
}

/** Six rows by one panel where the rows' numbers lie together as well: a is packed (k, 6), b (k, 16). */
export function outer6(a: usize, b: usize, c: usize, sc: usize, k: i32): void {
  const c1 = c + sc, c2 = c1 + sc, c3 = c2 + sc, c4 = c3 + sc, c5 = c4 + sc;
  let s00 = v128.load(c), s01 = v128.load(c, 16), s02 = v128.load(c, 32), s03 = v128.load(c, 48);
  let s10 = v128.load(c1), s11 = v128.load(c1, 16), s12 = v128.load(c1, 32), s13 = v128.load(c1, 48);
  let s20 = v128.load(c2), s21 = v128.load(c2, 16), s22 = v128.load(c2, 32), s23 = v128.load(c2, 48);
  let s30 = v128.load(c3), s31 = v128.load(c3, 16), s32 = v128.load(c3, 32), s33 = v128.load(c3, 48);
  let s40 = v128.load(c4), s41 = v128.load(c4, 16), s42 = v128.load(c4, 32), s43 = v128.load(c4, 48);
  let s50 = v128.load(c5), s51 = v128.load(c5, 16), s52 = v128.load(c5, 32), s53 = v128.load(c5, 48);
  const end = b + (<usize>k << 6);
  while (b < end) {
    const b0 = v128.load(b), b1 = v128.load(b, 16), b2 = v128.load(b, 32), b3 = v128.load(b, 48);
    let x = v128.load_splat<f32>(a);
    s00 = madd(x, b0, s00); s01 = madd(x, b1, s01); s02 = madd(x, b2, s02); s03 = madd(x, b3, s03);
    x = v128.load_splat<f32>(a, 4);
    s10 = madd(x, b0, s10); s11 = madd(x, b1, s11); s12 = madd(x, b2, s12); s13 = madd(x, b3, s13);
    x = v128.load_splat<f32>(a, 8);
    s20 = madd(x, b0, s20); s21 = madd(x, b1, s21); s22 = madd(x, b2, s22); s23 = madd(x, b3, s23);
    x = v128.load_splat<f32>(a, 12);
    s30 = madd(x, b0, s30); s31 = madd(x, b1, s31); s32 = madd(x, b2, s32); s33 = madd(x, b3, s33);
    x = v128.load_splat<f32>(a, 16);
    s40 = madd(x, b0, s40); s41 = madd(x, b1, s41); s42 = madd(x, b2, s42); s43 = madd(x, b3, s43);
    x = v128.load_splat<f32>(a, 20);
    s50 = madd(x, b0, s50); s51 = madd(x, b1, s51); s52 = madd(x, b2, s52); s53 = madd(x, b3, s53);
    b += 64;
    a += 24;
  }
  v128.store(c, s00); v128.store(c, s01, 16); v128.store(c, s02, 32); v128.store(c, s03, 48);
  v128.store(c1, s10); v128.store(c1, s11, 16); v128.store(c1, s12, 32); v128.store(c1, s13, 48);
  v128.store(c2, s20); v128.store(c2, s21, 16); v128.store(c2, s22, 32); v128.store(c2, s23, 48);
  v128.store(c3, s30); v128.store(c3, s31, 16); v128.store(c3, s32, 32); v128.store(c3, s33, 48);
  v128.store(c4, s40); v128.store(c4, s41, 16); v128.store(c4, s42, 32); v128.store(c4, s43, 48);
  v128.store(c5, s50); v128.store(c5, s51, 16); v128.store(c5, s52, 32); v128.store(c5, s53, 48);
}

/** The machine's limit: twelve independent sums of eight numbers, 12 * 8 * 2 multiply-adds of four a turn. */
export function peak(turns: i32, at: usize): void {
  const x0 = v128.load(at), x1 = v128.load(at, 16), y0 = v128.load(at, 32), y1 = v128.load(at, 48);
  // Twelve pairs, each with a load and a store of its own: V8 joins what lies side by side in memory.
  let s0 = v128.load(at, 64), t0 = v128.load(at, 80);
  let s1 = v128.load(at, 96), t1 = v128.load(at, 112);
  let s2 = v128.load(at, 128), t2 = v128.load(at, 144);
  let s3 = v128.load(at, 160), t3 = v128.load(at, 176);
  let s4 = v128.load(at, 192), t4 = v128.load(at, 208);
  let s5 = v128.load(at, 224), t5 = v128.load(at, 240);
  let s6 = v128.load(at, 256), t6 = v128.load(at, 272);
  let s7 = v128.load(at, 288), t7 = v128.load(at, 304);
  let s8 = v128.load(at, 320), t8 = v128.load(at, 336);
  let s9 = v128.load(at, 352), t9 = v128.load(at, 368);
  let s10 = v128.load(at, 384), t10 = v128.load(at, 400);
  let s11 = v128.load(at, 416), t11 = v128.load(at, 432);
  for (let i = 0; i < turns * 8; i++) {
    s0 = madd(x0, y0, s0); t0 = madd(x1, y1, t0);
    s1 = madd(x0, y0, s1); t1 = madd(x1, y1, t1);
    s2 = madd(x0, y0, s2); t2 = madd(x1, y1, t2);
    s3 = madd(x0, y0, s3); t3 = madd(x1, y1, t3);
    s4 = madd(x0, y0, s4); t4 = madd(x1, y1, t4);
    s5 = madd(x0, y0, s5); t5 = madd(x1, y1, t5);
    s6 = madd(x0, y0, s6); t6 = madd(x1, y1, t6);
    s7 = madd(x0, y0, s7); t7 = madd(x1, y1, t7);
    s8 = madd(x0, y0, s8); t8 = madd(x1, y1, t8);
    s9 = madd(x0, y0, s9); t9 = madd(x1, y1, t9);
    s10 = madd(x0, y0, s10); t10 = madd(x1, y1, t10);
    s11 = madd(x0, y0, s11); t11 = madd(x1, y1, t11);
  }
  v128.store(at, s0, 64); v128.store(at, t0, 80);
  v128.store(at, s1, 96); v128.store(at, t1, 112);
  v128.store(at, s2, 128); v128.store(at, t2, 144);
  v128.store(at, s3, 160); v128.store(at, t3, 176);
  v128.store(at, s4, 192); v128.store(at, t4, 208);
  v128.store(at, s5, 224); v128.store(at, t5, 240);
  v128.store(at, s6, 256); v128.store(at, t6, 272);
  v128.store(at, s7, 288); v128.store(at, t7, 304);
  v128.store(at, s8, 320); v128.store(at, t8, 336);
  v128.store(at, s9, 352); v128.store(at, t9, 368);
  v128.store(at, s10, 384); v128.store(at, t10, 400);
  v128.store(at, s11, 416); v128.store(at, t11, 432);
}
