// The other K-quants: Q2_K, Q3_K and Q6_K.

import { q3Scale } from "./dequantize-super.ts";
import { clamp, found, nearestInt, putHalf, searchScaleAndMin, searchWeights } from "./quantize-min.ts";

const { fround, abs } = Math;
const TENTH = fround(0.1);
/** Numbers all below this count as zero (GROUP_MAX_EPS). */
const TINY = fround(1e-15);

const codes = new Uint8Array(256);
const signed = new Int8Array(256);
const scales = new Float32Array(16);
const mins = new Float32Array(16);

/** The layout is dequantizeQ2K's. */
export function quantizeQ2K(x: Float32Array, count: number, b: Uint8Array): void {
  for (let block = 0, p = 0, o = 0; block < count; block++, p += 84, o += 256) {
    let maxScale = 0;
    let maxMin = 0;
    for (let part = 0; part < 16; part++) {
      for (let l = 0; l < 16; l++) searchWeights[l] = abs(x[o + 16 * part + l]);
      scales[part] = searchScaleAndMin(16, 3, x, o + 16 * part, codes, 16 * part, -0.5, 15, true);
      mins[part] = found.negativeMin;
      if (scales[part] > maxScale) maxScale = scales[part];
      if (mins[part] > maxMin) maxMin = mins[part];
    }
    const inverseScale = maxScale > 0 ? fround(15 / maxScale) : 0;
    const inverseMin = maxMin > 0 ? fround(15 / maxMin) : 0;
    for (let part = 0; part < 16; part++) {
      b[p + part] =
        nearestInt(fround(inverseScale * scales[part])) | (nearestInt(fround(inverseMin * mins[part])) << 4);
    }
    const d = putHalf(b, p + 80, fround(maxScale / 15));
    const dmin = putHalf(b, p + 82, fround(maxMin / 15));
    for (let part = 0; part < 16; part++) {
      const scale = fround(d * (b[p + part] & 15));
      if (scale === 0) continue;
      const min = fround(dmin * (b[p + part] >> 4));
      for (let l = 16 * part; l < 16 * part + 16; l++) {
        codes[l] = clamp(nearestInt(fround(fround(x[o + l] + min) / scale)), 0, 3);
      }
    }
    putTwoBits(b, p + 16);
  }
}

/** The layout is dequantizeQ3K's. */
export function quantizeQ3K(x: Float32Array, count: number, b: Uint8Array): void {
  for (let block = 0, p = 0, o = 0; block < count; block++, p += 110, o += 256) {
    let maxScale = 0;
    for (let part = 0; part < 16; part++) {
      scales[part] = searchQ3(x, o + 16 * part, 16 * part);
      if (abs(scales[part]) > abs(maxScale)) maxScale = scales[part];
    }
    b.fill(0, p + 96, p + 108);
    let d = 0;
    if (maxScale !== 0) {
      const inverse = fround(-32 / maxScale);
      for (let part = 0; part < 16; part++) {
        const l = clamp(nearestInt(fround(inverse * scales[part])), -32, 31) + 32;
        b[p + 96 + (part & 7)] |= (l & 15) << (part < 8 ? 0 : 4);
        b[p + 104 + (part & 3)] |= (l >> 4) << (2 * (part >> 2));
      }
      d = fround(1 / inverse);
    }
    d = putHalf(b, p + 108, d);
    for (let part = 0; part < 16; part++) {
      const scale = fround(d * (q3Scale(b, p + 96, part) - 32));
      for (let l = 16 * part; l < 16 * part + 16; l++) {
        if (scale !== 0) signed[l] = clamp(nearestInt(fround(x[o + l] / scale)), -4, 3) + 4;
        codes[l] = signed[l];
      }
    }
    b.fill(0, p, p + 32);
    for (let j = 0; j < 256; j++) {
      if (codes[j] <= 3) continue;
      b[p + (j & 31)] |= 1 << (j >> 5);
      codes[j] -= 4;
    }
    putTwoBits(b, p + 32);
  }
}

/** The layout is dequantizeQ6K's. */
export function quantizeQ6K(x: Float32Array, count: number, b: Uint8Array): void {
  for (let block = 0, p = 0, o = 0; block < count; block++, p += 210, o += 256) {
    let maxScale = 0;
    for (let part = 0; part < 16; part++) {
      scales[part] = searchQ6(x, o + 16 * part, 16 * part);
      if (abs(scales[part]) > abs(maxScale)) maxScale = scales[part];
    }
    if (abs(maxScale) < TINY) {
      b.fill(0, p, p + 210);
      continue;
    }
    const inverse = fround(-128 / maxScale);
    const d = putHalf(b, p + 208, fround(1 / inverse));
    for (let part = 0; part < 16; part++) {
      const code = Math.min(127, nearestInt(fround(inverse * scales[part])));
      b[p + 192 + part] = code;
      const scale = fround(d * ((code << 24) >> 24));
      if (scale === 0) continue;
      for (let l = 16 * part; l < 16 * part + 16; l++) {
        codes[l] = clamp(nearestInt(fround(x[o + l] / scale)), -32, 31) + 32;
      }
    }
    for (let half = 0; half < 2; half++) {
      for (let l = 0; l < 32; l++) {
        const j = half * 128 + l;
        const low = p + half * 64 + l;
        b[low] = (codes[j] & 15) | ((codes[j + 64] & 15) << 4);
        b[low + 32] = (codes[j + 32] & 15) | ((codes[j + 96] & 15) << 4);
        b[p + 128 + half * 32 + l] =
          (codes[j] >> 4) | ((codes[j + 32] >> 4) << 2) | ((codes[j + 64] >> 4) << 4) | ((codes[j + 96] >> 4) << 6);
      }
    }
  }
}

