/** What the machine gives at most, for benchmarks to stand beside: reading memory, and products of whole numbers in registers. */
import { address, int, share } from "./control";
import { dot8 } from "./quant-tables";

/** Arguments: from, bytes (a multiple of 64 a thread), to (64 bytes a thread). Reads every byte once. */
export function readMemory(args: usize, thread: i32, threads: i32): void {
  const lines = int(args, 1) >> 6, to = address(args, 2) + (<usize>thread << 6);
  let at = address(args, 0) + (<usize>share(lines, thread, threads) << 6);
  const end = address(args, 0) + (<usize>share(lines, thread + 1, threads) << 6);
  let a = v128.load(to), b = v128.load(to, 16), c = v128.load(to, 32), d = v128.load(to, 48);
  for (; at < end; at += 64) {
    a = i32x4.add(a, v128.load(at));
    b = i32x4.add(b, v128.load(at, 16));
    c = i32x4.add(c, v128.load(at, 32));
    d = i32x4.add(d, v128.load(at, 48));
  }
  v128.store(to, a);
  v128.store(to, b, 16);
  v128.store(to, c, 32);
  v128.store(to, d, 48);
}

/** Arguments: turns, wide, at (512 bytes a thread). A turn is 8 products of 8-bit (wide 0) or 16-bit numbers with two vectors each, summed. */
export function peakDot(args: usize, thread: i32, _threads: i32): void {
  const at = address(args, 2) + (<usize>thread << 9);
  if (int(args, 1)) wide(int(args, 0), at);
  else narrow(int(args, 0), at);
}

function narrow(turns: i32, at: usize): void {
  const x = v128.load(at), y = v128.load(at, 16);
  let a0 = x, a1 = y, b0 = x, b1 = y, c0 = x, c1 = y, d0 = x, d1 = y, e0 = x, e1 = y, f0 = x, f1 = y, g0 = x, g1 = y, h0 = x, h1 = y;
  for (let i = 0; i < turns; i++) {
    let t = v128.load32_splat(at, 32);
    a0 = i16x8.add(a0, dot8(t, x)); a1 = i16x8.add(a1, dot8(t, y));
    t = v128.load32_splat(at, 36);
    b0 = i16x8.add(b0, dot8(t, x)); b1 = i16x8.add(b1, dot8(t, y));
    t = v128.load32_splat(at, 40);
    c0 = i16x8.add(c0, dot8(t, x)); c1 = i16x8.add(c1, dot8(t, y));
    t = v128.load32_splat(at, 44);
    d0 = i16x8.add(d0, dot8(t, x)); d1 = i16x8.add(d1, dot8(t, y));
    t = v128.load32_splat(at, 48);
    e0 = i16x8.add(e0, dot8(t, x)); e1 = i16x8.add(e1, dot8(t, y));
    t = v128.load32_splat(at, 52);
    f0 = i16x8.add(f0, dot8(t, x)); f1 = i16x8.add(f1, dot8(t, y));
    t = v128.load32_splat(at, 56);
    g0 = i16x8.add(g0, dot8(t, x)); g1 = i16x8.add(g1, dot8(t, y));
    t = v128.load32_splat(at, 60);
    h0 = i16x8.add(h0, dot8(t, x)); h1 = i16x8.add(h1, dot8(t, y));
  }
  keep(at, a0, a1, b0, b1, c0, c1, d0, d1, e0, e1, f0, f1, g0, g1, h0, h1);
}

function wide(turns: i32, at: usize): void {
  const x = v128.load(at), y = v128.load(at, 16);
  let a0 = x, a1 = y, b0 = x, b1 = y, c0 = x, c1 = y, d0 = x, d1 = y, e0 = x, e1 = y, f0 = x, f1 = y, g0 = x, g1 = y, h0 = x, h1 = y;
  for (let i = 0; i < turns; i++) {
    let t = v128.load32_splat(at, 32);
    a0 = i32x4.add(a0, i32x4.dot_i16x8_s(t, x)); a1 = i32x4.add(a1, i32x4.dot_i16x8_s(t, y));
    t = v128.load32_splat(at, 36);
    b0 = i32x4.add(b0, i32x4.dot_i16x8_s(t, x)); b1 = i32x4.add(b1, i32x4.dot_i16x8_s(t, y));
    t = v128.load32_splat(at, 40);
    c0 = i32x4.add(c0, i32x4.dot_i16x8_s(t, x)); c1 = i32x4.add(c1, i32x4.dot_i16x8_s(t, y));
    t = v128.load32_splat(at, 44);
    d0 = i32x4.add(d0, i32x4.dot_i16x8_s(t, x)); d1 = i32x4.add(d1, i32x4.dot_i16x8_s(t, y));
    t = v128.load32_splat(at, 48);
    e0 = i32x4.add(e0, i32x4.dot_i16x8_s(t, x)); e1 = i32x4.add(e1, i32x4.dot_i16x8_s(t, y));
    t = v128.load32_splat(at, 52);
    f0 = i32x4.add(f0, i32x4.dot_i16x8_s(t, x)); f1 = i32x4.add(f1, i32x4.dot_i16x8_s(t, y));
    t = v128.load32_splat(at, 56);
    g0 = i32x4.add(g0, i32x4.dot_i16x8_s(t, x)); g1 = i32x4.add(g1, i32x4.dot_i16x8_s(t, y));
    t = v128.load32_splat(at, 60);
    h0 = i32x4.add(h0, i32x4.dot_i16x8_s(t, x)); h1 = i32x4.add(h1, i32x4.dot_i16x8_s(t, y));
  }
  keep(at, a0, a1, b0, b1, c0, c1, d0, d1, e0, e1, f0, f1, g0, g1, h0, h1);
}

// @ts-ignore: decorator
@inline function keep(
  at: usize, a0: v128, a1: v128, b0: v128, b1: v128, c0: v128, c1: v128, d0: v128, d1: v128,
  e0: v128, e1: v128, f0: v128, f1: v128, g0: v128, g1: v128, h0: v128, h1: v128,
): void {
  v128.store(at, a0, 64); v128.store(at, a1, 80); v128.store(at, b0, 96); v128.store(at, b1, 112);
  v128.store(at, c0, 128); v128.store(at, c1, 144); v128.store(at, d0, 160); v128.store(at, d1, 176);
  v128.store(at, e0, 192); v128.store(at, e1, 208); v128.store(at, f0, 224); v128.store(at, f1, 240);
  v128.store(at, g0, 256); v128.store(at, g1, 272); v128.store(at, h0, 288); v128.store(at, h1, 304);
}
