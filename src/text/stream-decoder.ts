// Token ids, one at a time, to text that is never half a character: bytes wait until they complete one.

import type { DecodeOptions, Tokenizer } from "./tokenizer.ts";

/** Feed ids with `push`, close with `end`; the pieces joined equal `tokenizer.decode` of all ids. */
export class StreamDecoder {
  readonly #tokenizer: Tokenizer;
  readonly #skipSpecial: boolean;
  readonly #utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
  #atStart: boolean;

  constructor(tokenizer: Tokenizer, options: DecodeOptions & { readonly atStart?: boolean } = {}) {
    this.#tokenizer = tokenizer;
    this.#skipSpecial = options.skipSpecial ?? false;
    // a text that goes on from a prompt keeps its first space
    this.#atStart = (options.atStart ?? true) && tokenizer.stripsFirstSpace;
  }

  /** The text that `id` completes, often "" within a character of several tokens. @throws UserError for an id outside the vocabulary */
  push(id: number): string {
    if (this.#skipSpecial && this.#tokenizer.isSpecial(id)) return "";
    let bytes = this.#tokenizer.tokenBytes(id);
    if (this.#atStart && bytes.length > 0) {
      if (bytes[0] === 0x20) bytes = bytes.subarray(1);
      this.#atStart = false;
    }
    return this.#utf8.decode(bytes, { stream: true });
  }

  /** What was held back: U+FFFD for a character that never came whole, else "". */
  end(): string {
    return this.#utf8.decode();
  }
}
