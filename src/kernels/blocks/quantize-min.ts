// K-quants with a scale and a minimum for every part of a block: Q4_K and Q5_K, and the search they share with Q2_K
// (make_qkx2_quants of ggml/src/ggml-quants.c).

import { k4Min, k4Scale } from "./dequantize-super.ts";
import { HALF, toHalf } from "./half.ts";

const { fround, abs, sqrt } = Math;

/** nearest_int: halves to even, by adding 1.5 * 2^23 in float32. */
export const nearestInt = (value: number): number => fround(value + 12582912) - 12582912;

export const clamp = (value: number, low: number, high: number): number =>
  value < low ? low : value > high ? high : value;

/** Writes a half and returns the number it holds. */
export function putHalf(b: Uint8Array, p: number, value: number): number {
  const half = toHalf(value);
  b[p] = half;
  b[p + 1] = half >> 8;
  return HALF[half];
}

const TENTH = fround(0.1);

/** The weights of searchScaleAndMin, one a number; the caller fills them. */
export const searchWeights = new Float32Array(32);

/** Minus the minimum that the last call of searchScaleAndMin found. */
export const found = { negativeMin: 0 };

const trial = new Uint8Array(32);

/**
 * make_qkx2_quants: scale and minimum (at most 0) that represent n numbers of x from `o` best as scale * code + min, with codes of 0
 * to `most`: the plain ones, or one of `steps` + 1 stretched ones fitted by weighted least squares. `absolute`: distances count by
 * size, else squared. Codes go to `codes` from `to` on.
 */
export function searchScaleAndMin(
  n: number,
  most: number,
  x: Float32Array,
  o: number,
  codes: Uint8Array,
  to: number,
  start: number,
  steps: number,
  absolute: boolean,
): number {
  const weights = searchWeights;
  let min = x[o];
  let max = x[o];
  let sumW = weights[0];
  let sumX = fround(sumW * x[o]);
  for (let i = 1; i < n; i++) {
    const v = x[o + i];
    if (v < min) min = v;
    if (v > max) max = v;
    sumW = fround(sumW + weights[i]);
    sumX = fround(sumX + fround(weights[i] * v));
  }
  if (min > 0) min = 0;
  found.negativeMin = -min;
  if (max === min) {
    codes.fill(0, to, to + n);
    return 0;
  }
  let inverse = fround(most / fround(max - min));
  let scale = fround(1 / inverse);
  let bestError = 0;
  for (let i = 0; i < n; i++) {
    const l = clamp(nearestInt(fround(inverse * fround(x[o + i] - min))), 0, most);
    codes[to + i] = l;
    bestError = fround(bestError + fround(weights[i] * distance(scale, l, min, x[o + i], absolute)));
  }
  for (let step = 0; step <= steps; step++) {
    // min is the best so far, as in the C code
    inverse = fround(fround(fround(start + fround(TENTH * step)) + most) / fround(max - min));
    let sumL = 0;
    let sumL2 = 0;
    let sumXL = 0;
    for (let i = 0; i < n; i++) {
      const l = clamp(nearestInt(fround(inverse * fround(x[o + i] - min))), 0, most);
      trial[i] = l;
      const wl = fround(weights[i] * l);
      sumL = fround(sumL + wl);
      sumL2 = fround(sumL2 + fround(wl * l));
      sumXL = fround(sumXL + fround(wl * x[o + i]));
    }
    const determinant = fround(fround(sumW * sumL2) - fround(sumL * sumL));
    if (!(determinant > 0)) continue;
    let thisScale = fround(fround(fround(sumW * sumXL) - fround(sumX * sumL)) / determinant);
    let thisMin = fround(fround(fround(sumL2 * sumX) - fround(sumL * sumXL)) / determinant);
    if (thisMin > 0) {
      thisMin = 0;
      thisScale = fround(sumXL / sumL2);
    }
    let error = 0;
    for (let i = 0; i < n; i++) {
      error = fround(error + fround(weights[i] * distance(thisScale, trial[i], thisMin, x[o + i], absolute)));
    }
    if (error < bestError) {
      for (let i = 0; i < n; i++) codes[to + i] = trial[i];
      bestError = error;
      scale = thisScale;
      min = thisMin;
    }
  }
  found.negativeMin = -min;
  return scale;
}

