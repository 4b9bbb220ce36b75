/**
 * Products with weights of few bits on the CPU. Blocks are cut into panels of 16 outputs when they arrive, at their own size; rows of
 * activations become whole numbers first (one row: in every thread for itself), then threads claim runs of panels.
 */
import { usageError } from "../../error.ts";
import { readBlocks } from "../blocks/reader.ts";
import { blockInfo } from "../blocks/types.ts";
import type { F32, I32, QuantKernels, QuantMatrix } from "../kernels.ts";
import { type ActivationCodes, activationCodes, checkBlocks, QUANT_FORMATS } from "../quant-activations.ts";
import * as op from "./assembly/operations.ts";
import * as layouts from "./assembly/quant-layouts.ts";
import type { CpuMemory } from "./memory.ts";
import type { Pool } from "./pool.ts";

interface CpuQuantMatrix extends QuantMatrix {
  readonly layout: number;
  readonly codes: ActivationCodes | null;
  /** Halves are kept times 2^lift. */
  readonly lift: number;
}

/** Multiply-adds below which waking the other threads costs more than they give. */
const parallelWork = 1 << 17;
/** Bytes of blocks that are read at a time: all that is ever held twice. */
const stagedBytes = 1 << 18;
/** A row's codes fit a thread's own memory beside what else it keeps there (PRIVATE_BYTES). */
const ownRowBytes = 60_000;

const LAYOUTS: { readonly [format: string]: number } = {
  Q4_0: layouts.Q4_0,
  Q4_1: layouts.Q4_1,
  Q5_0: layouts.Q5_0,
  Q5_1: layouts.Q5_1,
  Q4_K: layouts.Q4_K,
  Q5_K: layouts.Q5_K,
  Q6_K: layouts.Q6_K,
  Q3_K: layouts.Q3_K,
  Q2_K: layouts.Q2_K,
  Q8_0: layouts.Q8_HALF,
  IQ4_NL: layouts.Q8_HALF,
  IQ4_XS: layouts.Q8_FLOAT,
  MXFP4: layouts.Q8_FLOAT,
  TQ1_0: layouts.Q8_FLOAT,
  TQ2_0: layouts.Q8_FLOAT,
  BF16: layouts.BF16,
  F16: layouts.F16,
};

/** Layouts whose scales, or whose numbers, are halves. */
const HALVES: ReadonlySet<number> = new Set([
  ...[layouts.Q4_0, layouts.Q4_1, layouts.Q5_0, layouts.Q5_1, layouts.Q8_HALF, layouts.F16],
]);

