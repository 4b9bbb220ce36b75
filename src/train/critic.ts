// PPO's critic: one linear layer from the policy's own final hidden state to a number, the reward still to come. It has no trunk of its own,
// which halves the memory; its loss therefore moves the policy's weights too, scaled by value_coef.

import { packBatch } from "../model/batch.ts";
import type { Decoder } from "../model/decoder.ts";
import { linear } from "../tensor/linear.ts";
import { ScratchSpace } from "../tensor/space.ts";
import type { Tape } from "../tensor/tape.ts";
import { Parameter, type Tensor } from "../tensor/tensor.ts";
import { microBatches } from "./batches.ts";
import { generalisedAdvantages, tokenRewards, whitened } from "./losses/ppo.ts";

export const VALUE_HEAD = "value_head.weight";

/** What the critic thought of a completion when it was sampled; one entry for each of its tokens. */
export interface Critique {
  readonly values: ArrayLike<number>;
  readonly advantages: ArrayLike<number>;
  readonly returns: ArrayLike<number>;
}

/** A judged sample as the critic sees it. */
interface Judged {
  readonly prompt: readonly number[];
  readonly completion: readonly number[];
  readonly logps: Float32Array;
  readonly reward: number;
}

export class Critic {
  /** (1, hidden), zeros at first: nothing is expected. */
  readonly head: Parameter;
  readonly #decoder: Decoder;

  constructor(decoder: Decoder) {
    this.#decoder = decoder;
    this.head = new Parameter(decoder.device, VALUE_HEAD, [1, decoder.config.hidden_size]);
  }

  /** hidden (rows, hidden) -> values (rows, 1). */
  run(tape: Tape | null, hidden: Tensor): Tensor {
    const { device } = this.#decoder;
    return linear({ device, tape, space: new ScratchSpace(device) }, hidden, this.head);
  }

  /** Values, advantages and returns of judged samples, before anything is learned from them. */
  async critique(
    samples: readonly Judged[],
    references: readonly Float32Array[] | null,
    options: { readonly beta: number; readonly lambda: number; readonly maxRows: number },
  ): Promise<Critique[]> {
    const values = await this.#values(samples, options.maxRows);
    const estimates = samples.map(({ reward, logps }, i) => {
      const earned = Number.isNaN(reward) ? 0 : reward;
      const rewards = tokenRewards(earned, logps, references?.[i] ?? null, options.beta);
      return generalisedAdvantages(rewards, values[i]!, options.lambda);
    });
    const advantages = whitened(estimates.map((one) => one.advantages));
    return estimates.map(({ returns }, i) => ({ values: values[i]!, advantages: advantages[i]!, returns }));
  }

  free(): void {
    this.head.free();
  }

  async #values(samples: readonly Judged[], maxRows: number): Promise<Float32Array[]> {
    const { device, config } = this.#decoder;
    const sequences = samples.map(({ prompt, completion }) => [...prompt, ...completion]);
    const values: Float32Array[] = [];
    for (const { from, to } of microBatches(
      sequences.map(({ length }) => length),
      maxRows,
    )) {
      const mark = device.mark();
      try {
        const batch = packBatch(device, sequences.slice(from, to), config.vocab_size);
        const all = await device.read(this.run(null, this.#decoder.forward(null, batch)).buf);
        samples.slice(from, to).forEach(({ prompt, completion }, s) => {
          const at = batch.host.starts[s]! + prompt.length - 1; // the state that the token is chosen in
          values.push(all.slice(at, at + completion.length));
        });
      } finally {
        device.release(mark);
      }
    }
    return values;
  }
}
