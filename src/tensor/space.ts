/**
 * What a pass of ops needs besides its inputs, and where its results go. Training takes fresh scratch for every result;
 * decoding has its own space (step-space.ts), so that the ops of both are the same functions.
 */
import type { Device, I32 } from "../kernels/kernels.ts";
import type { Tape } from "./tape.ts";
import { Tensor } from "./tensor.ts";

/** One run of ops: the device, the tape if gradients will be wanted, and where results go. */
export interface Pass {
  readonly device: Device;
  readonly tape: Tape | null;
  readonly space: Space;
}

export interface Space {
  /** (rows, width), values undefined. */
  tensor(rows: number, width: number): Tensor;
  ints(length: number): I32;
  /** What is taken between `enter` and the matching `leave` is given back by `leave`. */
  enter(): void;
  leave(): void;
}

/** The device's scratch memory; the caller of the pass marks and releases the whole. */
export class ScratchSpace implements Space {
  readonly #device: Device;
  readonly #marks: number[] = [];

  constructor(device: Device) {
    this.#device = device;
  }
  tensor(rows: number, width: number): Tensor {
    return new Tensor(this.#device.scratchF32(rows * width), rows, width);
  }
  ints(length: number): I32 {
    return this.#device.scratchI32(length);
  }
  enter(): void {
    this.#marks.push(this.#device.mark());
  }
  leave(): void {
    this.#device.release(this.#marks.pop()!);
  }
}
