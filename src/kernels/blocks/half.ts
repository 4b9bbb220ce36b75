// IEEE half and bfloat16 to and from float32.

/** Every half by its 16 bits. */
export const HALF: Float32Array = halves();

/** The half or bfloat16 nearest to a float given by its bits, ties to even; NaN stays NaN. */
export type Rounding = (bits: number) => number;

/** Bits of the nearest half. */
export function f32BitsToF16(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  if (magnitude >= 0x47800000) return sign | 0x7c00; // 65536 and above
  if (magnitude < 0x38800000) {
    // subnormal halves are multiples of 2^-24
    scratchBits[0] = magnitude;
    return sign | roundToEven(scratch[0] * 2 ** 24);
  }
  // rounding may carry into the exponent, up to infinity, which is right
  return sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
}

/** Bits of the nearest bfloat16. */
export function f32BitsToBf16(bits: number): number {
  if ((bits & 0x7fffffff) > 0x7f800000) return (bits >>> 16) | 0x40; // keep a NaN from rounding to infinity
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}

/** Bits of the half nearest to a number that float32 holds. */
export function toHalf(value: number): number {
  scratch[0] = value;
  return f32BitsToF16(scratchBits[0]);
}

const scratch = new Float32Array(1);
const scratchBits = new Uint32Array(scratch.buffer);

function roundToEven(value: number): number {
  const down = Math.floor(value);
  const rest = value - down;
  return rest > 0.5 || (rest === 0.5 && down % 2 === 1) ? down + 1 : down;
}

function halves(): Float32Array {
  const table = new Float32Array(65536);
  const bits = new Uint32Array(table.buffer);
  for (let half = 0; half < 65536; half++) {
    const sign = (half & 0x8000) << 16;
    const exponent = (half >> 10) & 31;
    const mantissa = half & 0x3ff;
    if (exponent === 0) table[half] = (sign === 0 ? 1 : -1) * mantissa * 2 ** -24;
    else if (exponent === 31) bits[half] = sign | 0x7f800000 | (mantissa << 13);
    else bits[half] = sign | ((exponent + 112) << 23) | (mantissa << 13);
  }
  return table;
}
