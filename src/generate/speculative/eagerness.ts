/** How many guesses a text is worth follows from how many were right: twice as many after all were, half after none was. */
export class Eagerness {
  readonly #most: number;
  #now: number;

  /** @param most guesses at once */
  constructor(most: number) {
    this.#most = most;
    this.#now = Math.min(4, most);
  }

  /** Guesses to make now, at least one. */
  get now(): number {
    return this.#now;
  }

  /** Takes note of a step that read guesses. */
  note(drafted: number, accepted: number): void {
    if (drafted === 0) return;
    if (accepted >= drafted) this.#now = Math.min(this.#most, 2 * this.#now);
    else if (accepted === 0) this.#now = Math.max(1, this.#now >> 1);
  }
}
