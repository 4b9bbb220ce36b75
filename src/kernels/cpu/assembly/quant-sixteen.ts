/**
 * Products with weights of 16 bits (bfloat16 and half) and unrounded activations: each weight becomes the float it stands for in
 * a register, so that the sums, one accumulator an output in the order of the inputs, have the bits that the same weights give as
 * floats (./linear.ts). A panel is 16 outputs: 32 bytes an input.
 */
import { address, float, int, privateMemory, takeTile } from "./control";
import { madd } from "./math";
import * as layouts from "./quant-layouts";
import { Five, Four, halfBits, halves, One, Six, Three, Two } from "./quant-tables";

const PANEL: i32 = layouts.PANEL;
/** Longest slice of the inputs: a panel of it has 16 KiB, and 96 rows of it fit the second-level cache. */
const DEPTH: i32 = 512;
const TILE_ROWS: i32 = 96;
// @ts-ignore: a constant that scripts/kernels.mjs gives the compiler
const ROWS: i32 = WIDE ? 6 : 2;
/** Turning halves into floats takes registers, too. */
// @ts-ignore: a constant that scripts/kernels.mjs gives the compiler
const HALF_ROWS: i32 = WIDE ? 4 : 2;

/**
 * Arguments as quantLinear's: x, bytes between its rows, rows, inputs, -, -, unit (what halves are to be multiplied by), offsets
 * (0: one group of rows), groups, -, w, layout, y, outputs.
 */
export function sixteenLinear(args: usize, thread: i32, threads: i32): void {
  const x = address(args, 0), sx = address(args, 1), rows = int(args, 2), inputs = int(args, 3), unit = float(args, 6);
  const offsets = address(args, 7), groups = int(args, 8), w = address(args, 10), y = address(args, 12), outputs = int(args, 13);
  const half = int(args, 11) == layouts.F16, sy = <usize>outputs << 2;
  const panels = (outputs + PANEL - 1) / PANEL, stride = <usize>inputs << 5;
  const scratch = privateMemory(thread);
  const rowTiles = max(1, (rows + TILE_ROWS - 1) / TILE_ROWS + (offsets ? groups / 2 : 0));
  const wanted = threads == 1 ? 1 : (threads * 4 + rowTiles - 1) / rowTiles;
  const run = ((panels + wanted - 1) / wanted + 1) & -2; // panels of a tile
  const runs = (panels + run - 1) / run;

  let g = 0, first = 0, start = 0, end = rows; // tiles before this group of rows; its rows
  if (offsets) end = load<i32>(offsets, 4);
  for (let tile = takeTile(0); ; tile = takeTile(0)) {
    let blocks = (end - start + TILE_ROWS - 1) / TILE_ROWS;
    while (tile - first >= blocks * runs) {
      first += blocks * runs;
      g++;
      if (g >= groups) return;
      start = end;
      end = load<i32>(offsets + (<usize>(g + 1) << 2));
      blocks = (end - start + TILE_ROWS - 1) / TILE_ROWS;
    }
    const at = tile - first;
    const top = start + (at / runs) * TILE_ROWS, count = min(end, top + TILE_ROWS) - top;
    const left = (at % runs) * run, right = min(panels, left + run);
    for (let k = 0; k < inputs; k += DEPTH) {
      const length = min(DEPTH, inputs - k), reload = k > 0;
      const from = x + <usize>top * sx + (<usize>k << 2);
      for (let panel = left; panel < right; panel++) {
        const b = w + <usize>(g * panels + panel) * stride + (<usize>k << 5);
        const to = y + <usize>top * sy + (<usize>(panel * PANEL) << 2), width = outputs - panel * PANEL;
        if (count == 1 && width >= 2 * PANEL && panel + 1 < right) {
          if (half) pairHalf(from, b, stride, to, length, reload, unit);
          else pairBrain(from, b, stride, to, length, reload);
          panel++;
        } else if (width >= PANEL) column(half, count, from, sx, b, to, sy, length, reload, unit);
        else {
          for (let r = 0; reload && r < count; r++)
            memory.copy(scratch + (<usize>(r * PANEL) << 2), to + <usize>r * sy, <usize>width << 2);
          column(half, count, from, sx, b, scratch, PANEL << 2, length, reload, unit);
          for (let r = 0; r < count; r++)
            memory.copy(to + <usize>r * sy, scratch + (<usize>(r * PANEL) << 2), <usize>width << 2);
        }
      }
    }
  }
}

function column(half: bool, rows: i32, a: usize, sa: usize, b: usize, c: usize, sc: usize, k: i32, reload: bool, unit: f32): void {
  const size = half ? HALF_ROWS : ROWS;
  for (; rows > 0; rows -= size) {
    if (half) blockHalf(min(rows, size), a, sa, b, c, sc, k, reload, unit);
    else blockBrain(min(rows, size), a, sa, b, c, sc, k, reload);
    a += <usize>size * sa;
    c += <usize>size * sc;
  }
}

