// The mean of the weights over the last steps of a training, as its result: at one learning rate each step's weights stand a little beside
// the bottom of the loss, on a side that its last documents chose by chance; their mean stands nearer than any of them.
// Stochastic weight averaging (Izmailov et al., arXiv 1803.05407); DeepSeek-V3 keeps such a mean too, an exponential one (report 3.2.3).

import { UserError } from "../error.ts";
import type { Device, F32 } from "../kernels/kernels.ts";
import type { Parameter } from "../tensor/tensor.ts";

/** Of which steps the mean is taken: the last `share` of `total`, 0: none, and the first of them. */
export const firstMeanedStep = (share: number, total: number): number => total - Math.floor(share * total) + 1;

/** A running mean of parameters, on their device: as much memory again as the weights. */
export class WeightMean {
  readonly #device: Device;
  readonly #slots: readonly { readonly parameter: Parameter; readonly mean: F32 }[];
  #count = 0;

  constructor(device: Device, parameters: Iterable<Parameter>) {
    this.#device = device;
    this.#slots = [...parameters].map((parameter) => ({ parameter, mean: device.f32(parameter.buf.length) }));
  }

  /** How many steps' weights the mean is of. */
  get count(): number {
    return this.#count;
  }

  /** Takes the weights as they stand into the mean; enqueued as a step is. */
  add(): void {
    this.#count++;
    for (const { parameter, mean } of this.#slots) {
      this.#device.scale(mean, 1 - 1 / this.#count);
      this.#device.axpy(1 / this.#count, parameter.buf, mean);
    }
  }

  /** Sets the parameters to the mean, which begins anew. Without a step in it nothing happens. */
  apply(): void {
    if (this.#count > 0) for (const { parameter, mean } of this.#slots) this.#device.copy(mean, parameter.buf);
    this.#count = 0;
  }

  /** A copy by the parameters' names, for a checkpoint; empty where no step is in it. */
  async state(): Promise<Map<string, Float32Array>> {
    const tensors = new Map<string, Float32Array>();
    if (this.#count > 0)
      for (const { parameter, mean } of this.#slots)
        tensors.set(PREFIX + parameter.name, await this.#device.read(mean));
    return tensors;
  }

  /** Goes on from a checkpoint's mean of `count` steps. @throws UserError naming the first parameter that it lacks */
  restore(count: number, tensors: ReadonlyMap<string, Float32Array>): void {
    this.#count = count;
    if (count === 0) return;
    for (const { parameter, mean } of this.#slots) {
      const values = tensors.get(PREFIX + parameter.name);
      if (values?.length !== mean.length)
        throw new UserError(
          `The checkpoint's mean of weights lacks ${parameter.name}; resume from an earlier checkpoint by removing this one.`,
          { param: parameter.name },
        );
      this.#device.write(mean, values);
    }
  }

  free(): void {
    for (const { mean } of this.#slots) this.#device.free(mean);
  }
}

const PREFIX = "mean/";
