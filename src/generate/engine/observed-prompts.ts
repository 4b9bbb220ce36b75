/** Shows the logits of a step's prompt rows to the requests that want to see them. */
import type { Decoder } from "../../model/decoder.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Sequence } from "../sequence.ts";

/** Rows of logits held at once, which have the vocabulary's width. */
const AT_ONCE = 32;

export class ObservedPrompts {
  readonly #decoder: Decoder;
  readonly #parts: { readonly sequence: Sequence; readonly row: number; readonly count: number }[] = [];

  constructor(decoder: Decoder) {
    this.#decoder = decoder;
  }

  /** Whether nobody wants to see anything of this step. */
  get none(): boolean {
    return this.#parts.length === 0;
  }

  /** A new step is laid out. */
  clear(): void {
    this.#parts.length = 0;
  }

  /** From `row` on the step reads `count` tokens of the sequence's prompt, up to its position. */
  add(sequence: Sequence, row: number, count: number): void {
    if (sequence.request.observePrompt !== undefined) this.#parts.push({ sequence, row, count });
  }

  async show(hidden: Tensor): Promise<void> {
    const { config, device } = this.#decoder;
    const vocabulary = config.vocab_size;
    for (const { sequence, row, count } of this.#parts) {
      const first = sequence.position - count;
      for (let at = 0; at < count; at += AT_ONCE) {
        const rows = Math.min(AT_ONCE, count - at);
        const indices = Int32Array.from({ length: rows }, (_, i) => row + at + i);
        const logits = await device.read(this.#decoder.logits(this.#decoder.pick(hidden, indices)));
        for (let i = 0; i < rows; i++) {
          sequence.request.observePrompt!(logits, i * vocabulary, vocabulary, first + at + i);
        }
      }
    }
  }
}
