/** Intervals, unions and points compared as sets of numbers. */
import type { Expression } from "../read/expression.ts";
import { asRegion, compareRegions } from "./regions.ts";
import { kindsDiffer, type Rules } from "./rules.ts";
import type { Comparison } from "./scalar.ts";

/** Whether a part is a set of numbers by its own form; points and lists may be read as one. */
export const isSet = ({ kind }: Expression): boolean => kind === "interval" || kind === "setOperation";

export function compareSets(gold: Expression, answer: Expression, rules: Rules): Comparison {
  const [g, a] = [asRegion(gold), asRegion(answer)];
  if (g === null || a === null) return kindsDiffer(gold, answer);
  return compareRegions(g, a, rules);
}
