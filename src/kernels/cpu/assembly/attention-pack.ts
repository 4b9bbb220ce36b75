/** Lays the rows of one head out as the inner loops of attention read them: six queries or eight keys or columns side by side. */
import { BLOCK } from "./attention-tiles";

/** out (depth, 6) = scale * rows of q, transposed; rows at and past `rows` repeat the last one. */
export function packQueries(q: usize, rows: i32, stride: usize, depth: i32, scale: f32, out: usize): void {
  const last = rows - 1;
  const q0 = q, q1 = q + stride * <usize>min(1, last), q2 = q + stride * <usize>min(2, last);
  const q3 = q + stride * <usize>min(3, last), q4 = q + stride * <usize>min(4, last), q5 = q + stride * <usize>min(5, last);
  const factor = f32x4.splat(scale);
  const whole = depth & ~3;
  for (let d = 0; d < whole; d += 4) {
    const at = <usize>d << 2;
    const to = out + <usize>d * 24;
    transpose4(v128.load(q0 + at), v128.load(q1 + at), v128.load(q2 + at), v128.load(q3 + at), factor, to, 24);
    const e = f32x4.mul(v128.load(q4 + at), factor), f = f32x4.mul(v128.load(q5 + at), factor);
    const low = v128.shuffle<f32>(e, f, 0, 4, 1, 5), high = v128.shuffle<f32>(e, f, 2, 6, 3, 7);
    v128.store64_lane(to, low, 0, 16);
    v128.store64_lane(to, low, 1, 40);
    v128.store64_lane(to, high, 0, 64);
    v128.store64_lane(to, high, 1, 88);
  }
  for (let d = whole; d < depth; d++)
    for (let r = 0; r < BLOCK; r++)
      store<f32>(
        out + <usize>(d * BLOCK + r) * 4,
        load<f32>(q + stride * <usize>min(r, last) + (<usize>d << 2)) * scale,
      );
}

/** out (panels, depth, 8) = rows of k, transposed in panels of eight; rows at and past `rows` repeat the last one. */
export function packKeys(k: usize, rows: i32, stride: usize, depth: i32, out: usize): void {
  const whole = depth & ~3;
  const one = f32x4.splat(1);
  for (let start = 0; start < rows; start += 4) {
    const last = rows - 1 - start;
    const k0 = k + stride * <usize>start;
    const k1 = k0 + stride * <usize>min(1, last), k2 = k0 + stride * <usize>min(2, last), k3 = k0 + stride * <usize>min(3, last);
    const to = out + <usize>(start >> 3) * (<usize>depth << 5) + (<usize>(start & 4) << 2);
    for (let d = 0; d < whole; d += 4) {
      const at = <usize>d << 2;
      transpose4(
        v128.load(k0 + at), v128.load(k1 + at), v128.load(k2 + at), v128.load(k3 + at), one, to + (<usize>d << 5), 32,
      );
    }
    for (let d = whole; d < depth; d++) {
      const at = <usize>d << 2;
      const into = to + (<usize>d << 5);
      store<f32>(into, load<f32>(k0 + at));
      store<f32>(into, load<f32>(k1 + at), 4);
      store<f32>(into, load<f32>(k2 + at), 8);
      store<f32>(into, load<f32>(k3 + at), 12);
    }
  }
}

/** out (panels of 8 columns, room, 8) = scale * rows of x; columns past `width` are 0. room >= rows. */
export function packColumns(x: usize, rows: i32, stride: usize, width: i32, scale: f32, out: usize, room: i32): void {
  const factor = f32x4.splat(scale);
  for (let c = 0; c < width; c += 8) {
    let from = x + (<usize>c << 2);
    let to = out + (<usize>c << 2) * <usize>room;
    if (c + 8 <= width)
      for (let r = 0; r < rows; r++) {
        const low = v128.load(from), high = v128.load(from, 16);
        v128.store(to, f32x4.mul(low, factor));
        v128.store(to, f32x4.mul(high, factor), 16);
        from += stride;
        to += 32;
      }
    else
      for (let r = 0; r < rows; r++) {
        for (let i = 0; i < 8; i++)
          store<f32>(to + (<usize>i << 2), c + i < width ? load<f32>(from + (<usize>i << 2)) * scale : 0);
        from += stride;
        to += 32;
      }
  }
}

/** Columns [column, min(column + 8, width)) of out's rows = factor * x (rows, 8); out's rows lie `stride` bytes apart. */
export function unpackColumns(
  x: usize, factor: f32, rows: i32, column: i32, width: i32, out: usize, stride: usize,
): void {
  const factors = f32x4.splat(factor);
  out += <usize>column << 2;
  for (let r = 0; r < rows; r++) {
    const low = f32x4.mul(v128.load(x), factors), high = f32x4.mul(v128.load(x, 16), factors);
    if (column + 8 <= width) {
      v128.store(out, low);
      v128.store(out, high, 16);
    } else {
      const left = width - column;
      let rest = low, to = out, i = 0;
      if (left >= 4) {
        v128.store(out, low);
        rest = high;
        to += 16;
        i = 4;
      }
      if (i < left) store<f32>(to, f32x4.extract_lane(rest, 0));
      if (i + 1 < left) store<f32>(to, f32x4.extract_lane(rest, 1), 4);
      if (i + 2 < left) store<f32>(to, f32x4.extract_lane(rest, 2), 8);
    }
    x += 32;
    out += stride;
  }
}

/** Stores the transposed 4 x 4 block times factor, rows `step` bytes apart. */
// @ts-ignore: decorator
@inline function transpose4(a: v128, b: v128, c: v128, d: v128, factor: v128, to: usize, step: usize): void {
  const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5), AB = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
  const cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5), CD = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
  v128.store(to, f32x4.mul(v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), factor));
  v128.store(to + step, f32x4.mul(v128.shuffle<f32>(ab, cd, 2, 3, 6, 7), factor));
  v128.store(to + 2 * step, f32x4.mul(v128.shuffle<f32>(AB, CD, 0, 1, 4, 5), factor));
  v128.store(to + 3 * step, f32x4.mul(v128.shuffle<f32>(AB, CD, 2, 3, 6, 7), factor));
}
