/** Binomial coefficients and hypergeometric probabilities for numbers of samples. */

/** Rows of Pascal's triangle, made when first needed; C(1000, 500) is the last order of magnitude a double holds. */
const LARGEST = 1000;
const rows: Float64Array[] = [Float64Array.of(1)];

/** C(n, k) as a double: exact below 2^53, rounded above; 0 outside 0 <= k <= n. @throws RangeError beyond n = 1000 */
export function choose(n: number, k: number): number {
  if (n > LARGEST || !Number.isInteger(n) || n < 0)
    throw new RangeError(`choose takes n from 0 to ${LARGEST}, not ${n}`);
  if (k < 0 || k > n) return 0;
  while (rows.length <= n) {
    const last = rows.at(-1)!;
    const next = new Float64Array(last.length + 1);
    for (let i = 0; i < next.length; i++) next[i] = (last[i - 1] ?? 0) + (last[i] ?? 0);
    rows.push(next);
  }
  return rows[n]![k]!;
}

/**
 * The probability that `drawn` of `population` things, drawn without putting back, hold exactly `hits` of the `marked` ones:
 * C(marked, hits) C(population - marked, drawn - hits) / C(population, drawn). Populations above 1000 go over logarithms.
 */
export function hypergeometric(hits: number, population: number, marked: number, drawn: number): number {
  if (hits < 0 || hits > marked || drawn - hits < 0 || drawn - hits > population - marked) return 0;
  if (population <= LARGEST)
    return (choose(marked, hits) * choose(population - marked, drawn - hits)) / choose(population, drawn);
  return Math.exp(
    logChoose(marked, hits) + logChoose(population - marked, drawn - hits) - logChoose(population, drawn),
  );
}

/** ln C(n, k). */
export const logChoose = (n: number, k: number): number => logFactorial(n) - logFactorial(k) - logFactorial(n - k);

const factorials: number[] = [0];

/** ln n!, summed once and kept. */
function logFactorial(n: number): number {
  while (factorials.length <= n) factorials.push(factorials.at(-1)! + Math.log(factorials.length));
  return factorials[n]!;
}
