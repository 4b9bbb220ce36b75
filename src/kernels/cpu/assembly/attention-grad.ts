/**
 * The gradient of causal attention: probabilities are computed again from q, k and the kept log-sum-exp. One thread owns
 * a key head of a sequence, so the sums over queries run in one order: query heads of the group, then rows.
 * With P the probabilities and delta = dO . o: dS = P (dO V^T - delta), dQ = scale dS K, dK = dS^T (scale q), dV = P^T dO.
 */
import { address, float, int, takeTile } from "./control";
import { packColumns, packKeys, packQueries, unpackColumns } from "./attention-pack";
import { BLOCK, firstSeen, hideBefore, outerPanels, PANEL as TILE, scores6, weightedPanels } from "./attention-tiles";
import { expSoft4, madd, sumLanes } from "./math";

/** Rows whose probabilities are held at once: four blocks, so that a sum over rows stays in registers for a while. */
const ROWS: i32 = 24;
/** Bytes of one panel of 8 keys of their scores. */
const PANEL: usize = 768;

/**
 * Arguments: dO, q, k, v, o, lse, dq, dk, dv, starts, sequences, longest, queryHeads, keyHeads, keyDim, valueDim, scale,
 * scratch, bytes of scratch a thread, window. With K8, V8 and T8 keyDim, valueDim and longest up to the next multiple of 8, the
 * scratch holds (T8, keyDim + valueDim) for keys and values, (T8, K8) for keys again, (T8, K8 + V8) for the sums,
 * (6, keyDim + valueDim) and (24, K8 + V8) for queries, (2, 24, T8) for scores and 120 floats more.
 */
export function attentionGrad(args: usize, thread: i32, _threads: i32): void {
  const queryHeads = int(args, 12), keyHeads = int(args, 13), keyDim = int(args, 14), valueDim = int(args, 15);
  const items = int(args, 10) * keyHeads, group = queryHeads / keyHeads, scale = float(args, 16), window = int(args, 19);
  const room = (int(args, 11) + 7) & ~7, keyRoom = (keyDim + 7) & ~7, valueRoom = (valueDim + 7) & ~7;
  const keys = address(args, 17) + address(args, 18) * <usize>thread;
  const values = keys + (<usize>(room * keyDim) << 2);
  const keyColumns = values + (<usize>(room * valueDim) << 2);
  const dKeys = keyColumns + (<usize>(room * keyRoom) << 2);
  const dValues = dKeys + (<usize>(room * keyRoom) << 2);
  const queries = dValues + (<usize>(room * valueRoom) << 2);
  const dOuts = queries + <usize>keyDim * 24;
  const queryColumns = dOuts + <usize>valueDim * 24;
  const dOutColumns = queryColumns + <usize>(keyRoom * ROWS * 4);
  const p = dOutColumns + <usize>(valueRoom * ROWS * 4);
  const ds = p + <usize>(room >> 3) * PANEL;
  const tile = ds + <usize>(room >> 3) * PANEL;
  const deltas = tile + 2 * TILE;
  const keyStride = <usize>(keyHeads * keyDim) << 2, valueStride = <usize>(keyHeads * valueDim) << 2;
  const queryStride = <usize>(queryHeads * keyDim) << 2, outStride = <usize>(queryHeads * valueDim) << 2;
  for (let item = takeTile(0); item < items; item = takeTile(0)) {
    const keyHead = item % keyHeads, starts = address(args, 9) + (<usize>(item / keyHeads) << 2);
    const start = load<i32>(starts), length = load<i32>(starts, 4) - start;
    if (length <= 0) continue;
    const keyRow = <usize>(start * keyHeads + keyHead) << 2;
    packKeys(address(args, 2) + keyRow * keyDim, length, keyStride, keyDim, keys);
    packKeys(address(args, 3) + keyRow * valueDim, length, valueStride, valueDim, values);
    packColumns(address(args, 2) + keyRow * keyDim, length, keyStride, keyDim, 1, keyColumns, room);
    memory.fill(dKeys, 0, <usize>(room * (keyRoom + valueRoom)) << 2);
    for (let head = keyHead * group; head < (keyHead + 1) * group; head++)
      for (let base = 0; base < length; base += ROWS) {
        // Panels before the first that any of these rows sees are left out; one index counts for all their blocks.
        const rows = min(ROWS, length - base), low = firstSeen(base, window, 8);
        const keysSeen = keys + (<usize>(low * keyDim) << 2), valuesSeen = values + (<usize>(low * valueDim) << 2);
        const row = <usize>((start + base) * queryHeads + head) << 2;
        packColumns(address(args, 1) + row * keyDim, rows, queryStride, keyDim, scale, queryColumns, ROWS);
        packColumns(address(args, 0) + row * valueDim, rows, outStride, valueDim, 1, dOutColumns, ROWS);
        // All rows' before the blocks: the loads of o overlap, where between two blocks each would be waited for.
        for (let r = 0; r < rows; r++) {
          const from = row + (<usize>(r * queryHeads) << 2);
          const delta = dot(address(args, 0) + from * valueDim, address(args, 4) + from * valueDim, valueDim);
          store<f32>(deltas + (<usize>r << 2), delta);
        }
        for (let b = 0; b < rows; b += BLOCK) {
          const count = min(BLOCK, rows - b), first = base + b;
          const seen = first - low, panels = (seen + count + 7) >> 3;
          const at = <usize>((start + first) * queryHeads + head) << 2, block = <usize>b << 5;
          packQueries(address(args, 1) + at * keyDim, count, queryStride, keyDim, scale, queries);
          packQueries(address(args, 0) + at * valueDim, count, outStride, valueDim, 1, dOuts);
          scores6(queries, keysSeen, p + block, panels, keyDim, 32, <usize>keyDim << 5, PANEL);
          scores6(dOuts, valuesSeen, ds + block, panels, valueDim, 32, <usize>valueDim << 5, PANEL);
          for (let r = 0; r < count; r++) {
            const from = at + (<usize>(r * queryHeads) << 2), line = block + (<usize>r << 5);
            const lse = load<f32>(address(args, 5) + from), delta = load<f32>(deltas + (<usize>(b + r) << 2));
            softmaxGradRow(p + line, ds + line, panels, seen + r + 1, lse, delta);
          }
          if (window) {
            hideBefore(p + block, PANEL, count, first, window, low, 0);
            hideBefore(ds + block, PANEL, count, first, window, low, 0);
          }
          for (let c = 0; c < keyDim; ) {
            const from = keyColumns + (<usize>(c * room + low * 8) << 2), left = keyDim - c;
            let done = weightedPanels(ds + block, PANEL, from, <usize>room << 5, 32, seen, count, tile, left);
            for (let t = tile; done > 0; done--) {
              unpackColumns(t, scale, count, c, keyDim, address(args, 6) + at * keyDim, queryStride);
              t += TILE;
              c += 8;
            }
          }
        }
        const dV = dValues + (<usize>(low * valueRoom) << 2), dK = dKeys + (<usize>(low * keyRoom) << 2);
        addOuter(p, dOutColumns, base - low, rows, valueDim, dV, valueRoom);
        addOuter(ds, queryColumns, base - low, rows, keyDim, dK, keyRoom);
      }
    copyRows(dKeys, <usize>keyRoom << 2, length, keyDim, address(args, 7) + keyRow * keyDim, keyStride);
    copyRows(dValues, <usize>valueRoom << 2, length, valueDim, address(args, 8) + keyRow * valueDim, valueStride);
  }
}

