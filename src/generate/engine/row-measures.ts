/** What is measured of the rows of a step: log-probability of the token chosen, log-sum-exp and entropy, each at its row's temperature. */
import type { Device, F32, I32 } from "../../kernels/kernels.ts";
import type { Sequence } from "../sequence.ts";

export class RowMeasures {
  /** The token chosen for each row, to be set between the two measurements. */
  readonly targets: Int32Array;
  readonly logp: F32;
  readonly lse: F32;
  readonly entropy: F32;
  readonly #device: Device;
  readonly #vocabulary: number;
  readonly #noTargets: I32;
  readonly #targetsOnDevice: I32;

  constructor(device: Device, rows: number, vocabulary: number) {
    this.#device = device;
    this.#vocabulary = vocabulary;
    this.targets = new Int32Array(rows);
    this.#noTargets = device.i32(rows);
    device.write(this.#noTargets, new Int32Array(rows).fill(-1));
    this.#targetsOnDevice = device.i32(rows);
    this.logp = device.f32(rows);
    this.lse = device.f32(rows);
    this.entropy = device.f32(rows);
  }

  /**
   * Fills `lse`, which drawing needs; greedy rows need none to choose and are left out.
   * @param logits a row (vocabulary) for each of `live`, which stand in runs of equal temperature
   */
  beforeChoice(logits: F32, live: readonly Sequence[]): void {
    this.#measure(logits, this.#noTargets, live, true);
  }

  /** Fills `logp` and `entropy` for `targets`. */
  ofChoice(logits: F32, live: readonly Sequence[]): void {
    this.#device.write(this.#targetsOnDevice, this.targets);
    this.#measure(logits, this.#targetsOnDevice, live, false);
  }

  /** Gives the memory back. */
  close(): void {
    for (const buffer of [this.#noTargets, this.#targetsOnDevice, this.logp, this.lse, this.entropy]) {
      this.#device.free(buffer);
    }
  }

  /** `tokenLogProbs`, one call for each run of equal temperature. */
  #measure(logits: F32, targets: I32, live: readonly Sequence[], skipGreedy: boolean): void {
    for (let start = 0, end = 0; start < live.length; start = end) {
      const { temperature, measuredAt } = live[start].sampler;
      while (end < live.length && live[end].sampler.temperature === temperature) end++;
      if (skipGreedy && temperature === 0) continue;
      const rows = end - start;
      const part = <B extends F32 | I32>(buffer: B, width = 1): B =>
        rows === live.length ? buffer : this.#device.slice(buffer, start * width, rows * width);
      this.#device.tokenLogProbs(
        part(logits, this.#vocabulary),
        part(targets),
        part(this.logp),
        part(this.lse),
        part(this.entropy),
        rows,
        this.#vocabulary,
        measuredAt,
      );
    }
  }
}
