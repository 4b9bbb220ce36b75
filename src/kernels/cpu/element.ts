/** Elementwise kernels, norms, rotary embedding, SwiGLU and token embedding on the CPU (./assembly/element.ts, norm.ts). */
import type { ElementKernels, F32 } from "../kernels.ts";
import * as op from "./assembly/operations.ts";
import type { CpuMemory } from "./memory.ts";
import type { Pool } from "./pool.ts";

/** Elements below which one thread is as fast: plain passes over memory, and passes with an exponential. */
const [parallelPass, parallelExp] = [1 << 15, 1 << 13];
/** RUN in ./assembly/element.ts. */
const squaresRun = 4096;

export function elementKernels(pool: Pool, memory: CpuMemory): ElementKernels {
  const { int, float } = pool;
  return {
    fill(x, value) {
      int[0] = x.handle;
      int[1] = x.length;
      float[2] = value;
      pool.run(op.FILL, x.length > parallelPass);
      memory.changed(x);
    },
    copy(from, to) {
      sameLength("copy", from, to);
      int[0] = from.handle;
      int[1] = to.handle;
      int[2] = to.length;
      pool.run(op.COPY, to.length > parallelPass);
      memory.changed(to);
    },
    copyStrided(from, to, outer, inner, width, fromOuter, fromInner, toOuter, toInner) {
      int[0] = from.handle;
      int[1] = to.handle;
      int[2] = outer;
      int[3] = inner;
      int[4] = width;
      int[5] = fromOuter * 4;
      int[6] = fromInner * 4;
      int[7] = toOuter * 4;
      int[8] = toInner * 4;
      pool.run(op.COPY_STRIDED, outer * inner * width > parallelPass);
    },
    add(a, b, out) {
      sameLength("add", a, out);
      sameLength("add", b, out);
      int[0] = a.handle;
      int[1] = b.handle;
      int[2] = out.handle;
      int[3] = out.length;
      pool.run(op.ADD, out.length > parallelPass);
      memory.changed(out);
    },
    axpy(alpha, x, y) {
      sameLength("axpy", x, y);
      int[0] = x.handle;
      int[1] = y.handle;
      int[2] = y.length;
      float[3] = alpha;
      pool.run(op.AXPY, y.length > parallelPass);
      memory.changed(y);
    },
    scale(x, alpha) {
      int[0] = x.handle;
      int[1] = x.length;
      float[2] = alpha;
      pool.run(op.SCALE, x.length > parallelPass);
      memory.changed(x);
    },
    sumSquares(x, out, at) {
      const mark = memory.mark();
      int[2] = memory.scratch(Math.ceil(x.length / squaresRun) * 8);
      int[0] = x.handle;
      int[1] = x.length;
      int[3] = out.handle + at * 4;
      pool.run(op.SQUARE_RUNS, x.length > parallelPass);
      pool.run(op.SUM_RUNS, false);
      memory.release(mark);
    },
    rmsNorm(x, w, y, rows, width, eps, strideX, strideY) {
      int[0] = x.handle;
      int[1] = w.handle;
      int[2] = y.handle;
      int[3] = rows;
      int[4] = width;
      float[5] = eps;
      int[6] = strideX * 4;
      int[7] = strideY * 4;
      pool.run(op.RMS_NORM, rows * width > parallelPass);
    },
    rmsNormGrad(dy, x, w, dx, dw, rows, width, eps, strideX, strideDy, accumulate) {
      const mark = memory.mark();
      int[11] = memory.scratch(rows * 4);
      int[0] = dy.handle;
      int[1] = x.handle;
      int[2] = w.handle;
      int[3] = dx.handle;
      int[4] = dw.handle;
      int[5] = rows;
      int[6] = width;
      float[7] = eps;
      int[8] = strideX * 4;
      int[9] = strideDy * 4;
      int[10] = accumulate ? 1 : 0;
      pool.run(op.RMS_NORM_GRAD, rows * width > parallelPass);
      pool.run(op.RMS_NORM_GRAD_SUM, rows * width > parallelPass);
      memory.release(mark);
    },
    rope(x, table, positions, rows, heads, strideRow, strideHead, dim, interleaved, inverse) {
      int[0] = x.handle;
      int[1] = table.handle;
      int[2] = positions.handle;
      int[3] = rows;
      int[4] = heads;
      int[5] = strideRow * 4;
      int[6] = strideHead * 4;
      int[7] = dim;
      int[8] = interleaved ? 1 : 0;
      int[9] = inverse ? 1 : 0;
      pool.run(op.ROPE, rows * heads * dim > parallelPass);
    },
    addBias(y, b, rows, width) {
      int[0] = y.handle;
      int[1] = b.handle;
      int[2] = rows;
      int[3] = width;
      pool.run(op.ADD_BIAS, rows * width > parallelPass);
    },
    biasGrad(dy, db, rows, width) {
      int[0] = dy.handle;
      int[1] = db.handle;
      int[2] = rows;
      int[3] = width;
      pool.run(op.BIAS_GRAD, rows * width > parallelPass);
    },
    swiglu(gate, up, y) {
      sameLength("swiglu", gate, y);
      sameLength("swiglu", up, y);
      int[0] = gate.handle;
      int[1] = up.handle;
      int[2] = y.handle;
      int[3] = y.length;
      pool.run(op.SWIGLU, y.length > parallelExp);
    },
    swigluGrad(dy, gate, up, dgate, dup) {
      sameLength("swigluGrad", gate, dy);
      sameLength("swigluGrad", up, dy);
      sameLength("swigluGrad", dgate, dy);
      sameLength("swigluGrad", dup, dy);
      int[0] = dy.handle;
      int[1] = gate.handle;
      int[2] = up.handle;
      int[3] = dgate.handle;
      int[4] = dup.handle;
      int[5] = dy.length;
      pool.run(op.SWIGLU_GRAD, dy.length > parallelExp);
    },
    embedding(table, ids, y, rows, width) {
      int[0] = table.handle;
      int[1] = ids.handle;
      int[2] = y.handle;
      int[3] = rows;
      int[4] = width;
      pool.run(op.EMBEDDING, rows * width > parallelPass);
    },
    embeddingGrad(dy, ids, dtable, rows, width) {
      int[0] = dy.handle;
      int[1] = ids.handle;
      int[2] = dtable.handle;
      int[3] = rows;
      int[4] = width;
      pool.run(op.EMBEDDING_GRAD, rows * width > parallelPass);
    },
  };
}

/** The wasm cannot see where a buffer ends: a shorter one would read or write its neighbour. */
function sameLength(kernel: string, a: F32, b: F32): void {
  if (a.length !== b.length) throw new RangeError(`${kernel} of ${a.length} and ${b.length} elements`);
}
