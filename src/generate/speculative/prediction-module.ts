/** Guesses of a model that has learnt to look further than one token: DeepSeek-V3's multi-token prediction (report 2.2). */
import type { KvCache } from "../../model/cache.ts";
import type { Decoder } from "../../model/decoder.ts";
import type { DraftStepper } from "../../model/draft-stepper.ts";
import type { StepRows } from "../../model/stepper.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { argmax } from "../sampling.ts";
import type { Drafter } from "./drafter.ts";

/**
 * The model's first prediction module, run again on its own states to guess further than one token. It keeps keys and values of
 * its own for every token of the text, so it must be told of all hidden states, whoever guesses.
 */
export class PredictionModule implements Drafter {
  readonly #module: DraftStepper;
  readonly #cache: KvCache;
  readonly #last = new Int32Array(1);
  readonly #row = rowsOf(1);
  #rows = rowsOf(0);
  #states: Tensor | null = null;
  /** Tokens that are known where the last state stands: those before it, it and the next. */
  #known = 0;

  /** Null for a model without one. `cache` has its layer. */
  static of({ drafting }: Decoder, cache: KvCache): PredictionModule | null {
    return drafting === null ? null : new PredictionModule(drafting, cache);
  }

  private constructor(module: DraftStepper, cache: KvCache) {
    this.#module = module;
    this.#cache = cache;
  }

  read(hidden: Tensor, tokens: Int32Array, from: number): void {
    const count = hidden.rows;
    if (this.#rows.ids.length < count) this.#rows = rowsOf(count);
    const rows = this.#rows;
    rows.count = count;
    for (let i = 0; i < count; i++) {
      rows.ids[i] = tokens[from + i + 1];
      rows.positions[i] = from + i;
    }
    this.#states = this.#module.step(this.#cache, hidden, rows);
    this.#known = from + count + 1;
  }

  draft(_tokens: Int32Array, count: number, into: Int32Array, most: number): number {
    if (this.#states === null || this.#known !== count) return 0;
    this.#last[0] = this.#states.rows - 1;
    let state = this.#module.pick(this.#states, this.#last);
    this.#last[0] = 0;
    for (let k = 0; ; ) {
      const logits = this.#module.logits(state).host!;
      into[k] = argmax(logits, 0, logits.length);
      if (++k === most) break;
      this.#row.ids[0] = into[k - 1];
      this.#row.positions[0] = count - 2 + k;
      state = this.#module.pick(this.#module.step(this.#cache, state, this.#row), this.#last);
    }
    this.#states = null; // its memory went to the steps above
    return most;
  }

  reset(): void {
    this.#states = null;
  }
}

const rowsOf = (count: number): StepRows & { count: number } => ({
  count,
  ids: new Int32Array(count),
  slots: new Int32Array(count),
  positions: new Int32Array(count),
});
