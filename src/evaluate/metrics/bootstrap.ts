/** Intervals by drawing the questions again, with putting back (Efron 1979): right for any figure that is a mean over questions. */
import { Random } from "../../random.ts";

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** Draws of a bootstrap where none are stated. */
export const BOOTSTRAP_DRAWS = 2000;

/** A larger group is not drawn value by value: the mean of so many is normal far closer than an interval can show (central limit). */
const MOST_DRAWN = 10_000;

/**
 * The values that the mean of group means takes when each group's questions are drawn again, sorted. One group: the ordinary bootstrap.
 * @param groups values of the independent questions of each group, none empty
 * @param random a generator of its own: the result depends on it alone
 */
export function bootstrapMeans(
  groups: readonly (readonly number[])[],
  random: Random,
  draws = BOOTSTRAP_DRAWS,
): Float64Array {
  const means = new Float64Array(draws);
  const drawers = groups.map((values) => (values.length > MOST_DRAWN ? normalMean(values) : drawnMean(values)));
  for (let draw = 0; draw < draws; draw++) {
    let sum = 0;
    for (const drawer of drawers) sum += drawer(random);
    means[draw] = sum / groups.length;
  }
  return means.sort();
}

const drawnMean = (values: readonly number[]) => (random: Random) => {
  let own = 0;
  for (let i = 0; i < values.length; i++) own += values[random.int(0, values.length - 1)]!;
  return own / values.length;
};

/** The mean of all values drawn again, as the normal number it nearly is (Box and Muller's transform). */
function normalMean(values: readonly number[]): (random: Random) => number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const spread = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0)) / values.length;
  return (random) => {
    const radius = Math.sqrt(-2 * Math.log(1 - random.next()));
    return mean + spread * radius * Math.cos(2 * Math.PI * random.next());
  };
}

/** The middle `level` of sorted values, by the nearest ranks. */
export function percentileInterval(sorted: Float64Array, level = 0.95): Interval {
  const tail = (1 - level) / 2;
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.max(0, Math.round(share * (sorted.length - 1))))]!;
  return { low: at(tail), high: at(1 - tail) };
}

/**
 * The 95 % interval of the mean of group means; the same for the same seed. Where every question is wrong, or every one right, drawing
 * again gives that same figure only, as if it were certain; then the exact binomial bound stands for it (Clopper and Pearson 1934):
 * nobody right of 100 still leaves 3.6 % possible.
 */
export function bootstrapInterval(
  groups: readonly (readonly number[])[],
  seed: number,
  draws = BOOTSTRAP_DRAWS,
): Interval {
  const filled = groups.filter((values) => values.length > 0);
  if (filled.length === 0) return { low: 0, high: 0 };
  const values = filled.flat();
  const unseen = 1 - 0.025 ** (1 / values.length);
  if (values.every((value) => value === 0)) return { low: 0, high: unseen };
  if (values.every((value) => value === 1)) return { low: 1 - unseen, high: 1 };
  return percentileInterval(bootstrapMeans(filled, Random.from(seed, "bootstrap"), draws));
}
