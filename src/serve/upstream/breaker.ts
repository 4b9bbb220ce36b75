/** A circuit breaker: a server that failed several times in a row is left alone for a while, then tried with one request. */

export class Breaker {
  readonly #after: number;
  readonly #ms: number;
  readonly #now: () => number;
  #failures = 0;
  #openUntil = Number.NEGATIVE_INFINITY;
  #trying = false;

  /** @param after failures in a row that open it @param ms how long it stays open @param now milliseconds of a clock that never goes back */
  constructor(after: number, ms: number, now: () => number = () => performance.now()) {
    this.#after = after;
    this.#ms = ms;
    this.#now = now;
  }

  /** Milliseconds until it may be tried again; 0: now. */
  get waitMs(): number {
    return Math.max(0, this.#openUntil - this.#now());
  }

  /** Whether a request may go now; whoever is let through says how it went. */
  enter(): boolean {
    if (this.#failures < this.#after) return true;
    if (this.waitMs > 0 || this.#trying) return false;
    this.#trying = true;
    return true;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#trying = false;
  }

  failed(): void {
    this.#failures++;
    this.#trying = false;
    if (this.#failures >= this.#after) this.#openUntil = this.#now() + this.#ms;
  }

  /** The request was given up by its client: nothing is known. */
  left(): void {
    this.#trying = false;
  }
}
