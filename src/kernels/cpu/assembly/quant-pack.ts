/** Cuts rows of ggml blocks into the panels that ./quant-few.ts and ./quant-eight.ts read, and turns a row of panels into floats. */
import { address, int, privateMemory, share, takeTile } from "./control";
import * as layouts from "./quant-layouts";
import { groupBytes, groupOf, headBytes, panelBytes } from "./quant-sizes";
import { halfToFloat, heads, MIN, SCALE, unpack } from "./quant-unpack";

const PANEL: i32 = layouts.PANEL;

/**
 * Arguments: blocks, panels, rows, inputs, layout, ggml's number of the format, numbers and bytes of a block, by how much to raise the
 * exponent of halves. Rows that fill no whole panel are zeros.
 */
export function quantPack(args: usize, thread: i32, _threads: i32): void {
  const rows = int(args, 2), inputs = int(args, 3), layout = int(args, 4), format = int(args, 5);
  const numbers = int(args, 6), blockBytes = address(args, 7), lift = int(args, 8);
  const group = groupOf(layout), parts = numbers / group, bytes = groupBytes(layout);
  const panels = (rows + PANEL - 1) / PANEL, stride = panelBytes(layout, inputs);
  const rowBytes = <usize>(inputs / numbers) * blockBytes, head = headBytes(layout);
  const own = privateMemory(thread);
  for (let panel = takeTile(0); panel < panels; panel = takeTile(0)) {
    const to = address(args, 1) + <usize>panel * stride;
    if (rows - panel * PANEL < PANEL) memory.fill(to, 0, stride);
    if (layout >= layouts.BF16) {
      for (let j = 0; j < min(PANEL, rows - panel * PANEL); j++) {
        let from = address(args, 0) + <usize>(panel * PANEL + j) * rowBytes, at = to + <usize>(j << 1);
        for (let k = 0; k < inputs; k++) {
          store<u16>(at, layout == layouts.F16 ? lifted(load<u16>(from), lift) : load<u16>(from));
          from += 2;
          at += 32;
        }
      }
      continue;
    }
    const tails = to + <usize>(inputs / group) * bytes;
    for (let j = 0; j < min(PANEL, rows - panel * PANEL); j++) {
      let block = address(args, 0) + <usize>(panel * PANEL + j) * rowBytes;
      let tail = tails + (<usize>j << 2), part = 0;
      for (let at = to; at < tails; at += bytes) {
        unpack(format, block, part, own);
        put(layout, at, own, j, lift);
        if (++part < parts) continue;
        if (head) heads(format, block, tail, tail + 64);
        tail += head;
        block += blockBytes;
        part = 0;
      }
    }
  }
}

/** Output j's codes and scales into a group of a panel, four codes at a time. */
function put(layout: i32, to: usize, from: usize, j: i32, lift: i32): void {
  if (layout >= layouts.Q8_HALF) {
    for (let pair: usize = 0; pair < 16; pair++)
      store<u16>(to + (pair << 5) + <usize>(j << 1), load<u16>(from + (pair << 1)));
    const scales = to + 512;
    if (layout == layouts.Q8_HALF) store<u16>(scales + <usize>(j << 1), lifted(load<u16>(from + SCALE), lift));
    else store<f32>(scales + <usize>(j << 2), load<f32>(from + SCALE));
    return;
  }
  const group = groupOf(layout), half = <usize>group >> 1, upper = to + <usize>(group << 3);
  const six = layout == layouts.Q6_K;
  const low: u32 = 0x0f0f0f0f, high: u32 = six ? 0x03030303 : 0x01010101;
  let rest: u32 = 0;
  for (let step: usize = 0; step < half >> 2; step++) {
    const first = load<u32>(from + (step << 2)), second = load<u32>(from + half + (step << 2));
    store<u32>(to + (step << 6) + <usize>(j << 2), (first & low) | ((second & low) << 4));
    const more = (first >> 4) & high, most = (second >> 4) & high;
    rest |= six ? (more << (<u32>step << 2)) | (most << ((<u32>step << 2) + 2)) : (more << <u32>step) | (most << (<u32>step + 4));
  }
  let scales = upper;
  if (hasUpper(layout)) {
    store<u32>(upper + <usize>(j << 2), rest);
    scales += 64;
  }
  if (layout <= layouts.Q5_1) {
    store<u16>(scales + <usize>(j << 1), lifted(load<u16>(from + SCALE), lift));
    if (hasMin(layout)) store<u16>(scales + 32 + <usize>(j << 1), lifted(load<u16>(from + MIN), lift));
  } else {
    store<u8>(scales + j, load<u8>(from + SCALE));
    if (hasMin(layout)) store<u8>(scales + 16 + j, load<u8>(from + MIN));
  }
}

// @ts-ignore: decorator
@inline function hasUpper(layout: i32): bool {
  return layout == layouts.Q5_0 || layout == layouts.Q5_1 || layout == layouts.Q5_K || layout == layouts.Q6_K;
}

