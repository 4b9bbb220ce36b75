/**
 * A weight as an op sees it: trainable floats, or a matrix in the blocks its file stores. What differs is which kernel
 * multiplies; ops that record a gradient take floats only.
 */
import { UserError } from "../error.ts";
import type { Device, F32, I32, QuantMatrix } from "../kernels/kernels.ts";
import { Parameter } from "./tensor.ts";

/** A matrix (or stacked matrices) of few bits a number: it multiplies, and nothing changes it. */
export class QuantWeight {
  readonly name: string;
  /** (outputs, inputs), or (experts, outputs, inputs). */
  readonly shape: readonly number[];
  readonly outputs: number;
  readonly inputs: number;
  readonly trainable = false;
  readonly adapter = null;
  readonly matrix: QuantMatrix;
  readonly #device: Device;

  constructor(device: Device, name: string, shape: readonly number[], matrix: QuantMatrix) {
    this.name = name;
    this.shape = shape;
    this.outputs = matrix.outputs;
    this.inputs = matrix.inputs;
    this.matrix = matrix;
    this.#device = device;
  }

  free(): void {
    this.#device.freeQuantized(this.matrix);
  }
}

export type Weight = Parameter | QuantWeight;

/** y = x w^T: x (rows, inputs) with `strideX` elements between rows, w (outputs, inputs) -> y (rows, outputs). */
export function multiply(device: Device, x: F32, w: Weight, y: F32, rows: number, strideX: number): void {
  if (w instanceof Parameter) device.linear(x, w.buf, y, rows, w.inputs, w.outputs, strideX, false);
  else device.linearQuantized(x, w.matrix, y, rows, strideX);
}

/** Row block [offsets[g], offsets[g + 1]) of x goes through matrix g of w (groups, outputs, inputs). */
export function multiplyGroups(
  device: Device,
  x: F32,
  w: Weight,
  y: F32,
  offsets: I32,
  groups: number,
  rows: number,
): void {
  if (w instanceof Parameter) device.groupedLinear(x, w.buf, y, offsets, groups, rows, w.inputs, w.outputs);
  else device.groupedLinearQuantized(x, w.matrix, y, offsets, rows);
}

/** y[r] = table[ids[r]]. */
export function lookUp(device: Device, table: Weight, ids: I32, y: F32, rows: number): void {
  if (table instanceof Parameter) device.embedding(table.buf, ids, y, rows, table.inputs);
  else device.embeddingQuantized(table.matrix, ids, y, rows);
}

/** The weight as floats with a gradient. @throws UserError where it is kept in blocks */
export function trainable(w: Weight): Parameter {
  if (w instanceof Parameter) return w;
  throw new UserError(
    `The weight ${w.name} is kept in ${w.matrix.format} and cannot be trained; load the model with f32 weights.`,
    { param: "weights", type: "quantized_weights" },
  );
}
