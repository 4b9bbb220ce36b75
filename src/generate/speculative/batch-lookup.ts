/** Each sequence's guesses come from its own text, where that repeats. */
import type { Sequence } from "../sequence.ts";
import type { BatchDrafter, SequenceGuesses } from "./batch-guesses.ts";
import { PromptLookup } from "./drafter.ts";

export class BatchLookup implements BatchDrafter {
  readonly #texts = new WeakMap<Sequence, Text>();

  draft(all: readonly SequenceGuesses[]): void {
    for (const guesses of all) {
      const text = this.#textOf(guesses.sequence);
      guesses.count = text.lookup.draft(text.tokens, text.follow(), guesses.ids, guesses.wanted);
    }
  }

  #textOf(sequence: Sequence): Text {
    let text = this.#texts.get(sequence);
    if (text === undefined) {
      text = new Text(sequence);
      this.#texts.set(sequence, text);
    }
    return text;
  }
}

/** A sequence's prompt and new tokens in one run. */
class Text {
  readonly lookup = new PromptLookup();
  tokens: Int32Array;
  readonly #sequence: Sequence;
  #known: number;

  constructor(sequence: Sequence) {
    const { prompt } = sequence.request;
    this.#sequence = sequence;
    this.tokens = new Int32Array(prompt.length + 256);
    this.tokens.set(prompt);
    this.#known = prompt.length;
  }

  /** Takes the tokens written since the last call over. @returns how many there are */
  follow(): number {
    const { request, ids } = this.#sequence;
    const count = request.prompt.length + ids.length;
    if (count > this.tokens.length) {
      const longer = new Int32Array(2 * count);
      longer.set(this.tokens);
      this.tokens = longer;
    }
    for (; this.#known < count; this.#known++) this.tokens[this.#known] = ids[this.#known - request.prompt.length];
    return count;
  }
}
