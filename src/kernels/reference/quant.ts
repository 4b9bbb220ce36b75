/** Products with weights of few bits: blocks are dequantised when they arrive, activations rounded as every device rounds them. */
import { dequantize } from "../blocks/dequantize.ts";
import { allBlocks } from "../blocks/reader.ts";
import type { GgmlType } from "../blocks/types.ts";
import type { F32, QuantKernels, QuantMatrix } from "../kernels.ts";
import { activationCodes, checkBlocks, QUANT_FORMATS, roundActivations } from "../quant-activations.ts";
import { embedding } from "./element.ts";

/** A matrix that keeps what its blocks stand for. */
interface ReferenceQuantMatrix extends QuantMatrix {
  readonly values: F32;
}

export const quantFormats: QuantKernels["quantFormats"] = QUANT_FORMATS;

export const quantized: QuantKernels["quantized"] = (format, groups, outputs, inputs, blocks) => {
  activationCodes(format);
  checkBlocks(format, groups, outputs, inputs, blocks);
  const host = new Float32Array(groups * outputs * inputs);
  dequantize(format as GgmlType, allBlocks(blocks), host);
  const matrix: ReferenceQuantMatrix = {
    ...{ type: "quant", format, groups, outputs, inputs, bytes: blocks.length, handle: 0 },
    values: { type: "f32", length: host.length, handle: 0, host },
  };
  return matrix;
};
export const freeQuantized: QuantKernels["freeQuantized"] = () => {};

export const linearQuantized: QuantKernels["linearQuantized"] = (x, w, y, rows, strideX) => {
  for (let r = 0; r < rows; r++)
    product(x.host!, r * strideX, w, 0, y.host!.subarray(r * w.outputs, (r + 1) * w.outputs));
};
export const groupedLinearQuantized: QuantKernels["groupedLinearQuantized"] = (x, w, y, offsets) => {
  for (let g = 0; g < w.groups; g++)
    for (let r = offsets.host![g]!; r < offsets.host![g + 1]!; r++)
      product(x.host!, r * w.inputs, w, g, y.host!.subarray(r * w.outputs, (r + 1) * w.outputs));
};
export const embeddingQuantized: QuantKernels["embeddingQuantized"] = (w, ids, y, rows) =>
  embedding(valuesOf(w), ids, y, rows, w.inputs);

/** y = one rounded row times matrix `group` of w. */
function product(x: Float32Array, at: number, w: QuantMatrix, group: number, y: Float32Array): void {
  const rounded = new Float64Array(w.inputs);
  roundActivations(activationCodes(w.format), x.subarray(at, at + w.inputs), rounded);
  const values = valuesOf(w).host!;
  for (let n = 0, k = group * w.outputs * w.inputs; n < w.outputs; n++) {
    let sum = 0;
    for (let i = 0; i < w.inputs; i++) sum += rounded[i]! * values[k++]!;
    y[n] = sum;
  }
}

const valuesOf = (w: QuantMatrix): F32 => (w as ReferenceQuantMatrix).values;
