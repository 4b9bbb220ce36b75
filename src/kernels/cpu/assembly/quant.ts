/**
 * y = x w for weights of few bits in panels of 16 outputs (./quant-few.ts, ./quant-eight.ts): a tile is a run of panels times a
 * block of rows. One panel stays in the first-level cache while the rows go by. An output's sum runs over the inputs in one
 * order whatever the rows beside it, so its bits depend on nothing but its row.
 */
import { address, float, int, privateMemory, share, takeTile } from "./control";
import { q8_float, q8_half } from "./quant-eight";
import { q2_k, q3_k, q4_0, q4_1, q4_k, q5_0, q5_1, q5_k, q6_k } from "./quant-few";
import * as layouts from "./quant-layouts";
import { quantizeRow, rowBytes, ROWS } from "./quant-rows";
import { sixteenLinear } from "./quant-sixteen";
import { panelBytes } from "./quant-sizes";

const PANEL: i32 = layouts.PANEL;
/** Counters that takeTile knows. */
const COUNTERS: i32 = 8;
/** Panels of a single row's product that a thread claims at a time. */
const CHUNK: i32 = 2;
/** Rows of a tile: their codes fit the second-level cache. */
const TILE_ROWS: i32 = 96;

/**
 * Arguments: x, bytes between its rows, rows, inputs, group, wide, unit, offsets (0: one group of rows), groups, codes of x
 * (0: a single row, which every part makes for itself), w, layout, y, outputs.
 */
export function quantLinear(args: usize, thread: i32, threads: i32): void {
  if (int(args, 11) >= layouts.BF16) return sixteenLinear(args, thread, threads);
  const rows = int(args, 2), inputs = int(args, 3), group = int(args, 4), wide = int(args, 5);
  const offsets = address(args, 7), groups = int(args, 8);
  const w = address(args, 10), layout = int(args, 11), y = address(args, 12), outputs = int(args, 13);
  const bytes = rowBytes(inputs, group, wide), sy = <usize>outputs << 2;
  const panels = (outputs + PANEL - 1) / PANEL, stride = panelBytes(layout, inputs);
  const scratch = privateMemory(thread), kernel = kernelOf(layout);
  let codes = address(args, 9);
  if (!codes) {
    codes = scratch + 1024;
    quantizeRow(address(args, 0), codes, inputs, group, wide, 1, float(args, 6));
    return oneRow(w, kernel, codes, y, inputs, outputs, stride, thread, threads, scratch);
  }

  const rowTiles = max(1, (rows + TILE_ROWS - 1) / TILE_ROWS + (offsets ? groups / 2 : 0));
  const wanted = threads == 1 ? 1 : (threads * 4 + rowTiles - 1) / rowTiles;
  const run = (panels + wanted - 1) / wanted; // panels of a tile
  const runs = (panels + run - 1) / run;

  let g = 0, first = 0, start = 0, end = rows; // tiles before this group of rows; its rows
  if (offsets) end = load<i32>(offsets, 4);
  for (let tile = takeTile(0); ; tile = takeTile(0)) {
    let blocks = (end - start + TILE_ROWS - 1) / TILE_ROWS;
    while (tile - first >= blocks * runs) {
      first += blocks * runs;
      g++;
      if (g >= groups) return;
      start = end;
      end = load<i32>(offsets + (<usize>(g + 1) << 2));
      blocks = (end - start + TILE_ROWS - 1) / TILE_ROWS;
    }
    const at = tile - first;
    const top = start + (at / runs) * TILE_ROWS, bottom = min(end, top + TILE_ROWS);
    const left = (at % runs) * run, right = min(panels, left + run);
    for (let panel = left; panel < right; panel++) {
      const from = w + <usize>(g * panels + panel) * stride;
      const width = outputs - panel * PANEL;
      for (let row = top; row < bottom; row += ROWS) {
        const count = min(ROWS, bottom - row);
        const to = y + <usize>row * sy + (<usize>(panel * PANEL) << 2);
        if (width >= PANEL) kernel(count, from, codes + <usize>row * bytes, to, sy, inputs);
        else {
          kernel(count, from, codes + <usize>row * bytes, scratch, PANEL << 2, inputs);
          for (let r = 0; r < count; r++)
            memory.copy(to + <usize>r * sy, scratch + (<usize>(r * PANEL) << 2), <usize>width << 2);
        }
      }
    }
  }
}

/**
 * One row waits for memory, which is read best in long runs: every part has a stretch of panels to itself, and helps the others
 * when it is done.
 */
function oneRow(
  w: usize, kernel: (rows: i32, w: usize, x: usize, c: usize, sc: usize, inputs: i32) => void, codes: usize, y: usize,
  inputs: i32, outputs: i32, stride: usize, thread: i32, threads: i32, scratch: usize,
): void {
  const panels = (outputs + PANEL - 1) / PANEL, stretches = min(threads, COUNTERS);
  for (let i = 0; i < stretches; i++) {
    const stretch = (thread + i) % stretches;
    const start = share(panels, stretch, stretches), end = share(panels, stretch + 1, stretches);
    for (let next = start + takeTile(stretch) * CHUNK; next < end; next = start + takeTile(stretch) * CHUNK) {
      for (let panel = next; panel < min(end, next + CHUNK); panel++) {
        const to = y + (<usize>(panel * PANEL) << 2), left = outputs - panel * PANEL;
        kernel(1, w + <usize>panel * stride, codes, left >= PANEL ? to : scratch, 0, inputs);
        if (left < PANEL) memory.copy(to, scratch, <usize>left << 2);
      }
    }
  }
}

/** What multiplies 1 to ROWS rows by a panel. Called by reference: inlined, all of them would be one huge function. */
function kernelOf(layout: i32): (rows: i32, w: usize, x: usize, c: usize, sc: usize, inputs: i32) => void {
  switch (layout) {
    case layouts.Q4_0:
      return q4_0;
    case layouts.Q4_1:
      return q4_1;
    case layouts.Q5_0:
      return q5_0;
    case layouts.Q5_1:
      return q5_1;
    case layouts.Q4_K:
      return q4_k;
    case layouts.Q5_K:
      return q5_k;
    case layouts.Q6_K:
      return q6_k;
    case layouts.Q3_K:
      return q3_k;
    case layouts.Q2_K:
      return q2_k;
    case layouts.Q8_HALF:
      return q8_half;
    default:
      return q8_float;
  }
}