function blockHalf(rows: i32, a: usize, sa: usize, b: usize, c: usize, sc: usize, k: i32, reload: bool, unit: f32): void {
  if (rows == 1) return block<One>(true, a, sa, b, c, sc, k, reload, unit);
  if (rows == 2) return block<Two>(true, a, sa, b, c, sc, k, reload, unit);
  if (HALF_ROWS == 4 && rows == 3) return block<Three>(true, a, sa, b, c, sc, k, reload, unit);
  if (HALF_ROWS == 4) block<Four>(true, a, sa, b, c, sc, k, reload, unit);
}

function blockBrain(rows: i32, a: usize, sa: usize, b: usize, c: usize, sc: usize, k: i32, reload: bool): void {
  if (rows == 1) return block<One>(false, a, sa, b, c, sc, k, reload, 1);
  if (rows == 2) return block<Two>(false, a, sa, b, c, sc, k, reload, 1);
  if (ROWS == 6 && rows == 3) return block<Three>(false, a, sa, b, c, sc, k, reload, 1);
  if (ROWS == 6 && rows == 4) return block<Four>(false, a, sa, b, c, sc, k, reload, 1);
  if (ROWS == 6 && rows == 5) return block<Five>(false, a, sa, b, c, sc, k, reload, 1);
  if (ROWS == 6) block<Six>(false, a, sa, b, c, sc, k, reload, 1);
}

/** c (rows, 16) (+)= a b for up to six rows a, `sa` bytes apart, and `k` inputs of a panel. See ./micro-wide.ts. */
// @ts-ignore: decorator
@inline function block<Rows>(half: bool, a: usize, sa: usize, b: usize, c: usize, sc: usize, k: i32, reload: bool, unit: f32): void {
  const rows = <i32>offsetof<Rows>();
  const bits = halfBits(), units = f32x4.splat(unit);
  const keep = i32x4.splat(-<i32>reload), zero = f32x4.splat(0);
  let a1 = a + sa, a2 = a1 + sa, a3 = a2 + sa, a4 = a3 + sa, a5 = a4 + sa;
  let s00 = v128.and(v128.load(c), keep), s01 = v128.and(v128.load(c, 16), keep), s02 = v128.and(v128.load(c, 32), keep), s03 = v128.and(v128.load(c, 48), keep);
  let s10 = zero, s11 = zero, s12 = zero, s13 = zero;
  let s20 = zero, s21 = zero, s22 = zero, s23 = zero;
  let s30 = zero, s31 = zero, s32 = zero, s33 = zero;
  let s40 = zero, s41 = zero, s42 = zero, s43 = zero;
  let s50 = zero, s51 = zero, s52 = zero, s53 = zero;
  if (rows > 1) {
    s10 = v128.and(v128.load(c + sc), keep); s11 = v128.and(v128.load(c + sc, 16), keep); s12 = v128.and(v128.load(c + sc, 32), keep); s13 = v128.and(v128.load(c + sc, 48), keep);
  }
  if (rows > 2) {
    s20 = v128.and(v128.load(c + 2 * sc), keep); s21 = v128.and(v128.load(c + 2 * sc, 16), keep); s22 = v128.and(v128.load(c + 2 * sc, 32), keep); s23 = v128.and(v128.load(c + 2 * sc, 48), keep);
  }
  if (rows > 3) {
    s30 = v128.and(v128.load(c + 3 * sc), keep); s31 = v128.and(v128.load(c + 3 * sc, 16), keep); s32 = v128.and(v128.load(c + 3 * sc, 32), keep); s33 = v128.and(v128.load(c + 3 * sc, 48), keep);
  }
  if (rows > 4) {
    s40 = v128.and(v128.load(c + 4 * sc), keep); s41 = v128.and(v128.load(c + 4 * sc, 16), keep); s42 = v128.and(v128.load(c + 4 * sc, 32), keep); s43 = v128.and(v128.load(c + 4 * sc, 48), keep);
  }
  if (rows > 5) {
    s50 = v128.and(v128.load(c + 5 * sc), keep); s51 = v128.and(v128.load(c + 5 * sc, 16), keep); s52 = v128.and(v128.load(c + 5 * sc, 32), keep); s53 = v128.and(v128.load(c + 5 * sc, 48), keep);
  }
  const end = b + (<usize>k << 5);
  while (b < end) {
    const b0 = widened(v128.load_ext<i16>(b), half, bits, units), b1 = widened(v128.load_ext<i16>(b, 8), half, bits, units), b2 = widened(v128.load_ext<i16>(b, 16), half, bits, units), b3 = widened(v128.load_ext<i16>(b, 24), half, bits, units);
    let x = v128.load32_splat(a);
    s00 = madd(x, b0, s00); s01 = madd(x, b1, s01); s02 = madd(x, b2, s02); s03 = madd(x, b3, s03);
    if (rows > 1) {
      x = v128.load32_splat(a1);
      s10 = madd(x, b0, s10); s11 = madd(x, b1, s11); s12 = madd(x, b2, s12); s13 = madd(x, b3, s13);
    }
    if (rows > 2) {
      x = v128.load32_splat(a2);
      s20 = madd(x, b0, s20); s21 = madd(x, b1, s21); s22 = madd(x, b2, s22); s23 = madd(x, b3, s23);
    }
    if (rows > 3) {
      x = v128.load32_splat(a3);
      s30 = madd(x, b0, s30); s31 = madd(x, b1, s31); s32 = madd(x, b2, s32); s33 = madd(x, b3, s33);
    }
    if (rows > 4) {
      x = v128.load32_splat(a4);
      s40 = madd(x, b0, s40); s41 = madd(x, b1, s41); s42 = madd(x, b2, s42); s43 = madd(x, b3, s43);
    }
    if (rows > 5) {
      x = v128.load32_splat(a5);
      s50 = madd(x, b0, s50); s51 = madd(x, b1, s51); s52 = madd(x, b2, s52); s53 = madd(x, b3, s53);
    }
    b += 32;
    a += 4;
    if (rows > 1) a1 += 4;
    if (rows > 2) a2 += 4;
    if (rows > 3) a3 += 4;
    if (rows > 4) a4 += 4;
    if (rows > 5) a5 += 4;
  }
  v128.store(c, s00); v128.store(c, s01, 16); v128.store(c, s02, 32); v128.store(c, s03, 48);
  if (rows > 1) {
    v128.store(c + sc, s10); v128.store(c + sc, s11, 16); v128.store(c + sc, s12, 32); v128.store(c + sc, s13, 48);
  }
  if (rows > 2) {
    v128.store(c + 2 * sc, s20); v128.store(c + 2 * sc, s21, 16); v128.store(c + 2 * sc, s22, 32); v128.store(c + 2 * sc, s23, 48);
  }
  if (rows > 3) {
    v128.store(c + 3 * sc, s30); v128.store(c + 3 * sc, s31, 16); v128.store(c + 3 * sc, s32, 32); v128.store(c + 3 * sc, s33, 48);
  }
  if (rows > 4) {
    v128.store(c + 4 * sc, s40); v128.store(c + 4 * sc, s41, 16); v128.store(c + 4 * sc, s42, 32); v128.store(c + 4 * sc, s43, 48);
  }
  if (rows > 5) {
    v128.store(c + 5 * sc, s50); v128.store(c + 5 * sc, s51, 16); v128.store(c + 5 * sc, s52, 32); v128.store(c + 5 * sc, s53, 48);
  }
}

