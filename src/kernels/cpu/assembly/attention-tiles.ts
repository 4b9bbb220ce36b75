/**
 * The inner loops of attention for six queries at once (training, prefill); those of one (decoding) are in ./attention-row.
 * Both give the same bits: every score and every output adds up in order in one accumulator (vectors run over keys and over
 * columns), the softmax sums key j into lane j mod 4, and keys a query may not see are never added.
 *
 * Scores of six queries lie as (panel, 6, 8): panels of 8 keys, `step` bytes apart; so the weighted sum reads constant
 * offsets and registers hold 6 x 8 sums.
 */
import { outer4x16, scores6x16, store6, weighted6x16 } from "./attention-wide";
import { expSoft4, madd, maxLane, sumLanes } from "./math";

// @ts-ignore: a constant that scripts/kernels.mjs gives the compiler
const WIDE_BUILD: bool = WIDE != 0;

/** Queries of a block. */
export const BLOCK: i32 = 6;
/** Bytes of one panel of a block's scores. */
export const PANEL: usize = 192;
export const NEGATIVE_INFINITY: f32 = -Infinity;

/**
 * out (panels, 6, 8) = q^T k. q (depth, 6); element d of key 8p + j at k + p * keyStep + d * keyStride + 4j (bytes).
 */
export function scores6(
  q: usize, k: usize, out: usize, panels: i32, depth: i32, keyStride: usize, keyStep: usize, step: usize,
): void {
  const end = q + <usize>depth * 24;
  if (WIDE_BUILD)
    for (; panels >= 2; panels -= 2) {
      scores6x16(q, k, out, depth, keyStride, keyStep, step);
      out += 2 * step;
      k += 2 * keyStep;
    }
  for (let p = 0; p < panels; p++) {
    let a0 = f32x4.splat(0), a1 = a0, b0 = a0, b1 = a0, c0 = a0, c1 = a0;
    let d0 = a0, d1 = a0, e0 = a0, e1 = a0, f0 = a0, f1 = a0;
    let key = k;
    for (let query = q; query < end; query += 24) {
      const k0 = v128.load(key), k1 = v128.load(key, 16);
      let x = v128.load32_splat(query);
      a0 = madd(x, k0, a0);
      a1 = madd(x, k1, a1);
      x = v128.load32_splat(query, 4);
      b0 = madd(x, k0, b0);
      b1 = madd(x, k1, b1);
      x = v128.load32_splat(query, 8);
      c0 = madd(x, k0, c0);
      c1 = madd(x, k1, c1);
      x = v128.load32_splat(query, 12);
      d0 = madd(x, k0, d0);
      d1 = madd(x, k1, d1);
      x = v128.load32_splat(query, 16);
      e0 = madd(x, k0, e0);
      e1 = madd(x, k1, e1);
      x = v128.load32_splat(query, 20);
      f0 = madd(x, k0, f0);
      f1 = madd(x, k1, f1);
      key += keyStride;
    }
    store6(out, a0, a1, b0, b1, c0, c1, d0, d1, e0, e1, f0, f1);
    out += step;
    k += keyStep;
  }
}

/**
 * tile (6, 8) = p v for one panel of 8 columns: query r sums keys 0 .. first + r, in order. Row j of v lies at
 * v + j * stride; only `rows` of the six queries are real, and no key past the last one's is read.
 */
export function weighted6(p: usize, step: usize, v: usize, stride: usize, first: i32, rows: i32, tile: usize): void {
  let a0 = f32x4.splat(0), a1 = a0, b0 = a0, b1 = a0, c0 = a0, c1 = a0;
  let d0 = a0, d1 = a0, e0 = a0, e1 = a0, f0 = a0, f1 = a0;
  const jump = step - 28;
  for (let j = 0; j <= first; j++) {
    const v0 = v128.load(v), v1 = v128.load(v, 16);
    let x = v128.load32_splat(p);
    a0 = madd(x, v0, a0);
    a1 = madd(x, v1, a1);
    x = v128.load32_splat(p, 32);
    b0 = madd(x, v0, b0);
    b1 = madd(x, v1, b1);
    x = v128.load32_splat(p, 64);
    c0 = madd(x, v0, c0);
    c1 = madd(x, v1, c1);
    x = v128.load32_splat(p, 96);
    d0 = madd(x, v0, d0);
    d1 = madd(x, v1, d1);
    x = v128.load32_splat(p, 128);
    e0 = madd(x, v0, e0);
    e1 = madd(x, v1, e1);
    x = v128.load32_splat(p, 160);
    f0 = madd(x, v0, f0);
    f1 = madd(x, v1, f1);
    v += stride;
    p += select<usize>(jump, 4, (j & 7) == 7);
  }
  for (let t = 1; t < rows; t++) {
    const v0 = v128.load(v), v1 = v128.load(v, 16);
    if (t == 1) {
      const x = v128.load32_splat(p, 32);
      b0 = madd(x, v0, b0);
      b1 = madd(x, v1, b1);
    }
    if (t <= 2) {
      const x = v128.load32_splat(p, 64);
      c0 = madd(x, v0, c0);
      c1 = madd(x, v1, c1);
    }
    if (t <= 3) {
      const x = v128.load32_splat(p, 96);
      d0 = madd(x, v0, d0);
      d1 = madd(x, v1, d1);
    }
    if (t <= 4) {
      const x = v128.load32_splat(p, 128);
      e0 = madd(x, v0, e0);
      e1 = madd(x, v1, e1);
    }
    const x = v128.load32_splat(p, 160);
    f0 = madd(x, v0, f0);
    f1 = madd(x, v1, f1);
    v += stride;
    p += select<usize>(jump, 4, ((first + t) & 7) == 7);
  }
  store6(tile, a0, a1, b0, b1, c0, c1, d0, d1, e0, e1, f0, f1);
}

