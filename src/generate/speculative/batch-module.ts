/**
 * Guesses of a model's own prediction module for several sequences at once, a token for each, which is what it has learnt to see. Its keys
 * and values lie in a layer of the scheduler's cache, so they are copied and saved with the prompt's. It must follow a text from its
 * first token on, at a cost; a text that it has lost, since there were too many to guess for, or that it guesses wrong too often, is
 * guessed from itself.
 */
import type { KvCache } from "../../model/cache.ts";
import type { Decoder } from "../../model/decoder.ts";
import type { DraftStepper } from "../../model/draft-stepper.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { StepLayout } from "../engine/step-layout.ts";
import { argmax } from "../sampling.ts";
import type { Sequence } from "../sequence.ts";
import type { BatchDrafter, SequenceGuesses } from "./batch-guesses.ts";
import { BatchLookup } from "./batch-lookup.ts";

/** What the module knows of a text. */
interface Followed {
  /** Positions it has read, or that were in the cache; negative: it does not follow the text any more. */
  known: number;
  /** Row of `states` after the text's last token but one; negative: none there. */
  row: number;
}

/** Guesses after which it shows whether they are worth it. */
const TRIED = 12;

export class BatchModule implements BatchDrafter {
  readonly #decoder: Decoder;
  readonly #module: DraftStepper;
  readonly #cache: KvCache;
  readonly #texts = new WeakMap<Sequence, Followed>();
  readonly #lookup = new BatchLookup();
  #rows = new StepLayout<Sequence>(0);
  #picked = new Int32Array(0);
  /** The share of right guesses from which on they gain time: a row costs a quarter of a step or more, the module a layer and the head. */
  readonly #worth: number;
  #states: Tensor | null = null;
  /** Those with a row of `states`. */
  readonly #standing: Followed[] = [];

  /** Null for a model without one. `cache` has its layer. */
  static of(decoder: Decoder, cache: KvCache): BatchModule | null {
    return decoder.drafting === null ? null : new BatchModule(decoder, decoder.drafting, cache);
  }

  private constructor(decoder: Decoder, module: DraftStepper, cache: KvCache) {
    this.#decoder = decoder;
    this.#module = module;
    this.#cache = cache;
    this.#worth = Math.min(0.85, 0.25 + 3 / decoder.config.num_hidden_layers);
  }

  read(hidden: Tensor, step: StepLayout<Sequence>, from: number, to: number): void {
    if (this.#picked.length < to - from) {
      this.#picked = new Int32Array(to - from);
      this.#rows = new StepLayout(to - from);
    }
    const rows = this.#rows;
    rows.clear();
    for (const text of this.#standing.splice(0)) text.row = -1;
    for (let i = from; i < to; i++) {
      const sequence = step.owners[i];
      const position = step.positions[i];
      // Of a wrong guess, or of a sequence that failed.
      if (position >= sequence.position) continue;
      const text = this.#textOf(sequence);
      if (position > text.known || this.#isWrongTooOften(sequence)) text.known = -1;
      if (text.known < 0) continue;
      const { prompt } = sequence.request;
      const next = position + 1;
      this.#picked[rows.count] = i;
      if (text.row < 0) this.#standing.push(text);
      text.row = rows.count;
      text.known = next;
      rows.add(next < prompt.length ? prompt[next] : sequence.ids[next - prompt.length], sequence, position);
    }
    this.#states = null;
    if (rows.count === 0) return;
    const states = this.#decoder.pick(hidden, this.#picked, rows.count);
    this.#states = this.#module.step(this.#cache, states, rows);
  }

  draft(all: readonly SequenceGuesses[]): void {
    const standing: SequenceGuesses[] = [];
    const others: SequenceGuesses[] = [];
    const at: number[] = [];
    for (const guesses of all) {
      const text = this.#textOf(guesses.sequence);
      if (this.#states !== null && text.row >= 0) {
        standing.push(guesses);
        at.push(text.row);
      } else if (text.known < 0) others.push(guesses);
    }
    this.#lookup.draft(others);
    if (standing.length === 0) return;
    const vocabulary = this.#decoder.config.vocab_size;
    const logits = this.#module.logits(this.#module.pick(this.#states!, Int32Array.from(at))).host!;
    for (const [i, guesses] of standing.entries()) {
      guesses.ids[0] = argmax(logits, i * vocabulary, vocabulary);
      guesses.count = 1;
    }
  }

  #isWrongTooOften({ guessed }: Sequence): boolean {
    return guessed !== null && guessed.drafted >= TRIED && guessed.accepted < this.#worth * guessed.drafted;
  }

  #textOf(sequence: Sequence): Followed {
    let text = this.#texts.get(sequence);
    if (text === undefined) {
      text = { known: sequence.cached, row: -1 };
      this.#texts.set(sequence, text);
    }
    return text;
  }
}
