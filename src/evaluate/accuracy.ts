/** What answers add up to: pass@1 with its standard error, pass@k, the majority's accuracy, by group and by variant. */
import { majority } from "../generate/vote.ts";
import type { Asked, ItemResult } from "./ask-all.ts";

export interface Figures {
  /** Questions as asked: one in two wordings counts twice. */
  readonly n: number;
  /** pass@1: the mean over all responses. */
  readonly accuracy: number;
  /** Share of the responses in the right form. */
  readonly format: number;
  /** Mean thinking tokens. */
  readonly thinking: number;
  /** Some response is right (pass@k), and the most frequent answer is (cons@k), k being the responses an item; null where it is 1. */
  readonly any: number | null;
  readonly majority: number | null;
}

export interface GroupFigures extends Figures {
  readonly group: string;
  readonly variants: Readonly<Record<string, Figures>>;
}

export interface Summary extends Figures {
  /** Of `accuracy`, from the number of questions; the variants of one question are not independent and count as one. */
  readonly stderr: number;
  readonly groups: readonly GroupFigures[];
  /** Means over the groups, as all figures of the summary but `n`: each group counts the same. */
  readonly variants: Readonly<Record<string, Figures>>;
}

/** Adds up an evaluation. */
export function summarize({ results, samples }: Pick<Asked, "results" | "samples">): Summary {
  const byGroup = Map.groupBy(results, ({ item }) => item.group);
  const groups = [...byGroup].map(([group, own]): GroupFigures => {
    const byVariant = Map.groupBy(own, ({ item }) => item.variant ?? "");
    return {
      group,
      ...figures(own, samples),
      variants: Object.fromEntries([...byVariant].map(([variant, some]) => [variant, figures(some, samples)])),
    };
  });
  const names = [...new Set(groups.flatMap(({ variants }) => Object.keys(variants)))];
  const variants = names.map((name) => {
    const having = groups.map((one) => one.variants[name]).filter((one) => one !== undefined);
    return [name, meanFigures(having)] as const;
  });
  return {
    ...meanFigures(groups),
    stderr:
      Math.sqrt([...byGroup.values()].reduce((sum, own) => sum + meanVariance(own), 0)) / Math.max(1, byGroup.size),
    groups,
    variants: Object.fromEntries(variants),
  };
}

/** Whether the answer given most often is right: 1 or 0. */
export function majorityIsRight({ responses }: Pick<ItemResult, "responses">): number {
  const { index } = majority(responses.map(({ text }) => answerOf(text)));
  return responses[index]!.accuracy;
}

/** What a response says after its thinking, "" where thinking never ends. */
export function answerOf(text: string): string {
  const at = text.lastIndexOf(CLOSE);
  return at < 0 ? "" : text.slice(at + CLOSE.length).trim();
}

const CLOSE = "</think>";

function figures(results: readonly ItemResult[], samples: number): Figures {
  const responses = results.flatMap((one) => one.responses);
  const several = samples > 1;
  return {
    n: results.length,
    accuracy: mean(responses.map((one) => one.accuracy)),
    format: mean(responses.map((one) => one.format)),
    thinking: mean(responses.map((one) => one.thinking)),
    any: several ? mean(results.map((one) => Math.max(...one.responses.map(({ accuracy }) => accuracy)))) : null,
    majority: several ? mean(results.map(majorityIsRight)) : null,
  };
}

function meanFigures(all: readonly Figures[]): Figures {
  const of = (pick: (one: Figures) => number | null): number | null => {
    const values = all.map(pick).filter((value) => value !== null);
    return values.length === 0 ? null : mean(values);
  };
  return {
    n: all.reduce((sum, { n }) => sum + n, 0),
    accuracy: of((one) => one.accuracy) ?? 0,
    format: of((one) => one.format) ?? 0,
    thinking: of((one) => one.thinking) ?? 0,
    any: of((one) => one.any),
    majority: of((one) => one.majority),
  };
}

/** Variance of the group's mean accuracy: that of the questions' means, over their number. */
function meanVariance(results: readonly ItemResult[]): number {
  const questions = [...Map.groupBy(results, ({ item }) => item.question).values()].map((own) =>
    mean(own.flatMap(({ responses }) => responses.map((one) => one.accuracy))),
  );
  const centre = mean(questions);
  return mean(questions.map((value) => (value - centre) ** 2)) / Math.max(1, questions.length);
}

const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
