/**
 * A bound on the work of one verdict, counted in small steps rather than seconds, so that the same text is refused on every
 * machine. The worker's clock (safely.ts) stands behind it for whatever this does not foresee.
 */

/** Thrown where a text would take more than its share; the message completes "cannot be decided: ...". */
export class TooHard extends Error {
  override readonly name = "TooHard";
}

/** What one verdict may spend: about a tenth of a second of arithmetic. */
export const WORK_PER_VERDICT = 200_000;

// One number for the module: verdicts are made one after another, each from start to end, in one thread.
let left = Number.POSITIVE_INFINITY;

/** Runs `judge` with at most `limit` steps to spend; outside of it work is not counted. */
export function withWork<T>(limit: number, judge: () => T): T {
  const before = left;
  left = limit;
  try {
    return judge();
  } finally {
    left = before;
  }
}

/** Counts steps; a step is about one product of numbers a few words long. @throws TooHard where none are left */
export function spend(steps: number): void {
  left -= steps;
  if (left < 0) throw new TooHard("it takes more work than a verdict may");
}
