// Muon: momentum, then the nearest orthogonal matrix of the update by Newton-Schulz (Keller Jordan's Muon; torch.optim.Muon).
// Matrices of one shape go through the iteration together, whatever layer or expert they belong to: a model with hundreds of
// small expert matrices would otherwise spend its time on calls. Nothing is read back to the host.

import type { Device, F32, I32 } from "../kernels/kernels.ts";
import type { Parameter } from "../tensor/tensor.ts";

/** Options under torch.optim.Muon's names and defaults. */
export interface MuonOptions {
  readonly lr: number;
  readonly momentum: number;
  readonly nesterov: boolean;
  readonly weight_decay: number;
  /** original: lr * sqrt(max(1, rows/columns)); match_rms_adamw: lr * 0.2 sqrt(max(rows, columns)). */
  readonly adjust_lr: "original" | "match_rms_adamw";
}

export const muonDefaults: MuonOptions = {
  lr: 1e-3,
  momentum: 0.95,
  nesterov: true,
  weight_decay: 0.1,
  adjust_lr: "original",
};

/** One parameter under Muon with its momentum; a stack (E, I, H) counts as E matrices. */
export interface MuonSlot {
  readonly parameter: Parameter;
  readonly momentum: F32;
}

/** Muon over matrices (rows, columns) and stacks of matrices (count, rows, columns). */
export class Muon {
  readonly slots: readonly MuonSlot[];
  readonly #device: Device;
  readonly #options: MuonOptions;
  readonly #batches: readonly Batch[];

  constructor(device: Device, parameters: readonly Parameter[], options: MuonOptions) {
    this.#device = device;
    this.#options = options;
    this.slots = parameters.map((parameter) => ({ parameter, momentum: device.f32(parameter.buf.length) }));
    this.#batches = batches(device, this.slots);
  }