/**
 * weighted6 for `columns` columns, as many as one pass takes: panels of 8 columns lie `next` bytes apart, tiles one after
 * another. Returns how many panels that were.
 */
// @ts-ignore: decorator
@inline export function weightedPanels(
  p: usize, step: usize, v: usize, next: usize, stride: usize, first: i32, rows: i32, tile: usize, columns: i32,
): i32 {
  if (WIDE_BUILD && columns > 8) {
    weighted6x16(p, step, v, next, stride, first, rows, tile);
    return 2;
  }
  weighted6(p, step, v, stride, first, rows, tile);
  return 1;
}

/**
 * softmaxRow for a block's `rows` queries, the first of n keys, each of one more: their sums go to `sums`, their maxima 24 bytes
 * behind, and the 288 bytes after those are used.
 */
export function softmaxRows(s: usize, n: i32, rows: i32, sums: usize): void {
  if (rows == BLOCK) return softmax6(s, n, sums);
  for (let r: usize = 0; r < <usize>rows; r++)
    store<f32>(sums + (r << 2), softmaxRow(s + (r << 5), PANEL, n + <i32>r, sums + 24 + (r << 2)));
}

/** The first key, counted from a multiple of `unit`, that the row at `position` sees through a window (0: all). */
// @ts-ignore: decorator
@inline export function firstSeen(position: i32, window: i32, unit: i32): i32 {
  return window == 0 ? 0 : max(position + 1 - window, 0) & -unit;
}

/**
 * Hides what lies before a window from a block's `rows` queries, of which the first stands at `position`: scores (panel, 6, 8),
 * panels `step` bytes apart, start at key `low`. Softmax gives hidden keys exactly 0, and adding 0 changes no bits.
 */
export function hideBefore(s: usize, step: usize, rows: i32, position: i32, window: i32, low: i32, value: f32): void {
  for (let r = 0; r < rows; r++) {
    const end = position + r + 1 - window - low;
    for (let j = 0; j < end; j++) store<f32>(s + <usize>(j >> 3) * step + (<usize>(r * 8 + (j & 7)) << 2), value);
  }
}

// All six rows of a panel before the next panel: what a row waits for (its sum, its maximum) takes no time then.
function softmax6(s: usize, n: i32, sums: usize): void {
  const maxima = sums + 24, lanes = maxima + 24, pairs = lanes + 96;
  const panels = (n + BLOCK + 6) >> 3;
  for (let p = n >> 3; p < panels; p++) {
    let at = s + <usize>p * PANEL;
    for (let seen = n - (p << 3), end = seen + BLOCK; seen < end; seen++) {
      v128.store(at, hide(v128.load(at), seen));
      v128.store(at, hide(v128.load(at, 16), seen - 4), 16);
      at += 32;
    }
  }
  let a0 = f32x4.splat(NEGATIVE_INFINITY), a1 = a0, b0 = a0, b1 = a0, c0 = a0, c1 = a0;
  let d0 = a0, d1 = a0, e0 = a0, e1 = a0, f0 = a0, f1 = a0;
  let at = s;
  for (let p = panels; p > 0; p--) {
    a0 = f32x4.pmax(a0, v128.load(at));
    a1 = f32x4.pmax(a1, v128.load(at, 16));
    b0 = f32x4.pmax(b0, v128.load(at, 32));
    b1 = f32x4.pmax(b1, v128.load(at, 48));
    c0 = f32x4.pmax(c0, v128.load(at, 64));
    c1 = f32x4.pmax(c1, v128.load(at, 80));
    d0 = f32x4.pmax(d0, v128.load(at, 96));
    d1 = f32x4.pmax(d1, v128.load(at, 112));
    e0 = f32x4.pmax(e0, v128.load(at, 128));
    e1 = f32x4.pmax(e1, v128.load(at, 144));
    f0 = f32x4.pmax(f0, v128.load(at, 160));
    f1 = f32x4.pmax(f1, v128.load(at, 176));
    at += PANEL;
  }
  store6(pairs, a0, a1, b0, b1, c0, c1, d0, d1, e0, e1, f0, f1);
  const zero = f32x4.splat(0);
  for (let r: usize = 0; r < 24; r += 4) {
    store<f32>(maxima + r, maxLane(f32x4.pmax(v128.load(pairs + (r << 3)), v128.load(pairs + (r << 3), 16))));
    v128.store(lanes + (r << 2), zero);
  }
  at = s;
  for (let p = panels; p > 0; p--) {
    for (let r: usize = 0; r < 24; r += 4) {
      const most = v128.load32_splat(maxima + r), x0 = v128.load(at), x1 = v128.load(at, 16);
      const y0 = expSoft4(f32x4.sub(x0, most)), y1 = expSoft4(f32x4.sub(x1, most));
      v128.store(at, y0);
      v128.store(at, y1, 16);
      v128.store(lanes + (r << 2), f32x4.add(f32x4.add(v128.load(lanes + (r << 2)), y0), y1));
      at += 32;
    }
  }
  for (let r: usize = 0; r < 24; r += 4) store<f32>(sums + r, sumLanes(v128.load(lanes + (r << 2))));
}

