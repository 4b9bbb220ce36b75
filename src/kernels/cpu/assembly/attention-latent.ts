/**
 * Latent attention in the absorbed form: all heads of a row attend to the same latents, six heads at a time, so that a latent is
 * loaded once for six. A score sums its products in four lanes, whatever the row stands among; the rest is as in ./attention-tiles.
 */
import { address, float, int, takeTile } from "./control";
import { BLOCK, PANEL, softmaxRow, weightedPanels } from "./attention-tiles";
import { madd, sumLanes } from "./math";

/**
 * Arguments: q (rows, heads, rank + rope), cache (slots, capacity, rank + rope), z (rows, heads, rank), slots, positions, rows, capacity,
 * heads, rank, rope, scale, scratch, bytes of scratch a thread: (6, T8) for scores and 256 floats more, T8 = longest up to the next
 * multiple of 8.
 */
export function attentionLatent(args: usize, thread: i32, _threads: i32): void {
  const rows = int(args, 5), heads = int(args, 7), rank = int(args, 8), width = rank + int(args, 9);
  const blocks = (heads + BLOCK - 1) / BLOCK, stride = <usize>width << 2;
  const scores = address(args, 11) + address(args, 12) * <usize>thread;
  for (let item = takeTile(0); item < rows * blocks; item = takeTile(0)) {
    const row = item / blocks, first = (item % blocks) * BLOCK, count = min(BLOCK, heads - first);
    const keys = load<i32>(address(args, 4) + (<usize>row << 2)) + 1;
    const slot = <usize>load<i32>(address(args, 3) + (<usize>row << 2));
    const latents = address(args, 1) + slot * address(args, 6) * stride;
    const head = <usize>(row * heads + first);
    scoresOf(address(args, 0) + head * stride, count, latents, keys, width, float(args, 10), scores);
    const tile = scores + <usize>((keys + 7) >> 3) * PANEL, sums = tile + 2 * PANEL;
    for (let r: usize = 0; r < <usize>count; r++)
      store<f32>(sums + (r << 2), softmaxRow(scores + (r << 5), PANEL, keys, sums + 24));
    weigh(scores, sums, count, latents, keys, rank, stride, tile, address(args, 2) + head * (<usize>rank << 2));
  }
}

/** scores (panels of 8 keys, 6, 8) = scale q . latent; rows of q and of the latents lie `width` floats apart. */
function scoresOf(q: usize, heads: i32, latents: usize, keys: i32, width: i32, scale: f32, scores: usize): void {
  const stride = <usize>width << 2, whole = <usize>(width & ~3) << 2;
  for (let j = 0; j < keys; j += 4) {
    // past the last key its row is read again; softmax hides what comes of it
    const last = keys - 1 - j, k0 = latents + <usize>j * stride;
    const k1 = k0 + stride * <usize>min(1, last), k2 = k0 + stride * <usize>min(2, last), k3 = k0 + stride * <usize>min(3, last);
    for (let h = 0; h < heads; h += 2) {
      const q0 = q + <usize>h * stride, q1 = q0 + select<usize>(stride, 0, h + 1 < heads);
      let a0 = f32x4.splat(0), a1 = a0, a2 = a0, a3 = a0, b0 = a0, b1 = a0, b2 = a0, b3 = a0;
      for (let d: usize = 0; d < whole; d += 16) {
        const x = v128.load(q0 + d), y = v128.load(q1 + d);
        let k = v128.load(k0 + d);
        a0 = madd(x, k, a0);
        b0 = madd(y, k, b0);
        k = v128.load(k1 + d);
        a1 = madd(x, k, a1);
        b1 = madd(y, k, b1);
        k = v128.load(k2 + d);
        a2 = madd(x, k, a2);
        b2 = madd(y, k, b2);
        k = v128.load(k3 + d);
        a3 = madd(x, k, a3);
        b3 = madd(y, k, b3);
      }
      const to = scores + <usize>(j >> 3) * PANEL + (<usize>(h * 8 + (j & 7)) << 2);
      put4(to, a0, a1, a2, a3, scale);
      put4(to + 32, b0, b1, b2, b3, scale);
      for (let d = whole; d < stride; d += 4)
        for (let i: usize = 0; i < 4; i++) {
          const k = load<f32>(k0 + stride * <usize>min(<i32>i, last) + d) * scale;
          store<f32>(to + (i << 2), load<f32>(to + (i << 2)) + load<f32>(q0 + d) * k);
          store<f32>(to + 32 + (i << 2), load<f32>(to + 32 + (i << 2)) + load<f32>(q1 + d) * k);
        }
    }
  }
}

// @ts-ignore: decorator
@inline function put4(to: usize, a: v128, b: v128, c: v128, d: v128, scale: f32): void {
  store<f32>(to, sumLanes(a) * scale);
  store<f32>(to, sumLanes(b) * scale, 4);
  store<f32>(to, sumLanes(c) * scale, 8);
  store<f32>(to, sumLanes(d) * scale, 12);
}

/** z (heads, rank) = (p c) / sums, c the first `rank` numbers of each latent. */
function weigh(p: usize, sums: usize, heads: i32, c: usize, keys: i32, rank: i32, stride: usize, tile: usize, z: usize): void {
  const row = <usize>rank << 2;
  let i = 0;
  while (i + 8 <= rank) {
    const columns = i + 16 <= rank ? 16 : 8;
    let panels = weightedPanels(p, PANEL, c + (<usize>i << 2), 32, stride, keys - 1, 1, tile, columns);
    for (let from = tile; panels > 0; panels--) {
      for (let r: usize = 0; r < <usize>heads; r++) {
        const sum = v128.load32_splat(sums + (r << 2)), to = z + r * row + (<usize>i << 2);
        v128.store(to, f32x4.div(v128.load(from + (r << 5)), sum));
        v128.store(to, f32x4.div(v128.load(from + (r << 5), 16), sum), 16);
      }
      from += PANEL;
      i += 8;
    }
  }
  for (; i < rank; i++)
    for (let r = 0; r < heads; r++) {
      let sum: f32 = 0;
      for (let j = 0; j < keys; j++)
        sum += load<f32>(p + <usize>(j >> 3) * PANEL + (<usize>(r * 8 + (j & 7)) << 2)) * load<f32>(c + <usize>j * stride + (<usize>i << 2));
      store<f32>(z + <usize>r * row + (<usize>i << 2), sum / load<f32>(sums + (<usize>r << 2)));
    }
}
