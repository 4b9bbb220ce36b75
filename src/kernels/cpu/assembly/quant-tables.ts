/** Constants and small steps that the loops over weights of few bits share. */

// In memory rather than in the instruction stream, as in ./math.ts: a load that fills all lanes is one instruction.
const TABLE: usize = memory.data<u32>([0x0f0f0f0f, 0x8fffe000, 0x00010001, 0x10101010, 0x30303030], 16);

/** The low four bits of every byte. */
// @ts-ignore: decorator
@inline export function nibbles(): v128 {
  return v128.load32_splat(TABLE);
}

/** Where sign, exponent and fraction of a half stand once it is shifted into a float's place. */
// @ts-ignore: decorator
@inline export function halfBits(): v128 {
  return v128.load32_splat(TABLE + 4);
}

/** The number 1 in every 16-bit lane. */
// @ts-ignore: decorator
@inline export function ones(): v128 {
  return v128.load32_splat(TABLE + 8);
}

/** The bits of a byte that are not in a half of it, for codes of 5 or 6 bits. */
// @ts-ignore: decorator
@inline export function upperBits(bits: i32): v128 {
  return bits == 6 ? v128.load32_splat(TABLE + 16) : v128.load32_splat(TABLE + 12);
}

/**
 * Sums of two neighbouring products of signed bytes a with bytes b in [0, 127], in 16-bit lanes. Within these bounds no machine
 * saturates, so that relaxed SIMD means the same everywhere.
 */
// @ts-ignore: decorator
@inline export function dot8(a: v128, b: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i16x8.relaxed_dot_i8x16_i7x16_s(a, b);
  const even = i16x8.mul(i16x8.shr_s(i16x8.shl(a, 8), 8), i16x8.shr_u(i16x8.shl(b, 8), 8));
  return i16x8.add(even, i16x8.mul(i16x8.shr_s(a, 8), i16x8.shr_u(b, 8)));
}

/**
 * Four halves, widened to 32 bits with their signs, as floats 2^-112 times as large, exact for all but subnormal halves, which ./quant-pack.ts leaves none of. The
 * factor is made good in the activations' steps (./quant-rows.ts, `unit`).
 */
// @ts-ignore: decorator
@inline export function halves(widened: v128, bits: v128): v128 {
  return v128.and(i32x4.shl(widened, 13), bits);
}

// Numbers of rows as types, whose sizes they are: a constant that the compiler itself sees. A parameter with a constant argument becomes
// one only after the optimizer has joined the bodies for 2 and 3 rows to one with branches inside, which cannot be vectorised.
// @ts-ignore: decorator
@unmanaged export class One {
  a: u8;
}
// @ts-ignore: decorator
@unmanaged export class Two {
  a: u8;
  b: u8;
}
// @ts-ignore: decorator
@unmanaged export class Three {
  a: u8;
  b: u8;
  c: u8;
}
// @ts-ignore: decorator
@unmanaged export class Four {
  a: u8;
  b: u8;
  c: u8;
  d: u8;
}
// @ts-ignore: decorator
@unmanaged export class Five {
  a: u32;
  b: u8;
}
// @ts-ignore: decorator
@unmanaged export class Six {
  a: u32;
  b: u8;
  c: u8;
}