  /** Enqueues one step over all its parameters; `factor` multiplies the learning rate (the schedule). */
  step(factor: number): void {
    const { lr, weight_decay } = this.#options;
    for (const batch of this.#batches) {
      const mark = this.#device.mark();
      const update = orthogonalise(this.#device, this.#momenta(batch), batch);
      const scaled = lr * factor * adjustment(this.#options.adjust_lr, batch.rows, batch.columns);
      for (const [{ parameter }, at] of batch.members) {
        if (weight_decay > 0) this.#device.scale(parameter.buf, 1 - lr * factor * weight_decay);
        this.#device.axpy(-scaled, this.#device.slice(update, at, parameter.buf.length), parameter.buf);
        this.#device.changed(parameter.buf);
      }
      this.#device.release(mark);
    }
  }

  free(): void {
    for (const { momentum } of this.slots) this.#device.free(momentum);
    for (const { offsets } of this.#batches) for (const own of Object.values(offsets)) this.#device.free(own);
  }

  /** Updates the momenta of a batch and lays the resulting updates side by side: (count, rows, columns). */
  #momenta(batch: Batch): F32 {
    const { momentum, nesterov } = this.#options;
    const update = this.#device.scratchF32(batch.count * batch.rows * batch.columns);
    for (const [slot, at] of batch.members) {
      const out = this.#device.slice(update, at, slot.parameter.buf.length);
      this.#device.muonMomentum(slot.parameter.grad, slot.momentum, out, momentum, nesterov);
    }
    return update;
  }
}

/** How torch.optim.Muon scales the learning rate by a matrix's shape. */
export const adjustment = (kind: MuonOptions["adjust_lr"], rows: number, columns: number): number =>
  kind === "original" ? Math.sqrt(Math.max(1, rows / columns)) : 0.2 * Math.sqrt(Math.max(rows, columns));

/** Matrices of one shape, side by side. */
interface Batch {
  readonly rows: number;
  readonly columns: number;
  readonly count: number;
  /** A parameter and where its matrices start among the batch's elements. */
  readonly members: readonly (readonly [MuonSlot, number])[];
  /** Where each matrix starts in a pile of all of them by `rows`, and in a pile of the square Gram matrices. */
  readonly offsets: { readonly matrices: I32; readonly squares: I32 };
}

/** A batch holds at most this many elements unless one parameter alone is larger: enough to fill threads, little enough for the cache. */
const BATCH_ELEMENTS = 1 << 20;

function batches(device: Device, slots: readonly MuonSlot[]): Batch[] {
  const byShape = new Map<string, MuonSlot[]>();
  for (const slot of slots) {
    const shape = slot.parameter.shape.slice(-2).join();
    byShape.set(shape, [...(byShape.get(shape) ?? []), slot]);
  }
  const all: Batch[] = [];
  for (const same of byShape.values()) {
    const [rows, columns] = same[0]!.parameter.shape.slice(-2) as [number, number];
    let members: [MuonSlot, number][] = [];
    let filled = 0;
    const close = () => {
      if (members.length > 0) all.push(batch(device, rows, columns, filled / (rows * columns), members));
      members = [];
      filled = 0;
    };
    for (const slot of same) {
      if (filled + slot.parameter.buf.length > BATCH_ELEMENTS) close();
      members.push([slot, filled]);
      filled += slot.parameter.buf.length;
    }
    close();
  }
  return all;
}

function batch(device: Device, rows: number, columns: number, count: number, members: Batch["members"]): Batch {
  const starts = (step: number) => {
    const buffer = device.i32(count + 1);
    device.write(
      buffer,
      Array.from({ length: count + 1 }, (_, g) => g * step),
    );
    return buffer;
  };
  return {
    rows,
    columns,
    count,
    members,
    offsets: { matrices: starts(rows), squares: starts(Math.min(rows, columns)) },
  };
}

const [A, B, C] = [3.4445, -4.775, 2.0315] as const;
const STEPS = 5;

/**
 * Five quintic Newton-Schulz steps X <- a X + (b G + c G G) X with G = X X^T on the shorter side, from X over its Frobenius
 * norm. x (count, rows, columns) is used up; the result is one of two scratch buffers.
 */
export function orthogonalise(
  device: Device,
  x: F32,
  { rows, columns, count, offsets }: Pick<Batch, "rows" | "columns" | "count" | "offsets">,
): F32 {
  const [size, side] = [rows * columns, Math.min(rows, columns)];
  let current = device.scratchF32(count * size);
  let next = x;
  const gram = device.scratchF32(count * side * side);
  const square = device.scratchF32(count * side * side);
  normalise(device, x, current, count, size);
  for (let step = 0; step < STEPS; step++) {
    // gram, square (count, side, side): both symmetric, so either factor may be taken as transposed
    if (rows <= columns)
      device.groupedLinear(current, current, gram, offsets.matrices, count, count * rows, columns, rows);
    else {
      device.fill(gram, 0);
      device.groupedLinearGradWeight(current, current, gram, offsets.matrices, count, count * rows, columns, columns);
    }
    device.groupedLinear(gram, gram, square, offsets.squares, count, count * side, side, side);
    device.scale(square, C);
    device.axpy(B, gram, square);
    if (rows <= columns)
      device.groupedLinearGradInput(square, current, next, offsets.matrices, count, count * rows, columns, rows, false);
    else device.groupedLinear(current, square, next, offsets.matrices, count, count * rows, columns, columns);
    device.axpy(A, current, next);
    [current, next] = [next, current];
  }
  return current;
}

/** to[g] = from[g] / sqrt(|from[g]|^2 + eps^2): RMS norm over whole matrices with a constant weight is just that. torch clamps the norm at eps. */
function normalise(device: Device, from: F32, to: F32, count: number, size: number): void {
  const weight = device.scratchF32(size);
  device.fill(weight, 1 / Math.sqrt(size));
  device.rmsNorm(from, weight, to, count, size, 1e-14 / size, size, size);
}
