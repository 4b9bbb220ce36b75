/**
 * What changes a row's logits before a token is drawn: biases and penalties on repetition. Only rows that ask for any of it come
 * here; they work on a copy, so that log-probs stay those of the model.
 */
import { usageError } from "../error.ts";
import { DryPenalty } from "./dry.ts";
import { inRange, type Sampling } from "./sampling.ts";

/** The order: bias, repetition, frequency and presence, DRY; then the request's own `adjust`, so that a mask has the last word. */
export class Penalties {
  readonly #prompt: ArrayLike<number>;
  readonly #bias: ReadonlyMap<number, number> | null;
  readonly #repetition: number;
  readonly #lastN: number;
  readonly #presence: number;
  readonly #frequency: number;
  readonly #dry: DryPenalty | null;

  /** Null where the settings change nothing. @throws UserError naming a setting outside its range */
  static of(sampling: Sampling, prompt: ArrayLike<number>): Penalties | null {
    const { logitBias, repetitionPenalty = 1, presencePenalty = 0, frequencyPenalty = 0 } = sampling;
    const none =
      (logitBias === undefined || logitBias.size === 0) &&
      repetitionPenalty === 1 &&
      presencePenalty === 0 &&
      frequencyPenalty === 0 &&
      (sampling.dry?.multiplier ?? 0) === 0;
    return none ? null : new Penalties(sampling, prompt);
  }

  private constructor(sampling: Sampling, prompt: ArrayLike<number>) {
    this.#prompt = prompt;
    this.#bias = sampling.logitBias ?? null;
    for (const [id, bias] of sampling.logitBias ?? []) {
      if (!Number.isInteger(id) || id < 0) throw usageError(`logit-bias names tokens by id, not ${id}`, "logit_bias");
      if (bias !== Number.NEGATIVE_INFINITY) inRange("logit-bias", bias, -100, 100);
    }
    this.#repetition = inRange("repetition-penalty", sampling.repetitionPenalty ?? 1, 0.01, 100);
    this.#lastN = inRange("penalty-last-n", sampling.penaltyLastN ?? 64, -1, 2 ** 31);
    this.#presence = inRange("presence-penalty", sampling.presencePenalty ?? 0, -2, 2);
    this.#frequency = inRange("frequency-penalty", sampling.frequencyPenalty ?? 0, -2, 2);
    this.#dry = sampling.dry === undefined || sampling.dry.multiplier === 0 ? null : new DryPenalty(sampling.dry);
  }

  /** Changes the logits in [start, start + vocabulary) for the token that follows `output`. */
  apply(logits: Float32Array, start: number, vocabulary: number, output: readonly number[]): void {
    if (this.#bias !== null) for (const [id, bias] of this.#bias) if (id < vocabulary) logits[start + id] += bias;
    if (this.#repetition !== 1) this.#applyRepetition(logits, start, output);
    if (this.#presence !== 0 || this.#frequency !== 0) {
      const round = nextRound(vocabulary);
      for (const id of output) {
        logits[start + id] -= this.#frequency;
        if (seen[id] === round) continue;
        seen[id] = round;
        logits[start + id] -= this.#presence;
      }
    }
    this.#dry?.apply(logits, start, this.#prompt, output);
  }

  #applyRepetition(logits: Float32Array, start: number, output: readonly number[]): void {
    const prompt = this.#prompt;
    const all = prompt.length + output.length;
    const first = this.#lastN < 0 ? 0 : Math.max(0, all - this.#lastN);
    const round = nextRound(logits.length);
    for (let i = first; i < all; i++) {
      const id = i < prompt.length ? prompt[i] : output[i - prompt.length];
      if (seen[id] === round) continue;
      seen[id] = round;
      const logit = logits[start + id];
      logits[start + id] = logit > 0 ? logit / this.#repetition : logit * this.#repetition;
    }
  }
}

// Shared by all rows, since drawing never yields to other code.
let seen = new Int32Array(0);
let round = 0;

/** A number that marks ids as seen in this pass. */
function nextRound(vocabulary: number): number {
  if (seen.length < vocabulary || round === 2 ** 31 - 1) {
    seen = new Int32Array(vocabulary);
    round = 0;
  }
  return ++round;
}