// @ts-ignore: decorator
@inline function hasMin(layout: i32): bool {
  return layout == layouts.Q4_1 || layout == layouts.Q5_1 || layout == layouts.Q4_K || layout == layouts.Q5_K || layout == layouts.Q2_K;
}

/** A half times 2^lift, which must not overflow: with a lift of 10 no half is subnormal, as multiplying by those is slow. */
function lifted(half: u32, lift: i32): u16 {
  const magnitude = half & 0x7fff, sign = half & 0x8000;
  if (lift == 0 || magnitude == 0) return <u16>half;
  if (magnitude >= 0x400) return <u16>(half + (lift << 10));
  // fraction 2^-24 = 1.f 2^(msb - 24)
  const msb = 31 - clz(magnitude);
  return <u16>(sign | ((msb - 24 + 15 + lift) << 10) | ((magnitude << (10 - msb)) & 0x3ff));
}

/** Arguments: panels, ids, y, rows, inputs, layout, lift. y[r] = row ids[r] as floats: the bits that ggml's C reference gives. */
export function quantEmbedding(args: usize, thread: i32, threads: i32): void {
  const inputs = int(args, 4), layout = int(args, 5), lift = int(args, 6);
  const group = groupOf(layout), bytes = groupBytes(layout), stride = panelBytes(layout, inputs);
  for (let r = share(int(args, 3), thread, threads); r < share(int(args, 3), thread + 1, threads); r++) {
    const id = load<i32>(address(args, 1) + (<usize>r << 2)), j = id & (PANEL - 1);
    const panel = address(args, 0) + <usize>(id >> 4) * stride;
    let y = address(args, 2) + (<usize>r * <usize>inputs << 2);
    if (layout >= layouts.BF16) {
      for (let k = 0; k < inputs; k++) {
        const bits = <u32>load<u16>(panel + (<usize>k << 5) + <usize>(j << 1));
        if (layout == layouts.BF16) store<u32>(y + (<usize>k << 2), bits << 16);
        else store<f32>(y + (<usize>k << 2), halfToFloat(bits) * (lift == 0 ? <f32>1 : <f32>(1 / 1024.0)));
      }
      continue;
    }
    for (let at = 0; at < inputs / group; at++) {
      const tail = panel + <usize>(inputs / group) * bytes + <usize>(at / (256 / group)) * headBytes(layout) + (<usize>j << 2);
      take(layout, panel + <usize>at * bytes, tail, j, lift, y);
      y += <usize>group << 2;
    }
  }
}

function take(layout: i32, from: usize, tail: usize, j: i32, lift: i32, y: usize): void {
  const group = groupOf(layout);
  const raise: f32 = lift == 0 ? 1 : <f32>(1 / 1024.0);
  if (layout >= layouts.Q8_HALF) {
    const d = layout == layouts.Q8_HALF ? halfToFloat(load<u16>(from + 512 + <usize>(j << 1))) * raise : load<f32>(from + 512 + <usize>(j << 2));
    for (let k = 0; k < 32; k++) store<f32>(y + <usize>(k << 2), <f32>load<i8>(from + <usize>((k >> 1) * 32 + j * 2 + (k & 1))) * d);
    return;
  }
  const half = group >> 1, upper = from + <usize>(group << 3), scales = upper + (hasUpper(layout) ? 64 : 0);
  let d: f32, m: f32 = 0;
  let zeroCode = 0;
  if (layout <= layouts.Q5_1) {
    d = halfToFloat(load<u16>(scales + <usize>(j << 1))) * raise;
    if (hasMin(layout)) m = halfToFloat(load<u16>(scales + 32 + <usize>(j << 1))) * raise;
    else zeroCode = layout == layouts.Q4_0 ? 8 : 16;
  } else if (hasMin(layout)) {
    d = <f32>load<u8>(scales + j) * load<f32>(tail);
    m = <f32>load<u8>(scales + 16 + j) * load<f32>(tail, 64);
  } else {
    d = <f32>load<i8>(scales + j) * load<f32>(tail);
    zeroCode = layout == layouts.Q6_K ? 32 : 4;
  }
  for (let k = 0; k < group; k++) {
    const high = <i32>(k >= half), step = (k % half) >> 2;
    const lane = <usize>(j * 4 + (k & 3));
    let code = (<i32>load<u8>(from + <usize>(step << 6) + lane) >> (high << 2)) & 15;
    if (layout == layouts.Q6_K) code |= ((<i32>load<u8>(upper + lane) >> ((step << 2) + (high << 1))) & 3) << 4;
    else if (hasUpper(layout)) code |= ((<i32>load<u8>(upper + lane) >> (step + (high << 2))) & 1) << 4;
    const value = <f32>(code - zeroCode) * d;
    store<f32>(y + <usize>(k << 2), hasMin(layout) ? value + m : value); // adding 0 would lose the sign of -0
  }
}
