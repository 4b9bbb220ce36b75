/** Products with weights of few bits on the CPU. */
import type { ElementKernels, F32, LinearKernels, QuantKernels, QuantMatrix } from "../kernels.ts";
import { dequantizeBlocks, quantFormats } from "../reference/quant.ts";
import type { CpuMemory } from "./memory.ts";

interface CpuQuantMatrix extends QuantMatrix {
  readonly values: F32;
}

export function quantKernels(memory: CpuMemory, kernels: LinearKernels & ElementKernels): QuantKernels {
  return {
    quantFormats,
    quantized(format, groups, outputs, inputs, blocks) {
      const numbers = dequantizeBlocks(format, groups * outputs * inputs, inputs, blocks);
      const values = memory.parameter(numbers.length);
      memory.write(values, numbers);
      const matrix: CpuQuantMatrix = {
        ...{ type: "quant", format, groups, outputs, inputs, bytes: numbers.length * 4, handle: values.handle },
        values,
      };
      return matrix;
    },
    freeQuantized: (w) => memory.free(valuesOf(w)),
    linearQuantized: (x, w, y, rows, strideX) =>
      kernels.linear(x, valuesOf(w), y, rows, w.inputs, w.outputs, strideX, false),
    groupedLinearQuantized: (x, w, y, offsets, rows) =>
      kernels.groupedLinear(x, valuesOf(w), y, offsets, w.groups, rows, w.inputs, w.outputs),
    embeddingQuantized: (w, ids, y, rows) => kernels.embedding(valuesOf(w), ids, y, rows, w.inputs),
  };
}

const valuesOf = (w: QuantMatrix): F32 => (w as CpuQuantMatrix).values;
