/** What answers add up to: pass@1 with its standard error and interval, pass@k, cons@k, by group, by variant and by label. */
import type { Asked } from "./ask-all.ts";
import type { ItemResult, Response } from "./item.ts";
import { bootstrapInterval, type Interval } from "./metrics/bootstrap.ts";
import { consensusAtK } from "./metrics/consensus.ts";
import { passAtK } from "./metrics/pass-at-k.ts";
import { type Same, tallyOf } from "./metrics/tally.ts";

export interface Figures {
  /** Questions as asked: one in two wordings counts twice. */
  readonly n: number;
  /** pass@1: the mean over questions of the mean over their responses. */
  readonly accuracy: number;
  /** Share of the responses in the right form. */
  readonly format: number;
  /** Share of the responses that the token limit cut off. */
  readonly truncated: number;
  /** Mean thinking tokens, of all responses, of right ones and of wrong ones; NaN where there are none or nobody counted. */
  readonly thinking: number;
  readonly thinkingRight: number;
  readonly thinkingWrong: number;
  /** pass@k and cons@k for each k asked for. */
  readonly pass: ReadonlyMap<number, number>;
  readonly cons: ReadonlyMap<number, number>;
  /** Of what answers are made of (Judgement.parts), the share that is right, by name. */
  readonly parts: ReadonlyMap<string, number>;
}

export interface GroupFigures extends Figures {
  readonly group: string;
  readonly variants: Readonly<Record<string, Figures>>;
}

export interface Summary extends Figures {
  /** Of `accuracy`, from the number of questions; the variants of one question are not independent and count as one. */
  readonly stderr: number;
  /** 95 % of `accuracy`, by drawing questions again within their groups. */
  readonly interval: Interval;
  readonly groups: readonly GroupFigures[];
  /** Means over the groups, as all figures of the summary but `n`: each group counts the same. */
  readonly variants: Readonly<Record<string, Figures>>;
  /** By label and its value, each question counting the same. */
  readonly labels: Readonly<Record<string, Readonly<Record<string, Figures>>>>;
}

export interface SummaryOptions {
  /** Which pass@k and cons@k; default: k = the responses each item has, where that is more than one. */
  readonly ks?: readonly number[];
  /** Of the bootstrap. */
  readonly seed?: number;
  readonly same?: Same;
}

/** Adds up an evaluation. Every item must have as many responses as the largest k. */
export function summarize(
  { results, samples }: Pick<Asked, "results" | "samples">,
  { ks = samples > 1 ? [samples] : [], seed = 0, same }: SummaryOptions = {},
): Summary {
  const own = results.map((result) => measured(result, ks, same));
  const byGroup = Map.groupBy(own, ({ result }) => result.item.group);
  const groups = [...byGroup].map(([group, some]): GroupFigures => {
    const byVariant = Map.groupBy(some, ({ result }) => result.item.variant ?? "");
    return {
      group,
      ...figuresOf(some, ks),
      variants: Object.fromEntries([...byVariant].map(([variant, these]) => [variant, figuresOf(these, ks)])),
    };
  });
  const names = [...new Set(groups.flatMap(({ variants }) => Object.keys(variants)))];
  const variants = names.map((name) => {
    const having = groups.map((one) => one.variants[name]).filter((one) => one !== undefined);
    return [name, meanFigures(having, ks)] as const;
  });
  const questions = [...byGroup.values()].map(questionMeans);
  return {
    ...meanFigures(groups, ks),
    stderr: Math.sqrt(questions.reduce((sum, values) => sum + meanVariance(values), 0)) / Math.max(1, byGroup.size),
    interval: bootstrapInterval(questions, seed),
    groups,
    variants: Object.fromEntries(variants),
    labels: byLabel(own, ks),
  };
}

/** pass@k and cons@k for k = 1, 2, 4, ... up to the fewest responses an item has: how accuracy grows with answers. */
export function curveOf(
  results: readonly ItemResult[],
  same?: Same,
): readonly { readonly k: number; readonly pass: number; readonly cons: number }[] {
  const most = results.reduce((least, { responses }) => Math.min(least, responses.length), Number.POSITIVE_INFINITY);
  if (!Number.isFinite(most) || most < 2) return [];
  const ks: number[] = [];
  for (let k = 1; k < most; k *= 2) ks.push(k);
  ks.push(most);
  const { pass, cons } = summarize({ results, samples: most }, { ks, same });
  return ks.map((k) => ({ k, pass: pass.get(k)!, cons: cons.get(k)! }));
}

