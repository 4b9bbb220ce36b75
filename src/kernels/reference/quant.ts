/** Products with weights of few bits: blocks are dequantised when they arrive, then plain loops. */
import { usageError } from "../../error.ts";
import type { F32, I32, QuantKernels, QuantMatrix } from "../kernels.ts";
import { embedding } from "./element.ts";
import { groupedLinear, linear } from "./linear.ts";

/** A matrix that keeps what its blocks stand for. */
interface ReferenceQuantMatrix extends QuantMatrix {
  readonly values: F32;
}

export const quantFormats: QuantKernels["quantFormats"] = ["Q8_0", "Q4_0", "Q4_1"];

export const quantized: QuantKernels["quantized"] = (format, groups, outputs, inputs, blocks) => {
  const values = dequantizeBlocks(format, groups * outputs * inputs, inputs, blocks);
  const host: F32 = { type: "f32", length: values.length, handle: 0, host: values };
  const matrix: ReferenceQuantMatrix = {
    ...{ type: "quant", format, groups, outputs, inputs, bytes: blocks.length, handle: 0 },
    values: host,
  };
  return matrix;
};
export const freeQuantized: QuantKernels["freeQuantized"] = () => {};

export const linearQuantized: QuantKernels["linearQuantized"] = (x, w, y, rows, strideX) =>
  linear(x, valuesOf(w), y, rows, w.inputs, w.outputs, strideX, false);
export const groupedLinearQuantized: QuantKernels["groupedLinearQuantized"] = (x, w, y, offsets: I32, rows) =>
  groupedLinear(x, valuesOf(w), y, offsets, w.groups, rows, w.inputs, w.outputs);
export const embeddingQuantized: QuantKernels["embeddingQuantized"] = (w, ids, y, rows) =>
  embedding(valuesOf(w), ids, y, rows, w.inputs);

const valuesOf = (w: QuantMatrix): F32 => (w as ReferenceQuantMatrix).values;

/** What `count` numbers in rows of `inputs` stand for, in blocks of 32. Throws UserError where format or sizes do not fit. */
export function dequantizeBlocks(format: string, count: number, inputs: number, blocks: Uint8Array): Float32Array {
  const bytes = { Q8_0: 34, Q4_0: 18, Q4_1: 20 }[format];
  if (bytes === undefined) throw usageError(`This device does not multiply by weights in ${format}.`, "format");
  if (inputs % 32 !== 0) throw usageError(`${format} rows are a multiple of 32 numbers, not ${inputs}.`, "inputs");
  if (blocks.length !== (count / 32) * bytes)
    throw usageError(
      `${count} numbers in ${format} take ${(count / 32) * bytes} bytes, not ${blocks.length}.`,
      "blocks",
    );
  const view = new DataView(blocks.buffer, blocks.byteOffset, blocks.length);
  const out = new Float32Array(count);
  for (let block = 0, at = 0; block < count / 32; block++, at += bytes) {
    const d = view.getFloat16(at, true);
    const m = format === "Q4_1" ? view.getFloat16(at + 2, true) : format === "Q4_0" ? -8 * d : 0;
    const from = at + (format === "Q4_1" ? 4 : 2);
    for (let j = 0; j < 32; j++) {
      const code = format === "Q8_0" ? view.getInt8(from + j) : (blocks[from + (j & 15)]! >> (j < 16 ? 0 : 4)) & 15;
      out[block * 32 + j] = d * code + m;
    }
  }
  return out;
}
