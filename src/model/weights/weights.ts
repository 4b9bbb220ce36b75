/** The weights of a model as its layers look for them: by name below a prefix, matrices of any kind, vectors of floats. */
import { Parameter } from "../../tensor/tensor.ts";
import type { Weight } from "../../tensor/weight.ts";

export class Weights {
  readonly #all: ReadonlyMap<string, Weight>;
  readonly #prefix: string;

  constructor(all: ReadonlyMap<string, Weight>, prefix = "") {
    this.#all = all;
    this.#prefix = prefix;
  }

  /** The weights whose names begin with this one's prefix and `name`. */
  below(name: string): Weights {
    return new Weights(this.#all, `${this.#prefix}${name}.`);
  }

  /** A matrix, or stacked matrices: floats or blocks. */
  matrix(name: string): Weight {
    const weight = this.#all.get(this.#prefix + name);
    if (weight === undefined)
      throw new Error(`the decoder asks for ${this.#prefix}${name}, which modelParameters lacks`);
    return weight;
  }

  /** What is always floats: a norm, a bias. */
  vector(name: string): Parameter {
    const weight = this.matrix(name);
    if (weight instanceof Parameter) return weight;
    throw new Error(`${weight.name} is kept in blocks, which only matrices can be`);
  }
}
