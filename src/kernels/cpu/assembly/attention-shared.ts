/**
 * Decoding with grouped queries: a row's query heads that share keys and values go through them together, so that memory is
 * read once and in order: 32 keys at a time by two queries, then CHUNK values at a time by each. The sums run as in
 * ./attention-tiles, which the bits show.
 */
import { address, float, int } from "./control";
import { scores1, weighted1 } from "./attention-row";
import { firstSeen, NEGATIVE_INFINITY, softmaxRow } from "./attention-tiles";
import { madd } from "./math";

/** Query heads that go together at most; their scratch is what the host reckons with. */
export const SHARING: i32 = 6;
/** Positions of a block of the key cache. */
const KEYS: i32 = 32;
/** Positions whose values stay in the first-level cache while all queries meet them. */
const CHUNK: i32 = 64;

/**
 * Query heads [head, head + count) of a row. Scratch: (count, keyDim) queries, (count, valueDim) sums, (count, room) scores
 * with up to 63 more than the longest sequence, a word.
 */
export function sharedHeads(args: usize, scratch: usize, row: i32, count: i32, head: i32, slot: i32, position: i32): void {
  const capacity = int(args, 7), queryHeads = int(args, 9), keyHeads = int(args, 10);
  const keyDim = int(args, 11), valueDim = int(args, 12), scale = float(args, 13);
  const plane = <usize>(slot * keyHeads + (head * keyHeads) / queryHeads) * <usize>capacity;
  const at = <usize>(row * queryHeads + head) << 2;
  const window = int(args, 16), low = firstSeen(position, window, KEYS), seen = position + 1 - low;
  const depth = <usize>keyDim << 2, width = <usize>valueDim << 2, room = <usize>((seen + 2 * KEYS - 1) & -KEYS) << 2;
  const sums = scratch + <usize>count * depth, scores = sums + <usize>count * width, word = scores + <usize>count * room;

  const query = address(args, 0) + at * keyDim;
  for (let i: usize = 0; i < <usize>count * depth; i += 4) store<f32>(scratch + i, load<f32>(query + i) * scale);
  const keys = address(args, 1) + ((plane * keyDim) << 2);
  for (let j = low; j <= position; j += KEYS) {
    const block = keys + <usize>j * depth, across = min(KEYS, capacity - j), left = min(across, position + 1 - j);
    let g = 0, to = scores + (<usize>(j - low) << 2);
    if (left == KEYS)
      for (; g + 2 <= count; g += 2) {
        scores2(scratch + <usize>g * depth, depth, block, to, room);
        to += 2 * room;
      }
    for (; g < count; g++) {
      scores1(scratch + <usize>g * depth, block, to, left, keyDim, <usize>across << 2, across);
      to += room;
    }
  }

  for (let g: usize = 0; g < <usize>count; g++) {
    const own = scores + g * room;
    if (window) for (let j = 0; j < seen - window; j++) store<f32>(own + (<usize>j << 2), NEGATIVE_INFINITY);
    const sum = softmaxRow(own, 32, seen, word);
    // The scores' room behind the last is free: the sum waits there.
    store<f32>(own + room - 4, sum);
  }

  const values = address(args, 2) + (((plane + low) * valueDim) << 2), out = address(args, 3) + at * valueDim;
  const whole = valueDim & -32;
  memory.fill(sums, 0, <usize>count * width);
  for (let j = 0; j < seen; j += CHUNK) {
    const n = min(CHUNK, seen - j);
    for (let g: usize = 0; g < <usize>count; g++) {
      const p = scores + g * room + (<usize>j << 2), sum = sums + g * width, v = values + <usize>j * width;
      let c = 0;
      for (; c + 64 <= whole; c += 64) weigh64(p, v + (<usize>c << 2), n, width, sum + (<usize>c << 2));
      if (c < whole) weigh32(p, v + (<usize>c << 2), n, width, sum + (<usize>c << 2));
    }
  }
  for (let g: usize = 0; g < <usize>count; g++) {
    const own = scores + g * room, sum = load<f32>(own + room - 4), total = f32x4.splat(sum);
    const from = sums + g * width, to = out + g * width;
    for (let c: usize = 0; c < <usize>whole << 2; c += 16) v128.store(to + c, f32x4.div(v128.load(from + c), total));
    if (whole < valueDim) weighted1(own, values, seen, valueDim, sum, to, whole);
  }
}

