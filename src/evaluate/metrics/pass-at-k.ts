/** pass@k: how probably at least one of k answers is right, estimated from n >= k answers. */

/**
 * The unbiased estimator of Chen et al. 2021 (arXiv 2107.03374, eq. 1): 1 - C(n - right, k) / C(n, k), the share of the subsets of
 * k answers that hold a right one. Computed as a sum of logarithms, so that neither large n overflows nor a small result cancels.
 * @throws RangeError unless 1 <= k <= n and 0 <= right <= n
 */
export function passAtK(n: number, right: number, k: number): number {
  if (!(Number.isInteger(k) && k >= 1 && k <= n))
    throw new RangeError(`pass@${k} needs at least ${k} answers, not ${n}`);
  if (!(Number.isInteger(right) && right >= 0 && right <= n)) throw new RangeError(`${right} of ${n} cannot be right`);
  if (k === 1) return right / n;
  if (n - right < k) return 1;
  let log = 0;
  for (let i = n - right + 1; i <= n; i++) log += Math.log1p(-k / i);
  return log === 0 ? 0 : -Math.expm1(log);
}
