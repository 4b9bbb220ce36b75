/** Two evaluations compared: question by question where both have their answers, else figure by figure. */
import { compare, pairsOf } from "../../evaluate/compare/compare.ts";
import { ApiError } from "../errors.ts";
import { figuresOf, readEvaluation } from "./figures.ts";
import { evaluationNamed, type FoundEvaluation, type Places } from "./places.ts";
import { answersOf, SHOWN, share } from "./rows.ts";

export interface ComparisonAsked {
  readonly first: string;
  readonly second: string;
  /** Only questions that became this. */
  readonly to?: "right" | "wrong";
}

/** @throws ApiError where there is no such evaluation or the two are of different benchmarks; UserError where a file cannot be read */
export function comparison(places: Places, { first, second, to }: ComparisonAsked): Promise<object> {
  const [a, b] = [evaluationNamed(places, first), evaluationNamed(places, second)];
  return a.kind === "samples" && b.kind === "samples" ? paired(a, b, to) : unpaired(a, b);
}

/** Questions told of those that changed sides; `flips` counts them all. */
const MOST_FLIPS = 500;

async function paired(a: FoundEvaluation, b: FoundEvaluation, to: "right" | "wrong" | undefined): Promise<object> {
  const [one, other] = [await readEvaluation(a), await readEvaluation(b)];
  const pairs = pairsOf(one.results, other.results, [a.id, b.id]);
  const leftOut = [one.results.length - pairs.length, other.results.length - pairs.length] as const;
  const told = compare(pairs, leftOut, 0);
  const byId = new Map(pairs.map((pair) => [pair.first.item.id, pair]));
  const flips = told.flipped.filter((flip) => to === undefined || flip.to === to);
  const flipped = flips.slice(0, MOST_FLIPS).map((flip) => {
    const { first: was, second: is } = byId.get(flip.id)!;
    const { group, prompt, gold } = was.item;
    return { ...flip, group, prompt: prompt.slice(0, SHOWN), gold, answers: [answersOf(was), answersOf(is)] };
  });
  const groups = [...Map.groupBy(pairs, (pair) => pair.first.item.group)].map(([group, own]) => ({
    group,
    n: [own.length, own.length],
    accuracy: [mean(own.map((pair) => share(pair.first))), mean(own.map((pair) => share(pair.second)))],
  }));
  return { paired: true, ...told, flipped, flips: flips.length, groups };
}

async function unpaired(a: FoundEvaluation, b: FoundEvaluation): Promise<object> {
  const [one, other] = [await figuresOf(a), await figuresOf(b)];
  if (one.benchmark !== other.benchmark) {
    throw new ApiError(
      400,
      `${a.id} is of ${one.benchmark} and ${b.id} of ${other.benchmark}; compare evaluations of one benchmark.`,
      { code: "different_benchmarks" },
    );
  }
  // Where one does not tell its groups, nobody knows whether they are the other's.
  const told = one.groups.length > 0 && other.groups.length > 0 ? [...one.groups, ...other.groups] : [];
  const names = [...new Set(told.map(({ group }) => group))];
  const groups = names.map((name) => {
    const both = [one, other].map(({ groups }) => groups.find(({ group }) => group === name));
    return {
      group: name,
      n: both.map((part) => part?.n ?? null),
      accuracy: both.map((part) => part?.accuracy ?? null),
    };
  });
  const without = [a, b].filter(({ kind }) => kind !== "samples").map(({ id }) => id);
  return {
    paired: false,
    /** Those that hold figures alone. */
    without_answers: without,
    same_groups: groups.every(({ n }) => !n.includes(null)),
    questions: [one.questions, other.questions],
    accuracy: [one.accuracy, other.accuracy],
    difference: other.accuracy - one.accuracy,
    difference_interval: separateInterval(one, other),
    tokens: [one.tokens, other.tokens],
    thinking: [one.thinking, other.thinking],
    usd: [one.usd, other.usd],
    groups,
  };
}

interface Measured {
  readonly accuracy: number;
  readonly low: number;
  readonly high: number;
}

/** 95 % of the second's minus the first's, of two separate measurements, from their own intervals (Newcombe 1998, method 10). */
export function separateInterval(one: Measured, other: Measured): { readonly low: number; readonly high: number } {
  const difference = other.accuracy - one.accuracy;
  return {
    low: difference - Math.hypot(other.accuracy - other.low, one.high - one.accuracy),
    high: difference + Math.hypot(other.high - other.accuracy, one.accuracy - one.low),
  };
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