/** Scores of two queries, `depth` bytes apart, with a block of 32 keys; `next` bytes between the queries' scores. */
function scores2(q: usize, depth: usize, k: usize, out: usize, next: usize): void {
  let second = q + depth;
  const end = second, other = out + next;
  let a0 = f32x4.splat(0), a1 = f32x4.splat(0), a2 = f32x4.splat(0), a3 = f32x4.splat(0), a4 = f32x4.splat(0), a5 = f32x4.splat(0), a6 = f32x4.splat(0), a7 = f32x4.splat(0);
  let b0 = a0, b1 = a0, b2 = a0, b3 = a0, b4 = a0, b5 = a0, b6 = a0, b7 = a0;
  for (; q < end; q += 4) {
    const x = v128.load32_splat(q), y = v128.load32_splat(second);
    const k0 = v128.load(k), k1 = v128.load(k, 16);
    a0 = madd(x, k0, a0); a1 = madd(x, k1, a1); b0 = madd(y, k0, b0); b1 = madd(y, k1, b1);
    const k2 = v128.load(k, 32), k3 = v128.load(k, 48);
    a2 = madd(x, k2, a2); a3 = madd(x, k3, a3); b2 = madd(y, k2, b2); b3 = madd(y, k3, b3);
    const k4 = v128.load(k, 64), k5 = v128.load(k, 80);
    a4 = madd(x, k4, a4); a5 = madd(x, k5, a5); b4 = madd(y, k4, b4); b5 = madd(y, k5, b5);
    const k6 = v128.load(k, 96), k7 = v128.load(k, 112);
    a6 = madd(x, k6, a6); a7 = madd(x, k7, a7); b6 = madd(y, k6, b6); b7 = madd(y, k7, b7);
    second += 4;
    k += 128;
  }
  v128.store(out, a0); v128.store(out, a1, 16); v128.store(out, a2, 32); v128.store(out, a3, 48); v128.store(out, a4, 64); v128.store(out, a5, 80); v128.store(out, a6, 96); v128.store(out, a7, 112);
  v128.store(other, b0); v128.store(other, b1, 16); v128.store(other, b2, 32); v128.store(other, b3, 48); v128.store(other, b4, 64); v128.store(other, b5, 80); v128.store(other, b6, 96); v128.store(other, b7, 112);
}

/** sum (64) += p[j] v[j] over n rows of v, `stride` bytes apart. */
function weigh64(p: usize, v: usize, n: i32, stride: usize, sum: usize): void {
  const end = p + (<usize>n << 2);
  let a0 = v128.load(sum), a1 = v128.load(sum, 16), a2 = v128.load(sum, 32), a3 = v128.load(sum, 48);
  let a4 = v128.load(sum, 64), a5 = v128.load(sum, 80), a6 = v128.load(sum, 96), a7 = v128.load(sum, 112);
  let a8 = v128.load(sum, 128), a9 = v128.load(sum, 144), a10 = v128.load(sum, 160), a11 = v128.load(sum, 176);
  let a12 = v128.load(sum, 192), a13 = v128.load(sum, 208), a14 = v128.load(sum, 224), a15 = v128.load(sum, 240);
  for (; p < end; p += 4) {
    const x = v128.load32_splat(p);
    a0 = madd(x, v128.load(v), a0); a1 = madd(x, v128.load(v, 16), a1);
    a2 = madd(x, v128.load(v, 32), a2); a3 = madd(x, v128.load(v, 48), a3);
    a4 = madd(x, v128.load(v, 64), a4); a5 = madd(x, v128.load(v, 80), a5);
    a6 = madd(x, v128.load(v, 96), a6); a7 = madd(x, v128.load(v, 112), a7);
    a8 = madd(x, v128.load(v, 128), a8); a9 = madd(x, v128.load(v, 144), a9);
    a10 = madd(x, v128.load(v, 160), a10); a11 = madd(x, v128.load(v, 176), a11);
    a12 = madd(x, v128.load(v, 192), a12); a13 = madd(x, v128.load(v, 208), a13);
    a14 = madd(x, v128.load(v, 224), a14); a15 = madd(x, v128.load(v, 240), a15);
    v += stride;
  }
  v128.store(sum, a0); v128.store(sum, a1, 16); v128.store(sum, a2, 32); v128.store(sum, a3, 48);
  v128.store(sum, a4, 64); v128.store(sum, a5, 80); v128.store(sum, a6, 96); v128.store(sum, a7, 112);
  v128.store(sum, a8, 128); v128.store(sum, a9, 144); v128.store(sum, a10, 160); v128.store(sum, a11, 176);
  v128.store(sum, a12, 192); v128.store(sum, a13, 208); v128.store(sum, a14, 224); v128.store(sum, a15, 240);
}

/** weigh64 for 32 columns. */
function weigh32(p: usize, v: usize, n: i32, stride: usize, sum: usize): void {
  const end = p + (<usize>n << 2);
  let a0 = v128.load(sum), a1 = v128.load(sum, 16), a2 = v128.load(sum, 32), a3 = v128.load(sum, 48);
  let a4 = v128.load(sum, 64), a5 = v128.load(sum, 80), a6 = v128.load(sum, 96), a7 = v128.load(sum, 112);
  for (; p < end; p += 4) {
    const x = v128.load32_splat(p);
    a0 = madd(x, v128.load(v), a0); a1 = madd(x, v128.load(v, 16), a1);
    a2 = madd(x, v128.load(v, 32), a2); a3 = madd(x, v128.load(v, 48), a3);
    a4 = madd(x, v128.load(v, 64), a4); a5 = madd(x, v128.load(v, 80), a5);
    a6 = madd(x, v128.load(v, 96), a6); a7 = madd(x, v128.load(v, 112), a7);
    v += stride;
  }
  v128.store(sum, a0); v128.store(sum, a1, 16); v128.store(sum, a2, 32); v128.store(sum, a3, 48);
  v128.store(sum, a4, 64); v128.store(sum, a5, 80); v128.store(sum, a6, 96); v128.store(sum, a7, 112);
}