function pairHalf(a: usize, b: usize, panel: usize, c: usize, k: i32, reload: bool, unit: f32): void {
  pair(true, a, b, panel, c, k, reload, unit);
}

function pairBrain(a: usize, b: usize, panel: usize, c: usize, k: i32, reload: bool): void {
  pair(false, a, b, panel, c, k, reload, 1);
}

/** One row by two panels, `panel` bytes apart: one panel's sums would wait for each other. */
// @ts-ignore: decorator
@inline function pair(half: bool, a: usize, b: usize, panel: usize, c: usize, k: i32, reload: bool, unit: f32): void {
  const bits = halfBits(), units = f32x4.splat(unit), keep = i32x4.splat(-<i32>reload);
  let p = b + panel;
  let s0 = v128.and(v128.load(c), keep), s1 = v128.and(v128.load(c, 16), keep), s2 = v128.and(v128.load(c, 32), keep), s3 = v128.and(v128.load(c, 48), keep);
  let s4 = v128.and(v128.load(c, 64), keep), s5 = v128.and(v128.load(c, 80), keep), s6 = v128.and(v128.load(c, 96), keep), s7 = v128.and(v128.load(c, 112), keep);
  const end = b + (<usize>k << 5);
  while (b < end) {
    const x = v128.load32_splat(a);
    s0 = madd(x, widened(v128.load_ext<i16>(b), half, bits, units), s0);
    s1 = madd(x, widened(v128.load_ext<i16>(b, 8), half, bits, units), s1);
    s2 = madd(x, widened(v128.load_ext<i16>(b, 16), half, bits, units), s2);
    s3 = madd(x, widened(v128.load_ext<i16>(b, 24), half, bits, units), s3);
    s4 = madd(x, widened(v128.load_ext<i16>(p), half, bits, units), s4);
    s5 = madd(x, widened(v128.load_ext<i16>(p, 8), half, bits, units), s5);
    s6 = madd(x, widened(v128.load_ext<i16>(p, 16), half, bits, units), s6);
    s7 = madd(x, widened(v128.load_ext<i16>(p, 24), half, bits, units), s7);
    a += 4;
    b += 32;
    p += 32;
  }
  v128.store(c, s0); v128.store(c, s1, 16); v128.store(c, s2, 32); v128.store(c, s3, 48);
  v128.store(c, s4, 64); v128.store(c, s5, 80); v128.store(c, s6, 96); v128.store(c, s7, 112);
}

/** Four 16-bit numbers, widened with their signs, as floats. */
// @ts-ignore: decorator
@inline function widened(x: v128, half: bool, bits: v128, unit: v128): v128 {
  return half ? f32x4.mul(halves(x, bits), unit) : i32x4.shl(x, 16);
}
