// Learning-rate schedules: a factor on every group's learning rate, a pure function of the step, so that resuming needs no state.

/** Linear warm-up, then constant, a linear decay over the last part, or half a cosine. */
export interface Schedule {
  readonly shape: "constant" | "linear" | "cosine";
  /** Steps of linear warm-up from 1/(warmup + 1). */
  readonly warmup: number;
  /** linear: the last fraction of all steps over which the rate falls; 1 decays from the end of the warm-up. */
  readonly decay: number;
  /** The factor at the very end (linear, cosine). */
  readonly floor: number;
}

export const constantRate: Schedule = { shape: "constant", warmup: 0, decay: 0, floor: 1 };

/** The factor for step `step` (0 for the first) of `total`. */
export function rateFactor(schedule: Schedule, step: number, total: number): number {
  const { shape, warmup, floor } = schedule;
  if (step < warmup) return (step + 1) / (warmup + 1);
  if (shape === "constant") return 1;
  const from = shape === "linear" ? Math.max(warmup, total - Math.round(schedule.decay * total)) : warmup;
  if (step < from) return 1;
  // the last step still moves the weights: progress reaches 1 one step after it
  const progress = Math.min(
    1,
    (step - from + (shape === "linear" ? 1 : 0)) / Math.max(1, total - from + (shape === "linear" ? 1 : 0)),
  );
  const left = shape === "linear" ? 1 - progress : 0.5 * (1 + Math.cos(Math.PI * progress));
  return floor + (1 - floor) * left;
}
