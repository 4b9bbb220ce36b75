/** Something a loop sleeps by: whoever rings wakes it, and so does a moment it names. */

/** The longest a timer can be set to. */
const LONGEST_MS = 2 ** 31 - 1;

export class Bell {
  #wake: (() => void) | null = null;

  ring(): void {
    this.#wake?.();
    this.#wake = null;
  }

  /** @param until a moment as performance.now() gives it; infinity: only a ring wakes */
  async wait(until: number): Promise<void> {
    const woken = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    const ms = until - performance.now();
    const timer = Number.isFinite(ms)
      ? setTimeout(() => this.ring(), Math.min(Math.max(ms, 0) + 1, LONGEST_MS))
      : undefined;
    await woken;
    clearTimeout(timer);
  }
}