function distance(scale: number, code: number, min: number, value: number, absolute: boolean): number {
  const difference = fround(fround(fround(scale * code) + min) - value);
  return absolute ? abs(difference) : fround(difference * difference);
}

const codes = new Uint8Array(256);
const scales = new Float32Array(16);
const mins = new Float32Array(16);

/** The layout is dequantizeQ4K's. */
export function quantizeQ4K(x: Float32Array, count: number, b: Uint8Array): void {
  for (let block = 0, p = 0; block < count; block++, p += 144) {
    quantizeParts(x, block * 256, b, p, 15, -1, 20);
    for (let half = 0, q = p + 16; half < 256; half += 64, q += 32) {
      for (let l = 0; l < 32; l++) b[q + l] = codes[half + l] | (codes[half + l + 32] << 4);
    }
  }
}

/** The layout is dequantizeQ5K's. */
export function quantizeQ5K(x: Float32Array, count: number, b: Uint8Array): void {
  for (let block = 0, p = 0; block < count; block++, p += 176) {
    quantizeParts(x, block * 256, b, p, 31, -0.5, 15);
    b.fill(0, p + 16, p + 48);
    for (let part = 0; part < 8; part += 2) {
      const q = p + 48 + part * 16;
      for (let l = 0; l < 32; l++) {
        const first = codes[part * 32 + l];
        const second = codes[part * 32 + 32 + l];
        b[p + 16 + l] |= ((first >> 4) << part) | ((second >> 4) << (part + 1));
        b[q + l] = (first & 15) | ((second & 15) << 4);
      }
    }
  }
}

/** Eight parts of 32: d, dmin and the packed scales and minima go to `b`, the codes to `codes`. */
function quantizeParts(
  x: Float32Array,
  o: number,
  b: Uint8Array,
  p: number,
  most: number,
  start: number,
  steps: number,
): void {
  let maxScale = 0;
  let maxMin = 0;
  for (let part = 0; part < 8; part++) {
    const from = o + 32 * part;
    let squares = 0;
    for (let l = 0; l < 32; l++) squares = fround(squares + fround(x[from + l] * x[from + l]));
    const typical = fround(sqrt(fround(squares / 32)));
    for (let l = 0; l < 32; l++) searchWeights[l] = fround(typical + abs(x[from + l]));
    scales[part] = searchScaleAndMin(32, most, x, from, codes, 32 * part, start, steps, false);
    mins[part] = found.negativeMin;
    if (scales[part] > maxScale) maxScale = scales[part];
    if (mins[part] > maxMin) maxMin = mins[part];
  }
  const inverseScale = maxScale > 0 ? fround(63 / maxScale) : 0;
  const inverseMin = maxMin > 0 ? fround(63 / maxMin) : 0;
  const s = p + 4;
  for (let part = 0; part < 8; part++) {
    // through a byte, as in the C code
    const scale = Math.min(63, nearestInt(fround(inverseScale * scales[part])) & 255);
    const min = Math.min(63, nearestInt(fround(inverseMin * mins[part])) & 255);
    if (part < 4) {
      b[s + part] = scale;
      b[s + part + 4] = min;
    } else {
      b[s + part + 4] = (scale & 15) | ((min & 15) << 4);
      b[s + part - 4] |= (scale >> 4) << 6;
      b[s + part] |= (min >> 4) << 6;
    }
  }
  const d = putHalf(b, p, fround(maxScale / 63));
  const dmin = putHalf(b, p + 2, fround(maxMin / 63));
  for (let part = 0; part < 8; part++) {
    const scale = fround(d * k4Scale(b, s, part));
    if (scale === 0) continue;
    const min = fround(dmin * k4Min(b, s, part));
    for (let l = 32 * part; l < 32 * part + 32; l++) {
      codes[l] = clamp(nearestInt(fround(fround(x[o + l] + min) / scale)), 0, most);
    }
  }
}
