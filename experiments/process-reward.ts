/** A process reward by rule: the share of written steps `a+b=c` that are right; none written earns nothing. */
import type { RewardSample } from "../src/recipes/reward-file.ts";

export default ({ response }: RewardSample): number => {
  const steps = [...response.matchAll(/^(\d+)\+(\d+)=(\d+)/gm)];
  const right = steps.filter(([, a, b, sum]) => Number(a) + Number(b) === Number(sum)).length;
  return steps.length === 0 ? 0 : right / steps.length;
};
