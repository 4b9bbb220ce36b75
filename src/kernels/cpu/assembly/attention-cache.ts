/**
 * Decoding: keys and values go to a cache and single rows attend to it. Six rows that continue one another in one slot
 * (a prefill) share the loads of a block; the bits are those of ./attention either way.
 */
import { address, float, int, share, takeTile } from "./control";
import { packQueries } from "./attention-pack";
import { scores1, weighted1 } from "./attention-row";
import { SHARING, sharedHeads } from "./attention-shared";
import {
  BLOCK, firstSeen, hideBefore, NEGATIVE_INFINITY, PANEL, scores6, softmaxRow, softmaxRows, weightedPanels,
} from "./attention-tiles";

/** Fewer rows than this in a run go one by one. */
const SHARED: i32 = 3;

// A head's keys lie in blocks of 32 positions, (keyDim, 32) each and (keyDim, capacity - start) the last: a row is read in one
// run through memory, a line at a time, whatever the capacity.
const KEYS: i32 = 32;

/**
 * Arguments: q, cacheK, cacheV, o, slots, positions, rows, capacity, longest, queryHeads, keyHeads, keyDim, valueDim, scale,
 * scratch, bytes of scratch a thread: (6, keyDim) for queries, (6, valueDim) for sums, (6, T8 + 64) for scores and 256 floats more,
 * T8 = longest up to the next multiple of 8; window.
 */
export function attentionCached(args: usize, thread: i32, threads: i32): void {
  const slots = address(args, 4), positions = address(args, 5);
  const rows = int(args, 6), queryHeads = int(args, 9), keyHeads = int(args, 10);
  const scratch = address(args, 14) + address(args, 15) * <usize>thread;
  const group = queryHeads / keyHeads;
  if (group > 1 && !continues(slots, positions, rows)) {
    // Cut the heads that share keys further where that gives the threads more even work.
    let runs = (group + SHARING - 1) / SHARING;
    if (threads > 1) while (runs < group && rows * keyHeads * runs < 2 * threads) runs++;
    const size = (group + runs - 1) / runs;
    for (let item = takeTile(0); item < rows * keyHeads * runs; item = takeTile(0)) {
      const row = item / (keyHeads * runs), first = (item % runs) * size;
      const head = ((item / runs) % keyHeads) * group + first, count = min(size, group - first);
      const slot = load<i32>(slots + (<usize>row << 2)), position = load<i32>(positions + (<usize>row << 2));
      if (count > 1) sharedHeads(args, scratch, row, count, head, slot, position);
      else if (count == 1) alone(args, scratch, row, head, slot, position);
    }
    return;
  }
  const blocks = (rows + BLOCK - 1) / BLOCK;
  for (let item = takeTile(0); item < blocks * queryHeads; item = takeTile(0)) {
    const head = item % queryHeads;
    const end = min(rows, (item / queryHeads + 1) * BLOCK);
    for (let row = (item / queryHeads) * BLOCK; row < end; ) {
      const slot = load<i32>(slots + (<usize>row << 2)), position = load<i32>(positions + (<usize>row << 2));
      let count = 1;
      while (row + count < end && follows(slots, positions, row + count)) count++;
      const panels = (position + count + 7) >> 3;
      if (count >= SHARED && panels << 3 <= int(args, 7) && !(int(args, 12) & 7))
        together(args, scratch, row, count, head, slot, position);
      else for (let r = 0; r < count; r++) alone(args, scratch, row + r, head, slot, position + r);
      row += count;
    }
  }
}

/** Whether a row stands in the slot of the row before, one position further. */
// @ts-ignore: decorator
@inline function follows(slots: usize, positions: usize, row: i32): bool {
  const at = <usize>(row - 1) << 2;
  return load<i32>(slots + at) == load<i32>(slots + at, 4) && load<i32>(positions + at) + 1 == load<i32>(positions + at, 4);
}

/** Whether any row does. */
function continues(slots: usize, positions: usize, rows: i32): bool {
  for (let row = 1; row < rows; row++) if (follows(slots, positions, row)) return true;
  return false;
}

/** Eight columns of `rows` rows, each divided by its sum. */
// @ts-ignore: decorator
@inline function divided(from: usize, sums: usize, rows: i32, to: usize, stride: usize): void {
  for (let r: usize = 0; r < <usize>rows; r++) {
    const sum = v128.load32_splat(sums + (r << 2)), low = v128.load(from + (r << 5)), high = v128.load(from + (r << 5), 16);
    v128.store(to, f32x4.div(low, sum));
    v128.store(to, f32x4.div(high, sum), 16);
    to += stride;
  }
}

function alone(args: usize, scratch: usize, row: i32, head: i32, slot: i32, position: i32): void {
  const capacity = int(args, 7), queryHeads = int(args, 9), keyHeads = int(args, 10);
  const keyDim = int(args, 11), valueDim = int(args, 12), scale = float(args, 13);
  const plane = <usize>(slot * keyHeads + (head * keyHeads) / queryHeads) * <usize>capacity;
  const at = <usize>(row * queryHeads + head) << 2;
  const query = address(args, 0) + at * keyDim;
  const scores = scratch + (<usize>keyDim << 2);
  const window = int(args, 16), low = firstSeen(position, window, KEYS), seen = position + 1 - low;
  for (let d: usize = 0; d < <usize>keyDim << 2; d += 4) store<f32>(scratch + d, load<f32>(query + d) * scale);
  const keys = address(args, 1) + ((plane * keyDim) << 2);
  for (let j = low; j <= position; j += KEYS) {
    const width = min(KEYS, capacity - j), block = keys + (<usize>(j * keyDim) << 2);
    scores1(scratch, block, scores + (<usize>(j - low) << 2), min(width, position + 1 - j), keyDim, <usize>width << 2, width);
  }
  if (window) for (let j = 0; j < seen - window; j++) store<f32>(scores + (<usize>j << 2), NEGATIVE_INFINITY);
  const sum = softmaxRow(scores, 32, seen, scratch);
  const values = address(args, 2) + (((plane + low) * valueDim) << 2);
  weighted1(scores, values, seen, valueDim, sum, address(args, 3) + at * valueDim);
}

