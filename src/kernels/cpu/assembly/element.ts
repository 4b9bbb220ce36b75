/**
 * Elementwise kernels and SwiGLU: runs of memory cut among the threads at cache lines. The last few elements go through
 * the same vector arithmetic one by one, so an element's bits do not depend on where it lies. What computes more than it
 * loads goes by pairs of vectors, all loads before the stores, which the wide build's engine joins to one of 256 bits.
 */
import { address, float, int, share } from "./control";
import { madd, madd1, sigmoid1, sigmoid4 } from "./math";

/** First byte of this thread's share of `length` floats: a multiple of 64. */
// @ts-ignore: decorator
@inline function from(length: i32, thread: i32, threads: i32): usize {
  return <usize>share((length + 15) >> 4, thread, threads) << 6;
}
/** Byte behind this thread's share. */
// @ts-ignore: decorator
@inline function until(length: i32, thread: i32, threads: i32): usize {
  return min(<usize>length << 2, from(length, thread + 1, threads));
}

/** x, length, value. */
export function fill(args: usize, thread: i32, threads: i32): void {
  const x = address(args, 0), value = float(args, 2);
  const end = x + until(int(args, 1), thread, threads);
  let at = x + from(int(args, 1), thread, threads);
  if (reinterpret<u32>(value) == 0) {
    if (at < end) memory.fill(at, 0, end - at);
    return;
  }
  const all = f32x4.splat(value);
  for (; at + 16 <= end; at += 16) v128.store(at, all);
  for (; at < end; at += 4) store<f32>(at, value);
}

/** from, to, length. */
export function copy(args: usize, thread: i32, threads: i32): void {
  const start = from(int(args, 2), thread, threads), end = until(int(args, 2), thread, threads);
  if (start < end) memory.copy(address(args, 1) + start, address(args, 0) + start, end - start);
}

/** from, to, outer, inner, width, then bytes from one to the next: fromOuter, fromInner, toOuter, toInner. */
export function copyStrided(args: usize, thread: i32, threads: i32): void {
  const outer = int(args, 2), inner = int(args, 3), bytes = address(args, 4) << 2;
  const end = share(outer * inner, thread + 1, threads);
  for (let item = share(outer * inner, thread, threads); item < end; item++) {
    const o = <usize>(item / inner), i = <usize>(item % inner);
    const from = address(args, 0) + o * address(args, 5) + i * address(args, 6);
    memory.copy(address(args, 1) + o * address(args, 7) + i * address(args, 8), from, bytes);
  }
}

/** a, b, out, length. */
export function add(args: usize, thread: i32, threads: i32): void {
  const a = address(args, 0), b = address(args, 1), out = address(args, 2);
  const end = until(int(args, 3), thread, threads);
  let i = from(int(args, 3), thread, threads);
  for (; i + 16 <= end; i += 16) v128.store(out + i, f32x4.add(v128.load(a + i), v128.load(b + i)));
  for (; i < end; i += 4) store<f32>(out + i, load<f32>(a + i) + load<f32>(b + i));
}

/** x, y, length, alpha. */
export function axpy(args: usize, thread: i32, threads: i32): void {
  const x = address(args, 0), y = address(args, 1), alpha = float(args, 3), all = f32x4.splat(alpha);
  const end = until(int(args, 2), thread, threads);
  let i = from(int(args, 2), thread, threads);
  for (; i + 16 <= end; i += 16) v128.store(y + i, madd(all, v128.load(x + i), v128.load(y + i)));
  for (; i < end; i += 4) store<f32>(y + i, madd1(alpha, load<f32>(x + i), load<f32>(y + i)));
}

/** x, length, alpha. */
export function scale(args: usize, thread: i32, threads: i32): void {
  const x = address(args, 0), alpha = float(args, 2), all = f32x4.splat(alpha);
  const end = until(int(args, 1), thread, threads);
  let i = from(int(args, 1), thread, threads);
  for (; i + 16 <= end; i += 16) v128.store(x + i, f32x4.mul(v128.load(x + i), all));
  for (; i < end; i += 4) store<f32>(x + i, load<f32>(x + i) * alpha);
}

