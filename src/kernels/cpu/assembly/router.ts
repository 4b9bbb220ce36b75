/** The router: scores, grouped top-k and their gradient, four rows at a time, a row in a lane: no row sees another. */
import { address, float, int, privateMemory, share } from "./control";
import { expSoft4, sigmoid4 } from "./math";

/**
 * Arguments: logits, bias (0: none), indices, weights, rows, experts, topK, groups, topGroups, groupScoreTop,
 * softmax (else sigmoid), normalise, scale.
 */
export function router(args: usize, thread: i32, threads: i32): void {
  const bias = address(args, 1), experts = int(args, 5), topK = int(args, 6), groups = int(args, 7);
  const scores = privateMemory(thread), choices = scores + (<usize>experts << 4), groupScores = choices + (<usize>experts << 4);
  const rows = int(args, 4), tiles = (rows + 3) >> 2;
  const end = share(tiles, thread + 1, threads);
  for (let tile = share(tiles, thread, threads); tile < end; tile++) {
    score(address(args, 0), tile << 2, min(4, rows - (tile << 2)), experts, int(args, 10), scores);
    if (bias)
      for (let e: usize = 0; e < <usize>experts; e++)
        v128.store(choices + (e << 4), f32x4.add(v128.load(scores + (e << 4)), v128.load32_splat(bias + (e << 2))));
    else memory.copy(choices, scores, <usize>experts << 4);
    if (groups > 1) closeGroups(choices, groupScores, experts / groups, groups, int(args, 8), int(args, 9));
    choose(args, tile << 2, rows, scores, choices, experts, topK);
  }
}

/** Takes the best choice topK times and writes indices and weights. */
function choose(args: usize, row: i32, rows: i32, scores: usize, choices: usize, experts: i32, topK: i32): void {
  const live = min(4, rows - row);
  const indices = address(args, 2) + (<usize>(row * topK) << 2), weights = address(args, 3) + (<usize>(row * topK) << 2);
  let sum = f32x4.splat(0);
  for (let j = 0; j < topK; j++) {
    const best = takeBest(choices, experts);
    const value = gather(scores, best);
    sum = f32x4.add(sum, value);
    const at = <usize>j << 2, step = <usize>topK << 2;
    storeLanes(indices + at, step, best, live);
    storeLanes(weights + at, step, value, live);
  }
  sum = int(args, 11) ? f32x4.add(sum, f32x4.splat(1e-20)) : f32x4.splat(1);
  const scale = f32x4.splat(float(args, 12));
  for (let j: usize = 0; j < <usize>topK; j++) {
    const at = weights + (j << 2), step = <usize>topK << 2;
    storeLanes(at, step, f32x4.mul(f32x4.div(loadLanes(at, step, live), sum), scale), live);
  }
}

/** Sets the choices outside the best `open` groups of `size` experts to minus infinity. */
function closeGroups(choices: usize, groupScores: usize, size: i32, groups: i32, open: i32, top: i32): void {
  const lowest = f32x4.splat(-Infinity);
  const bytes = <usize>size << 4;
  for (let g: usize = 0; g < <usize>groups; g++) {
    let first = lowest, second = lowest;
    for (let at = choices + g * bytes; at < choices + (g + 1) * bytes; at += 16) {
      const value = v128.load(at);
      second = f32x4.pmax(second, f32x4.pmin(first, value));
      first = f32x4.pmax(first, value);
    }
    v128.store(groupScores + (g << 4), top == 2 && size > 1 ? f32x4.add(first, second) : first);
  }
  for (let n = 0; n < open; n++) takeBest(groupScores, groups);
  for (let g: usize = 0; g < <usize>groups; g++) {
    // What was taken is NaN now.
    const score = v128.load(groupScores + (g << 4)), closed = f32x4.eq(score, score);
    for (let at = choices + g * bytes; at < choices + (g + 1) * bytes; at += 16)
      v128.store(at, v128.bitselect(lowest, v128.load(at), closed));
  }
}

