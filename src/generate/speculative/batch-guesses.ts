/**
 * Guesses within a step that writes several texts: whose next tokens are read along with their last one, and how many of each. Rows of a
 * step are cheap only while they are few (docs/decisions/019-guesses-in-batches.md), so all texts together share a small number of them.
 */
import type { Tensor } from "../../tensor/tensor.ts";
import type { StepLayout } from "../engine/step-layout.ts";
import type { Sequence } from "../sequence.ts";
import { Eagerness } from "./eagerness.ts";

/** Guesses for the sequences of one scheduler. */
export interface BatchDrafter {
  /** Fills each one's `ids` with up to `wanted` guesses and sets `count`. */
  draft(all: readonly SequenceGuesses[]): void;
  /**
   * Told of a step's hidden states (rows, hidden) in [from, to) as soon as the tokens after them are known: of the parts of prompts, then of
   * the texts. A row whose position its sequence has not reached was a wrong guess.
   */
  read?(hidden: Tensor, step: StepLayout<Sequence>, from: number, to: number): void;
}

/** What is guessed of one sequence. */
export class SequenceGuesses {
  readonly sequence: Sequence;
  readonly eagerness: Eagerness;
  readonly ids: Int32Array;
  wanted = 0;
  count = 0;
  /** Of the step under way: guesses that are read, and how many of them were right. */
  read = 0;
  accepted = 0;

  constructor(sequence: Sequence, most: number) {
    this.sequence = sequence;
    this.eagerness = new Eagerness(most);
    this.ids = new Int32Array(most);
  }

  /** A guess is read in the step under way. */
  laid(): void {
    this.read++;
    this.sequence.guessed!.drafted++;
  }

  /** A guess was right. */
  accept(): void {
    this.accepted++;
    this.sequence.guessed!.accepted++;
  }
}

/** A row of the step: if the sequence's tokens before it turn out as guessed, its next token can be chosen from it. */
export interface GuessedRow {
  readonly guesses: SequenceGuesses;
  readonly id: number;
  readonly position: number;
}

export const NO_GUESSES: { readonly drafted: number; readonly accepted: number } = { drafted: 0, accepted: 0 };

export class BatchGuesses {
  /** Guesses of a step that writes one text; each further text takes one away. */
  readonly most: number;
  /** Of the last step: guesses, and how many of them were right. */
  outcome = NO_GUESSES;
  readonly #drafter: BatchDrafter;
  readonly #bySequence = new WeakMap<Sequence, SequenceGuesses>();
  readonly #wanting: SequenceGuesses[] = [];
  readonly #rows: GuessedRow[] = [];
  /** Whether the step under way had room for guesses. */
  #open = false;

  constructor(most: number, drafter: BatchDrafter) {
    this.most = most;
    this.#drafter = drafter;
  }

  /** The rows to read besides those of the live sequences' last tokens: every sequence's first guess, then every second one. */
  plan(live: readonly Sequence[]): readonly GuessedRow[] {
    const wanting = this.#wanting;
    const rows = this.#rows;
    wanting.length = rows.length = 0;
    this.outcome = NO_GUESSES;
    let room = this.most + 1 - live.length;
    this.#open = room > 0;
    if (live.length === 0 || !this.#open) return rows;
    const share = Math.ceil(room / live.length);
    for (const sequence of live) {
      const guesses = this.#of(sequence);
      const left = sequence.request.maxTokens - sequence.ids.length - 1;
      guesses.wanted = Math.min(share, guesses.eagerness.now, left);
      guesses.count = guesses.read = guesses.accepted = 0;
      if (guesses.wanted > 0) wanting.push(guesses);
    }
    this.#drafter.draft(wanting);
    for (let k = 0, before = -1; rows.length > before && room > 0; k++) {
      before = rows.length;
      for (const guesses of wanting) {
        if (k >= guesses.count || room === 0) continue;
        rows.push({ guesses, id: guesses.ids[k], position: guesses.sequence.position + 1 + k });
        guesses.laid();
        room--;
      }
    }
    return rows;
  }

  /** Passes a step's rows on to a drafter that follows the texts; not while there are too many of them to guess for. */
  follow(hidden: Tensor, step: StepLayout<Sequence>, from: number, to: number): void {
    if (this.#open && to > from) this.#drafter.read?.(hidden, step, from, to);
  }

  /** Whether what is kept of a token depends on the one after it. */
  get followsTexts(): boolean {
    return this.#drafter.read !== undefined;
  }

  /** Takes note of how the step's guesses turned out. */
  settle(): void {
    let [drafted, right] = [0, 0];
    for (const { eagerness, read, accepted } of this.#wanting) {
      eagerness.note(read, accepted);
      drafted += read;
      right += accepted;
    }
    this.#wanting.length = 0;
    this.outcome = { drafted, accepted: right };
  }

  #of(sequence: Sequence): SequenceGuesses {
    let guesses = this.#bySequence.get(sequence);
    if (guesses === undefined) {
      guesses = new SequenceGuesses(sequence, this.most);
      this.#bySequence.set(sequence, guesses);
      sequence.guessed ??= { drafted: 0, accepted: 0 };
    }
    return guesses;
  }
}
