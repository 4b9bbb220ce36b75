/**
 * The first multi-token-prediction module as guessing ahead runs it: over the main model's cache, which has a layer more for it, in
 * memory of its own, so that a main step's hidden states outlast it. The bits are those of the training pass.
 */
import type { Device, F32 } from "../kernels/kernels.ts";
import type { Rotation } from "../tensor/attention.ts";
import type { Pass } from "../tensor/space.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { KvCache } from "./cache.ts";
import type { MtpModule } from "./mtp.ts";
import { Stepper, type StepRows } from "./stepper.ts";

export class DraftStepper {
  readonly #stepper: Stepper;
  readonly #rotation: () => Rotation;
  #previous: Tensor | null = null;

  /** `rotation`: the model's as it is at a step, since its table grows. */
  constructor(
    device: Device,
    vocabulary: number,
    module: MtpModule,
    head: (pass: Pass, hidden: Tensor) => Tensor,
    rotation: () => Rotation,
  ) {
    this.#rotation = rotation;
    this.#stepper = new Stepper(
      device,
      vocabulary,
      (pass, state) => head(pass, module.normed(pass, state)),
      (pass, ids, _count, rows) => module.run(pass, this.#previous!, ids, rows, null),
    );
  }

  /**
   * previous (count, hidden): a step's hidden states of the tokens at `rows.positions`; `rows.ids`: the token after each -> states
   * (count, hidden), which know the token after that one, valid until the next step. To look further, a state picked from them stands in
   * for the next position's hidden state.
   */
  step(cache: KvCache, previous: Tensor, rows: StepRows): Tensor {
    this.#previous = previous;
    return this.#stepper.step(cache, rows, this.#rotation());
  }

  /** Rows of states by index, valid until the next call, over the next step too. */
  pick(states: Tensor, indices: Int32Array): Tensor {
    return this.#stepper.pick(states, indices, indices.length);
  }

  /** states (rows, hidden) -> logits (rows, vocabulary) of the token two places after each row's own, valid until the next call. */
  logits(states: Tensor): F32 {
    return this.#stepper.logits(states);
  }

  free(): void {
    this.#stepper.free();
  }
}
