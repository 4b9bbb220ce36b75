// Stop texts in a text that comes in pieces. What could still become a stop text is held back, so that none of it is ever shown;
// the result does not depend on where the pieces are cut.

/** Feed text with `push`, close with `end`; after `stopped` is set nothing more comes out. */
export class StopMatcher {
  readonly #stops: readonly string[];
  readonly #include: boolean;
  readonly #longest: number;
  #held = "";
  #stopped: string | null = null;

  /** `include`: the stop text stays in what comes out. Empty stop texts are ignored. */
  constructor(stops: readonly string[], include = false) {
    this.#stops = stops.filter((stop) => stop !== "");
    this.#include = include;
    this.#longest = this.#stops.reduce((most, { length }) => Math.max(most, length), 0);
  }

  /** The stop text that ended the text; null so far. Of several it is the one that is whole first, of those the longest. */
  get stopped(): string | null {
    return this.#stopped;
  }

  /** The text that is certain not to be (part of) a stop text. */
  push(piece: string): string {
    if (this.#stopped !== null || piece === "") return "";
    if (this.#longest === 0) return piece;
    const text = this.#held + piece;
    const end = this.#firstEnd(text);
    const { stopped } = this;
    if (stopped !== null) {
      this.#held = "";
      return text.slice(0, this.#include ? end : end - stopped.length);
    }
    const keep = this.#openTail(text);
    this.#held = text.slice(text.length - keep);
    return text.slice(0, text.length - keep);
  }

  /** What was held back. */
  end(): string {
    const rest = this.#held;
    this.#held = "";
    return rest;
  }

  /** Sets `stopped` and returns where it ends. */
  #firstEnd(text: string): number {
    let best = -1;
    let longest = 0;
    for (const stop of this.#stops) {
      const at = text.indexOf(stop);
      if (at < 0) continue;
      const end = at + stop.length;
      if (best >= 0 && (end > best || (end === best && stop.length < longest))) continue;
      [best, longest, this.#stopped] = [end, stop.length, stop];
    }
    return best;
  }

  /** Length of the longest end of the text that begins a stop text. */
  #openTail(text: string): number {
    for (let n = Math.min(text.length, this.#longest - 1); n > 0; n--) {
      const tail = text.slice(text.length - n);
      for (const stop of this.#stops) if (stop.length > n && stop.startsWith(tail)) return n;
    }
    return 0;
  }
}
