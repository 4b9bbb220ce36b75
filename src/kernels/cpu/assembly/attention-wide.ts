/**
 * The inner loops of attention for engines that join two neighbouring 128-bit vectors to one of 256 bits: twice the columns of
 * ./attention-tiles, so that twelve sums of eight numbers fill the registers. The same sums in the same order: the same bits.
 */
import { madd } from "./math";

// For the meaning of the parameters see ./attention-tiles. Sums are named by row and vector.

/** scores6 for two panels, `keyStep` bytes apart, whose scores lie `step` bytes apart. */
export function scores6x16(q: usize, k: usize, out: usize, depth: i32, keyStride: usize, keyStep: usize, step: usize): void {
  let second = k + keyStep;
  const to = out + step, end = q + <usize>depth * 24;
  let a0 = f32x4.splat(0), a1 = a0, a2 = a0, a3 = a0;
  let b0 = a0, b1 = a0, b2 = a0, b3 = a0;
  let c0 = a0, c1 = a0, c2 = a0, c3 = a0;
  let d0 = a0, d1 = a0, d2 = a0, d3 = a0;
  let e0 = a0, e1 = a0, e2 = a0, e3 = a0;
  let f0 = a0, f1 = a0, f2 = a0, f3 = a0;
  for (; q < end; q += 24) {
    const k0 = v128.load(k), k1 = v128.load(k, 16), k2 = v128.load(second), k3 = v128.load(second, 16);
    let x = v128.load32_splat(q);
    a0 = madd(x, k0, a0); a1 = madd(x, k1, a1); a2 = madd(x, k2, a2); a3 = madd(x, k3, a3);
    x = v128.load32_splat(q, 4);
    b0 = madd(x, k0, b0); b1 = madd(x, k1, b1); b2 = madd(x, k2, b2); b3 = madd(x, k3, b3);
    x = v128.load32_splat(q, 8);
    c0 = madd(x, k0, c0); c1 = madd(x, k1, c1); c2 = madd(x, k2, c2); c3 = madd(x, k3, c3);
    x = v128.load32_splat(q, 12);
    d0 = madd(x, k0, d0); d1 = madd(x, k1, d1); d2 = madd(x, k2, d2); d3 = madd(x, k3, d3);
    x = v128.load32_splat(q, 16);
    e0 = madd(x, k0, e0); e1 = madd(x, k1, e1); e2 = madd(x, k2, e2); e3 = madd(x, k3, e3);
    x = v128.load32_splat(q, 20);
    f0 = madd(x, k0, f0); f1 = madd(x, k1, f1); f2 = madd(x, k2, f2); f3 = madd(x, k3, f3);
    k += keyStride;
    second += keyStride;
  }
  store6(out, a0, a1, b0, b1, c0, c1, d0, d1, e0, e1, f0, f1);
  store6(to, a2, a3, b2, b3, c2, c3, d2, d3, e2, e3, f2, f3);
}

/** weighted6 for two panels of columns, `next` bytes apart: two tiles, one after the other. */
export function weighted6x16(
  p: usize, step: usize, v: usize, next: usize, stride: usize, first: i32, rows: i32, tile: usize,
): void {
  let second = v + next;
  const jump = step - 28;
  let a0 = f32x4.splat(0), a1 = a0, a2 = a0, a3 = a0;
  let b0 = a0, b1 = a0, b2 = a0, b3 = a0;
  let c0 = a0, c1 = a0, c2 = a0, c3 = a0;
  let d0 = a0, d1 = a0, d2 = a0, d3 = a0;
  let e0 = a0, e1 = a0, e2 = a0, e3 = a0;
  let f0 = a0, f1 = a0, f2 = a0, f3 = a0;
  for (let j = 0; j <= first; j++) {
    const v0 = v128.load(v), v1 = v128.load(v, 16), v2 = v128.load(second), v3 = v128.load(second, 16);
    let x = v128.load32_splat(p);
    a0 = madd(x, v0, a0); a1 = madd(x, v1, a1); a2 = madd(x, v2, a2); a3 = madd(x, v3, a3);
    x = v128.load32_splat(p, 32);
    b0 = madd(x, v0, b0); b1 = madd(x, v1, b1); b2 = madd(x, v2, b2); b3 = madd(x, v3, b3);
    x = v128.load32_splat(p, 64);
    c0 = madd(x, v0, c0); c1 = madd(x, v1, c1); c2 = madd(x, v2, c2); c3 = madd(x, v3, c3);
    x = v128.load32_splat(p, 96);
    d0 = madd(x, v0, d0); d1 = madd(x, v1, d1); d2 = madd(x, v2, d2); d3 = madd(x, v3, d3);
    x = v128.load32_splat(p, 128);
    e0 = madd(x, v0, e0); e1 = madd(x, v1, e1); e2 = madd(x, v2, e2); e3 = madd(x, v3, e3);
    x = v128.load32_splat(p, 160);
    f0 = madd(x, v0, f0); f1 = madd(x, v1, f1); f2 = madd(x, v2, f2); f3 = madd(x, v3, f3);
    v += stride;
    second += stride;
    p += select<usize>(jump, 4, (j & 7) == 7);
  }
  for (let t = 1; t < rows; t++) {
    const v0 = v128.load(v), v1 = v128.load(v, 16), v2 = v128.load(second), v3 = v128.load(second, 16);
    if (t == 1) {
      const x = v128.load32_splat(p, 32);
      b0 = madd(x, v0, b0); b1 = madd(x, v1, b1); b2 = madd(x, v2, b2); b3 = madd(x, v3, b3);
    }
    if (t <= 2) {
      const x = v128.load32_splat(p, 64);
      c0 = madd(x, v0, c0); c1 = madd(x, v1, c1); c2 = madd(x, v2, c2); c3 = madd(x, v3, c3);
    }
    if (t <= 3) {
      const x = v128.load32_splat(p, 96);
      d0 = madd(x, v0, d0); d1 = madd(x, v1, d1); d2 = madd(x, v2, d2); d3 = madd(x, v3, d3);
    }
    if (t <= 4) {
      const x = v128.load32_splat(p, 128);
      e0 = madd(x, v0, e0); e1 = madd(x, v1, e1); e2 = madd(x, v2, e2); e3 = madd(x, v3, e3);
    }
    const x = v128.load32_splat(p, 160);
    f0 = madd(x, v0, f0); f1 = madd(x, v1, f1); f2 = madd(x, v2, f2); f3 = madd(x, v3, f3);
    v += stride;
    second += stride;
    p += select<usize>(jump, 4, ((first + t) & 7) == 7);
  }
  store6(tile, a0, a1, b0, b1, c0, c1, d0, d1, e0, e1, f0, f1);
  v128.store(tile, a2, 192); v128.store(tile, a3, 208);
  v128.store(tile, b2, 224); v128.store(tile, b3, 240);
  v128.store(tile, c2, 256); v128.store(tile, c3, 272);
  v128.store(tile, d2, 288); v128.store(tile, d3, 304);
  v128.store(tile, e2, 320); v128.store(tile, e3, 336);
  v128.store(tile, f2, 352); v128.store(tile, f3, 368);
}

