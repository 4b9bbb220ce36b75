/**
 * Activations as whole numbers for products with weights of few bits. A row is cut into the groups that share a scale in the
 * weight (32 numbers, or 16); each group becomes codes, the step d between them, and d times the codes' sum, which is
 * what an offset in the weight is multiplied by. 8-bit codes meet weights of 4 to 6 bits, 16-bit codes weights of 8 bits.
 * A group depends on nothing but its own numbers.
 *
 * Up to ROWS neighbouring rows lie interleaved, a panel: the multiply loops take the same four bytes of each in turn.
 */
import { address, float, int, share } from "./control";

/** Rows of a panel: as many as the multiply loops keep sums for in registers. */
export const ROWS: i32 = ASC_FEATURE_RELAXED_SIMD && WIDE ? 4 : 2;

/** A group whose largest number is smaller counts as zeros, so that no step of 1 / 0 or a subnormal comes up. */
const NOTHING: f32 = 1e-30;

// The bits of a magnitude, and 1.5 * 2^23.
const TABLE: usize = memory.data<u32>([0x7fffffff, 0x4b400000], 16);

/** Bytes a row takes: 8-bit codes (wide 0) or 16-bit (wide 1), and two floats, a group. */
// @ts-ignore: decorator
@inline export function rowBytes(inner: i32, group: i32, wide: i32): usize {
  return <usize>(inner / group) * <usize>((group << wide) + 8);
}

/**
 * Arguments from word `at` on: x, bytes between its rows, rows, inner, group, wide, unit, offsets (0: one group of rows), groups, out.
 * `unit` is multiplied into both floats: the weight's own scales are kept divided by it.
 */
export function quantizeRows(args: usize, thread: i32, threads: i32): void {
  const offsets = address(args, 7);
  const inner = int(args, 3), group = int(args, 4), wide = int(args, 5), unit = float(args, 6);
  const bytes = rowBytes(inner, group, wide);
  const last = share(int(args, 2), thread + 1, threads);
  let g = 0, start = 0, end = offsets ? load<i32>(offsets, 4) : int(args, 2);
  for (let row = share(int(args, 2), thread, threads); row < last; row++) {
    while (row >= end) {
      g++;
      start = end;
      end = load<i32>(offsets + (<usize>(g + 1) << 2));
    }
    const first = row - ((row - start) % ROWS);
    const rows = min(ROWS, end - first);
    const to = address(args, 9) + <usize>first * bytes + (<usize>(row - first) << 2);
    quantizeRow(address(args, 0) + <usize>row * address(args, 1), to, inner, group, wide, rows, unit);
  }
}

/** One row; `to` is its place in a panel of `rows`. */
export function quantizeRow(x: usize, to: usize, inner: i32, group: i32, wide: i32, rows: i32, unit: f32): void {
  const step = <usize>rows << 2, end = x + (<usize>inner << 2);
  if (wide)
    for (; x < end; x += 128) {
      wide32(x, to, step, unit);
      to += 18 * step;
    }
  else if (group == 32)
    for (; x < end; x += 128) {
      narrow32(x, to, step, unit);
      to += 10 * step;
    }
  else
    for (; x < end; x += 64) {
      narrow16(x, to, step, unit);
      to += 6 * step;
    }
}

// @ts-ignore: decorator
@inline function narrow32(x: usize, to: usize, step: usize, unit: f32): void {
  const x0 = v128.load(x), x1 = v128.load(x, 16), x2 = v128.load(x, 32), x3 = v128.load(x, 48);
  const x4 = v128.load(x, 64), x5 = v128.load(x, 80), x6 = v128.load(x, 96), x7 = v128.load(x, 112);
  const largest = larger(larger(larger(magnitude(x0), magnitude(x1)), larger(magnitude(x2), magnitude(x3))),
    larger(larger(magnitude(x4), magnitude(x5)), larger(magnitude(x6), magnitude(x7))));
  const most = largestLane(largest);
  const inverse = f32x4.splat(most < NOTHING ? <f32>0 : <f32>127 / most);
  const c0 = codes(x0, inverse), c1 = codes(x1, inverse), c2 = codes(x2, inverse), c3 = codes(x3, inverse);
  const c4 = codes(x4, inverse), c5 = codes(x5, inverse), c6 = codes(x6, inverse), c7 = codes(x7, inverse);
  const sum = i32x4.add(i32x4.add(i32x4.add(c0, c1), i32x4.add(c2, c3)), i32x4.add(i32x4.add(c4, c5), i32x4.add(c6, c7)));
  const low = i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(c0, c1), i16x8.narrow_i32x4_s(c2, c3));
  const high = i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(c4, c5), i16x8.narrow_i32x4_s(c6, c7));
  // A byte of weights holds a code and the code half a group further, so the two halves alternate here.
  v128.store_lane<i32>(to, low, 0);
  v128.store_lane<i32>(to + step, high, 0);
  v128.store_lane<i32>(to + 2 * step, low, 1);
  v128.store_lane<i32>(to + 3 * step, high, 1);
  v128.store_lane<i32>(to + 4 * step, low, 2);
  v128.store_lane<i32>(to + 5 * step, high, 2);
  v128.store_lane<i32>(to + 6 * step, low, 3);
  v128.store_lane<i32>(to + 7 * step, high, 3);
  const d: f32 = most < NOTHING ? <f32>0 : (most / <f32>127) * unit;
  store<f32>(to + 8 * step, d);
  store<f32>(to + 9 * step, d * <f32>sumOf(sum));
}