/**
 * Turns the n scores of one query into exp(score - max) and returns their sum; the rest of the last panel becomes 0.
 * Panels of 8 scores lie `step` bytes apart. The maximum goes to `maximum`.
 */
export function softmaxRow(s: usize, step: usize, n: i32, maximum: usize): f32 {
  let most = f32x4.splat(NEGATIVE_INFINITY);
  let at = s;
  for (let p = n >> 3; p > 0; p--) {
    most = f32x4.pmax(most, f32x4.pmax(v128.load(at), v128.load(at, 16)));
    at += step;
  }
  const rest = n & 7;
  if (rest) {
    const x0 = hide(v128.load(at), rest), x1 = hide(v128.load(at, 16), rest - 4);
    v128.store(at, x0);
    v128.store(at, x1, 16);
    most = f32x4.pmax(most, f32x4.pmax(x0, x1));
  }
  const max = maxLane(most);
  store<f32>(maximum, max);
  most = f32x4.splat(max);
  let sum = f32x4.splat(0);
  at = s;
  for (let p = (n + 7) >> 3; p > 0; p--) {
    const e0 = expSoft4(f32x4.sub(v128.load(at), most)), e1 = expSoft4(f32x4.sub(v128.load(at, 16), most));
    v128.store(at, e0);
    v128.store(at, e1, 16);
    sum = f32x4.add(f32x4.add(sum, e0), e1);
    at += step;
  }
  return sumLanes(sum);
}

/**
 * out (4, 8) += w^T x over `rows` rows: w[r][j] at w + 32r + 4j, x[r] (8 columns) at x + 32r, rows of out `stride` apart.
 */
export function outer4(w: usize, x: usize, rows: i32, out: usize, stride: usize): void {
  const second = out + stride, third = second + stride, fourth = third + stride;
  let a0 = v128.load(out), a1 = v128.load(out, 16), b0 = v128.load(second), b1 = v128.load(second, 16);
  let c0 = v128.load(third), c1 = v128.load(third, 16), d0 = v128.load(fourth), d1 = v128.load(fourth, 16);
  const end = x + (<usize>rows << 5);
  for (; x < end; x += 32) {
    const x0 = v128.load(x), x1 = v128.load(x, 16);
    let s = v128.load32_splat(w);
    a0 = madd(s, x0, a0);
    a1 = madd(s, x1, a1);
    s = v128.load32_splat(w, 4);
    b0 = madd(s, x0, b0);
    b1 = madd(s, x1, b1);
    s = v128.load32_splat(w, 8);
    c0 = madd(s, x0, c0);
    c1 = madd(s, x1, c1);
    s = v128.load32_splat(w, 12);
    d0 = madd(s, x0, d0);
    d1 = madd(s, x1, d1);
    w += 32;
  }
  v128.store(out, a0);
  v128.store(out, a1, 16);
  v128.store(second, b0);
  v128.store(second, b1, 16);
  v128.store(third, c0);
  v128.store(third, c1, 16);
  v128.store(fourth, d0);
  v128.store(fourth, d1, 16);
}

/** outer4 for `columns` columns, as many as one pass takes: panels of 8 columns lie `next` bytes apart. Returns how many panels. */
// @ts-ignore: decorator
@inline export function outerPanels(
  w: usize, x: usize, next: usize, rows: i32, out: usize, stride: usize, columns: i32,
): i32 {
  if (WIDE_BUILD && columns > 8) {
    outer4x16(w, x, next, rows, out, stride);
    return 2;
  }
  outer4(w, x, rows, out, stride);
  return 1;
}

/** Lanes 0 .. rest - 1 of x, minus infinity in the others. */
// @ts-ignore: decorator
@inline function hide(x: v128, rest: i32): v128 {
  return v128.bitselect(x, f32x4.splat(NEGATIVE_INFINITY), i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(rest)));
}
