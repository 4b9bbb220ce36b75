/** Around the experts' products: rows sorted by expert, gathered, and combined again; each row's sums run in order. */
import { address, int, privateMemory, share } from "./control";
import { madd, sumLanes } from "./math";

/**
 * Arguments: indices, order, position, offsets, loads, rows, topK, experts. A stable counting sort: every thread counts all
 * pairs, noting the counts where its own share of the pairs begins, and places its share.
 */
export function moePlan(args: usize, thread: i32, threads: i32): void {
  const indices = address(args, 0), pairs = int(args, 5) * int(args, 6), experts = int(args, 7);
  const counts = privateMemory(thread), next = counts + (<usize>experts << 2);
  const first = share(pairs, thread, threads), end = share(pairs, thread + 1, threads);
  memory.fill(counts, 0, <usize>experts << 2);
  count(indices, 0, first, counts);
  memory.copy(next, counts, <usize>experts << 2);
  count(indices, first, pairs, counts);
  let sum = 0;
  for (let e: usize = 0; e < <usize>experts << 2; e += 4) {
    const tokens = load<i32>(counts + e);
    store<i32>(next + e, load<i32>(next + e) + sum);
    if (thread == 0) {
      store<i32>(address(args, 3) + e, sum);
      store<i32>(address(args, 4) + e, load<i32>(address(args, 4) + e) + tokens);
    }
    sum += tokens;
  }
  if (thread == 0) store<i32>(address(args, 3) + (<usize>experts << 2), sum);
  const order = address(args, 1), position = address(args, 2);
  for (let pair = first; pair < end; pair++) {
    const slot = next + (load<usize>(indices + (<usize>pair << 2)) << 2);
    const p = load<i32>(slot);
    store<i32>(slot, p + 1);
    store<i32>(order + (<usize>p << 2), pair);
    store<i32>(position + (<usize>pair << 2), p);
  }
}

/** Arguments: x, order, y, rows, topK, width. */
export function moeGather(args: usize, thread: i32, threads: i32): void {
  const x = address(args, 0), topK = <u32>int(args, 4), bytes = address(args, 5) << 2;
  const pairs = int(args, 3) * topK;
  const end = share(pairs, thread + 1, threads);
  for (let p = share(pairs, thread, threads); p < end; p++) {
    const row = load<u32>(address(args, 1) + (<usize>p << 2)) / topK;
    const from = x + row * bytes, to = address(args, 2) + <usize>p * bytes;
    let i: usize = 0;
    for (; i + 64 <= bytes; i += 64) {
      const a = v128.load(from + i), b = v128.load(from + i, 16), c = v128.load(from + i, 32), d = v128.load(from + i, 48);
      v128.store(to + i, a);
      v128.store(to + i, b, 16);
      v128.store(to + i, c, 32);
      v128.store(to + i, d, 48);
    }
    for (; i < bytes; i += 4) store<f32>(to + i, load<f32>(from + i));
  }
}

/** Arguments: dy, position, dx, rows, topK, width, accumulate. */
export function moeGatherGrad(args: usize, thread: i32, threads: i32): void {
  const topK = int(args, 4), bytes = address(args, 5) << 2;
  const end = share(int(args, 3), thread + 1, threads);
  for (let row = share(int(args, 3), thread, threads); row < end; row++)
    sumRows(
      address(args, 0), address(args, 1) + (<usize>(row * topK) << 2), 0, topK,
      address(args, 2) + <usize>row * bytes, bytes, int(args, 6) != 0,
    );
}

/** Arguments: e, position, weights, y, rows, topK, width, accumulate. */
export function moeCombine(args: usize, thread: i32, threads: i32): void {
  const topK = int(args, 5), bytes = address(args, 6) << 2;
  const end = share(int(args, 4), thread + 1, threads);
  for (let row = share(int(args, 4), thread, threads); row < end; row++) {
    const pair = <usize>(row * topK) << 2;
    sumRows(
      address(args, 0), address(args, 1) + pair, address(args, 2) + pair, topK,
      address(args, 3) + <usize>row * bytes, bytes, int(args, 7) != 0,
    );
  }
}

