/**
 * How many prompt tokens a step may read, so that those who are already writing, and the sockets, need not wait long for the
 * next one: learnt from how long the steps so far have taken.
 */

/** A step beside which somebody is writing should last about this long, one without about as long as a person notices. */
const BESIDE_WRITING_MS = 50;
const ALONE_MS = 200;

/** However slow the model: fewer rows at once waste its weights' way through memory, and those who wait must get on. */
const LEAST = 32;

export class StepBudget {
  /** More rows than this at once make a matrix product no faster. */
  static readonly most = 512;
  /** Milliseconds a row takes in a step of many; 0: not known yet. */
  #msPerRow = 0;

  /** @param writing sequences that get a token in the step */
  promptTokens(writing: number): number {
    if (this.#msPerRow === 0) return 64;
    const target = writing > 0 ? BESIDE_WRITING_MS : ALONE_MS;
    const affordable = Math.floor(target / this.#msPerRow) - writing;
    return Math.min(StepBudget.most, Math.max(LEAST, 2 * writing, affordable));
  }

  /** Takes note of a step. Short ones say little about long ones and count for nothing. */
  note(ms: number, rows: number): void {
    if (rows < 16) return;
    const here = ms / rows;
    this.#msPerRow = this.#msPerRow === 0 ? here : 0.8 * this.#msPerRow + 0.2 * here;
  }
}
