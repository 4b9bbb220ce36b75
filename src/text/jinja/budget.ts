// What rendering may use up. A template comes from a file of unknown origin: without a limit one line can loop for days or build a
// text that fills the memory.

import { TemplateRuntimeError } from "./errors.ts";

/** Expressions and statements evaluated; a long chat takes some thousands. */
const MOST_STEPS = 5_000_000;
/** Characters of any text, elements of any list; far above any context there is. */
const LARGEST = 1 << 24;
/** Macros and recursive loops inside each other; and each level takes several of JavaScript's stack. */
const DEEPEST = 100;

export class Budget {
  #steps = 0;
  #depth = 0;

  step(count = 1): void {
    this.#steps += count;
    if (this.#steps > MOST_STEPS) throw new TemplateRuntimeError(`it takes more than ${MOST_STEPS} steps`);
  }

  /** Checks the size of a text or list before it is made; making it (or `added` of it) counts too. */
  size(size: number, added = size): void {
    if (size > LARGEST) throw new TemplateRuntimeError(`it makes a text or list of more than ${LARGEST} elements`);
    this.step(added > 0 ? Math.ceil(added / 64) : 0);
  }

  /** Going through a text. */
  text(text: string): void {
    this.#steps += text.length >> 6;
    this.step(0);
  }

  /** Texts in a row. */
  join(parts: readonly string[], between: string): string {
    let size = between.length * parts.length;
    for (const part of parts) size += part.length;
    this.size(size);
    return parts.join(between);
  }

  /** Runs what may call itself. */
  deeper<T>(run: () => T): T {
    if (++this.#depth > DEEPEST) throw new TemplateRuntimeError(`it calls itself more than ${DEEPEST} levels deep`);
    try {
      return run();
    } finally {
      this.#depth--;
    }
  }
}