/** One item's own figures. */
interface Measured {
  readonly result: ItemResult;
  readonly accuracy: number;
  readonly pass: readonly number[];
  readonly cons: readonly number[];
}

function measured(result: ItemResult, ks: readonly number[], same: Same | undefined): Measured {
  const { responses } = result;
  const accuracy = mean(responses.map((one) => one.accuracy));
  if (ks.length === 0) return { result, accuracy, pass: [], cons: [] };
  const tally = tallyOf(responses, same);
  return {
    result,
    accuracy,
    pass: ks.map((k) => passAtK(responses.length, tally.right, k)),
    cons: ks.map((k) => consensusAtK(tally, k)),
  };
}

function figuresOf(own: readonly Measured[], ks: readonly number[]): Figures {
  const responses = own.flatMap(({ result }) => result.responses);
  const thinking = (some: readonly Response[]): number => {
    const counted = some.map((one) => one.thinking).filter((tokens) => !Number.isNaN(tokens));
    return counted.length === 0 ? Number.NaN : mean(counted);
  };
  return {
    n: own.length,
    accuracy: mean(own.map((one) => one.accuracy)),
    format: mean(responses.map((one) => one.format)),
    truncated: mean(responses.map((one) => (one.finish === "length" ? 1 : 0))),
    thinking: thinking(responses),
    thinkingRight: thinking(responses.filter((one) => one.accuracy === 1)),
    thinkingWrong: thinking(responses.filter((one) => one.accuracy !== 1)),
    pass: new Map(ks.map((k, i) => [k, mean(own.map((one) => one.pass[i]!))])),
    cons: new Map(ks.map((k, i) => [k, mean(own.map((one) => one.cons[i]!))])),
    parts: partsOf(responses),
  };
}

function meanFigures(all: readonly Figures[], ks: readonly number[]): Figures {
  const of = (pick: (one: Figures) => number): number => {
    const known = all.map(pick).filter((value) => !Number.isNaN(value));
    return known.length === 0 ? Number.NaN : mean(known);
  };
  return {
    n: all.reduce((sum, { n }) => sum + n, 0),
    accuracy: mean(all.map((one) => one.accuracy)),
    format: mean(all.map((one) => one.format)),
    truncated: mean(all.map((one) => one.truncated)),
    thinking: of((one) => one.thinking),
    thinkingRight: of((one) => one.thinkingRight),
    thinkingWrong: of((one) => one.thinkingWrong),
    pass: new Map(ks.map((k) => [k, mean(all.map((one) => one.pass.get(k)!))])),
    cons: new Map(ks.map((k) => [k, mean(all.map((one) => one.cons.get(k)!))])),
    parts: new Map(
      [...new Set(all.flatMap(({ parts }) => [...parts.keys()]))].map((name) => [
        name,
        mean(all.map(({ parts }) => parts.get(name)).filter((share) => share !== undefined)),
      ]),
    ),
  };
}

/** Each part of each response counts the same, as IFEval's instructions do. */
function partsOf(responses: readonly Response[]): ReadonlyMap<string, number> {
  const sums = new Map<string, [number, number]>();
  for (const [name, [right, all]] of responses.flatMap(({ parts = {} }) => Object.entries(parts))) {
    const sum = sums.get(name) ?? [0, 0];
    sums.set(name, [sum[0] + right, sum[1] + all]);
  }
  return new Map([...sums].map(([name, [right, all]]) => [name, right / all]));
}

function byLabel(own: readonly Measured[], ks: readonly number[]): Summary["labels"] {
  const names = [...new Set(own.flatMap(({ result }) => Object.keys(result.item.labels ?? {})))];
  return Object.fromEntries(
    names.map((name) => {
      const having = own.filter(({ result }) => result.item.labels?.[name] !== undefined);
      const values = [...Map.groupBy(having, ({ result }) => result.item.labels![name]!)];
      values.sort(([a], [b]) => a.localeCompare(b, "en", { numeric: true }));
      return [name, Object.fromEntries(values.map(([value, some]) => [value, figuresOf(some, ks)]))];
    }),
  );
}

/** The mean accuracy of each question, over its variants and their responses. */
function questionMeans(own: readonly Measured[]): number[] {
  const questions = Map.groupBy(own, ({ result }) => result.item.question);
  return [...questions.values()].map((some) => mean(some.map(({ accuracy }) => accuracy)));
}

/** Variance of the mean of the questions' means: theirs, over their number. */
function meanVariance(questions: readonly number[]): number {
  const centre = mean(questions);
  return mean(questions.map((value) => (value - centre) ** 2)) / Math.max(1, questions.length);
}

const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
