/** Whether two models differ on the same questions by more than chance (McNemar 1947, the exact form). */
import { logChoose } from "../metrics/choose.ts";

/**
 * The two-sided exact p-value: of the questions that exactly one of the two got right, `first` fell to one and `second` to the other;
 * were both as good, each would fall like a coin. min(1, 2 P(X <= min(first, second))), X ~ Binomial(first + second, 1/2).
 */
export function mcnemar(first: number, second: number): number {
  const n = first + second;
  const fewer = Math.min(first, second);
  let tail = 0;
  for (let i = 0; i <= fewer; i++) tail += Math.exp(logChoose(n, i) - n * Math.LN2);
  return Math.min(1, 2 * tail);
}
