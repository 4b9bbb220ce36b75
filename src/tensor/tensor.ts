/**
 * What ops take and give: a Tensor is an activation in memory that one step owns, a Parameter a weight that lives as long as
 * the model. Both are (rows, width) views of a flat buffer; heads, experts and the like are the op's business.
 */
import type { Device, F32 } from "../kernels/kernels.ts";

/** An activation. Its gradient appears during `Tape.backward` and goes back to the tape's pool once used. */
export class Tensor {
  readonly buf: F32;
  readonly rows: number;
  readonly width: number;
  grad: F32 | null = null;
  #tail: F32 | null = null;
  #tailAt = -1;

  constructor(buf: F32, rows: number, width: number) {
    this.buf = buf;
    this.rows = rows;
    this.width = width;
  }

  get shape(): readonly [number, number] {
    return [this.rows, this.width];
  }

  /** The elements from `at` on; the view is kept, so that asking for the same again makes no object. */
  tail(device: Device, at: number): F32 {
    if (at === 0) return this.buf;
    if (this.#tail === null || this.#tailAt !== at) {
      this.#tail = device.slice(this.buf, at, this.buf.length - at);
      this.#tailAt = at;
    }
    return this.#tail;
  }
}

/** What LoRA learns beside a frozen matrix W (outputs, inputs): scale B A is added to it (adapter.ts). */
export interface Adapter {
  /** (r, inputs) */
  readonly a: Parameter;
  /** (outputs, r) */
  readonly b: Parameter;
  /** alpha / r */
  readonly scale: number;
}

/** A weight under its Hugging Face name, with the gradient summed over micro-batches until `zeroGrad`. */
export class Parameter {
  readonly name: string;
  /** (outputs, inputs) for a matrix, (experts, outputs, inputs) for stacked experts, (width) for a norm. */
  readonly shape: readonly number[];
  readonly buf: F32;
  /** What is learned beside this matrix while it is frozen; null: nothing. */
  adapter: Adapter | null = null;
  /** The last two extents, as numbers an op can read without touching the array. */
  readonly outputs: number;
  readonly inputs: number;
  readonly #device: Device;
  #grad: F32 | null = null;
  /** The gradient's parts from a pass's second use of the weight on. */
  readonly #further = new Map<number, F32>();
  #parted = false;
  #trainable: boolean;

  constructor(device: Device, name: string, shape: readonly number[], trainable = true) {
    this.name = name;
    this.shape = shape;
    this.#trainable = trainable;
    this.outputs = shape.length > 1 ? shape[shape.length - 2] : 1;
    this.inputs = shape[shape.length - 1];
    this.buf = device.parameter(shape.reduce((product, extent) => product * extent, 1));
    this.#device = device;
  }

  /** False for what the optimizer must not touch: the router's correction bias, which the load balance moves, and what is frozen. */
  get trainable(): boolean {
    return this.#trainable;
  }

  /** From now on no gradient is made for it. */
  freeze(): void {
    this.#trainable = false;
  }

  /** The summed gradient, made (zeroed) when first asked for: a model that only answers holds none. */
  get grad(): F32 {
    const sum = this.gradOf(0);
    if (!this.#parted) return sum;
    this.#parted = false;
    for (const use of [...this.#further.keys()].sort((a, b) => a - b)) {
      const part = this.#further.get(use)!;
      this.#device.axpy(1, part, sum);
      this.#device.fill(part, 0);
    }
    return sum;
  }

  /**
   * Where the gradient of a pass's use-th use of the weight is summed (0: the first). An embedding that is the head too, or that a
   * prediction module shares, is used more than once; each use has a sum of its own, rows in their order, and `grad` adds them up.
   * So no sum depends on how a batch was cut into passes.
   */
  gradOf(use: number): F32 {
    if (use === 0) {
      this.#grad ??= this.#device.f32(this.buf.length);
      return this.#grad;
    }
    this.#parted = true;
    const sum = this.#further.get(use) ?? this.#device.f32(this.buf.length);
    this.#further.set(use, sum);
    return sum;
  }

  get hasGrad(): boolean {
    return this.#grad !== null;
  }

  zeroGrad(): void {
    for (const sum of this.#sums()) this.#device.fill(sum, 0);
  }

  free(): void {
    this.adapter?.a.free();
    this.adapter?.b.free();
    this.#device.free(this.buf);
    for (const sum of this.#sums()) this.#device.free(sum);
    this.#grad = null;
    this.#further.clear();
  }

  #sums(): F32[] {
    return this.#grad === null ? [] : [this.#grad, ...this.#further.values()];
  }
}
