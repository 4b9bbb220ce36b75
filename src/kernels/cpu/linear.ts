/**
 * Matrix products on the CPU. The right-hand operand is cut into panels first: a parameter once for every change of its
 * values and kept, anything else for the call only. Rows then go through in blocks of six (./assembly/micro.ts).
 */
import type { F32, I32, LinearKernels } from "../kernels.ts";
import * as op from "./assembly/operations.ts";
import type { CpuF32, CpuMemory } from "./memory.ts";
import type { Pool } from "./pool.ts";

/** Multiply-adds below which waking the other threads costs more than they give. */
const parallelWork = 1 << 17;
/** Rows and strips that linearGradWeight packs at a time (./assembly/grad-weight.ts), a strip's width, its edge's bytes. */
const [blockRows, packedStrips, stripWidth, edgeBytes] = [256, 8, 6, 384];

export function linearKernels(pool: Pool, memory: CpuMemory): LinearKernels {
  const { int, threads } = pool;
  const panelWidth = pool.build === "wide" ? 16 : 8;

  /** The address of w's panels, packed now where they are missing or outdated. */
  function panelsOf(w: F32, groups: number, inner: number, columns: number, transposed: 0 | 1): number {
    const padded = (transposed ? columns : inner) * roundUp(transposed ? inner : columns, panelWidth);
    const { forms } = w as CpuF32;
    if (forms === null) {
      const to = memory.scratch(groups * padded * 4);
      pack(w, to, groups, inner, columns, transposed);
      return to;
    }
    let form = forms.get(w.handle, transposed);
    if (form === undefined || form.inner !== inner || form.columns !== columns || form.groups !== groups) {
      if (form !== undefined) memory.giveBack(form.handle);
      const [start, end] = [w.handle, w.handle + groups * inner * columns * 4];
      form = { start, end, handle: memory.take(groups * padded * 4), inner, columns, groups, fresh: false };
      forms.set(w.handle, transposed, form);
    }
    if (!form.fresh) {
      pack(w, form.handle, groups, inner, columns, transposed);
      form.fresh = true;
    }
    return form.handle;
  }

  function pack(w: F32, to: number, groups: number, inner: number, columns: number, transposed: 0 | 1): void {
    int[0] = w.handle;
    int[1] = to;
    int[2] = groups;
    int[3] = columns;
    int[4] = inner;
    int[5] = transposed;
    pool.run(op.PACK, groups * inner * columns > parallelWork >> 2);
  }

  /** c (rows, columns) (+)= a (rows, depth) b, where b is w turned (transposed 0) or w (transposed 1). */
  function multiply(
    a: F32,
    strideA: number,
    w: F32,
    c: F32,
    strideC: number,
    rows: number,
    depth: number,
    columns: number,
    transposed: 0 | 1,
    accumulate: boolean,
    offsets: I32 | null,
    groups: number,
  ): void {
    if (rows === 0 || columns === 0) return;
    const mark = memory.mark();
    const panels = transposed
      ? panelsOf(w, groups, columns, depth, transposed)
      : panelsOf(w, groups, depth, columns, transposed);
    int[0] = a.handle;
    int[1] = strideA * 4;
    int[2] = panels;
    int[3] = c.handle;
    int[4] = strideC * 4;
    int[5] = rows;
    int[6] = depth;
    int[7] = columns;
    int[8] = accumulate ? 1 : 0;
    int[9] = offsets === null ? 0 : offsets.handle;
    int[10] = groups;
    pool.run(op.LINEAR, rows * depth * columns > parallelWork);
    memory.release(mark);
  }

  function gradWeight(
    dy: F32,
    x: F32,
    dw: F32,
    rows: number,
    inner: number,
    columns: number,
    strideX: number,
    offsets: I32 | null,
    groups: number,
  ): void {
    if (rows === 0) return;
    const parallel = rows * inner * columns > parallelWork;
    const workers = parallel ? threads : 1;
    // Pieces of n and of k: as many as threads need, cut so that the least is packed twice.
    const pieces = groups === 1 ? workers : groups < 16 * workers ? Math.min(2, workers) : 1;
    let piecesN = 1;
    for (let n = 2; n <= pieces; n++)
      if (pieces % n === 0 && n * inner + (pieces / n) * columns < piecesN * inner + (pieces / piecesN) * columns)
        piecesN = n;
    const piecesK = pieces / piecesN;
    const panels = Math.ceil(Math.ceil(inner / panelWidth) / piecesK) * panelWidth;
    const bytes = edgeBytes + blockRows * (packedStrips * stripWidth + panels) * 4;
    const mark = memory.mark();
    int[0] = dy.handle;
    int[1] = x.handle;
    int[2] = strideX * 4;
    int[3] = dw.handle;
    int[4] = rows;
    int[5] = inner;
    int[6] = columns;
    int[7] = offsets === null ? 0 : offsets.handle;
    int[8] = groups;
    int[9] = piecesN;
    int[10] = piecesK;
    int[11] = memory.scratch(bytes * workers);
    int[12] = bytes;
    pool.run(op.LINEAR_GRAD_WEIGHT, parallel);
    memory.release(mark);
  }

  return {
    linear(x, w, y, rows, inner, columns, strideX, accumulate) {
      multiply(x, strideX, w, y, columns, rows, inner, columns, 0, accumulate, null, 1);
    },
    linearGradInput(dy, w, dx, rows, inner, columns, strideDx, accumulate) {
      multiply(dy, columns, w, dx, strideDx, rows, columns, inner, 1, accumulate, null, 1);
    },
    linearGradWeight(dy, x, dw, rows, inner, columns, strideX) {
      gradWeight(dy, x, dw, rows, inner, columns, strideX, null, 1);
    },
    groupedLinear(x, w, y, offsets, groups, rows, inner, columns) {
      multiply(x, inner, w, y, columns, rows, inner, columns, 0, false, offsets, groups);
    },
    groupedLinearGradInput(dy, w, dx, offsets, groups, rows, inner, columns, accumulate) {
      multiply(dy, columns, w, dx, inner, rows, columns, inner, 1, accumulate, offsets, groups);
    },
    groupedLinearGradWeight(dy, x, dw, offsets, groups, rows, inner, columns) {
      gradWeight(dy, x, dw, rows, inner, columns, inner, offsets, groups);
    },
  };
}

const roundUp = (value: number, multiple: number): number => Math.ceil(value / multiple) * multiple;