// @ts-ignore: decorator
@inline function wide32(x: usize, to: usize, step: usize, unit: f32): void {
  const x0 = v128.load(x), x1 = v128.load(x, 16), x2 = v128.load(x, 32), x3 = v128.load(x, 48);
  const x4 = v128.load(x, 64), x5 = v128.load(x, 80), x6 = v128.load(x, 96), x7 = v128.load(x, 112);
  const largest = larger(larger(larger(magnitude(x0), magnitude(x1)), larger(magnitude(x2), magnitude(x3))),
    larger(larger(magnitude(x4), magnitude(x5)), larger(magnitude(x6), magnitude(x7))));
  const most = largestLane(largest);
  const inverse = f32x4.splat(most < NOTHING ? <f32>0 : <f32>32767 / most);
  const c0 = codes(x0, inverse), c1 = codes(x1, inverse), c2 = codes(x2, inverse), c3 = codes(x3, inverse);
  const c4 = codes(x4, inverse), c5 = codes(x5, inverse), c6 = codes(x6, inverse), c7 = codes(x7, inverse);
  const sum = i32x4.add(i32x4.add(i32x4.add(c0, c1), i32x4.add(c2, c3)), i32x4.add(i32x4.add(c4, c5), i32x4.add(c6, c7)));
  storePairs(to, step, i16x8.narrow_i32x4_s(c0, c1));
  storePairs(to + 4 * step, step, i16x8.narrow_i32x4_s(c2, c3));
  storePairs(to + 8 * step, step, i16x8.narrow_i32x4_s(c4, c5));
  storePairs(to + 12 * step, step, i16x8.narrow_i32x4_s(c6, c7));
  const d: f32 = most < NOTHING ? <f32>0 : (most / <f32>32767) * unit;
  store<f32>(to + 16 * step, d);
  store<f32>(to + 17 * step, d * <f32>sumOf(sum));
}

// @ts-ignore: decorator
@inline function narrow16(x: usize, to: usize, step: usize, unit: f32): void {
  const x0 = v128.load(x), x1 = v128.load(x, 16), x2 = v128.load(x, 32), x3 = v128.load(x, 48);
  const most = largestLane(larger(larger(magnitude(x0), magnitude(x1)), larger(magnitude(x2), magnitude(x3))));
  const inverse = f32x4.splat(most < NOTHING ? <f32>0 : <f32>127 / most);
  const c0 = codes(x0, inverse), c1 = codes(x1, inverse), c2 = codes(x2, inverse), c3 = codes(x3, inverse);
  const all = i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(c0, c1), i16x8.narrow_i32x4_s(c2, c3));
  v128.store_lane<i32>(to, all, 0);
  v128.store_lane<i32>(to + step, all, 2);
  v128.store_lane<i32>(to + 2 * step, all, 1);
  v128.store_lane<i32>(to + 3 * step, all, 3);
  const d: f32 = most < NOTHING ? <f32>0 : (most / <f32>127) * unit;
  store<f32>(to + 4 * step, d);
  store<f32>(to + 5 * step, d * <f32>sumOf(i32x4.add(i32x4.add(c0, c1), i32x4.add(c2, c3))));
}

/** |x|, to be compared as whole numbers, whose order that of positive floats is; not-a-number is the largest, and so it shows. */
// @ts-ignore: decorator
@inline function magnitude(x: v128): v128 {
  return v128.and(x, v128.load32_splat(TABLE));
}

// @ts-ignore: decorator
@inline function larger(a: v128, b: v128): v128 {
  return i32x4.max_s(a, b);
}

// @ts-ignore: decorator
@inline function largestLane(x: v128): f32 {
  x = i32x4.max_s(x, v128.shuffle<f32>(x, x, 2, 3, 0, 1));
  return f32x4.extract_lane(i32x4.max_s(x, v128.shuffle<f32>(x, x, 1, 0, 3, 2)), 0);
}

/** The nearest whole numbers, ties to even: adding 1.5 * 2^23 leaves them in the low bits. */
// @ts-ignore: decorator
@inline function codes(x: v128, inverse: v128): v128 {
  const magic = v128.load32_splat(TABLE + 4);
  return i32x4.sub(f32x4.add(f32x4.mul(x, inverse), magic), magic);
}

// @ts-ignore: decorator
@inline function sumOf(x: v128): i32 {
  return i32x4.extract_lane(x, 0) + i32x4.extract_lane(x, 1) + i32x4.extract_lane(x, 2) + i32x4.extract_lane(x, 3);
}

// @ts-ignore: decorator
@inline function storePairs(to: usize, step: usize, codes: v128): void {
  v128.store_lane<i32>(to, codes, 0);
  v128.store_lane<i32>(to + step, codes, 1);
  v128.store_lane<i32>(to + 2 * step, codes, 2);
  v128.store_lane<i32>(to + 3 * step, codes, 3);
}
