/** Smoothing that starts without a bias: an exponential mean of what was measured so far, each gap left a gap. */

/** @param keep of the mean before, 0 to below 1 */
export function smoothed(values: readonly (number | null)[], keep: number): (number | null)[] {
  let [sum, weight] = [0, 0];
  return values.map((value) => {
    if (value === null || !Number.isFinite(value)) return null;
    sum = keep * sum + (1 - keep) * value;
    weight = keep * weight + (1 - keep);
    return sum / weight;
  });
}

/** At most `most` points: of each stretch its first, so that long runs draw at once. */
export function thinned<T>(points: readonly T[], most: number): readonly T[] {
  if (points.length <= most) return points;
  const every = Math.ceil(points.length / most);
  return points.filter((_, index) => index % every === 0 || index === points.length - 1);
}