function together(args: usize, scratch: usize, row: i32, rows: i32, head: i32, slot: i32, first: i32): void {
  const capacity = int(args, 7), queryHeads = int(args, 9), keyHeads = int(args, 10);
  const keyDim = int(args, 11), valueDim = int(args, 12);
  const plane = <usize>(slot * keyHeads + (head * keyHeads) / queryHeads) * <usize>capacity;
  const at = <usize>(row * queryHeads + head) << 2;
  const window = int(args, 16), low = firstSeen(first, window, KEYS), seen = first - low;
  const scores = scratch + <usize>keyDim * 24, tile = scores + <usize>((seen + rows + 7) >> 3) * PANEL;
  const sums = tile + 2 * PANEL;
  packQueries(address(args, 0) + at * keyDim, rows, <usize>(queryHeads * keyDim) << 2, keyDim, float(args, 13), scratch);
  const keys = address(args, 1) + ((plane * keyDim) << 2);
  for (let j = low; j < first + rows; j += KEYS) {
    const width = min(KEYS, capacity - j), panels = (min(KEYS, first + rows - j) + 7) >> 3;
    const block = keys + (<usize>(j * keyDim) << 2), to = scores + <usize>((j - low) >> 3) * PANEL;
    scores6(scratch, block, to, panels, keyDim, <usize>width << 2, 32, PANEL);
  }
  if (window) hideBefore(scores, PANEL, rows, first, window, low, NEGATIVE_INFINITY);
  softmaxRows(scores, seen + 1, rows, sums);
  const values = address(args, 2) + (((plane + low) * valueDim) << 2);
  for (let c = 0; c < valueDim; ) {
    const stride = <usize>valueDim << 2, left = valueDim - c;
    let panels = weightedPanels(scores, PANEL, values + (<usize>c << 2), 32, stride, seen, rows, tile, left);
    for (let from = tile; panels > 0; panels--) {
      divided(from, sums, rows, address(args, 3) + at * valueDim + (<usize>c << 2), <usize>queryHeads * stride);
      from += PANEL;
      c += 8;
    }
  }
}

/** Arguments: k, v, cacheK, cacheV, slots, positions, rows, capacity, keyHeads, keyDim, valueDim. */
export function cacheAppend(args: usize, thread: i32, threads: i32): void {
  const rows = int(args, 6), capacity = <usize>int(args, 7), heads = int(args, 8);
  const keyBytes = address(args, 9) << 2, valueBytes = address(args, 10) << 2;
  const end = share(rows * heads, thread + 1, threads);
  for (let item = share(rows * heads, thread, threads); item < end; item++) {
    const row = <usize>(item / heads) << 2;
    const plane = <usize>(load<i32>(address(args, 4) + row) * heads + (item % heads)) * capacity;
    const position = load<usize>(address(args, 5) + row);
    const key = address(args, 0) + <usize>item * keyBytes;
    const start = position & ~(KEYS - 1), width = min<usize>(KEYS, capacity - start) << 2;
    let to = address(args, 2) + (plane + start) * keyBytes + ((position - start) << 2);
    for (let i: usize = 0; i < keyBytes; i += 4) {
      store<f32>(to, load<f32>(key + i));
      to += width;
    }
    const value = address(args, 1) + <usize>item * valueBytes;
    memory.copy(address(args, 3) + (plane + position) * valueBytes, value, valueBytes);
  }
}

/** Arguments: cacheK, cacheV, from, to, length, capacity, keyHeads, keyDim, valueDim. */
export function cacheCopy(args: usize, thread: i32, threads: i32): void {
  const length = address(args, 4), capacity = address(args, 5), heads = int(args, 6);
  const keyBytes = address(args, 7) << 2, valueBytes = address(args, 8) << 2;
  const whole = length & ~(KEYS - 1), width = min<usize>(KEYS, capacity - whole) << 2;
  const end = share(heads, thread + 1, threads);
  for (let head = share(heads, thread, threads); head < end; head++) {
    const from = <usize>(int(args, 2) * heads + head) * capacity, to = <usize>(int(args, 3) * heads + head) * capacity;
    memory.copy(address(args, 0) + to * keyBytes, address(args, 0) + from * keyBytes, whole * keyBytes);
    const source = address(args, 0) + (from + whole) * keyBytes, target = address(args, 0) + (to + whole) * keyBytes;
    if (whole < length)
      for (let d: usize = 0; d < keyBytes >> 2; d++)
        memory.copy(target + d * width, source + d * width, (length - whole) << 2);
    memory.copy(address(args, 1) + to * valueBytes, address(args, 1) + from * valueBytes, length * valueBytes);
  }
}