/** Scores s become probabilities exp(s - lse), products dp become p (dp - delta); keys at and past n become 0. */
function softmaxGradRow(s: usize, dp: usize, panels: i32, n: i32, lse: f32, delta: f32): void {
  const lse4 = f32x4.splat(lse), delta4 = f32x4.splat(delta), zero = f32x4.splat(0);
  for (; panels > 0; panels--) {
    let p0 = expSoft4(f32x4.sub(v128.load(s), lse4)), p1 = expSoft4(f32x4.sub(v128.load(s, 16), lse4));
    let d0 = f32x4.mul(p0, f32x4.sub(v128.load(dp), delta4)), d1 = f32x4.mul(p1, f32x4.sub(v128.load(dp, 16), delta4));
    if (n < 8) {
      const low = i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(n)), high = i32x4.lt_s(i32x4(4, 5, 6, 7), i32x4.splat(n));
      p0 = v128.bitselect(p0, zero, low);
      p1 = v128.bitselect(p1, zero, high);
      d0 = v128.bitselect(d0, zero, low);
      d1 = v128.bitselect(d1, zero, high);
    }
    v128.store(s, p0);
    v128.store(s, p1, 16);
    v128.store(dp, d0);
    v128.store(dp, d1, 16);
    s += PANEL;
    dp += PANEL;
    n -= 8;
  }
}

/** sums (keys, room) += w^T x: w (panels of 8 keys, 24, 8), x (panels of 8 columns, 24, 8), rows from `base` of the sequence on. */
function addOuter(w: usize, x: usize, base: i32, rows: i32, width: i32, sums: usize, room: i32): void {
  const stride = <usize>room << 2;
  let skip = 0;
  for (let j = 0; j < base + rows; j += 8) {
    // A block of six whose last row lies before key j has no scores in this panel.
    while (base + min(skip + BLOCK, rows) <= j) skip += BLOCK;
    const from = <usize>skip << 5;
    for (let c = 0; c < width; ) {
      const to = sums + (<usize>(j * room + c) << 2);
      const columns = x + <usize>(c * ROWS * 4) + from;
      outerPanels(w + from, columns, ROWS * 32, rows - skip, to, stride, width - c);
      c += outerPanels(w + from + 16, columns, ROWS * 32, rows - skip, to + 4 * stride, stride, width - c) << 3;
    }
    w += PANEL;
  }
}

function dot(a: usize, b: usize, length: i32): f32 {
  let sum = f32x4.splat(0);
  const whole = length & ~3;
  for (let i = 0; i < whole; i += 4)
    sum = madd(v128.load(a + (<usize>i << 2)), v128.load(b + (<usize>i << 2)), sum);
  let total = sumLanes(sum);
  for (let i = whole; i < length; i++) total += load<f32>(a + (<usize>i << 2)) * load<f32>(b + (<usize>i << 2));
  return total;
}

function copyRows(from: usize, step: usize, rows: i32, width: i32, to: usize, stride: usize): void {
  for (let r = 0; r < rows; r++) {
    let i = 0;
    for (; i + 4 <= width; i += 4) v128.store(to + (<usize>i << 2), v128.load(from + (<usize>i << 2)));
    for (; i < width; i++) store<f32>(to + (<usize>i << 2), load<f32>(from + (<usize>i << 2)));
    from += step;
    to += stride;
  }
}
