/**
 * The innermost loops of the matrix products: R rows by V vectors of columns stay in registers while the summed dimension
 * goes by. One step of it per turn of the loop, never unrolled: V8 reorders an unrolled body and then spills (6 by 2 runs at
 * 92% of the multiply-add peak as written, at 77% unrolled by four). V8 has 15 vector registers: 12 sums, 2 columns, 1 row.
 * What stands here is for 128-bit vectors; ./micro-wide.ts has the same for pairs of them.
 *
 * a: first row, sa bytes between rows; b: packed panels of PANEL columns, one after another; c: output, sc bytes between
 * rows; k: length of the summed dimension; reload: go on with the sums that lie in c, else start at zero.
 */
import { madd } from "./math";
import * as wide from "./micro-wide";

// @ts-ignore: a constant that scripts/kernels.mjs gives the compiler
const WIDE_BUILD: bool = WIDE != 0;

/** Columns in a panel, and the bytes of its rows as a shift. */
export const PANEL: i32 = WIDE_BUILD ? 16 : 8;
export const PANEL_SHIFT: i32 = WIDE_BUILD ? 6 : 5;
/** Panels that `rowRun` and `pairRun` take together. */
export const ROW_PANELS: i32 = WIDE_BUILD ? 2 : 4;
export const PAIR_PANELS: i32 = 2;
/** Rows of the largest block. */
export const ROWS: i32 = 6;

/** `rows` (a constant, 1 to 6) rows by one panel. */
// @ts-ignore: decorator
@inline function narrow(rows: i32, a: usize, sa: usize, b: usize, c: usize, sc: usize, k: i32, reload: bool): void {
  let a1 = a + sa, a2 = a1 + sa, a3 = a2 + sa, a4 = a3 + sa, a5 = a4 + sa;
  const c1 = c + sc, c2 = c1 + sc, c3 = c2 + sc, c4 = c3 + sc, c5 = c4 + sc;
  let s00 = f32x4.splat(0), s01 = s00, s10 = s00, s11 = s00, s20 = s00, s21 = s00;
  let s30 = s00, s31 = s00, s40 = s00, s41 = s00, s50 = s00, s51 = s00;
  if (reload) {
    s00 = v128.load(c); s01 = v128.load(c, 16);
    if (rows > 1) { s10 = v128.load(c1); s11 = v128.load(c1, 16); }
    if (rows > 2) { s20 = v128.load(c2); s21 = v128.load(c2, 16); }
    if (rows > 3) { s30 = v128.load(c3); s31 = v128.load(c3, 16); }
    if (rows > 4) { s40 = v128.load(c4); s41 = v128.load(c4, 16); }
    if (rows > 5) { s50 = v128.load(c5); s51 = v128.load(c5, 16); }
  }
  const end = b + (<usize>k << 5);
  while (b < end) {
    const b0 = v128.load(b), b1 = v128.load(b, 16);
    let x = v128.load_splat<f32>(a);
    s00 = madd(x, b0, s00); s01 = madd(x, b1, s01);
    if (rows > 1) { x = v128.load_splat<f32>(a1); s10 = madd(x, b0, s10); s11 = madd(x, b1, s11); }
    if (rows > 2) { x = v128.load_splat<f32>(a2); s20 = madd(x, b0, s20); s21 = madd(x, b1, s21); }
    if (rows > 3) { x = v128.load_splat<f32>(a3); s30 = madd(x, b0, s30); s31 = madd(x, b1, s31); }
    if (rows > 4) { x = v128.load_splat<f32>(a4); s40 = madd(x, b0, s40); s41 = madd(x, b1, s41); }
    if (rows > 5) { x = v128.load_splat<f32>(a5); s50 = madd(x, b0, s50); s51 = madd(x, b1, s51); }
    b += 32;
    a += 4;
    if (rows > 1) a1 += 4;
    if (rows > 2) a2 += 4;
    if (rows > 3) a3 += 4;
    if (rows > 4) a4 += 4;
    if (rows > 5) a5 += 4;
  }
  v128.store(c, s00); v128.store(c, s01, 16);
  if (rows > 1) { v128.store(c1, s10); v128.store(c1, s11, 16); }
  if (rows > 2) { v128.store(c2, s20); v128.store(c2, s21, 16); }
  if (rows > 3) { v128.store(c3, s30); v128.store(c3, s31, 16); }
  if (rows > 4) { v128.store(c4, s40); v128.store(c4, s41, 16); }
  if (rows > 5) { v128.store(c5, s50); v128.store(c5, s51, 16); }
}

// @ts-ignore: decorator
@inline function block(rows: i32, a: usize, sa: usize, b: usize, c: usize, sc: usize, k: i32, reload: bool): void {
  if (WIDE_BUILD) wide.block(rows, a, sa, b, c, sc, k, reload);
  else narrow(rows, a, sa, b, c, sc, k, reload);
}

