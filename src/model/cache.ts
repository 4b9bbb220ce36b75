/**
 * The key-value cache of decoding: `slots` sequences of up to `capacity` positions. Keys lie with positions innermost, so that
 * one query's scores vectorise over positions. MLA keeps expanded keys and values, whose bits equal the training pass's; in its
 * absorbed form latents alone, as values of one head.
 */
import type { AttentionShape, Device, F32 } from "../kernels/kernels.ts";

export class KvCache {
  readonly slots: number;
  readonly capacity: number;
  readonly shape: AttentionShape;
  /** By layer: (slots, keyHeads, capacity / 32, keyDim, 32). */
  readonly keys: readonly F32[];
  /** By layer: (slots, keyHeads, capacity, valueDim). */
  readonly values: readonly F32[];
  readonly #device: Device;

  constructor(device: Device, layers: number, slots: number, capacity: number, shape: AttentionShape) {
    // an absorbed model's cache has keys of width 0: a float stands for them, since not every device has empty buffers
    const make = (width: number): F32[] =>
      Array.from({ length: layers }, () => device.f32(Math.max(1, slots * shape.keyHeads * width * capacity)));
    this.slots = slots;
    this.capacity = capacity;
    this.shape = shape;
    this.keys = make(shape.keyDim);
    this.values = make(shape.valueDim);
    this.#device = device;
  }

  /** Copies the first `length` positions of a slot to another: a prompt shared by a group of samples is read once. */
  copy(from: number, to: number, length: number): void {
    for (let layer = 0; layer < this.keys.length; layer++)
      this.#device.cacheCopy(this.keys[layer], this.values[layer], from, to, length, this.capacity, this.shape);
  }

  get bytes(): number {
    return [...this.keys, ...this.values].reduce((sum, buffer) => sum + 4 * buffer.length, 0);
  }

  free(): void {
    for (const buffer of [...this.keys, ...this.values]) this.#device.free(buffer);
  }
}
