/** RMSNorm with its gradient, and the rotary embedding: what goes row by row. */
import { address, float, int, share } from "./control";
import { madd, madd1, sumLanes } from "./math";

/** x, w, y, rows, width, eps, bytes between x's rows, between y's. */
export function rmsNorm(args: usize, thread: i32, threads: i32): void {
  const w = address(args, 1), rows = int(args, 3), width = int(args, 4), eps = float(args, 5);
  const sx = address(args, 6), sy = address(args, 7), first = share(rows, thread, threads);
  const bytes = <usize>width << 2;
  let x = address(args, 0) + <usize>first * sx, y = address(args, 2) + <usize>first * sy;
  for (let r = share(rows, thread + 1, threads) - first; r > 0; r--) {
    const inverse = inverseRms(x, width, eps), all = f32x4.splat(inverse);
    let i: usize = 0;
    for (; i + 32 <= bytes; i += 32) {
      const x0 = v128.load(x + i), x1 = v128.load(x + i, 16), w0 = v128.load(w + i), w1 = v128.load(w + i, 16);
      v128.store(y + i, f32x4.mul(f32x4.mul(x0, all), w0));
      v128.store(y + i, f32x4.mul(f32x4.mul(x1, all), w1), 16);
    }
    for (; i < bytes; i += 4) store<f32>(y + i, load<f32>(x + i) * inverse * load<f32>(w + i));
    x += sx;
    y += sy;
  }
}

/**
 * dy, x, w, dx, dw, rows, width, eps, bytes between x's (and dx's) rows, between dy's, accumulate, scratch of a float a row for the
 * rows' inverses. rmsNormGradSum has to follow with the same arguments.
 */
export function rmsNormGrad(args: usize, thread: i32, threads: i32): void {
  const dy = address(args, 0), x = address(args, 1), w = address(args, 2), dx = address(args, 3);
  const rows = int(args, 5), width = int(args, 6), eps = float(args, 7), sx = address(args, 8), sdy = address(args, 9);
  const accumulate = int(args, 10) != 0, inverses = address(args, 11), end = share(rows, thread + 1, threads);
  for (let r = share(rows, thread, threads); r < end; r++) {
    const at = x + <usize>r * sx, inverse = inverseRms(at, width, eps);
    store<f32>(inverses + (<usize>r << 2), inverse);
    gradRow(dy + <usize>r * sdy, at, w, dx + <usize>r * sx, width, inverse, accumulate);
  }
}

/** dw += dy * x * inverse, row after row, threads share the columns: a batch cut between any two rows gives the same sums. */
export function rmsNormGradSum(args: usize, thread: i32, threads: i32): void {
  const dw = address(args, 4), rows = int(args, 5), width = int(args, 6), sx = address(args, 8), sdy = address(args, 9);
  const vectors = (width + 3) >> 2, start = <usize>share(vectors, thread, threads) << 4;
  const end = min(<usize>width << 2, <usize>share(vectors, thread + 1, threads) << 4);
  let dy = address(args, 0), x = address(args, 1), inverses = address(args, 11);
  for (let r = 0; r < rows; r++) {
    const inverse = load<f32>(inverses), all = f32x4.splat(inverse);
    let i = start;
    for (; i + 16 <= end; i += 16)
      v128.store(dw + i, madd(v128.load(dy + i), f32x4.mul(v128.load(x + i), all), v128.load(dw + i)));
    for (; i < end; i += 4) store<f32>(dw + i, madd1(load<f32>(dy + i), load<f32>(x + i) * inverse, load<f32>(dw + i)));
    dy += sdy;
    x += sx;
    inverses += 4;
  }
}

// With n = x * inverse and g = w * dy: dx = inverse * (g - n * mean(g * n)).
// @ts-ignore: decorator
@inline function gradRow(dy: usize, x: usize, w: usize, dx: usize, width: i32, inverse: f32, accumulate: bool): void {
  const bytes = <usize>width << 2;
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0, i: usize = 0;
  for (; i + 64 <= bytes; i += 64) {
    s0 = madd(f32x4.mul(v128.load(dy + i), v128.load(w + i)), v128.load(x + i), s0);
    s1 = madd(f32x4.mul(v128.load(dy + i, 16), v128.load(w + i, 16)), v128.load(x + i, 16), s1);
    s2 = madd(f32x4.mul(v128.load(dy + i, 32), v128.load(w + i, 32)), v128.load(x + i, 32), s2);
    s3 = madd(f32x4.mul(v128.load(dy + i, 48), v128.load(w + i, 48)), v128.load(x + i, 48), s3);
  }
  let dot = sumLanes(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)));
  for (; i < bytes; i += 4) dot = madd1(load<f32>(dy + i) * load<f32>(w + i), load<f32>(x + i), dot);
  // dx = inverse * g - x * shift
  const shift = ((dot * inverse) / <f32>width) * inverse * inverse;
  const inverses = f32x4.splat(inverse), shifts = f32x4.splat(-shift);
  i = 0;
  for (; i + 32 <= bytes; i += 32) {
    const d0 = v128.load(dy + i), d1 = v128.load(dy + i, 16), v0 = v128.load(x + i), v1 = v128.load(x + i, 16);
    let out0 = madd(v0, shifts, f32x4.mul(f32x4.mul(d0, v128.load(w + i)), inverses));
    let out1 = madd(v1, shifts, f32x4.mul(f32x4.mul(d1, v128.load(w + i, 16)), inverses));
    if (accumulate) {
      out0 = f32x4.add(v128.load(dx + i), out0);
      out1 = f32x4.add(v128.load(dx + i, 16), out1);
    }
    v128.store(dx + i, out0);
    v128.store(dx + i, out1, 16);
  }
  for (; i < bytes; i += 4) {
    const d = load<f32>(dy + i), v = load<f32>(x + i);
    let out = madd1(v, -shift, d * load<f32>(w + i) * inverse);
    if (accumulate) out = load<f32>(dx + i) + out;
    store<f32>(dx + i, out);
  }
}

