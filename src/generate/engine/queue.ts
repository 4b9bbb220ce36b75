/**
 * Who waits for a slot: higher priority first; among equals the owner with the fewest at work, so that one busy client cannot keep
 * the others waiting; among those who came first.
 */

export interface Waiting {
  readonly priority: number;
  /** Whose request it is, such as an API key. */
  readonly owner: string;
}

export class FairQueue<T extends Waiting> {
  readonly #items: T[] = [];

  get length(): number {
    return this.#items.length;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  /** Takes whose turn it is. @param running how many of an owner's are at work */
  take(running: (owner: string) => number): T | null {
    let best: T | null = null;
    let bestRunning = 0;
    for (const item of this.#items) {
      const here = running(item.owner);
      const sooner =
        best === null || item.priority > best.priority || (item.priority === best.priority && here < bestRunning);
      if (sooner) [best, bestRunning] = [item, here];
    }
    if (best !== null) this.remove(best);
    return best;
  }

  /** False where it does not wait. */
  remove(item: T): boolean {
    const at = this.#items.indexOf(item);
    if (at >= 0) this.#items.splice(at, 1);
    return at >= 0;
  }

  /** All that wait; may be changed meanwhile. */
  items(): readonly T[] {
    return this.#items.slice();
  }
}
