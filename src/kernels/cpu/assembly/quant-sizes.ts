/** Sizes of the layouts of weights of few bits. */
import { eightBytes, HALF_STEP, STEP } from "./quant-eight";
import { BYTE, BYTE_MIN, fewBytes, fewHeadBytes, HALF, HALF_MIN } from "./quant-few";
import * as layouts from "./quant-layouts";

/** Inputs that share a scale. */
export function groupOf(layout: i32): i32 {
  if (layout >= layouts.BF16) return 1;
  return layout >= layouts.Q6_K && layout <= layouts.Q2_K ? 16 : 32;
}

/** Bytes of a group of a panel. */
export function groupBytes(layout: i32): usize {
  switch (layout) {
    case layouts.Q4_0:
      return fewBytes(4, 32, HALF);
    case layouts.Q4_1:
      return fewBytes(4, 32, HALF_MIN);
    case layouts.Q5_0:
      return fewBytes(5, 32, HALF);
    case layouts.Q5_1:
      return fewBytes(5, 32, HALF_MIN);
    case layouts.Q4_K:
      return fewBytes(4, 32, BYTE_MIN);
    case layouts.Q5_K:
      return fewBytes(5, 32, BYTE_MIN);
    case layouts.Q6_K:
      return fewBytes(6, 16, BYTE);
    case layouts.Q3_K:
      return fewBytes(4, 16, BYTE);
    case layouts.Q2_K:
      return fewBytes(4, 16, BYTE_MIN);
    case layouts.Q8_HALF:
      return eightBytes(HALF_STEP);
    case layouts.BF16:
    case layouts.F16:
      return 32;
    default:
      return eightBytes(STEP);
  }
}

/** Bytes behind a panel for every 256 inputs. */
export function headBytes(layout: i32): usize {
  if (layout == layouts.Q6_K || layout == layouts.Q3_K) return fewHeadBytes(BYTE);
  return layout >= layouts.Q4_K && layout <= layouts.Q2_K ? <usize>fewHeadBytes(BYTE_MIN) : 0;
}

/** Bytes of a panel of `inputs`. */
export function panelBytes(layout: i32, inputs: i32): usize {
  return <usize>(inputs / groupOf(layout)) * groupBytes(layout) + <usize>(inputs >> 8) * headBytes(layout);
}
