/** A question with its answers as a row of the table tells of it. */
import type { ItemResult } from "../../evaluate/item.ts";

export const VERDICTS = ["right", "wrong", "mixed"] as const;
export type Verdict = (typeof VERDICTS)[number];

/** Characters of a text in a row. */
export const SHOWN = 300;

export const row = (result: ItemResult) => ({
  group: result.item.group,
  gold: result.item.gold,
  question: result.item.prompt.slice(0, SHOWN),
  verdict: verdictOf(result),
  share: share(result),
  answers: answersOf(result),
  tokens: known(mean(result.responses.map(({ tokens }) => tokens))),
  reason: result.responses[0]?.reason.slice(0, SHOWN) ?? "",
});

export const textsOf = ({ item: { prompt, gold }, responses }: ItemResult): readonly string[] => [
  prompt,
  gold,
  ...responses.map(({ text }) => text),
];
export const answersOf = ({ responses }: ItemResult): readonly (string | null)[] =>
  responses.slice(0, 8).map(({ answer }) => answer?.slice(0, SHOWN) ?? null);

export function verdictOf(result: ItemResult): Verdict {
  const right = share(result);
  return right === 1 ? "right" : right === 0 ? "wrong" : "mixed";
}

export const share = ({ responses }: ItemResult): number => mean(responses.map(({ accuracy }) => accuracy));
const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
const known = (value: number): number | null => (Number.isFinite(value) ? value : null);
