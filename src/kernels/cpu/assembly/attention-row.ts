/**
 * The inner loops of attention for one query (decoding): scores and weighted sums, each in order in one accumulator, as
 * ./attention-tiles has them for six.
 */
import { madd } from "./math";

/**
 * out[j] = q . key j for j in [0, n) and, harmlessly, some of the 32 numbers after. Element d of key j lies at
 * k + d * stride + 4j; no key at or past `capacity` is read.
 */
export function scores1(q: usize, k: usize, out: usize, n: i32, depth: i32, stride: usize, capacity: i32): void {
  const end = q + (<usize>depth << 2);
  let j = 0;
  while (j < n) {
    const left = n - j;
    let key = k + (<usize>j << 2);
    const to = out + (<usize>j << 2);
    if (left > 16 && j + 32 <= capacity) {
      let a0 = f32x4.splat(0), a1 = a0, a2 = a0, a3 = a0, a4 = a0, a5 = a0, a6 = a0, a7 = a0;
      for (let query = q; query < end; query += 4) {
        const x = v128.load32_splat(query);
        a0 = madd(x, v128.load(key), a0);
        a1 = madd(x, v128.load(key, 16), a1);
        a2 = madd(x, v128.load(key, 32), a2);
        a3 = madd(x, v128.load(key, 48), a3);
        a4 = madd(x, v128.load(key, 64), a4);
        a5 = madd(x, v128.load(key, 80), a5);
        a6 = madd(x, v128.load(key, 96), a6);
        a7 = madd(x, v128.load(key, 112), a7);
        key += stride;
      }
      store4(to, a0, a1, a2, a3);
      store4(to + 64, a4, a5, a6, a7);
      j += 32;
    } else if (left > 4 && j + 16 <= capacity) {
      let a0 = f32x4.splat(0), a1 = a0, a2 = a0, a3 = a0;
      for (let query = q; query < end; query += 4) {
        const x = v128.load32_splat(query);
        a0 = madd(x, v128.load(key), a0);
        a1 = madd(x, v128.load(key, 16), a1);
        a2 = madd(x, v128.load(key, 32), a2);
        a3 = madd(x, v128.load(key, 48), a3);
        key += stride;
      }
      store4(to, a0, a1, a2, a3);
      j += 16;
    } else if (j + 4 <= capacity) {
      let a0 = f32x4.splat(0);
      for (let query = q; query < end; query += 4) {
        a0 = madd(v128.load32_splat(query), v128.load(key), a0);
        key += stride;
      }
      v128.store(to, a0);
      j += 4;
    } else {
      let a0 = f32x4.splat(0);
      for (let query = q; query < end; query += 4) {
        a0 = madd(v128.load32_splat(query), v128.load32_splat(key), a0);
        key += stride;
      }
      store<f32>(to, f32x4.extract_lane(a0, 0));
      j += 1;
    }
  }
}

/** out[i] = (sum over j < n of p[j] v[j][i]) / sum for i from `first` to width. Row j of v lies at v + j * 4 * width. */
export function weighted1(p: usize, v: usize, n: i32, width: i32, sum: f32, out: usize, first: i32 = 0): void {
  const end = p + (<usize>n << 2);
  const stride = <usize>width << 2;
  const total = f32x4.splat(sum);
  let i = first;
  while (i < width) {
    const to = out + (<usize>i << 2);
    let value = v + (<usize>i << 2);
    if (i + 32 <= width) {
      let a0 = f32x4.splat(0), a1 = a0, a2 = a0, a3 = a0, a4 = a0, a5 = a0, a6 = a0, a7 = a0;
      for (let at = p; at < end; at += 4) {
        const x = v128.load32_splat(at);
        a0 = madd(x, v128.load(value), a0);
        a1 = madd(x, v128.load(value, 16), a1);
        a2 = madd(x, v128.load(value, 32), a2);
        a3 = madd(x, v128.load(value, 48), a3);
        a4 = madd(x, v128.load(value, 64), a4);
        a5 = madd(x, v128.load(value, 80), a5);
        a6 = madd(x, v128.load(value, 96), a6);
        a7 = madd(x, v128.load(value, 112), a7);
        value += stride;
      }
      store4(to, f32x4.div(a0, total), f32x4.div(a1, total), f32x4.div(a2, total), f32x4.div(a3, total));
      store4(to + 64, f32x4.div(a4, total), f32x4.div(a5, total), f32x4.div(a6, total), f32x4.div(a7, total));
      i += 32;
    } else if (i + 16 <= width) {
      let a0 = f32x4.splat(0), a1 = a0, a2 = a0, a3 = a0;
      for (let at = p; at < end; at += 4) {
        const x = v128.load32_splat(at);
        a0 = madd(x, v128.load(value), a0);
        a1 = madd(x, v128.load(value, 16), a1);
        a2 = madd(x, v128.load(value, 32), a2);
        a3 = madd(x, v128.load(value, 48), a3);
        value += stride;
      }
      store4(to, f32x4.div(a0, total), f32x4.div(a1, total), f32x4.div(a2, total), f32x4.div(a3, total));
      i += 16;
    } else if (i + 4 <= width) {
      let a0 = f32x4.splat(0);
      for (let at = p; at < end; at += 4) {
        a0 = madd(v128.load32_splat(at), v128.load(value), a0);
        value += stride;
      }
      v128.store(to, f32x4.div(a0, total));
      i += 4;
    } else {
      let a0 = f32x4.splat(0);
      for (let at = p; at < end; at += 4) {
        a0 = madd(v128.load32_splat(at), v128.load32_splat(value), a0);
        value += stride;
      }
      store<f32>(to, f32x4.extract_lane(f32x4.div(a0, total), 0));
      i += 1;
    }
  }
}

// @ts-ignore: decorator
@inline function store4(to: usize, a: v128, b: v128, c: v128, d: v128): void {
  v128.store(to, a);
  v128.store(to, b, 16);
  v128.store(to, c, 32);
  v128.store(to, d, 48);
}