function block6(a: usize, sa: usize, b: usize, c: usize, sc: usize, k: i32, reload: bool): void {
  block(6, a, sa, b, c, sc, k, reload);
}
function block5(a: usize, sa: usize, b: usize, c: usize, sc: usize, k: i32, reload: bool): void {
  block(5, a, sa, b, c, sc, k, reload);
}
function block4(a: usize, sa: usize, b: usize, c: usize, sc: usize, k: i32, reload: bool): void {
  block(4, a, sa, b, c, sc, k, reload);
}
function block3(a: usize, sa: usize, b: usize, c: usize, sc: usize, k: i32, reload: bool): void {
  block(3, a, sa, b, c, sc, k, reload);
}
function block2(a: usize, sa: usize, b: usize, c: usize, sc: usize, k: i32, reload: bool): void {
  block(2, a, sa, b, c, sc, k, reload);
}
function block1(a: usize, b: usize, c: usize, k: i32, reload: bool): void {
  block(1, a, 0, b, c, 0, k, reload);
}

// @ts-ignore: decorator
@inline function blockOf(rows: i32, a: usize, sa: usize, b: usize, c: usize, sc: usize, k: i32, reload: bool): void {
  switch (rows) {
    case 6: return block6(a, sa, b, c, sc, k, reload);
    case 5: return block5(a, sa, b, c, sc, k, reload);
    case 4: return block4(a, sa, b, c, sc, k, reload);
    case 3: return block3(a, sa, b, c, sc, k, reload);
    case 2: return block2(a, sa, b, c, sc, k, reload);
    case 1: return block1(a, b, c, k, reload);
  }
}

/** One panel by any number of rows, in blocks of nearly equal size: a thin block would wait for its multiply-adds. */
export function column(rows: i32, a: usize, sa: usize, b: usize, c: usize, sc: usize, k: i32, reload: bool): void {
  const blocks = (rows + ROWS - 1) / ROWS, size = rows / blocks;
  let larger = rows - blocks * size; // so many blocks have a row more
  for (let left = blocks; left > 0; left--) {
    const take = larger-- > 0 ? size + 1 : size;
    blockOf(take, a, sa, b, c, sc, k, reload);
    a += sa * <usize>take;
    c += sc * <usize>take;
  }
}

/** One row by ROW_PANELS panels, `panel` bytes apart. */
// @ts-ignore: decorator
@inline export function rowRun(a: usize, b: usize, panel: usize, c: usize, k: i32, reload: bool): void {
  if (WIDE_BUILD) wide.row2(a, b, panel, c, k, reload);
  else row4(a, b, panel, c, k, reload);
}

/** Two rows by PAIR_PANELS panels. */
// @ts-ignore: decorator
@inline export function pairRun(a: usize, sa: usize, b: usize, panel: usize, c: usize, sc: usize, k: i32, reload: bool): void {
  if (WIDE_BUILD) wide.pair2(a, sa, b, panel, c, sc, k, reload);
  else pair2(a, sa, b, panel, c, sc, k, reload);
}

/** Six rows by one panel where the rows' numbers lie together as well: a is packed (k, 6), b (k, PANEL). */
// @ts-ignore: decorator
@inline export function outer(a: usize, b: usize, c: usize, sc: usize, k: i32): void {
  if (WIDE_BUILD) wide.outer6(a, b, c, sc, k);
  else outer6(a, b, c, sc, k);
}

/** One row by four panels: eight sums hide the latency of a multiply-add. */
function row4(a: usize, b: usize, panel: usize, c: usize, k: i32, reload: bool): void {
  let p1 = b + panel, p2 = p1 + panel, p3 = p2 + panel;
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
  if (reload) {
    s0 = v128.load(c); s1 = v128.load(c, 16); s2 = v128.load(c, 32); s3 = v128.load(c, 48);
    s4 = v128.load(c, 64); s5 = v128.load(c, 80); s6 = v128.load(c, 96); s7 = v128.load(c, 112);
  }
  const end = b + (<usize>k << 5);
  while (b < end) {
    const x = v128.load_splat<f32>(a);
    s0 = madd(x, v128.load(b), s0); s1 = madd(x, v128.load(b, 16), s1);
    s2 = madd(x, v128.load(p1), s2); s3 = madd(x, v128.load(p1, 16), s3);
    s4 = madd(x, v128.load(p2), s4); s5 = madd(x, v128.load(p2, 16), s5);
    s6 = madd(x, v128.load(p3), s6); s7 = madd(x, v128.load(p3, 16), s7);
    a += 4;
    b += 32;
    p1 += 32;
    p2 += 32;
    p3 += 32;
  }
  v128.store(c, s0); v128.store(c, s1, 16); v128.store(c, s2, 32); v128.store(c, s3, 48);
  v128.store(c, s4, 64); v128.store(c, s5, 80); v128.store(c, s6, 96); v128.store(c, s7, 112);
}

