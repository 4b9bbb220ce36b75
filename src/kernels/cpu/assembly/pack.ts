/**
 * Cuts a weight w (groups, rows, inner) into panels of PANEL columns for the matrix products, the summed dimension running
 * down a panel: panel p of a group is (depth, PANEL). Missing columns of the last panel are zero, so that every column
 * is computed by the same instructions.
 */
import { address, int, takeTile } from "./control";
import { PANEL, PANEL_SHIFT } from "./micro";

const ROW_BYTES: usize = 1 << PANEL_SHIFT;

/** Arguments: w, out, groups, rows, inner, transposed. Columns are w's rows (x w^T), or transposed w's columns (dy w). */
export function packKernel(args: usize, thread: i32, threads: i32): void {
  const w = address(args, 0), out = address(args, 1);
  const groups = int(args, 2), rows = int(args, 3), inner = int(args, 4), transposed = int(args, 5);
  const columns = transposed ? inner : rows, depth = transposed ? rows : inner;
  const panels = (columns + PANEL - 1) / PANEL;
  const groupBytes = (<usize>rows * <usize>inner) << 2, panelBytes = <usize>depth << PANEL_SHIFT;
  for (let tile = takeTile(0); tile < groups * panels; tile = takeTile(0)) {
    const group = tile / panels, panel = tile % panels;
    const from = w + <usize>group * groupBytes, to = out + <usize>tile * panelBytes;
    const width = min(PANEL, columns - panel * PANEL);
    if (transposed) packColumns(from + (<usize>(panel * PANEL) << 2), <usize>inner << 2, to, width, depth);
    else packRows(from + ((<usize>(panel * PANEL) * <usize>inner) << 2), <usize>inner << 2, to, width, depth);
  }
}

/** to[k, j] = from[k, j] for j < width, else 0; `stride` bytes between from's rows. */
export function packColumns(from: usize, stride: usize, to: usize, width: i32, depth: i32): void {
  const end = to + (<usize>depth << PANEL_SHIFT);
  if (width == PANEL)
    for (; to < end; to += ROW_BYTES) {
      const x0 = v128.load(from), x1 = v128.load(from, 16);
      v128.store(to, x0);
      v128.store(to, x1, 16);
      if (PANEL == 16) {
        const x2 = v128.load(from, 32), x3 = v128.load(from, 48);
        v128.store(to, x2, 32);
        v128.store(to, x3, 48);
      }
      from += stride;
    }
  else
    for (; to < end; to += ROW_BYTES) {
      memory.fill(to, 0, ROW_BYTES);
      for (let j = 0; j < width; j++) store<f32>(to + (<usize>j << 2), load<f32>(from + (<usize>j << 2)));
      from += stride;
    }
}

/** to[k, j] = from[j, k] for j < width, else 0. */
function packRows(from: usize, stride: usize, to: usize, width: i32, depth: i32): void {
  if (width < PANEL) memory.fill(to, 0, <usize>depth << PANEL_SHIFT);
  let k = 0;
  for (; k + 4 <= depth; k += 4) {
    let at = from + (<usize>k << 2), j = 0;
    for (; j + 4 <= width; j += 4) {
      transpose4(at, stride, to + (<usize>j << 2));
      at += 4 * stride;
    }
    for (; j < width; j++) {
      for (let i: usize = 0; i < 4; i++) store<f32>(to + i * ROW_BYTES + (<usize>j << 2), load<f32>(at + (i << 2)));
      at += stride;
    }
    to += 4 * ROW_BYTES;
  }
  for (; k < depth; k++) {
    for (let j = 0; j < width; j++)
      store<f32>(to + (<usize>j << 2), load<f32>(from + <usize>j * stride + (<usize>k << 2)));
    to += ROW_BYTES;
  }
}

/** Four rows of four numbers, turned; the turned rows lie a panel's row apart. */
// @ts-ignore: decorator
@inline function transpose4(from: usize, stride: usize, to: usize): void {
  const r0 = v128.load(from), r1 = v128.load(from + stride);
  const r2 = v128.load(from + 2 * stride), r3 = v128.load(from + 3 * stride);
  const t0 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5), t1 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
  const t2 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5), t3 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<f32>(t0, t2, 0, 1, 4, 5));
  v128.store(to, v128.shuffle<f32>(t0, t2, 2, 3, 6, 7), ROW_BYTES);
  v128.store(to, v128.shuffle<f32>(t1, t3, 0, 1, 4, 5), 2 * ROW_BYTES);
  v128.store(to, v128.shuffle<f32>(t1, t3, 2, 3, 6, 7), 3 * ROW_BYTES);
}
