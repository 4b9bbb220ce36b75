/** Matrix products in plain loops: the three forms a linear layer needs, alone and per group of rows (experts). */
import type { F32, I32, LinearKernels } from "../kernels.ts";

export const linear: LinearKernels["linear"] = (x, w, y, rows, inner, columns, strideX, accumulate) => {
  const [X, W, Y] = [x.host!, w.host!, y.host!];
  for (let r = 0; r < rows; r++)
    for (let n = 0; n < columns; n++) {
      let sum = accumulate ? Y[r * columns + n]! : 0;
      for (let k = 0; k < inner; k++) sum += X[r * strideX + k]! * W[n * inner + k]!;
      Y[r * columns + n] = sum;
    }
};

export const linearGradInput: LinearKernels["linearGradInput"] = (
  dy,
  w,
  dx,
  rows,
  inner,
  columns,
  strideDx,
  accumulate,
) => {
  const [DY, W, DX] = [dy.host!, w.host!, dx.host!];
  for (let r = 0; r < rows; r++)
    for (let k = 0; k < inner; k++) {
      let sum = accumulate ? DX[r * strideDx + k]! : 0;
      for (let n = 0; n < columns; n++) sum += DY[r * columns + n]! * W[n * inner + k]!;
      DX[r * strideDx + k] = sum;
    }
};

export const linearGradWeight: LinearKernels["linearGradWeight"] = (dy, x, dw, rows, inner, columns, strideX) => {
  const [DY, X, DW] = [dy.host!, x.host!, dw.host!];
  for (let n = 0; n < columns; n++)
    for (let k = 0; k < inner; k++) {
      let sum = DW[n * inner + k]!;
      for (let r = 0; r < rows; r++) sum += DY[r * columns + n]! * X[r * strideX + k]!;
      DW[n * inner + k] = sum;
    }
};

export const groupedLinear: LinearKernels["groupedLinear"] = (x, w, y, offsets, groups, _rows, inner, columns) =>
  eachGroup(offsets, groups, (g, at, rows) =>
    linear(
      part(x, at * inner, rows * inner),
      part(w, g * columns * inner, columns * inner),
      part(y, at * columns, rows * columns),
      rows,
      inner,
      columns,
      inner,
      false,
    ),
  );

export const groupedLinearGradInput: LinearKernels["groupedLinearGradInput"] = (
  dy,
  w,
  dx,
  offsets,
  groups,
  _rows,
  inner,
  columns,
  accumulate,
) =>
  eachGroup(offsets, groups, (g, at, rows) =>
    linearGradInput(
      part(dy, at * columns, rows * columns),
      part(w, g * columns * inner, columns * inner),
      part(dx, at * inner, rows * inner),
      rows,
      inner,
      columns,
      inner,
      accumulate,
    ),
  );

export const groupedLinearGradWeight: LinearKernels["groupedLinearGradWeight"] = (
  dy,
  x,
  dw,
  offsets,
  groups,
  _rows,
  inner,
  columns,
) =>
  eachGroup(offsets, groups, (g, at, rows) =>
    linearGradWeight(
      part(dy, at * columns, rows * columns),
      part(x, at * inner, rows * inner),
      part(dw, g * columns * inner, columns * inner),
      rows,
      inner,
      columns,
      inner,
    ),
  );

function eachGroup(offsets: I32, groups: number, run: (group: number, at: number, rows: number) => void): void {
  const at = offsets.host!;
  for (let g = 0; g < groups; g++) run(g, at[g]!, at[g + 1]! - at[g]!);
}

const part = (x: F32, start: number, length: number): F32 => ({
  ...x,
  length,
  host: x.host!.subarray(start, start + length),
});
