/**
 * Log-probability and entropy of rows of logits. Sums over the vocabulary run in four lanes over 256 entries, then the
 * chunks are added up in double precision: the same for every row, whatever else the batch holds.
 * Vectors go by pairs, and what is only summed is stored as well: the wide build's engine joins what lies side by side in memory.
 */
import { address, float, int, privateMemory, share } from "./control";
import { expSoft1, expSoft4, madd, maxLane, sumLanes } from "./math";

const CHUNK: i32 = 256;

/** Arguments: logits, targets, logp, lse, entropy, rows, vocabulary, 1 / temperature. */
export function tokenLogProbs(args: usize, thread: i32, threads: i32): void {
  const rows = int(args, 5), vocabulary = int(args, 6), inverse = float(args, 7);
  const work = privateMemory(thread);
  const end = share(rows, thread + 1, threads);
  for (let row = share(rows, thread, threads); row < end; row++) {
    const logits = address(args, 0) + ((<usize>row * <usize>vocabulary) << 2), at = <usize>row << 2;
    const max = maximum(logits, vocabulary, inverse, work);
    const max4 = f32x4.splat(max), inverse4 = f32x4.splat(inverse), zero = f32x4.splat(0);
    let sum: f64 = 0, weighted: f64 = 0; // of e^x and x e^x, where x = logit / temperature - maximum
    for (let chunk = 0; chunk < vocabulary; chunk += CHUNK) {
      const whole = logits + (<usize>(min(chunk + CHUNK, vocabulary) & ~3) << 2);
      let at = logits + (<usize>chunk << 2);
      let sum4 = zero, weighted4 = zero;
      // Where e is 0, so is x: a logit of minus infinity adds 0, not NaN.
      for (; at + 32 <= whole; at += 32) {
        const logit0 = v128.load(at), logit1 = v128.load(at, 16);
        const x0 = f32x4.sub(f32x4.mul(logit0, inverse4), max4), x1 = f32x4.sub(f32x4.mul(logit1, inverse4), max4);
        const e0 = expSoft4(x0), e1 = expSoft4(x1);
        const seen0 = v128.and(x0, f32x4.ne(e0, zero)), seen1 = v128.and(x1, f32x4.ne(e1, zero));
        v128.store(work, e0);
        v128.store(work, e1, 16);
        v128.store(work, seen0, 32);
        v128.store(work, seen1, 48);
        sum4 = f32x4.add(f32x4.add(sum4, e0), e1);
        weighted4 = madd(e1, seen1, madd(e0, seen0, weighted4));
      }
      if (at < whole) {
        const x = f32x4.sub(f32x4.mul(v128.load(at), inverse4), max4), e = expSoft4(x);
        sum4 = f32x4.add(sum4, e);
        weighted4 = madd(e, v128.and(x, f32x4.ne(e, zero)), weighted4);
      }
      sum += <f64>sumLanes(sum4);
      weighted += <f64>sumLanes(weighted4);
    }
    for (let v = vocabulary & ~3; v < vocabulary; v++) {
      const x = load<f32>(logits + (<usize>v << 2)) * inverse - max, e = expSoft1(x);
      sum += <f64>e;
      if (e != 0) weighted += <f64>(e * x);
    }
    const log = Math.log(sum), lse = <f64>max + log;
    const target = load<i32>(address(args, 1) + at);
    store<f32>(address(args, 3) + at, <f32>lse);
    store<f32>(
      address(args, 2) + at,
      target < 0 ? 0 : <f32>(<f64>(load<f32>(logits + (<usize>target << 2)) * inverse) - lse),
    );
    store<f32>(address(args, 4) + at, <f32>(log - weighted / sum));
  }
}

/** Arguments: logits, targets, lse, dlogp, dlogits, rows, vocabulary, 1 / temperature. dlogits may be logits. */
export function tokenLogProbsGrad(args: usize, thread: i32, threads: i32): void {
  const rows = int(args, 5), vocabulary = int(args, 6), inverse = float(args, 7);
  const inverse4 = f32x4.splat(inverse);
  const end = share(rows, thread + 1, threads);
  for (let row = share(rows, thread, threads); row < end; row++) {
    const start = (<usize>row * <usize>vocabulary) << 2, at = <usize>row << 2;
    const logits = address(args, 0) + start, out = address(args, 4) + start, bytes = <usize>vocabulary << 2;
    const target = load<i32>(address(args, 1) + at);
    if (target < 0) {
      memory.fill(out, 0, bytes);
      continue;
    }
    const lse = load<f32>(address(args, 2) + at), factor = load<f32>(address(args, 3) + at) * inverse;
    const lse4 = f32x4.splat(lse), factor4 = f32x4.splat(-factor);
    const hit = factor * (1 - expSoft1(load<f32>(logits + (<usize>target << 2)) * inverse - lse));
    let i: usize = 0;
    for (; i + 32 <= bytes; i += 32) {
      const logit0 = v128.load(logits + i), logit1 = v128.load(logits + i, 16);
      const e0 = expSoft4(f32x4.sub(f32x4.mul(logit0, inverse4), lse4));
      const e1 = expSoft4(f32x4.sub(f32x4.mul(logit1, inverse4), lse4));
      v128.store(out + i, f32x4.mul(factor4, e0));
      v128.store(out + i, f32x4.mul(factor4, e1), 16);
    }
    for (; i < bytes; i += 4) store<f32>(out + i, -factor * expSoft1(load<f32>(logits + i) * inverse - lse));
    store<f32>(out + (<usize>target << 2), hit);
  }
}

function maximum(logits: usize, vocabulary: i32, inverse: f32, work: usize): f32 {
  const inverse4 = f32x4.splat(inverse);
  let most0 = f32x4.splat(-Infinity), most1 = most0, i: usize = 0;
  const bytes = <usize>vocabulary << 2;
  for (; i + 32 <= bytes; i += 32) {
    most0 = f32x4.pmax(most0, f32x4.mul(v128.load(logits + i), inverse4));
    most1 = f32x4.pmax(most1, f32x4.mul(v128.load(logits + i, 16), inverse4));
  }
  v128.store(work, most0);
  v128.store(work, most1, 16);
  let max = maxLane(f32x4.pmax(v128.load(work), v128.load(work, 16)));
  for (; i < bytes; i += 4) max = Mathf.max(max, load<f32>(logits + i) * inverse);
  return max;
}
