/**
 * c = a b for a packed b: the matrix product under `linear` and `linearGradInput`, alone and per group of rows.
 * A tile is a block of rows times a run of panels. Inside it one panel (at most DEPTH deep) stays in the first-level
 * cache while the rows go by, and the block of rows stays in the second-level cache while the panels go by. A deeper sum is
 * cut into slices that go on with the sums in c, so a row's bits depend on nothing but the row.
 */
import { address, int, privateMemory, takeTile } from "./control";
import { column, PAIR_PANELS, PANEL, PANEL_SHIFT, pairRun, ROW_PANELS, rowRun } from "./micro";

/** Longest slice of the summed dimension: a panel of it has 16 KiB. */
const DEPTH: i32 = 4096 / PANEL;
/** Rows of a tile: a multiple of six whose slice fits the second-level cache. */
const TILE_ROWS: i32 = 96;

/**
 * Arguments: a, bytes between its rows, packed b, c, bytes between its rows, rows, depth, columns, accumulate, offsets
 * (0: one group), groups. Groups follow each other in b.
 */
export function linearKernel(args: usize, thread: i32, threads: i32): void {
  const a = address(args, 0), sa = address(args, 1), b = address(args, 2), c = address(args, 3), sc = address(args, 4);
  const rows = int(args, 5), depth = int(args, 6), columns = int(args, 7);
  const accumulate = int(args, 8) != 0;
  const offsets = address(args, 9), groups = int(args, 10);
  const panels = (columns + PANEL - 1) / PANEL;
  const groupBytes = (<usize>panels * <usize>depth) << PANEL_SHIFT;

  // Enough tiles for the threads to share evenly, by cutting the panels where the rows alone give too few.
  const rowTiles = max(1, (rows + TILE_ROWS - 1) / TILE_ROWS + (offsets ? groups / 2 : 0));
  const wanted = threads == 1 ? 1 : (threads * 4 + rowTiles - 1) / rowTiles;
  const run = min(panels, ((panels + wanted - 1) / wanted + ROW_PANELS - 1) & -ROW_PANELS); // panels of a tile
  const runs = (panels + run - 1) / run;
  const scratch = privateMemory(thread);

  let group = 0, first = 0, start = 0, end = rows; // tiles before this group; its rows
  if (offsets) end = load<i32>(offsets, 4);
  for (let tile = takeTile(0); ; tile = takeTile(0)) {
    let blocks = (end - start + TILE_ROWS - 1) / TILE_ROWS;
    while (tile - first >= blocks * runs) {
      first += blocks * runs;
      group++;
      if (group >= groups) return;
      start = end;
      end = load<i32>(offsets + (<usize>(group + 1) << 2));
      blocks = (end - start + TILE_ROWS - 1) / TILE_ROWS;
    }
    const at = tile - first;
    // Rows of the group shared out evenly, so that no block is a thin remainder.
    const block = at / runs, size = evenRows(end - start, blocks);
    const row = start + block * size;
    const panel = (at % runs) * run;
    multiply(
      a + <usize>row * sa, sa, b + <usize>group * groupBytes + ((<usize>panel * <usize>depth) << PANEL_SHIFT),
      c + <usize>row * sc + (<usize>(panel * PANEL) << 2), sc,
      min(size, end - row), depth, min(columns - panel * PANEL, run * PANEL), accumulate, scratch,
    );
  }
}

/** Rows of a block when `rows` are cut into `blocks`: a multiple of six but in the last. */
// @ts-ignore: decorator
@inline function evenRows(rows: i32, blocks: i32): i32 {
  const size = (rows + blocks - 1) / blocks;
  return min(TILE_ROWS, ((size + 5) / 6) * 6);
}

function multiply(
  a: usize, sa: usize, b: usize, c: usize, sc: usize, rows: i32, depth: i32, columns: i32, accumulate: bool, scratch: usize,
): void {
  const panelBytes = <usize>depth << PANEL_SHIFT;
  for (let k = 0; k < depth; k += DEPTH) {
    const length = min(DEPTH, depth - k);
    const reload = accumulate || k > 0;
    const from = a + (<usize>k << 2);
    let panel = b + (<usize>k << PANEL_SHIFT), to = c, left = columns;
    if (rows == 1)
      for (; left >= ROW_PANELS * PANEL; left -= ROW_PANELS * PANEL) {
        rowRun(from, panel, panelBytes, to, length, reload);
        panel += ROW_PANELS * panelBytes;
        to += ROW_PANELS << PANEL_SHIFT;
      }
    else if (rows == 2)
      for (; left >= PAIR_PANELS * PANEL; left -= PAIR_PANELS * PANEL) {
        pairRun(from, sa, panel, panelBytes, to, sc, length, reload);
        panel += PAIR_PANELS * panelBytes;
        to += PAIR_PANELS << PANEL_SHIFT;
      }
    for (; left >= PANEL; left -= PANEL) {
      column(rows, from, sa, panel, to, sc, length, reload);
      panel += panelBytes;
      to += 1 << PANEL_SHIFT;
    }
    if (left > 0) narrow(rows, from, sa, panel, to, sc, length, left, reload, scratch);
  }
}

/** The last panel where it is not full: computed whole in private memory, then its columns copied out. */
function narrow(
  rows: i32, a: usize, sa: usize, b: usize, c: usize, sc: usize, k: i32, width: i32, reload: bool, scratch: usize,
): void {
  const bytes = <usize>width << 2;
  if (reload)
    for (let r = 0; r < rows; r++) {
      const at = scratch + (<usize>r << PANEL_SHIFT);
      memory.fill(at, 0, 1 << PANEL_SHIFT);
      copyWords(at, c + <usize>r * sc, bytes);
    }
  column(rows, a, sa, b, scratch, 1 << PANEL_SHIFT, k, reload);
  for (let r = 0; r < rows; r++) copyWords(c + <usize>r * sc, scratch + (<usize>r << PANEL_SHIFT), bytes);
}

// @ts-ignore: decorator
@inline function copyWords(to: usize, from: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += 4) store<i32>(to + i, load<i32>(from + i));
}
