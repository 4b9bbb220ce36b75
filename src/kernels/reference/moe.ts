/** The router, the sorting of rows by expert, and the gather and combine around expert products, in plain loops. */
import type { MoeKernels, RouterShape } from "../kernels.ts";

export const router: MoeKernels["router"] = (logits, bias, indices, weights, rows, shape) => {
  const { experts, topK, groups, topGroups, groupScoreTop } = shape;
  for (let r = 0; r < rows; r++) {
    const scores = scoresOf(logits.host!.subarray(r * experts, (r + 1) * experts), shape);
    const choice = scores.map((s, e) => s + (bias === null ? 0 : bias.host![e]!));
    const size = experts / groups;
    const groupScores = Array.from({ length: groups }, (_, g) =>
      best(choice.slice(g * size, (g + 1) * size), groupScoreTop).reduce((sum, i) => sum + choice[g * size + i]!, 0),
    );
    const open = new Set(best(groupScores, topGroups));
    const chosen = best(
      choice.map((c, e) => (open.has(Math.floor(e / size)) ? c : Number.NEGATIVE_INFINITY)),
      topK,
    );
    const sum = shape.normalise ? chosen.reduce((total, e) => total + scores[e]!, 0) + 1e-20 : 1;
    chosen.forEach((e, j) => {
      indices.host![r * topK + j] = e;
      weights.host![r * topK + j] = (scores[e]! / sum) * shape.scale;
    });
  }
};

export const routerGrad: MoeKernels["routerGrad"] = (dweights, logits, indices, _weights, dlogits, rows, shape) => {
  const { experts, topK, normalise, scale, scoring } = shape;
  for (let r = 0; r < rows; r++) {
    const scores = scoresOf(logits.host!.subarray(r * experts, (r + 1) * experts), shape);
    const chosen = [...indices.host!.subarray(r * topK, (r + 1) * topK)];
    const dw = chosen.map((_, j) => dweights.host![r * topK + j]! * scale);
    const sum = normalise ? chosen.reduce((total, e) => total + scores[e]!, 0) + 1e-20 : 1;
    const mean = normalise ? chosen.reduce((total, e, j) => total + (dw[j]! * scores[e]!) / sum, 0) : 0;
    const ds = new Array<number>(experts).fill(0);
    chosen.forEach((e, j) => {
      ds[e]! += (dw[j]! - mean) / sum;
    });
    const dot = ds.reduce((total, d, e) => total + d * scores[e]!, 0);
    for (let e = 0; e < experts; e++)
      dlogits.host![r * experts + e] =
        scoring === "sigmoid" ? ds[e]! * scores[e]! * (1 - scores[e]!) : scores[e]! * (ds[e]! - dot);
  }
};

export const moePlan: MoeKernels["moePlan"] = (indices, order, position, offsets, loads, rows, topK, experts) => {
  let p = 0;
  for (let e = 0; e < experts; e++) {
    offsets.host![e] = p;
    for (let i = 0; i < rows * topK; i++)
      if (indices.host![i] === e) {
        order.host![p] = i;
        position.host![i] = p++;
      }
    loads.host![e]! += p - offsets.host![e]!;
  }
  offsets.host![experts] = p;
};

export const moeGather: MoeKernels["moeGather"] = (x, order, y, rows, topK, width) => {
  for (let p = 0; p < rows * topK; p++) {
    const row = Math.floor(order.host![p]! / topK);
    y.host!.set(x.host!.subarray(row * width, (row + 1) * width), p * width);
  }
};
export const moeGatherGrad: MoeKernels["moeGatherGrad"] = (dy, position, dx, rows, topK, width, accumulate) => {
  for (let r = 0; r < rows; r++)
    for (let i = 0; i < width; i++) {
      let sum = accumulate ? dx.host![r * width + i]! : 0;
      for (let j = 0; j < topK; j++) sum += dy.host![position.host![r * topK + j]! * width + i]!;
      dx.host![r * width + i] = sum;
    }
};
export const moeCombine: MoeKernels["moeCombine"] = (e, position, weights, y, rows, topK, width, accumulate) => {
  for (let r = 0; r < rows; r++)
    for (let i = 0; i < width; i++) {
      let sum = accumulate ? y.host![r * width + i]! : 0;
      for (let j = 0; j < topK; j++)
        sum += weights.host![r * topK + j]! * e.host![position.host![r * topK + j]! * width + i]!;
      y.host![r * width + i] = sum;
    }
};
export const moeCombineGrad: MoeKernels["moeCombineGrad"] = (
  dy,
  e,
  position,
  weights,
  de,
  dweights,
  rows,
  topK,
  width,
) => {
  for (let r = 0; r < rows; r++)
    for (let j = 0; j < topK; j++) {
      const [pair, p] = [r * topK + j, position.host![r * topK + j]!];
      let dot = 0;
      for (let i = 0; i < width; i++) {
        de.host![p * width + i] = weights.host![pair]! * dy.host![r * width + i]!;
        dot += dy.host![r * width + i]! * e.host![p * width + i]!;
      }
      dweights.host![pair] = dot;
    }
};

function scoresOf(logits: Float32Array, shape: RouterShape): number[] {
  if (shape.scoring === "sigmoid") return [...logits].map((l) => 1 / (1 + Math.exp(-l)));
  const max = Math.max(...logits);
  const sum = logits.reduce((total, l) => total + Math.exp(l - max), 0);
  return [...logits].map((l) => Math.exp(l - max) / sum);
}

const best = (values: readonly number[], count: number): number[] =>
  values
    .map((_, i) => i)
    .sort((a, b) => values[b]! - values[a]! || a - b)
    .slice(0, count);
