/** Vector arithmetic that all kernels share: the multiply-add both builds define, and exp on four lanes. */

/** a * b + c: one rounding where the build has relaxed SIMD (and the machine FMA), two elsewhere, the same in every kernel. */
// @ts-ignore: decorator
@inline export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/** c - a * b, rounded as madd rounds. */
// @ts-ignore: decorator
@inline export function nmadd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_nmadd(a, b, c);
  return f32x4.sub(c, f32x4.mul(a, b));
}

/** madd for one number, with the very same rounding. */
// @ts-ignore: decorator
@inline export function madd1(a: f32, b: f32, c: f32): f32 {
  return f32x4.extract_lane(madd(f32x4.splat(a), f32x4.splat(b), f32x4.splat(c)), 0);
}

/** Sum of the four lanes: (0 + 1) + (2 + 3). */
// @ts-ignore: decorator
@inline export function sumLanes(x: v128): f32 {
  return (
    f32x4.extract_lane(x, 0) + f32x4.extract_lane(x, 1) + (f32x4.extract_lane(x, 2) + f32x4.extract_lane(x, 3))
  );
}

/** The largest lane; not-a-number where any is. */
// @ts-ignore: decorator
@inline export function maxLane(x: v128): f32 {
  x = f32x4.max(x, v128.shuffle<f32>(x, x, 2, 3, 0, 1));
  return f32x4.extract_lane(f32x4.max(x, v128.shuffle<f32>(x, x, 1, 0, 3, 2)), 0);
}

/**
 * e^x within 2 ulp: x = n ln 2 + r with |r| <= ln 2 / 2, a polynomial in r (Cephes' expf), then 2^n in two halves so that
 * subnormal results come out right. exp(-inf) = 0, exp(inf) = inf, NaN stays NaN.
 */
// @ts-ignore: decorator
@inline export function exp4(x: v128): v128 {
  const magic = constant(MAGIC);
  x = f32x4.pmin(f32x4.pmax(x, constant(LOWEST)), constant(HIGHEST)); // x first: NaN compares false and stays
  const shifted = madd(x, constant(LOG2_E), magic);
  const p = expOfRest(x, f32x4.sub(shifted, magic));
  const exponent = i32x4.sub(shifted, magic);
  const half = i32x4.shr_s(exponent, 1);
  const bias = constant(BIAS);
  const first = i32x4.shl(i32x4.add(half, bias), 23);
  const second = i32x4.shl(i32x4.add(i32x4.sub(exponent, half), bias), 23);
  return f32x4.mul(f32x4.mul(p, first), second);
}

/**
 * e^x for x <= 88 as a softmax needs it, in fewer steps: within 2 ulp down to e^-87.6, exactly 0 where x is less (where
 * exp4 turns subnormal). NaN stays NaN; past 88 the result means nothing.
 */
// @ts-ignore: decorator
@inline export function expSoft4(x: v128): v128 {
  const magic = constant(MAGIC_BIASED);
  x = f32x4.pmax(x, constant(LOWEST_NORMAL));
  const shifted = madd(x, constant(LOG2_E), magic);
  return f32x4.mul(expOfRest(x, f32x4.sub(shifted, magic)), i32x4.shl(shifted, 23));
}

/** e^(x - n ln 2). */
// @ts-ignore: decorator
@inline function expOfRest(x: v128, n: v128): v128 {
  const r = madd(n, constant(LN2_LOW), madd(n, constant(LN2_HIGH), x));
  let p = constant(POLYNOMIAL);
  p = madd(p, r, constant(POLYNOMIAL + 1));
  p = madd(p, r, constant(POLYNOMIAL + 2));
  p = madd(p, r, constant(POLYNOMIAL + 3));
  p = madd(p, r, constant(POLYNOMIAL + 4));
  p = madd(p, r, constant(POLYNOMIAL + 5));
  return f32x4.add(madd(p, f32x4.mul(r, r), r), constant(ONE));
}

// The constants of exp lie in memory: V8 builds a constant vector in three instructions, every time round a loop; a load
// that fills all lanes is one, at 256 bits too (where the load of a whole vector takes a second one to double it).
const MAGIC: usize = 0; // 1.5 * 2^23: adding it leaves the nearest integer in the low bits
const MAGIC_BIASED: usize = 1; // ... plus 127: in the low bits then stands the exponent of 2^n as a float has it
const LOWEST: usize = 2;
const HIGHEST: usize = 3;
const LOWEST_NORMAL: usize = 4; // -127 ln 2: 2^-127 with a zero exponent is 0
const LOG2_E: usize = 5;
const LN2_HIGH: usize = 6;
const LN2_LOW: usize = 7;
const ONE: usize = 8;
const BIAS: usize = 9; // the integer 127
const POLYNOMIAL: usize = 10;
// biome-ignore format: a constant a line
const TABLE: usize = memory.data<f32>([
  12582912,
  12583039,
  -104,
  89,
  -88.0296919,
  1.44269504,
  -0.693359375,
  2.12194440e-4,
  1,
  1.7796490496925177e-43,
  1.9875691500e-4,
  1.3981999507e-3,
  8.3334519073e-3,
  4.1665795894e-2,
  1.6666665459e-1,
  5.0000001201e-1,
], 16);

// @ts-ignore: decorator
@inline function constant(index: usize): v128 {
  return v128.load32_splat(TABLE + (index << 2));
}

/** exp4 of one number: the same bits as in any lane. */
// @ts-ignore: decorator
@inline export function exp1(x: f32): f32 {
  return f32x4.extract_lane(exp4(f32x4.splat(x)), 0);
}

/** expSoft4 of one number. */
// @ts-ignore: decorator
@inline export function expSoft1(x: f32): f32 {
  return f32x4.extract_lane(expSoft4(f32x4.splat(x)), 0);
}

/** 1 / (1 + e^-x). */
// @ts-ignore: decorator
@inline export function sigmoid4(x: v128): v128 {
  return f32x4.div(constant(ONE), f32x4.add(constant(ONE), exp4(f32x4.neg(x))));
}

/** sigmoid4 of one number. */
// @ts-ignore: decorator
@inline export function sigmoid1(x: f32): f32 {
  return f32x4.extract_lane(sigmoid4(f32x4.splat(x)), 0);
}

/** out[i] = e^x[i] for a multiple of four numbers: exp4 or expSoft4 laid open for their tests. */
export function expKernel(x: usize, out: usize, length: i32, soft: bool): void {
  for (let i: usize = 0; i < <usize>length << 2; i += 16)
    v128.store(out + i, soft ? expSoft4(v128.load(x + i)) : exp4(v128.load(x + i)));
}
