/**
 * dw[n, k] += sum over rows r of dy[r, n] x[r, k]: rows are the summed dimension, taken in order in blocks. A tile is a
 * rectangle of dw (of one group); for each block of rows its thread packs x in panels and dy in strips of six, a few strips
 * at a time so that they are still in cache when they meet the panels. Threads share nothing: a strip or panel that two tiles need is packed twice, which costs less than
 * meeting at a barrier for every block.
 */
import { address, int, takeTile } from "./control";
import { outer, PANEL, PANEL_SHIFT, ROWS } from "./micro";
import { packColumns } from "./pack";

/** Rows of a block: a panel of x (8 or 16 KiB) and a strip of dy (6 KiB) share the first-level cache. */
const BLOCK: i32 = 256;
/** Strips packed together: 48 columns of dy are three whole cache lines, 48 KiB packed. */
const STRIPS: i32 = 8;
const EDGE_BYTES: usize = 384;

/**
 * Arguments: dy, x, bytes between x's rows, dw, rows, inner, columns, offsets (0: one group), groups, pieces of n, pieces
 * of k, pack memory, its bytes a thread.
 */
export function linearGradWeightKernel(args: usize, thread: i32, threads: i32): void {
  const dy = address(args, 0), x = address(args, 1), sx = address(args, 2), dw = address(args, 3);
  const rows = int(args, 4), inner = int(args, 5), columns = int(args, 6);
  const offsets = address(args, 7), groups = int(args, 8), piecesN = int(args, 9), piecesK = int(args, 10);
  const memory = address(args, 11) + <usize>thread * address(args, 12);
  const strips = (columns + ROWS - 1) / ROWS, panels = (inner + PANEL - 1) / PANEL;
  const pieces = piecesN * piecesK;
  for (let tile = takeTile(0); tile < groups * pieces; tile = takeTile(0)) {
    const group = tile / pieces, piece = tile % pieces;
    const start = offsets ? load<i32>(offsets + (<usize>group << 2)) : 0;
    const end = offsets ? load<i32>(offsets + (<usize>group << 2), 4) : rows;
    const n = piece / piecesK, k = piece % piecesK;
    const n0 = ((strips * n) / piecesN) * ROWS, n1 = min(columns, ((strips * (n + 1)) / piecesN) * ROWS);
    const k0 = ((panels * k) / piecesK) * PANEL, k1 = min(inner, ((panels * (k + 1)) / piecesK) * PANEL);
    if (n0 >= n1 || k0 >= k1) continue;
    const out = dw + ((<usize>group * <usize>columns * <usize>inner) << 2);
    for (let r = start; r < end; r += BLOCK)
      rectangle(
        dy + ((<usize>r * <usize>columns + <usize>n0) << 2), <usize>columns << 2,
        x + <usize>r * sx + (<usize>k0 << 2), sx,
        out + ((<usize>n0 * <usize>inner + <usize>k0) << 2), <usize>inner << 2,
        min(BLOCK, end - r), n1 - n0, k1 - k0, memory,
      );
  }
}

function rectangle(
  dy: usize, sdy: usize, x: usize, sx: usize, dw: usize, sdw: usize, rows: i32, n: i32, k: i32, memory: usize,
): void {
  const stripBytes = <usize>rows * 24, panelBytes = <usize>rows << PANEL_SHIFT;
  const edge = memory, edgeStride: usize = 1 << PANEL_SHIFT; // a corner of dw, 6 by PANEL
  const strips = memory + EDGE_BYTES, panels = strips + STRIPS * BLOCK * 24;
  let to = panels;
  for (let j = 0; j < k; j += PANEL) {
    packColumns(x + (<usize>j << 2), sx, to, min(PANEL, k - j), rows);
    to += panelBytes;
  }
  for (let first = 0; first < n; first += STRIPS * ROWS) {
    const last = min(n, first + STRIPS * ROWS);
    to = strips;
    for (let i = first; i < last; i += ROWS) {
      packStrip(dy + (<usize>i << 2), sdy, to, min(ROWS, n - i), rows);
      to += stripBytes;
    }
    let strip = strips;
    for (let i = first; i < last; i += ROWS) {
      let panel = panels;
      for (let j = 0; j < k; j += PANEL) {
        const out = dw + <usize>i * sdw + (<usize>j << 2);
        if (n - i >= ROWS && k - j >= PANEL) outer(strip, panel, out, sdw, rows);
        else {
          copyCorner(edge, edgeStride, out, sdw, min(ROWS, n - i), min(PANEL, k - j));
          outer(strip, panel, edge, edgeStride, rows);
          copyCorner(out, sdw, edge, edgeStride, min(ROWS, n - i), min(PANEL, k - j));
        }
        panel += panelBytes;
      }
      strip += stripBytes;
    }
  }
}

/** to[r, i] = dy[r, i] for i < width, else 0. */
function packStrip(dy: usize, stride: usize, to: usize, width: i32, rows: i32): void {
  const end = to + <usize>rows * 24;
  if (width == ROWS)
    for (; to < end; to += 24) {
      v128.store(to, v128.load(dy));
      store<i64>(to, load<i64>(dy, 16), 16);
      dy += stride;
    }
  else
    for (; to < end; to += 24) {
      for (let i = 0; i < ROWS; i++)
        store<f32>(to + (<usize>i << 2), i < width ? load<f32>(dy + (<usize>i << 2)) : <f32>0);
      dy += stride;
    }
}

function copyCorner(to: usize, toStride: usize, from: usize, fromStride: usize, rows: i32, columns: i32): void {
  for (let r = 0; r < rows; r++) {
    for (let j = 0; j < columns; j++) store<i32>(to + (<usize>j << 2), load<i32>(from + (<usize>j << 2)));
    to += toStride;
    from += fromStride;
  }
}