/** Elements whose squares are summed in f32 lanes; the sums of such runs are added up in f64, in order. */
const RUN: i32 = 4096;

/** x, length, a double for every RUN elements: the first half of sumSquares. */
export function squareRuns(args: usize, thread: i32, threads: i32): void {
  const x = address(args, 0), length = int(args, 1), sums = address(args, 2);
  const runs = (length + RUN - 1) / RUN;
  for (let run = share(runs, thread, threads); run < share(runs, thread + 1, threads); run++) {
    const start = x + (<usize>(run * RUN) << 2);
    store<f64>(sums + (<usize>run << 3), squares(start, min(RUN, length - run * RUN)));
  }
}

/** -, length, the doubles, out (one float): the second half. */
export function sumRuns(args: usize): void {
  const end = address(args, 2) + (<usize>((int(args, 1) + RUN - 1) / RUN) << 3);
  let total: f64 = 0;
  for (let at = address(args, 2); at < end; at += 8) total += load<f64>(at);
  store<f32>(address(args, 3), <f32>total);
}

function squares(x: usize, length: i32): f64 {
  const end = x + (<usize>length << 2);
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
  for (; x + 64 <= end; x += 64) {
    const a = v128.load(x), b = v128.load(x, 16), c = v128.load(x, 32), d = v128.load(x, 48);
    s0 = madd(a, a, s0);
    s1 = madd(b, b, s1);
    s2 = madd(c, c, s2);
    s3 = madd(d, d, s3);
  }
  const s = f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3));
  let total =
    <f64>f32x4.extract_lane(s, 0) + <f64>f32x4.extract_lane(s, 1) + (<f64>f32x4.extract_lane(s, 2) + <f64>f32x4.extract_lane(s, 3));
  for (; x < end; x += 4) total += <f64>load<f32>(x) * <f64>load<f32>(x);
  return total;
}

/** y, b, rows, width. */
export function addBias(args: usize, thread: i32, threads: i32): void {
  const b = address(args, 1), rows = int(args, 2), bytes = address(args, 3) << 2;
  for (let r = share(rows, thread, threads); r < share(rows, thread + 1, threads); r++) {
    const y = address(args, 0) + <usize>r * bytes;
    let i: usize = 0;
    for (; i + 16 <= bytes; i += 16) v128.store(y + i, f32x4.add(v128.load(y + i), v128.load(b + i)));
    for (; i < bytes; i += 4) store<f32>(y + i, load<f32>(y + i) + load<f32>(b + i));
  }
}

/** dy, db, rows, width: threads split the width, each sum stays in a register over all rows. */
export function biasGrad(args: usize, thread: i32, threads: i32): void {
  const dy = address(args, 0), db = address(args, 1), rows = int(args, 2), width = int(args, 3);
  const bytes = <usize>width << 2, end = until(width, thread, threads);
  let i = from(width, thread, threads);
  for (; i + 64 <= end; i += 64) {
    let a = v128.load(db + i), b = v128.load(db + i, 16), c = v128.load(db + i, 32), d = v128.load(db + i, 48);
    let at = dy + i;
    for (let r = 0; r < rows; r++) {
      a = f32x4.add(a, v128.load(at));
      b = f32x4.add(b, v128.load(at, 16));
      c = f32x4.add(c, v128.load(at, 32));
      d = f32x4.add(d, v128.load(at, 48));
      at += bytes;
    }
    v128.store(db + i, a);
    v128.store(db + i, b, 16);
    v128.store(db + i, c, 32);
    v128.store(db + i, d, 48);
  }
  for (; i < end; i += 4) {
    let sum = load<f32>(db + i), at = dy + i;
    for (let r = 0; r < rows; r++) {
      sum += load<f32>(at);
      at += bytes;
    }
    store<f32>(db + i, sum);
  }
}

