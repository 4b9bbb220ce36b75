// The order in which neighbours are merged: the best rank first, of equal ranks the leftmost. One heap of numbers, so that a text
// of a million characters without a word boundary takes n log n steps and no objects.

/** Positions must stay below this; ranks below 2^21 then keep the sum exact in a double. */
const POSITIONS = 2 ** 32;

export class MergeQueue {
  /** rank * 2^32 + position, a binary heap with the smallest first. */
  #heap = new Float64Array(64);
  #size = 0;
  /** Of the entry that pop() took. */
  rank = 0;
  position = 0;

  clear(): void {
    this.#size = 0;
  }

  push(rank: number, position: number): void {
    if (this.#size === this.#heap.length) {
      const larger = new Float64Array(2 * this.#size);
      larger.set(this.#heap);
      this.#heap = larger;
    }
    const heap = this.#heap;
    const key = rank * POSITIONS + position;
    let at = this.#size++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (heap[parent] <= key) break;
      heap[at] = heap[parent];
      at = parent;
    }
    heap[at] = key;
  }

  /** Takes the best entry into `rank` and `position`; false where none is left. */
  pop(): boolean {
    if (this.#size === 0) return false;
    const heap = this.#heap;
    const best = heap[0];
    this.rank = Math.floor(best / POSITIONS);
    this.position = best - this.rank * POSITIONS;
    const size = --this.#size;
    const key = heap[size];
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && heap[child + 1] < heap[child]) child++;
      if (heap[child] >= key) break;
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = key;
    return true;
  }
}
