/** AdamW and Muon's momentum, element by element: the threads split the elements. */
import { address, float, int, share } from "./control";
import { madd } from "./math";

/**
 * Arguments: p, g, m, v, length, 1 - beta1, beta2, 1 - beta2, 1 / sqrt(1 - beta2^step), eps, 1 - lr * weightDecay,
 * -lr / (1 - beta1^step).
 */
export function adamw(args: usize, thread: i32, threads: i32): void {
  const end = part(int(args, 4), thread + 1, threads);
  let i = part(int(args, 4), thread, threads);
  for (; i + 4 <= end; i += 4) adamw4(args, <usize>i << 2, false);
  for (; i < end; i++) adamw4(args, <usize>i << 2, true);
}

// @ts-ignore: decorator
@inline function adamw4(args: usize, at: usize, single: bool): void {
  const p = address(args, 0) + at, m = address(args, 2) + at, v = address(args, 3) + at;
  const g = get(address(args, 1) + at, single);
  const moment = get(m, single), variance = get(v, single);
  const first = madd(f32x4.splat(float(args, 5)), f32x4.sub(g, moment), moment);
  const second = madd(
    f32x4.mul(g, f32x4.splat(float(args, 7))),
    g,
    f32x4.mul(variance, f32x4.splat(float(args, 6))),
  );
  const root = madd(f32x4.sqrt(second), f32x4.splat(float(args, 8)), f32x4.splat(float(args, 9)));
  const decayed = f32x4.mul(get(p, single), f32x4.splat(float(args, 10)));
  put(m, first, single);
  put(v, second, single);
  put(p, madd(f32x4.splat(float(args, 11)), f32x4.div(first, root), decayed), single);
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
