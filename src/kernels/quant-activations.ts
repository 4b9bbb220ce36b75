/**
 * How activations are rounded where they meet weights of few bits, the same on every device: in groups of neighbours that share
 * a scale in the weight, to whole multiples of a step d = the largest magnitude / the largest code. Codes of 8 bits meet weights of up to
 * 6 bits (as in llama.cpp, whose groups are 32 or 256), codes of 16 bits meet weights of 8: there they cost nothing. Weights of 16 bits
 * meet activations as they are.
 */
import { usageError } from "../error.ts";
import { type BlockInfo, blockInfo, type GgmlType, isGgmlType } from "./blocks/types.ts";

export interface ActivationCodes {
  /** Numbers that share a step. */
  readonly group: 16 | 32;
  /** The largest code: 127 or 32767. */
  readonly largest: 127 | 32767;
}

const NARROW: ActivationCodes = { group: 32, largest: 127 };
const NARROW_16: ActivationCodes = { group: 16, largest: 127 };
const WIDE: ActivationCodes = { group: 32, largest: 32767 };

/** Null: not rounded. */
const CODES: { readonly [format in GgmlType]?: ActivationCodes | null } = {
  F16: null,
  BF16: null,
  Q4_0: NARROW,
  Q4_1: NARROW,
  Q5_0: NARROW,
  Q5_1: NARROW,
  Q8_0: WIDE,
  Q2_K: NARROW_16,
  Q3_K: NARROW_16,
  Q4_K: NARROW,
  Q5_K: NARROW,
  Q6_K: NARROW_16,
  IQ4_NL: WIDE,
  IQ4_XS: WIDE,
  TQ1_0: WIDE,
  TQ2_0: WIDE,
  MXFP4: WIDE,
};

/** Formats that are multiplied by as they are: all of up to 16 bits. */
export const QUANT_FORMATS = Object.keys(CODES) as readonly GgmlType[];

/** How activations are rounded that meet a format; null: not at all. @throws UserError for formats that are not multiplied by as they are */
export function activationCodes(format: string): ActivationCodes | null {
  const codes = isGgmlType(format) ? CODES[format] : undefined;
  if (codes === undefined) {
    throw usageError(
      `Weights in ${format} are not multiplied by directly; dequantise them, or use ${QUANT_FORMATS.join(", ")}.`,
      "format",
    );
  }
  return codes;
}

/** A group whose largest magnitude is smaller counts as zeros. */
const NOTHING = 1e-30;

/** Writes what `x` is rounded to into `out`, group by group. Both are a whole number of groups. */
export function roundActivations(codes: ActivationCodes | null, x: Float32Array, out: Float64Array): void {
  if (codes === null) {
    out.set(x);
    return;
  }
  const { group, largest } = codes;
  for (let start = 0; start < x.length; start += group) {
    let most = 0;
    for (let i = start; i < start + group; i++) most = Math.max(most, Math.abs(x[i]!));
    const inverse = most < NOTHING ? 0 : Math.fround(largest / most);
    const d = most < NOTHING ? 0 : Math.fround(most / largest);
    for (let i = start; i < start + group; i++) out[i] = tiesToEven(Math.fround(x[i]! * inverse)) * d;
  }
}

/**
 * Refuses a matrix whose sizes do not fit its blocks.
 * @throws UserError naming the format and the size
 */
export function checkBlocks(
  format: string,
  groups: number,
  outputs: number,
  inputs: number,
  blocks: { readonly length: number },
): BlockInfo {
  const info = blockInfo(format);
  if (inputs % info.elements !== 0) {
    throw usageError(`${format} weights have a multiple of ${info.elements} inputs, not ${inputs}.`, "inputs");
  }
  const bytes = ((groups * outputs * inputs) / info.elements) * info.bytes;
  if (blocks.length !== bytes) {
    throw usageError(
      `A ${groups === 1 ? "" : `${groups} x `}${outputs} x ${inputs} weight in ${format} takes ${bytes} bytes, not ${blocks.length}.`,
      "blocks",
    );
  }
  return info;
}

function tiesToEven(value: number): number {
  const down = Math.floor(value);
  const rest = value - down;
  return rest > 0.5 || (rest === 0.5 && down % 2 !== 0) ? down + 1 : down;
}
