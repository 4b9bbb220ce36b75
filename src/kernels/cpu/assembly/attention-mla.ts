/** Multi-head latent attention's keys and values, put together from the expanded latent and the shared rotary part, and back. */
import { address, int, share } from "./control";

/** Arguments: kv, kpe, k, v, rows, heads, nope, rope, valueDim, strideKpe. */
export function mlaKeys(args: usize, thread: i32, threads: i32): void {
  const rows = int(args, 4), heads = int(args, 5);
  const nope = address(args, 6) << 2, rope = address(args, 7) << 2, value = address(args, 8) << 2;
  let item = <usize>(share(rows, thread, threads) * heads);
  const end = share(rows, thread + 1, threads);
  for (let row = share(rows, thread, threads); row < end; row++) {
    const position = address(args, 1) + ((<usize>row * address(args, 9)) << 2);
    for (let head = 0; head < heads; head++) {
      const kv = address(args, 0) + item * (nope + value), key = address(args, 2) + item * (nope + rope);
      copyFloats(kv, key, nope);
      copyFloats(position, key + nope, rope);
      copyFloats(kv + nope, address(args, 3) + item * value, value);
      item++;
    }
  }
}

/** Arguments: dk, dv, dkv, dkpe, rows, heads, nope, rope, valueDim, strideKpe. */
export function mlaKeysGrad(args: usize, thread: i32, threads: i32): void {
  const rows = int(args, 4), heads = int(args, 5);
  const nope = address(args, 6) << 2, rope = address(args, 7) << 2, value = address(args, 8) << 2;
  let item = <usize>(share(rows, thread, threads) * heads);
  const end = share(rows, thread + 1, threads);
  for (let row = share(rows, thread, threads); row < end; row++) {
    const position = address(args, 3) + ((<usize>row * address(args, 9)) << 2);
    memory.fill(position, 0, rope);
    for (let head = 0; head < heads; head++) {
      const dk = address(args, 0) + item * (nope + rope), dkv = address(args, 2) + item * (nope + value);
      copyFloats(dk, dkv, nope);
      copyFloats(address(args, 1) + item * value, dkv + nope, value);
      addFloats(dk + nope, position, rope);
      item++;
    }
  }
}

/** Copies a few bytes, a multiple of four: a call to memory.copy costs more. */
// @ts-ignore: decorator
@inline function copyFloats(from: usize, to: usize, bytes: usize): void {
  let i: usize = 0;
  for (; i + 32 <= bytes; i += 32) {
    const low = v128.load(from + i), high = v128.load(from + i, 16);
    v128.store(to + i, low);
    v128.store(to + i, high, 16);
  }
  for (; i + 16 <= bytes; i += 16) v128.store(to + i, v128.load(from + i));
  for (; i < bytes; i += 4) store<f32>(to + i, load<f32>(from + i));
}

// @ts-ignore: decorator
@inline function addFloats(from: usize, to: usize, bytes: usize): void {
  let i: usize = 0;
  for (; i + 16 <= bytes; i += 16) v128.store(to + i, f32x4.add(v128.load(to + i), v128.load(from + i)));
  for (; i < bytes; i += 4) store<f32>(to + i, load<f32>(to + i) + load<f32>(from + i));
}