/** outer4 for two panels of columns, `next` bytes apart. */
export function outer4x16(w: usize, x: usize, next: usize, rows: i32, out: usize, stride: usize): void {
  const out1 = out + stride, out2 = out1 + stride, out3 = out2 + stride;
  let second = x + next;
  let a0 = v128.load(out), a1 = v128.load(out, 16), a2 = v128.load(out, 32), a3 = v128.load(out, 48);
  let b0 = v128.load(out1), b1 = v128.load(out1, 16), b2 = v128.load(out1, 32), b3 = v128.load(out1, 48);
  let c0 = v128.load(out2), c1 = v128.load(out2, 16), c2 = v128.load(out2, 32), c3 = v128.load(out2, 48);
  let d0 = v128.load(out3), d1 = v128.load(out3, 16), d2 = v128.load(out3, 32), d3 = v128.load(out3, 48);
  const end = x + (<usize>rows << 5);
  for (; x < end; x += 32) {
    const x0 = v128.load(x), x1 = v128.load(x, 16), x2 = v128.load(second), x3 = v128.load(second, 16);
    let s = v128.load32_splat(w);
    a0 = madd(s, x0, a0); a1 = madd(s, x1, a1); a2 = madd(s, x2, a2); a3 = madd(s, x3, a3);
    s = v128.load32_splat(w, 4);
    b0 = madd(s, x0, b0); b1 = madd(s, x1, b1); b2 = madd(s, x2, b2); b3 = madd(s, x3, b3);
    s = v128.load32_splat(w, 8);
    c0 = madd(s, x0, c0); c1 = madd(s, x1, c1); c2 = madd(s, x2, c2); c3 = madd(s, x3, c3);
    s = v128.load32_splat(w, 12);
    d0 = madd(s, x0, d0); d1 = madd(s, x1, d1); d2 = madd(s, x2, d2); d3 = madd(s, x3, d3);
    w += 32;
    second += 32;
  }
  v128.store(out, a0); v128.store(out, a1, 16); v128.store(out, a2, 32); v128.store(out, a3, 48);
  v128.store(out1, b0); v128.store(out1, b1, 16); v128.store(out1, b2, 32); v128.store(out1, b3, 48);
  v128.store(out2, c0); v128.store(out2, c1, 16); v128.store(out2, c2, 32); v128.store(out2, c3, 48);
  v128.store(out3, d0); v128.store(out3, d1, 16); v128.store(out3, d2, 32); v128.store(out3, d3, 48);
}

/** Stores a tile (6, 8). Constant offsets from one address: the engine sees what lies side by side. */
// @ts-ignore: decorator
@inline export function store6(
  to: usize, a0: v128, a1: v128, b0: v128, b1: v128, c0: v128, c1: v128,
  d0: v128, d1: v128, e0: v128, e1: v128, f0: v128, f1: v128,
): void {
  v128.store(to, a0); v128.store(to, a1, 16);
  v128.store(to, b0, 32); v128.store(to, b1, 48);
  v128.store(to, c0, 64); v128.store(to, c1, 80);
  v128.store(to, d0, 96); v128.store(to, d1, 112);
  v128.store(to, e0, 128); v128.store(to, e1, 144);
  v128.store(to, f0, 160); v128.store(to, f1, 176);
}
