/** Elementwise kernels, RMSNorm, rotary embedding, SwiGLU and token embedding in plain loops. */
import type { ElementKernels } from "../kernels.ts";

export const fill: ElementKernels["fill"] = (x, value) => void x.host!.fill(value);
export const copy: ElementKernels["copy"] = (from, to) => void to.host!.set(from.host!);
export const copyStrided: ElementKernels["copyStrided"] = (from, to, outer, inner, width, fromO, fromI, toO, toI) => {
  for (let o = 0; o < outer; o++)
    for (let i = 0; i < inner; i++)
      for (let w = 0; w < width; w++) to.host![o * toO + i * toI + w] = from.host![o * fromO + i * fromI + w]!;
};
export const add: ElementKernels["add"] = (a, b, out) => {
  for (let i = 0; i < out.length; i++) out.host![i] = a.host![i]! + b.host![i]!;
};
export const axpy: ElementKernels["axpy"] = (alpha, x, y) => {
  for (let i = 0; i < y.length; i++) y.host![i]! += alpha * x.host![i]!;
};
export const scale: ElementKernels["scale"] = (x, alpha) => {
  for (let i = 0; i < x.length; i++) x.host![i]! *= alpha;
};
export const sumSquares: ElementKernels["sumSquares"] = (x, out, at) => {
  out.host![at] = x.host!.reduce((sum, value) => sum + value * value, 0);
};

export const rmsNorm: ElementKernels["rmsNorm"] = (x, w, y, rows, width, eps, strideX, strideY) => {
  for (let r = 0; r < rows; r++) {
    const inverse = inverseRms(x.host!, r * strideX, width, eps);
    for (let i = 0; i < width; i++) y.host![r * strideY + i] = w.host![i]! * x.host![r * strideX + i]! * inverse;
  }
};

// With n = x * inverse and g = w * dy: dx = inverse * (g - n * mean(g * n)), dw = sum over rows of dy * n.
export const rmsNormGrad: ElementKernels["rmsNormGrad"] = (
  dy,
  x,
  w,
  dx,
  dw,
  rows,
  width,
  eps,
  strideX,
  strideDy,
  accumulate,
) => {
  for (let r = 0; r < rows; r++) {
    const inverse = inverseRms(x.host!, r * strideX, width, eps);
    let mean = 0;
    for (let i = 0; i < width; i++)
      mean += (dy.host![r * strideDy + i]! * w.host![i]! * x.host![r * strideX + i]! * inverse) / width;
    for (let i = 0; i < width; i++) {
      const [g, n, at] = [dy.host![r * strideDy + i]!, x.host![r * strideX + i]! * inverse, r * strideX + i];
      dx.host![at] = (accumulate ? dx.host![at]! : 0) + inverse * (g * w.host![i]! - n * mean);
      dw.host![i]! += g * n;
    }
  }
};

export const rope: ElementKernels["rope"] = (
  x,
  table,
  positions,
  rows,
  heads,
  strideRow,
  strideHead,
  dim,
  interleaved,
  inverse,
) => {
  for (let r = 0; r < rows; r++)
    for (let h = 0; h < heads; h++)
      for (let i = 0; i < dim / 2; i++) {
        const start = r * strideRow + h * strideHead;
        const [a, b] = interleaved ? [start + 2 * i, start + 2 * i + 1] : [start + i, start + i + dim / 2];
        const angle = (positions.host![r]! * dim) / 2 + i;
        const [cos, sin] = [table.host![2 * angle]!, (inverse ? -1 : 1) * table.host![2 * angle + 1]!];
        const [real, imaginary] = [x.host![a]!, x.host![b]!];
        x.host![a] = real * cos - imaginary * sin;
        x.host![b] = real * sin + imaginary * cos;
      }
};

export const addBias: ElementKernels["addBias"] = (y, b, rows, width) => {
  for (let r = 0; r < rows; r++) for (let i = 0; i < width; i++) y.host![r * width + i]! += b.host![i]!;
};
export const biasGrad: ElementKernels["biasGrad"] = (dy, db, rows, width) => {
  for (let r = 0; r < rows; r++) for (let i = 0; i < width; i++) db.host![i]! += dy.host![r * width + i]!;
};

export const swiglu: ElementKernels["swiglu"] = (gate, up, y) => {
  for (let i = 0; i < y.length; i++) y.host![i] = gate.host![i]! * sigmoid(gate.host![i]!) * up.host![i]!;
};
export const swigluGrad: ElementKernels["swigluGrad"] = (dy, gate, up, dgate, dup) => {
  for (let i = 0; i < dy.length; i++) {
    const [d, g, u] = [dy.host![i]!, gate.host![i]!, up.host![i]!];
    const s = sigmoid(g);
    dgate.host![i] = d * u * s * (1 + g * (1 - s));
    dup.host![i] = d * g * s;
  }
};

export const embedding: ElementKernels["embedding"] = (table, ids, y, rows, width) => {
  for (let r = 0; r < rows; r++)
    y.host!.set(table.host!.subarray(ids.host![r]! * width, (ids.host![r]! + 1) * width), r * width);
};
export const embeddingGrad: ElementKernels["embeddingGrad"] = (dy, ids, dtable, rows, width) => {
  for (let r = 0; r < rows; r++)
    for (let i = 0; i < width; i++) dtable.host![ids.host![r]! * width + i]! += dy.host![r * width + i]!;
};

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const inverseRms = (x: Float32Array, at: number, width: number, eps: number): number => {
  let sum = 0;
  for (let i = 0; i < width; i++) sum += x[at + i]! ** 2;
  return 1 / Math.sqrt(sum / width + eps);
};