// @ts-ignore: decorator
@inline function inverseRms(x: usize, width: i32, eps: f32): f32 {
  const end = x + (<usize>width << 2);
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
  for (; x + 64 <= end; x += 64) {
    const a = v128.load(x), b = v128.load(x, 16), c = v128.load(x, 32), d = v128.load(x, 48);
    s0 = madd(a, a, s0);
    s1 = madd(b, b, s1);
    s2 = madd(c, c, s2);
    s3 = madd(d, d, s3);
  }
  let sum = sumLanes(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)));
  for (; x < end; x += 4) sum = madd1(load<f32>(x), load<f32>(x), sum);
  return <f32>1 / sqrt<f32>(sum / <f32>width + eps);
}

/** x, table, positions, rows, heads, bytes between x's rows, between heads, dim, interleaved, inverse. */
export function rope(args: usize, thread: i32, threads: i32): void {
  const x = address(args, 0), table = address(args, 1), positions = address(args, 2), rows = int(args, 3), heads = int(args, 4);
  const row = address(args, 5), head = address(args, 6), dim = int(args, 7), interleaved = int(args, 8);
  const sign: f32 = int(args, 9) ? -1 : 1;
  for (let r = share(rows, thread, threads); r < share(rows, thread + 1, threads); r++) {
    const angles = table + (<usize>load<i32>(positions + (<usize>r << 2)) * <usize>dim << 2);
    let at = x + <usize>r * row;
    for (let h = 0; h < heads; h++) {
      if (interleaved) rotatePairs(at, angles, dim, sign);
      else rotateHalves(at, angles, dim, sign);
      at += head;
    }
  }
}

// x: a0 b0 a1 b1, angles: c0 s0 c1 s1; the turned pair is (a c - b s, b c + a s).
// @ts-ignore: decorator
@inline function rotatePairs(x: usize, angles: usize, dim: i32, sign: f32): void {
  const signs = f32x4(-sign, sign, -sign, sign);
  const end = x + (<usize>dim << 2);
  for (; x + 16 <= end; x += 16) {
    const v = v128.load(x), t = v128.load(angles);
    const cos = v128.shuffle<f32>(t, t, 0, 0, 2, 2), sin = f32x4.mul(v128.shuffle<f32>(t, t, 1, 1, 3, 3), signs);
    v128.store(x, madd(v128.shuffle<f32>(v, v, 1, 0, 3, 2), sin, f32x4.mul(v, cos)));
    angles += 16;
  }
  if (x < end) rotateOne(x, x + 4, load<f32>(angles), sign * load<f32>(angles, 4));
}

// @ts-ignore: decorator
@inline function rotateHalves(x: usize, angles: usize, dim: i32, sign: f32): void {
  const half = <usize>(dim >> 1) << 2, end = x + half, signs = f32x4.splat(sign);
  for (; x + 16 <= end; x += 16) {
    const a = v128.load(x), b = v128.load(x + half), t0 = v128.load(angles), t1 = v128.load(angles, 16);
    const cos = v128.shuffle<f32>(t0, t1, 0, 2, 4, 6), sin = f32x4.mul(v128.shuffle<f32>(t0, t1, 1, 3, 5, 7), signs);
    v128.store(x, madd(b, f32x4.neg(sin), f32x4.mul(a, cos)));
    v128.store(x + half, madd(a, sin, f32x4.mul(b, cos)));
    angles += 32;
  }
  for (; x < end; x += 4) {
    rotateOne(x, x + half, load<f32>(angles), sign * load<f32>(angles, 4));
    angles += 8;
  }
}

// @ts-ignore: decorator
@inline function rotateOne(at: usize, bt: usize, cos: f32, sin: f32): void {
  const a = load<f32>(at), b = load<f32>(bt);
  store<f32>(at, madd1(b, -sin, a * cos));
  store<f32>(bt, madd1(a, sin, b * cos));
}