/** Two rows by two panels. */
function pair2(a: usize, sa: usize, b: usize, panel: usize, c: usize, sc: usize, k: i32, reload: bool): void {
  let p1 = b + panel, a1 = a + sa;
  const c1 = c + sc;
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
  if (reload) {
    s0 = v128.load(c); s1 = v128.load(c, 16); s2 = v128.load(c, 32); s3 = v128.load(c, 48);
    s4 = v128.load(c1); s5 = v128.load(c1, 16); s6 = v128.load(c1, 32); s7 = v128.load(c1, 48);
  }
  const end = b + (<usize>k << 5);
  while (b < end) {
    const x = v128.load_splat<f32>(a), y = v128.load_splat<f32>(a1);
    const b0 = v128.load(b), b1 = v128.load(b, 16), b2 = v128.load(p1), b3 = v128.load(p1, 16);
    s0 = madd(x, b0, s0); s1 = madd(x, b1, s1); s2 = madd(x, b2, s2); s3 = madd(x, b3, s3);
    s4 = madd(y, b0, s4); s5 = madd(y, b1, s5); s6 = madd(y, b2, s6); s7 = madd(y, b3, s7);
    a += 4;
    a1 += 4;
    b += 32;
    p1 += 32;
  }
  v128.store(c, s0); v128.store(c, s1, 16); v128.store(c, s2, 32); v128.store(c, s3, 48);
  v128.store(c1, s4); v128.store(c1, s5, 16); v128.store(c1, s6, 32); v128.store(c1, s7, 48);
}

function outer6(a: usize, b: usize, c: usize, sc: usize, k: i32): void {
  const c1 = c + sc, c2 = c1 + sc, c3 = c2 + sc, c4 = c3 + sc, c5 = c4 + sc;
  let s00 = v128.load(c), s01 = v128.load(c, 16), s10 = v128.load(c1), s11 = v128.load(c1, 16);
  let s20 = v128.load(c2), s21 = v128.load(c2, 16), s30 = v128.load(c3), s31 = v128.load(c3, 16);
  let s40 = v128.load(c4), s41 = v128.load(c4, 16), s50 = v128.load(c5), s51 = v128.load(c5, 16);
  const end = b + (<usize>k << 5);
  while (b < end) {
    const b0 = v128.load(b), b1 = v128.load(b, 16);
    let x = v128.load_splat<f32>(a);
    s00 = madd(x, b0, s00); s01 = madd(x, b1, s01);
    x = v128.load_splat<f32>(a, 4); s10 = madd(x, b0, s10); s11 = madd(x, b1, s11);
    x = v128.load_splat<f32>(a, 8); s20 = madd(x, b0, s20); s21 = madd(x, b1, s21);
    x = v128.load_splat<f32>(a, 12); s30 = madd(x, b0, s30); s31 = madd(x, b1, s31);
    x = v128.load_splat<f32>(a, 16); s40 = madd(x, b0, s40); s41 = madd(x, b1, s41);
    x = v128.load_splat<f32>(a, 20); s50 = madd(x, b0, s50); s51 = madd(x, b1, s51);
    b += 32;
    a += 24;
  }
  v128.store(c, s00); v128.store(c, s01, 16); v128.store(c1, s10); v128.store(c1, s11, 16);
  v128.store(c2, s20); v128.store(c2, s21, 16); v128.store(c3, s30); v128.store(c3, s31, 16);
  v128.store(c4, s40); v128.store(c4, s41, 16); v128.store(c5, s50); v128.store(c5, s51, 16);
}

/** The machine's limit: twelve independent sums, everything in registers, 12 * 8 multiply-adds a turn; `at` holds 512 bytes. */
export function peak(turns: i32, at: usize): void {
  if (WIDE_BUILD) return wide.peak(turns, at);
  const x = v128.load(at), y = v128.load(at, 16);
  let s0 = x, s1 = x, s2 = x, s3 = x, s4 = x, s5 = x, s6 = x, s7 = x, s8 = x, s9 = x, s10 = x, s11 = x;
  for (let i = 0; i < turns; i++) {
    for (let u = 0; u < 8; u++) {
      s0 = madd(x, y, s0); s1 = madd(x, y, s1); s2 = madd(x, y, s2); s3 = madd(x, y, s3);
      s4 = madd(x, y, s4); s5 = madd(x, y, s5); s6 = madd(x, y, s6); s7 = madd(x, y, s7);
      s8 = madd(x, y, s8); s9 = madd(x, y, s9); s10 = madd(x, y, s10); s11 = madd(x, y, s11);
    }
  }
  s0 = f32x4.add(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)), f32x4.add(f32x4.add(s4, s5), f32x4.add(s6, s7)));
  v128.store(at, f32x4.add(s0, f32x4.add(f32x4.add(s8, s9), f32x4.add(s10, s11))), 32);
}
