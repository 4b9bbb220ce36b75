/**
 * The autograd tape: ops append their backward step while they run forward, `backward` runs the steps in reverse.
 * Memory is the reason for its shape: once an op's step has run, its output and that output's gradient are dead, so both go
 * to a pool from which the gradients of earlier layers are taken. A backward pass then needs little more than one layer.
 */
import type { Device, F32 } from "../kernels/kernels.ts";
import type { Parameter, Tensor } from "./tensor.ts";

interface Step {
  /** The step runs if any of these got a gradient; null: always. */
  readonly outputs: readonly Tensor[] | null;
  readonly run: () => void;
  /** An op in place: its tensor, and its gradient, still belong to the op that made it. */
  readonly inPlace: boolean;
}

export class Tape {
  readonly device: Device;
  readonly #steps: Step[] = [];
  readonly #pool = new Map<number, F32[]>();
  readonly #uses = new Map<Parameter, number>();

  constructor(device: Device) {
    this.device = device;
  }

  /** Appends an op. The outputs' buffers must be whole scratch buffers that nothing but this tape's ops will read after `backward`. */
  record(outputs: readonly Tensor[], run: () => void): void {
    this.#steps.push({ outputs, run, inPlace: false });
  }

  /** Appends an op that changed `tensor` where it stands; its step may change `tensor.grad` in place and must leave it there. */
  recordInPlace(tensor: Tensor, run: () => void): void {
    this.#steps.push({ outputs: [tensor], run, inPlace: true });
  }

  /** Appends a step that always runs: a loss, where gradients begin. */
  recordRoot(run: () => void): void {
    this.#steps.push({ outputs: null, run, inPlace: true });
  }

  /** Runs the recorded steps in reverse and empties the tape. Activations made under it are garbage afterwards. */
  backward(): void {
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      if (step.outputs?.every((output) => output.grad === null)) continue;
      step.run();
      if (step.inPlace || step.outputs === null) continue;
      for (const output of step.outputs) {
        if (output.grad !== null) this.give(output.grad);
        output.grad = null;
        this.give(output.buf);
      }
    }
    this.#pool.clear();
  }

  /** Gives `x` a gradient buffer if it has none. True: another op has written to it, add; false: it is fresh, overwrite. */
  accumulates(x: Tensor): boolean {
    if (x.grad !== null) return true;
    x.grad = this.take(x.buf.length);
    return false;
  }

  /** How many ops of this pass have used the weight before: for ops whose weights may be shared (`Parameter.gradOf`). */
  use(weight: Parameter): number {
    const before = this.#uses.get(weight) ?? 0;
    this.#uses.set(weight, before + 1);
    return before;
  }

  /** A buffer with undefined values, from the pool where one of this length is free. */
  take(length: number): F32 {
    return this.#pool.get(length)?.pop() ?? this.device.scratchF32(length);
  }

  /** Gives a whole buffer back to the pool. */
  give(buffer: F32): void {
    const free = this.#pool.get(buffer.length);
    if (free === undefined) this.#pool.set(buffer.length, [buffer]);
    else free.push(buffer);
  }
}