/** Per lane the index of the largest value, the lowest such index on ties; that value becomes NaN, so that it never wins again. */
function takeBest(values: usize, count: i32): v128 {
  let best = f32x4.splat(-Infinity), index = i32x4.splat(-1), fallback = i32x4.splat(-1);
  for (let i = 0; i < count; i++) {
    const value = v128.load(values + (<usize>i << 4)), here = i32x4.splat(i);
    const better = f32x4.gt(value, best);
    best = v128.bitselect(value, best, better);
    index = v128.bitselect(here, index, better);
  }
  // Only minus infinity (or NaN) is left: any that was not taken yet, else 0; an index is always in range.
  if (v128.any_true(i32x4.lt_s(index, i32x4.splat(0)))) {
    for (let i = count - 1; i >= 0; i--) {
      const value = v128.load(values + (<usize>i << 4));
      fallback = v128.bitselect(i32x4.splat(i), fallback, f32x4.eq(value, value));
    }
    index = i32x4.max_s(v128.bitselect(fallback, index, i32x4.lt_s(index, i32x4.splat(0))), i32x4.splat(0));
  }
  store<f32>(values + (<usize>i32x4.extract_lane(index, 0) << 4), NaN);
  store<f32>(values + (<usize>i32x4.extract_lane(index, 1) << 4), NaN, 4);
  store<f32>(values + (<usize>i32x4.extract_lane(index, 2) << 4), NaN, 8);
  store<f32>(values + (<usize>i32x4.extract_lane(index, 3) << 4), NaN, 12);
  return index;
}

/**
 * Arguments: dweights, logits, indices, weights, dlogits, rows, experts, topK, groups, topGroups, groupScoreTop,
 * softmax (else sigmoid), normalise, scale.
 */
export function routerGrad(args: usize, thread: i32, threads: i32): void {
  const rows = int(args, 5), experts = int(args, 6), topK = int(args, 7), softmax = int(args, 11);
  const scores = privateMemory(thread), ds = scores + (<usize>experts << 4), chosen = ds + (<usize>experts << 4);
  const step = <usize>topK << 2, tiles = (rows + 3) >> 2;
  const scale = f32x4.splat(float(args, 13));
  const end = share(tiles, thread + 1, threads);
  for (let tile = share(tiles, thread, threads); tile < end; tile++) {
    const row = tile << 2, live = min(4, rows - row);
    score(address(args, 1), row, live, experts, softmax, scores);
    memory.fill(ds, 0, <usize>experts << 4);
    const indices = address(args, 2) + (<usize>(row * topK) << 2), dweights = address(args, 0) + (<usize>(row * topK) << 2);
    let sum = f32x4.splat(0), mean = sum, product = sum;
    for (let j: usize = 0; j < <usize>topK; j++) {
      const value = gather(scores, loadLanes(indices + (j << 2), step, live));
      v128.store(chosen + (j << 4), value);
      sum = f32x4.add(sum, value);
    }
    if (int(args, 12)) {
      sum = f32x4.add(sum, f32x4.splat(1e-20));
      // s / sum first: of one choice that is 1, and its gradient exactly 0.
      for (let j: usize = 0; j < <usize>topK; j++) {
        const dw = f32x4.mul(loadLanes(dweights + (j << 2), step, live), scale);
        mean = f32x4.add(mean, f32x4.mul(dw, f32x4.div(v128.load(chosen + (j << 4)), sum)));
      }
    } else sum = f32x4.splat(1);
    for (let j: usize = 0; j < <usize>topK; j++) {
      const dw = f32x4.mul(loadLanes(dweights + (j << 2), step, live), scale);
      const d = f32x4.div(f32x4.sub(dw, mean), sum), value = v128.load(chosen + (j << 4));
      product = f32x4.add(product, f32x4.mul(d, value));
      const index = loadLanes(indices + (j << 2), step, live);
      store<f32>(ds + (<usize>i32x4.extract_lane(index, 0) << 4), f32x4.extract_lane(d, 0));
      store<f32>(ds + (<usize>i32x4.extract_lane(index, 1) << 4), f32x4.extract_lane(d, 1), 4);
      store<f32>(ds + (<usize>i32x4.extract_lane(index, 2) << 4), f32x4.extract_lane(d, 2), 8);
      store<f32>(ds + (<usize>i32x4.extract_lane(index, 3) << 4), f32x4.extract_lane(d, 3), 12);
    }
    const out = address(args, 4) + (<usize>(row * experts) << 2), logits = address(args, 1) + (<usize>(row * experts) << 2);
    for (let e: usize = 0; e < <usize>experts; e++) {
      const s = v128.load(scores + (e << 4)), d = v128.load(ds + (e << 4));
      // 1 - s by the sigmoid of -logit: the difference would lose what is left of it where s is close to 1.
      const gradient = softmax
        ? f32x4.mul(s, f32x4.sub(d, product))
        : f32x4.mul(f32x4.mul(d, s), sigmoid4(f32x4.neg(loadLanes(logits + (e << 2), <usize>experts << 2, live))));
      storeLanes(out + (e << 2), <usize>experts << 2, gradient, live);
    }
  }
}

