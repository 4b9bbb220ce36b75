/** Causal attention, its gradient, MLA's key assembly and the key-value cache in plain loops. */
import type { AttentionKernels, AttentionShape } from "../kernels.ts";

export const mlaKeys: AttentionKernels["mlaKeys"] = (kv, kpe, k, v, rows, heads, nope, rope, valueDim, strideKpe) => {
  for (let r = 0; r < rows; r++)
    for (let h = 0; h < heads; h++) {
      const [from, head] = [(r * heads + h) * (nope + valueDim), r * heads + h];
      k.host!.set(kv.host!.subarray(from, from + nope), head * (nope + rope));
      k.host!.set(kpe.host!.subarray(r * strideKpe, r * strideKpe + rope), head * (nope + rope) + nope);
      v.host!.set(kv.host!.subarray(from + nope, from + nope + valueDim), head * valueDim);
    }
};
export const mlaKeysGrad: AttentionKernels["mlaKeysGrad"] = (
  dk,
  dv,
  dkv,
  dkpe,
  rows,
  heads,
  nope,
  rope,
  valueDim,
  strideKpe,
) => {
  for (let r = 0; r < rows; r++) {
    dkpe.host!.fill(0, r * strideKpe, r * strideKpe + rope);
    for (let h = 0; h < heads; h++) {
      const head = r * heads + h;
      dkv.host!.set(dk.host!.subarray(head * (nope + rope), head * (nope + rope) + nope), head * (nope + valueDim));
      dkv.host!.set(dv.host!.subarray(head * valueDim, (head + 1) * valueDim), head * (nope + valueDim) + nope);
      for (let i = 0; i < rope; i++) dkpe.host![r * strideKpe + i]! += dk.host![head * (nope + rope) + nope + i]!;
    }
  }
};

export const attention: AttentionKernels["attention"] = (q, k, v, o, lse, starts, sequences, _longest, shape) =>
  eachQuery(starts.host!, sequences, shape, (row, head, first, keyHead) => {
    const { valueDim, keyHeads, queryHeads } = shape;
    const scores = scoresOf(q.host!, k.host!, row, head, first, keyHead, shape);
    const max = Math.max(...scores);
    const sum = scores.reduce((total, s) => total + Math.exp(s - max), 0);
    lse.host![row * queryHeads + head] = max + Math.log(sum);
    for (let i = 0; i < valueDim; i++)
      o.host![(row * queryHeads + head) * valueDim + i] = scores.reduce(
        (total, s, j) =>
          total + (Math.exp(s - max) / sum) * v.host![((first + j) * keyHeads + keyHead) * valueDim + i]!,
        0,
      );
  });

// dS = P (dP - sum(dO o)), dP = dO V^T; then dQ = scale dS K, dK = scale dS^T Q, dV = P^T dO.
export const attentionGrad: AttentionKernels["attentionGrad"] = (
  dO,
  q,
  k,
  v,
  o,
  lse,
  dq,
  dk,
  dv,
  starts,
  sequences,
  _longest,
  shape,
) => {
  const { keyDim, valueDim, keyHeads, queryHeads, scale } = shape;
  for (const buffer of [dq, dk, dv]) buffer.host!.fill(0);
  eachQuery(starts.host!, sequences, shape, (row, head, first, keyHead) => {
    const [qAt, oAt] = [(row * queryHeads + head) * keyDim, (row * queryHeads + head) * valueDim];
    let delta = 0;
    for (let i = 0; i < valueDim; i++) delta += dO.host![oAt + i]! * o.host![oAt + i]!;
    scoresOf(q.host!, k.host!, row, head, first, keyHead, shape).forEach((s, j) => {
      const [kAt, vAt] = [((first + j) * keyHeads + keyHead) * keyDim, ((first + j) * keyHeads + keyHead) * valueDim];
      const p = Math.exp(s - lse.host![row * queryHeads + head]!);
      let dp = 0;
      for (let i = 0; i < valueDim; i++) {
        dp += dO.host![oAt + i]! * v.host![vAt + i]!;
        dv.host![vAt + i]! += p * dO.host![oAt + i]!;
      }
      const ds = p * (dp - delta) * scale;
      for (let i = 0; i < keyDim; i++) {
        dq.host![qAt + i]! += ds * k.host![kAt + i]!;
        dk.host![kAt + i]! += ds * q.host![qAt + i]!;
      }
    });
  });
};