const ONE: usize = memory.data<f32>([1], 4);

/** y (+)= sum over j of weights[j] x[position[j]], j in order in one accumulator; weights 0: all are 1. */
function sumRows(x: usize, position: usize, weights: usize, topK: i32, y: usize, bytes: usize, accumulate: bool): void {
  const end = position + (<usize>topK << 2);
  const step: usize = weights ? 4 : 0, first = weights ? weights : ONE;
  // Sums start from y, blanked where they should start at zero: V8 does not join vectors that come from two branches.
  const keep = i32x4.splat(-<i32>accumulate);
  let i: usize = 0;
  for (; i + 64 <= bytes; i += 64) {
    const to = y + i;
    let a = v128.and(v128.load(to), keep), b = v128.and(v128.load(to, 16), keep);
    let c = v128.and(v128.load(to, 32), keep), d = v128.and(v128.load(to, 48), keep);
    let weight = first;
    for (let at = position; at < end; at += 4) {
      const from = x + load<usize>(at) * bytes + i;
      const w = v128.load32_splat(weight);
      a = madd(w, v128.load(from), a);
      b = madd(w, v128.load(from, 16), b);
      c = madd(w, v128.load(from, 32), c);
      d = madd(w, v128.load(from, 48), d);
      weight += step;
    }
    v128.store(to, a);
    v128.store(to, b, 16);
    v128.store(to, c, 32);
    v128.store(to, d, 48);
  }
  for (; i < bytes; i += 4) {
    let a = v128.and(v128.load32_splat(y + i), keep), weight = first;
    for (let at = position; at < end; at += 4) {
      a = madd(v128.load32_splat(weight), v128.load32_splat(x + load<usize>(at) * bytes + i), a);
      weight += step;
    }
    store<f32>(y + i, f32x4.extract_lane(a, 0));
  }
}

/** Arguments: dy, e, position, weights, de, dweights, rows, topK, width. */
export function moeCombineGrad(args: usize, thread: i32, threads: i32): void {
  const topK = int(args, 7), bytes = address(args, 8) << 2;
  const end = share(int(args, 6), thread + 1, threads);
  for (let row = share(int(args, 6), thread, threads); row < end; row++) {
    const dy = address(args, 0) + <usize>row * bytes;
    for (let j = 0; j < topK; j++) {
      const pair = <usize>(row * topK + j) << 2;
      const p = load<usize>(address(args, 2) + pair) * bytes;
      const e = address(args, 1) + p, de = address(args, 4) + p, weight = v128.load32_splat(address(args, 3) + pair);
      let even = f32x4.splat(0), odd = even, i: usize = 0;
      for (; i + 32 <= bytes; i += 32) {
        const d0 = v128.load(dy + i), d1 = v128.load(dy + i, 16);
        even = madd(d0, v128.load(e + i), even);
        odd = madd(d1, v128.load(e + i, 16), odd);
        v128.store(de + i, f32x4.mul(weight, d0));
        v128.store(de + i, f32x4.mul(weight, d1), 16);
      }
      let dot = sumLanes(f32x4.add(even, odd));
      for (; i < bytes; i += 4) {
        const d = load<f32>(dy + i);
        dot += d * load<f32>(e + i);
        store<f32>(de + i, f32x4.extract_lane(weight, 0) * d);
      }
      store<f32>(address(args, 5) + pair, dot);
    }
  }
}

/** counts[indices[i]] += 1 for i in [from, to). */
function count(indices: usize, from: i32, to: i32, counts: usize): void {
  const end = indices + (<usize>to << 2);
  for (let at = indices + (<usize>from << 2); at < end; at += 4) {
    const slot = counts + (load<usize>(at) << 2);
    store<i32>(slot, load<i32>(slot) + 1);
  }
}
