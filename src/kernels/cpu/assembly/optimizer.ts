/** AdamW and Muon's momentum, element by element: the threads split the elements. */
import { address, float, int, share } from "./control";
import { madd } from "./math";

/**
 * Arguments: p, g, m, v, length, 1 - beta1, beta2, 1 - beta2, 1 / sqrt(1 - beta2^step), eps, 1 - lr * weightDecay,
 * -lr / (1 - beta1^step).
 */
export function adamw(args: usize, thread: i32, threads: i32): void {
  const p = address(args, 0), g = address(args, 1), m = address(args, 2), v = address(args, 3);
  const fresh = f32x4.splat(float(args, 5)), keep = f32x4.splat(float(args, 6)), square = f32x4.splat(float(args, 7));
  const unbias = f32x4.splat(float(args, 8)), eps = f32x4.splat(float(args, 9));
  const decay = f32x4.splat(float(args, 10)), rate = f32x4.splat(float(args, 11));
  const end = <usize>part(int(args, 4), thread + 1, threads) << 2;
  let i = <usize>part(int(args, 4), thread, threads) << 2;
  for (; i + 32 <= end; i += 32) {
    const g0 = v128.load(g + i), g1 = v128.load(g + i, 16), m0 = v128.load(m + i), m1 = v128.load(m + i, 16);
    const v0 = v128.load(v + i), v1 = v128.load(v + i, 16), p0 = v128.load(p + i), p1 = v128.load(p + i, 16);
    const first0 = madd(fresh, f32x4.sub(g0, m0), m0), first1 = madd(fresh, f32x4.sub(g1, m1), m1);
    const second0 = secondMoment(g0, v0, keep, square), second1 = secondMoment(g1, v1, keep, square);
    const root0 = madd(f32x4.sqrt(second0), unbias, eps), root1 = madd(f32x4.sqrt(second1), unbias, eps);
    const next0 = madd(rate, f32x4.div(first0, root0), f32x4.mul(p0, decay));
    const next1 = madd(rate, f32x4.div(first1, root1), f32x4.mul(p1, decay));
    v128.store(m + i, first0);
    v128.store(m + i, first1, 16);
    v128.store(v + i, second0);
    v128.store(v + i, second1, 16);
    v128.store(p + i, next0);
    v128.store(p + i, next1, 16);
  }
  for (; i < end; i += 4) {
    const g0 = v128.load32_splat(g + i), m0 = v128.load32_splat(m + i);
    const first = madd(fresh, f32x4.sub(g0, m0), m0), second = secondMoment(g0, v128.load32_splat(v + i), keep, square);
    const root = madd(f32x4.sqrt(second), unbias, eps);
    const next = madd(rate, f32x4.div(first, root), f32x4.mul(v128.load32_splat(p + i), decay));
    v128.store32_lane(m + i, first, 0);
    v128.store32_lane(v + i, second, 0);
    v128.store32_lane(p + i, next, 0);
  }
}

// @ts-ignore: decorator
@inline function secondMoment(g: v128, v: v128, keep: v128, square: v128): v128 {
  return madd(f32x4.mul(g, square), g, f32x4.mul(v, keep));
}

/** Arguments: g, buffer, out, length, 1 - momentum, momentum, nesterov. */
export function muonMomentum(args: usize, thread: i32, threads: i32): void {
  const end = part(int(args, 3), thread + 1, threads);
  let i = part(int(args, 3), thread, threads);
  for (; i + 4 <= end; i += 4) muon4(args, <usize>i << 2, false);
  for (; i < end; i++) muon4(args, <usize>i << 2, true);
}

// @ts-ignore: decorator
@inline function muon4(args: usize, at: usize, single: bool): void {
  const buffer = address(args, 1) + at;
  const g = get(address(args, 0) + at, single), before = get(buffer, single);
  const after = madd(f32x4.splat(float(args, 4)), f32x4.sub(g, before), before);
  put(buffer, after, single);
  const out = int(args, 6) ? madd(f32x4.splat(float(args, 5)), f32x4.sub(after, g), g) : after;
  put(address(args, 2) + at, out, single);
}

/** A thread's share, in whole lines of 16 numbers. */
// @ts-ignore: decorator
@inline function part(length: i32, thread: i32, threads: i32): i32 {
  return thread == threads ? length : share(length >> 4, thread, threads) << 4;
}

// @ts-ignore: decorator
@inline function get(at: usize, single: bool): v128 {
  return single ? v128.load32_splat(at) : v128.load(at);
}

// @ts-ignore: decorator
@inline function put(at: usize, x: v128, single: bool): void {
  if (single) v128.store32_lane(at, x, 0);
  else v128.store(at, x);
}