export function quantKernels(pool: Pool, memory: CpuMemory): QuantKernels {
  const { int, float } = pool;

  function multiply(x: F32, strideX: number, w: QuantMatrix, y: F32, rows: number, offsets: I32 | null): void {
    if (rows === 0) return;
    const { layout, codes, lift } = w as CpuQuantMatrix;
    const mark = memory.mark();
    const group = codes === null ? 1 : codes.group;
    const wide = codes !== null && codes.largest > 127 ? 1 : 0;
    const rowBytes = (w.inputs / group) * ((group << wide) + 8);
    const parallel = rows * w.inputs * w.outputs > parallelWork;
    int[0] = x.handle;
    int[1] = strideX * 4;
    int[2] = rows;
    int[3] = w.inputs;
    int[4] = group;
    int[5] = wide;
    // Halves lie in the upper bits of a float, which makes them 2^-112 times as large.
    float[6] = HALVES.has(layout) ? 2 ** (112 - lift) : 1;
    int[7] = offsets === null ? 0 : offsets.handle;
    int[8] = w.groups;
    int[9] = 0;
    if (codes !== null && (rows > 1 || offsets !== null || rowBytes > ownRowBytes)) {
      int[9] = memory.scratch(rows * rowBytes);
      pool.run(op.QUANT_ROWS, rows * w.inputs > 16_384);
    }
    int[10] = w.handle;
    int[11] = layout;
    int[12] = y.handle;
    int[13] = w.outputs;
    pool.run(op.QUANT_LINEAR, parallel);
    memory.release(mark);
  }

  return {
    quantFormats: QUANT_FORMATS,
    quantized(format, groups, outputs, inputs, blocks) {
      const codes = activationCodes(format);
      const info = checkBlocks(format, groups, outputs, inputs, blocks);
      const layout = LAYOUTS[format]!;
      int[0] = layout;
      int[1] = inputs;
      pool.run(op.QUANT_PANEL_BYTES, false);
      const panelBytes = int[2]!;
      const panels = Math.ceil(outputs / layouts.PANEL);
      const bytes = groups * panels * panelBytes;
      const handle = memory.take(bytes);
      const rowBytes = (inputs / info.elements) * info.bytes;
      const rowsAtOnce = Math.max(1, Math.floor(stagedBytes / rowBytes / layouts.PANEL)) * layouts.PANEL;
      const mark = memory.mark();
      const staged = memory.scratch(Math.min(rowsAtOnce, outputs) * rowBytes);
      /** Reads and packs all, a run of rows at a time; gives the largest exponent of a half, as it lies in its upper byte. */
      const pack = (lift: number): number => {
        let most = 0;
        for (let group = 0; group < groups; group++)
          for (let row = 0; row < outputs; row += rowsAtOnce) {
            const rows = Math.min(rowsAtOnce, outputs - row);
            const piece = new Uint8Array(pool.memory.buffer, staged, rows * rowBytes);
            readBlocks(blocks, piece, (group * outputs + row) * rowBytes);
            most = Math.max(most, largestExponent(format, piece));
            int[0] = staged;
            int[1] = handle + (group * panels + row / layouts.PANEL) * panelBytes;
            int[2] = rows;
            int[3] = inputs;
            int[4] = layout;
            int[5] = info.id;
            int[6] = info.elements;
            int[7] = info.bytes;
            int[8] = lift;
            pool.run(op.QUANT_PACK, rows * inputs > 65_536);
          }
        return most;
      };
      let lift = HALVES.has(layout) ? LIFT : 0;
      try {
        // Almost every weight can be lifted, so it is packed as if it could before all of it has been seen.
        if (pack(lift) > LARGEST_LIFTED && lift > 0) {
          lift = 0;
          pack(lift);
        }
      } catch (error) {
        memory.giveBack(handle);
        throw error;
      } finally {
        memory.release(mark);
      }
      const matrix: CpuQuantMatrix = {
        ...{ type: "quant", format, groups, outputs, inputs, bytes, handle },
        ...{ layout, codes, lift },
      };
      return matrix;
    },
    freeQuantized: (w) => memory.giveBack(w.handle),
    linearQuantized: (x, w, y, rows, strideX) => multiply(x, strideX, w, y, rows, null),
    groupedLinearQuantized: (x, w, y, offsets, rows) => multiply(x, w.inputs, w, y, rows, offsets),
    embeddingQuantized(w, ids, y, rows) {
      const { layout, lift } = w as CpuQuantMatrix;
      int[0] = w.handle;
      int[1] = ids.handle;
      int[2] = y.handle;
      int[3] = rows;
      int[4] = w.inputs;
      int[5] = layout;
      int[6] = lift;
      pool.run(op.QUANT_EMBEDDING, rows * w.inputs > 16_384);
    },
  };
}

/**
 * Halves are kept times 2^LIFT where each is less than 2^6 in magnitude: then none is subnormal (multiplying by those is slow),
 * nor too large.
 */
const LIFT = 10;
const LARGEST_LIFTED = 0x50;

/** The exponent bits of the largest half in some blocks; 0 for formats without. @throws UserError where one is infinite or not a number */
function largestExponent(format: string, blocks: Uint8Array): number {
  if (!HALVES.has(LAYOUTS[format]!)) return 0;
  const { bytes } = blockInfo(format);
  const minimum = format === "Q4_1" || format === "Q5_1" ? 3 : 1;
  let most = 0;
  for (let at = 0; at < blocks.length; at += bytes)
    most = Math.max(most, blocks[at + 1]! & 0x7c, blocks[at + minimum]! & 0x7c);
  if (most === 0x7c)
    throw usageError(`A weight in ${format} holds infinity or not-a-number: the file is damaged.`, "blocks");
  return most;
}
