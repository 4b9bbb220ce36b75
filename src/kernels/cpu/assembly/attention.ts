/** Causal attention of packed sequences, as training runs it: a thread takes one head of one sequence after another. */
import { address, float, int, takeTile } from "./control";
import { packColumns, packKeys, packQueries, unpackColumns } from "./attention-pack";
import { BLOCK, firstSeen, hideBefore, NEGATIVE_INFINITY, PANEL, scores6, softmaxRows, weightedPanels } from "./attention-tiles";

/**
 * Arguments: q, k, v, o, lse, starts, sequences, longest, queryHeads, keyHeads, keyDim, valueDim, scale, scratch, bytes of
 * scratch a thread, window. The scratch holds keys (T8, keyDim), values (T8, V8), queries (keyDim, 6), scores (6, T8) and 256
 * more floats, where T8 and V8 are longest and valueDim up to the next multiple of 8.
 */
export function attention(args: usize, thread: i32, _threads: i32): void {
  const queryHeads = int(args, 8), keyHeads = int(args, 9), keyDim = int(args, 10), valueDim = int(args, 11);
  const starts = address(args, 5);
  const items = int(args, 6) * queryHeads;
  const room = (int(args, 7) + 7) & ~7;
  const scale = float(args, 12), window = int(args, 15);
  const keys = address(args, 13) + address(args, 14) * <usize>thread;
  const values = keys + (<usize>(room * keyDim) << 2);
  const queries = values + (<usize>(room * ((valueDim + 7) & ~7)) << 2);
  const scores = queries + <usize>keyDim * 24;
  const tile = scores + <usize>(room >> 3) * PANEL;
  const sums = tile + 2 * PANEL;
  const keyStride = <usize>(keyHeads * keyDim) << 2, valueStride = <usize>(keyHeads * valueDim) << 2;
  const queryStride = <usize>(queryHeads * keyDim) << 2, outStride = <usize>(queryHeads * valueDim) << 2;
  let packed = -1;
  for (let item = takeTile(0); item < items; item = takeTile(0)) {
    const sequence = item / queryHeads, head = item % queryHeads;
    const keyHead = (head * keyHeads) / queryHeads;
    const start = load<i32>(starts + (<usize>sequence << 2));
    const length = load<i32>(starts + (<usize>sequence << 2), 4) - start;
    if (length <= 0) continue;
    if (packed != sequence * keyHeads + keyHead) {
      packed = sequence * keyHeads + keyHead;
      const row = <usize>(start * keyHeads + keyHead) << 2;
      packKeys(address(args, 1) + row * keyDim, length, keyStride, keyDim, keys);
      packColumns(address(args, 2) + row * valueDim, length, valueStride, valueDim, 1, values, room);
    }
    for (let first = 0; first < length; first += BLOCK) {
      const rows = min(BLOCK, length - first), low = firstSeen(first, window, 8), seen = first - low;
      const at = <usize>((start + first) * queryHeads + head) << 2;
      packQueries(address(args, 0) + at * keyDim, rows, queryStride, keyDim, scale, queries);
      const from = keys + (<usize>(low * keyDim) << 2);
      scores6(queries, from, scores, (seen + rows + 7) >> 3, keyDim, 32, <usize>keyDim << 5, PANEL);
      if (window) hideBefore(scores, PANEL, rows, first, window, low, NEGATIVE_INFINITY);
      softmaxRows(scores, seen + 1, rows, sums);
      for (let r: usize = 0; r < <usize>rows; r++)
        store<f32>(
          address(args, 4) + at + ((r * queryHeads) << 2),
          load<f32>(sums + (r << 2), 24) + <f32>Math.log(load<f32>(sums + (r << 2))),
        );
      const out = address(args, 3) + at * valueDim;
      for (let c = 0; c < valueDim; ) {
        const from = values + (<usize>(c * room + low * 8) << 2), left = valueDim - c;
        let panels = weightedPanels(scores, PANEL, from, <usize>room << 5, 32, seen, rows, tile, left);
        for (let at = tile; panels > 0; panels--) {
          divideRows(at, sums, rows);
          unpackColumns(at, 1, rows, c, valueDim, out, outStride);
          at += PANEL;
          c += 8;
        }
      }
    }
  }
}

/** x (rows, 8) /= sums (rows). */
function divideRows(x: usize, sums: usize, rows: i32): void {
  for (let r = 0; r < rows; r++) {
    const sum = v128.load32_splat(sums), low = v128.load(x), high = v128.load(x, 16);
    v128.store(x, f32x4.div(low, sum));
    v128.store(x, f32x4.div(high, sum), 16);
    x += 32;
    sums += 4;
  }
}
