/** One row of a step's logits becomes its sequence's next token: chosen, measured and kept, exactly as a step without guesses does it. */
import type { Device, F32, I32 } from "../../kernels/kernels.ts";
import { chooseToken, notFinite } from "../choose-token.ts";
import type { Sequence } from "../sequence.ts";

export class RowWriter {
  readonly #device: Device;
  readonly #vocabulary: number;
  readonly #target = new Int32Array(1);
  readonly #targetOnDevice: I32;
  readonly #figures: readonly [logp: F32, lse: F32, entropy: F32];

  /** Whether it can work on a device: its memory must be the host's. */
  static fits(device: Device): boolean {
    const probe = device.f32(1);
    const fits = probe.host !== null;
    device.free(probe);
    return fits;
  }

  constructor(device: Device, vocabulary: number) {
    this.#device = device;
    this.#vocabulary = vocabulary;
    this.#targetOnDevice = device.i32(1);
    this.#figures = [device.f32(1), device.f32(1), device.f32(1)];
  }

  /**
   * Adds the token of row `row` of `logits` (rows, vocabulary) to the sequence, whose `finish` is set if it was the last.
   * @param step counts steps, for the error
   * @throws UserError as chooseToken does
   */
  write(sequence: Sequence, logits: F32, row: number, step: number): number {
    const { sampler } = sequence;
    const start = row * this.#vocabulary;
    const own = this.#device.slice(logits, start, this.#vocabulary);
    const [logp, lse, entropy] = this.#figures;
    // The sum of exponentials first, since drawing needs it; a greedy choice does not.
    if (sampler.temperature > 0) this.#measure(own, -1, sampler.measuredAt);
    const id = chooseToken(sequence, logits.host!, start, this.#vocabulary, lse.host![0], step);
    this.#measure(own, id, sampler.measuredAt);
    if (!Number.isFinite(logp.host![0])) throw notFinite(sequence, step);
    sequence.take(id, logp.host![0], entropy.host![0]);
    return id;
  }

  /** Gives the memory back. */
  close(): void {
    for (const buffer of [this.#targetOnDevice, ...this.#figures]) this.#device.free(buffer);
  }

  #measure(row: F32, target: number, temperature: number): void {
    this.#target[0] = target;
    this.#device.write(this.#targetOnDevice, this.#target);
    const [logp, lse, entropy] = this.#figures;
    this.#device.tokenLogProbs(row, this.#targetOnDevice, logp, lse, entropy, 1, this.#vocabulary, temperature);
  }
}