export const cacheAppend: AttentionKernels["cacheAppend"] = (
  k,
  v,
  cacheK,
  cacheV,
  slots,
  positions,
  rows,
  capacity,
  shape,
) => {
  const { keyHeads, keyDim, valueDim } = shape;
  for (let r = 0; r < rows; r++)
    for (let h = 0; h < keyHeads; h++) {
      const [plane, position] = [slots.host![r]! * keyHeads + h, positions.host![r]!];
      for (let i = 0; i < keyDim; i++)
        cacheK.host![keyAt(plane, position, i, capacity, keyDim)] = k.host![(r * keyHeads + h) * keyDim + i]!;
      for (let i = 0; i < valueDim; i++)
        cacheV.host![(plane * capacity + position) * valueDim + i] = v.host![(r * keyHeads + h) * valueDim + i]!;
    }
};
export const attentionCached: AttentionKernels["attentionCached"] = (
  q,
  cacheK,
  cacheV,
  o,
  slots,
  positions,
  rows,
  capacity,
  _longest,
  shape,
) => {
  const { queryHeads, keyHeads, keyDim, valueDim, scale } = shape;
  for (let r = 0; r < rows; r++)
    for (let h = 0; h < queryHeads; h++) {
      const [plane, head] = [slots.host![r]! * keyHeads + Math.floor((h * keyHeads) / queryHeads), r * queryHeads + h];
      const first = firstSeen(positions.host![r]!, 0, shape);
      const scores = Array.from({ length: positions.host![r]! + 1 - first }, (_, j) => {
        let dot = 0;
        for (let i = 0; i < keyDim; i++)
          dot += q.host![head * keyDim + i]! * cacheK.host![keyAt(plane, first + j, i, capacity, keyDim)]!;
        return dot * scale;
      });
      const max = Math.max(...scores);
      const sum = scores.reduce((total, s) => total + Math.exp(s - max), 0);
      for (let i = 0; i < valueDim; i++)
        o.host![head * valueDim + i] = scores.reduce(
          (total, s, j) =>
            total + (Math.exp(s - max) / sum) * cacheV.host![(plane * capacity + first + j) * valueDim + i]!,
          0,
        );
    }
};
export const cacheCopy: AttentionKernels["cacheCopy"] = (
  cacheK,
  cacheV,
  from,
  to,
  length,
  capacity,
  { keyHeads, keyDim, valueDim },
) => {
  for (let h = 0; h < keyHeads; h++) {
    const [read, written] = [from * keyHeads + h, to * keyHeads + h];
    for (let j = 0; j < length; j++)
      for (let i = 0; i < keyDim; i++)
        cacheK.host![keyAt(written, j, i, capacity, keyDim)] = cacheK.host![keyAt(read, j, i, capacity, keyDim)]!;
    const [source, target] = [(from * keyHeads + h) * capacity * valueDim, (to * keyHeads + h) * capacity * valueDim];
    cacheV.host!.copyWithin(target, source, source + length * valueDim);
  }
};

export const attentionLatent: AttentionKernels["attentionLatent"] = (
  q,
  cache,
  z,
  slots,
  positions,
  rows,
  capacity,
  _longest,
  heads,
  rank,
  rope,
  scale,
) => {
  const width = rank + rope;
  for (let r = 0; r < rows; r++)
    for (let h = 0; h < heads; h++) {
      const [head, start] = [r * heads + h, slots.host![r]! * capacity];
      const latent = (j: number, i: number): number => cache.host![(start + j) * width + i]!;
      const scores = Array.from({ length: positions.host![r]! + 1 }, (_, j) => {
        let dot = 0;
        for (let i = 0; i < width; i++) dot += q.host![head * width + i]! * latent(j, i);
        return dot * scale;
      });
      const max = Math.max(...scores);
      const sum = scores.reduce((total, s) => total + Math.exp(s - max), 0);
      for (let i = 0; i < rank; i++)
        z.host![head * rank + i] = scores.reduce((total, s, j) => total + (Math.exp(s - max) / sum) * latent(j, i), 0);
    }
};

/** Where element i of the key at a position of a (slot, head) lies. */
function keyAt(plane: number, position: number, i: number, capacity: number, keyDim: number): number {
  const start = position - (position % 32);
  const width = Math.min(32, capacity - start);
  return plane * keyDim * capacity + start * keyDim + i * width + position - start;
}

/** The first row, not before `start`, that a row sees. */
const firstSeen = (row: number, start: number, { window = 0 }: AttentionShape): number =>
  window === 0 ? start : Math.max(start, row + 1 - window);

function eachQuery(
  starts: Int32Array,
  sequences: number,
  shape: AttentionShape,
  run: (row: number, head: number, first: number, keyHead: number) => void,
): void {
  for (let s = 0; s < sequences; s++)
    for (let row = starts[s]!; row < starts[s + 1]!; row++)
      for (let head = 0; head < shape.queryHeads; head++)
        run(row, head, firstSeen(row, starts[s]!, shape), Math.floor((head * shape.keyHeads) / shape.queryHeads));
}

function scoresOf(
  q: Float32Array,
  k: Float32Array,
  row: number,
  head: number,
  first: number,
  keyHead: number,
  shape: AttentionShape,
): number[] {
  const { queryHeads, keyHeads, keyDim, scale } = shape;
  return Array.from({ length: row - first + 1 }, (_, j) => {
    let dot = 0;
    for (let i = 0; i < keyDim; i++)
      dot += q[(row * queryHeads + head) * keyDim + i]! * k[((first + j) * keyHeads + keyHead) * keyDim + i]!;
    return dot * scale;
  });
}