/** scores (experts, 4): the sigmoid or softmax of rows row .. row + 3 of the logits. */
function score(logits: usize, row: i32, live: i32, experts: i32, softmax: i32, scores: usize): void {
  const step = <usize>experts << 2;
  const end = scores + (<usize>experts << 4);
  let at = logits + <usize>row * step;
  if (!softmax) {
    for (let to = scores; to < end; to += 16) {
      v128.store(to, sigmoid4(loadLanes(at, step, live)));
      at += 4;
    }
    return;
  }
  let most = f32x4.splat(-Infinity), sum = f32x4.splat(0);
  for (let to = scores; to < end; to += 16) {
    const value = loadLanes(at, step, live);
    most = f32x4.pmax(most, value);
    v128.store(to, value);
    at += 4;
  }
  for (let to = scores; to < end; to += 16) {
    const value = expSoft4(f32x4.sub(v128.load(to), most));
    sum = f32x4.add(sum, value);
    v128.store(to, value);
  }
  for (let to = scores; to < end; to += 16) v128.store(to, f32x4.div(v128.load(to), sum));
}

/** Lane l: values[index[l]] of lane l. */
// @ts-ignore: decorator
@inline function gather(values: usize, index: v128): v128 {
  let out = v128.load32_zero(values + (<usize>i32x4.extract_lane(index, 0) << 4));
  out = v128.load32_lane(values + (<usize>i32x4.extract_lane(index, 1) << 4), out, 1, 4);
  out = v128.load32_lane(values + (<usize>i32x4.extract_lane(index, 2) << 4), out, 2, 8);
  return v128.load32_lane(values + (<usize>i32x4.extract_lane(index, 3) << 4), out, 3, 12);
}

/** The words at at, at + step, ...; lanes without a row repeat the last one. */
// @ts-ignore: decorator
@inline function loadLanes(at: usize, step: usize, live: i32): v128 {
  let out = v128.load32_zero(at);
  out = v128.load32_lane(at + step * <usize>min(1, live - 1), out, 1);
  out = v128.load32_lane(at + step * <usize>min(2, live - 1), out, 2);
  return v128.load32_lane(at + step * <usize>min(3, live - 1), out, 3);
}

// @ts-ignore: decorator
@inline function storeLanes(at: usize, step: usize, x: v128, live: i32): void {
  v128.store32_lane(at, x, 0);
  if (live > 1) v128.store32_lane(at + step, x, 1);
  if (live > 2) v128.store32_lane(at + 2 * step, x, 2);
  if (live > 3) v128.store32_lane(at + 3 * step, x, 3);
}