/** Four codes of two bits a byte, 32 apart. */
function putTwoBits(b: Uint8Array, q: number): void {
  for (let j = 0; j < 256; j += 128, q += 32) {
    for (let l = 0; l < 32; l++) {
      b[q + l] = codes[j + l] | (codes[j + l + 32] << 2) | (codes[j + l + 64] << 4) | (codes[j + l + 96] << 6);
    }
  }
}

/** The number of largest magnitude of 16, the first of equals, with its sign. */
function signedMax(x: Float32Array, o: number): number {
  let max = 0;
  for (let i = 0; i < 16; i++) if (abs(x[o + i]) > abs(max)) max = x[o + i];
  return max;
}

/** make_qx_quants with 6 bits and weights x^2: the scale, of 19 candidates; codes + 32 go to `codes`. */
function searchQ6(x: Float32Array, o: number, to: number): number {
  const max = signedMax(x, o);
  if (abs(max) < TINY) {
    codes.fill(0, to, to + 16);
    return 0;
  }
  let scale = 0;
  let best = 0;
  for (let attempt = -10; attempt <= 9; attempt++) {
    // the plain one first, then nine below and nine above
    const is = attempt === -10 ? 0 : attempt;
    if (is === 0 && attempt !== -10) continue;
    const inverse = fround(-fround(32 + fround(TENTH * is)) / max);
    let sumLX = 0;
    let sumL2 = 0;
    for (let i = 0; i < 16; i++) {
      const v = x[o + i];
      const l = clamp(nearestInt(fround(inverse * v)), -32, 31);
      if (is === 0) codes[to + i] = l + 32;
      const w = fround(v * v);
      sumLX = fround(sumLX + fround(fround(w * v) * l));
      sumL2 = fround(sumL2 + fround(fround(w * l) * l));
    }
    if (is === 0) {
      scale = sumL2 === 0 ? 0 : fround(sumLX / sumL2);
      best = fround(scale * sumLX);
    } else if (sumL2 > 0 && fround(sumLX * sumLX) > fround(best * sumL2)) {
      for (let i = 0; i < 16; i++) codes[to + i] = clamp(nearestInt(fround(inverse * x[o + i])), -32, 31) + 32;
      scale = fround(sumLX / sumL2);
      best = fround(scale * sumLX);
    }
  }
  return scale;
}

/** make_q3_quants: the scale after up to five rounds of moving single codes; codes + 4 go to `signed`. */
function searchQ3(x: Float32Array, o: number, to: number): number {
  const max = signedMax(x, o);
  if (abs(max) < TINY) {
    signed.fill(0, to, to + 16);
    return 0;
  }
  const inverse = fround(-4 / max);
  let sumLX = 0;
  let sumL2 = 0;
  for (let i = 0; i < 16; i++) {
    const v = x[o + i];
    const l = clamp(nearestInt(fround(inverse * v)), -4, 3);
    signed[to + i] = l;
    const w = fround(v * v);
    sumLX = fround(sumLX + fround(fround(w * v) * l));
    sumL2 = fround(sumL2 + fround(fround(w * l) * l));
  }
  for (let round = 0; round < 5; round++) {
    let changed = false;
    for (let i = 0; i < 16; i++) {
      const v = x[o + i];
      const w = fround(v * v);
      const old = signed[to + i];
      let lx = fround(sumLX - fround(fround(w * v) * old));
      if (!(lx > 0)) continue;
      let l2 = fround(sumL2 - fround(fround(w * old) * old));
      const l = clamp(nearestInt(fround(fround(v * l2) / lx)), -4, 3);
      if (l === old) continue;
      lx = fround(lx + fround(fround(w * v) * l));
      l2 = fround(l2 + fround(fround(w * l) * l));
      if (l2 > 0 && fround(fround(lx * lx) * sumL2) > fround(fround(sumLX * sumLX) * l2)) {
        signed[to + i] = l;
        sumLX = lx;
        sumL2 = l2;
        changed = true;
      }
    }
    if (!changed) break;
  }
  for (let i = 0; i < 16; i++) signed[to + i] += 4;
  return sumL2 > 0 ? fround(sumLX / sumL2) : 0;
}