/** gate, up, y, length. */
export function swiglu(args: usize, thread: i32, threads: i32): void {
  const gate = address(args, 0), up = address(args, 1), y = address(args, 2);
  const end = until(int(args, 3), thread, threads);
  let i = from(int(args, 3), thread, threads);
  for (; i + 32 <= end; i += 32) {
    const g0 = v128.load(gate + i), g1 = v128.load(gate + i, 16), u0 = v128.load(up + i), u1 = v128.load(up + i, 16);
    const y0 = f32x4.mul(f32x4.mul(g0, sigmoid4(g0)), u0), y1 = f32x4.mul(f32x4.mul(g1, sigmoid4(g1)), u1);
    v128.store(y + i, y0);
    v128.store(y + i, y1, 16);
  }
  for (; i < end; i += 4) {
    const g = load<f32>(gate + i);
    store<f32>(y + i, g * sigmoid1(g) * load<f32>(up + i));
  }
}

/** dy, gate, up, dgate, dup, length. */
export function swigluGrad(args: usize, thread: i32, threads: i32): void {
  const dy = address(args, 0), gate = address(args, 1), up = address(args, 2);
  const dgate = address(args, 3), dup = address(args, 4), one = f32x4.splat(1);
  const end = until(int(args, 5), thread, threads);
  let i = from(int(args, 5), thread, threads);
  for (; i + 32 <= end; i += 32) {
    const g0 = v128.load(gate + i), g1 = v128.load(gate + i, 16), u0 = v128.load(up + i), u1 = v128.load(up + i, 16);
    const d0 = v128.load(dy + i), d1 = v128.load(dy + i, 16), s0 = sigmoid4(g0), s1 = sigmoid4(g1);
    const a0 = f32x4.mul(g0, s0), a1 = f32x4.mul(g1, s1);
    const slope0 = madd(a0, f32x4.sub(one, s0), s0), slope1 = madd(a1, f32x4.sub(one, s1), s1);
    v128.store(dgate + i, f32x4.mul(f32x4.mul(d0, u0), slope0));
    v128.store(dgate + i, f32x4.mul(f32x4.mul(d1, u1), slope1), 16);
    v128.store(dup + i, f32x4.mul(d0, a0));
    v128.store(dup + i, f32x4.mul(d1, a1), 16);
  }
  for (; i < end; i += 4) {
    const g = load<f32>(gate + i), u = load<f32>(up + i), d = load<f32>(dy + i), s = sigmoid1(g);
    store<f32>(dgate + i, d * u * madd1(g * s, 1 - s, s));
    store<f32>(dup + i, d * (g * s));
  }
}

/** table, ids, y, rows, width. */
export function embedding(args: usize, thread: i32, threads: i32): void {
  const table = address(args, 0), ids = address(args, 1), y = address(args, 2), rows = int(args, 3);
  const bytes = <usize>int(args, 4) << 2;
  for (let r = share(rows, thread, threads); r < share(rows, thread + 1, threads); r++)
    memory.copy(y + <usize>r * bytes, table + <usize>load<i32>(ids + (<usize>r << 2)) * bytes, bytes);
}

/** dy, ids, dtable, rows, width: threads split the width, so that rows of one id add up in order. */
export function embeddingGrad(args: usize, thread: i32, threads: i32): void {
  const dy = address(args, 0), ids = address(args, 1), dtable = address(args, 2), rows = int(args, 3), width = int(args, 4);
  const bytes = <usize>width << 2, start = from(width, thread, threads), end = until(width, thread, threads);
  for (let r = 0; r < rows; r++) {
    const source = dy + <usize>r * bytes, target = dtable + <usize>load<i32>(ids + (<usize>r << 2)) * bytes;
    let i = start;
    for (; i + 16 <= end; i += 16) v128.store(target + i, f32x4.add(v128.load(target + i), v128.load(source + i)));
    for (; i < end; i += 4) store<f32>(target + i, load<f32>(target + i) + load<f32>(source + i));
  }
}
