/** Two evaluations of the same questions, side by side. */
import { UserError } from "../../error.ts";
import { Random } from "../../random.ts";
import type { ItemResult } from "../item.ts";
import { bootstrapMeans, type Interval, percentileInterval } from "../metrics/bootstrap.ts";
import { mcnemar } from "./mcnemar.ts";

export interface Comparison {
  /** Questions both answered. */
  readonly n: number;
  /** Questions only one of them answered; they are left out. */
  readonly left_out: readonly [number, number];
  /** pass@1 of each, on the shared questions; the mean over groups where there are groups. */
  readonly accuracy: readonly [number, number];
  /** Of the second minus the first. */
  readonly difference: number;
  /** 95 %, by drawing questions again, each with both its answers (paired bootstrap). */
  readonly difference_interval: Interval;
  /** Share of the draws on the other side of zero, the difference itself counted as one, doubled: never 0. */
  readonly bootstrap_p: number;
  /** Of questions counted as right where more than half of their answers are. */
  readonly mcnemar: {
    readonly first_only: number;
    readonly second_only: number;
    readonly both: number;
    readonly neither: number;
    readonly p: number;
  };
  /** Questions that changed sides. */
  readonly flipped: readonly {
    readonly id: string;
    readonly to: "right" | "wrong";
    readonly accuracy: readonly [number, number];
  }[];
}

/** Two results of one question. */
export interface Pair {
  readonly first: ItemResult;
  readonly second: ItemResult;
}

/** The questions both answered, in the first one's order. @throws UserError where there are none, or one has another gold answer */
export function pairsOf(
  first: readonly ItemResult[],
  second: readonly ItemResult[],
  names: readonly [string, string],
): Pair[] {
  const others = new Map(second.map((result) => [result.item.id, result]));
  const pairs = first.flatMap((one) => {
    const other = others.get(one.item.id);
    return other === undefined ? [] : [{ first: one, second: other }];
  });
  const wrong = (message: string): UserError =>
    new UserError(message, { exitCode: 2, type: "mismatch", param: names[1] });
  if (pairs.length === 0)
    throw wrong(`${names[0]} and ${names[1]} have no question in common; compare evaluations of the same questions.`);
  const odd = pairs.find(
    (pair) =>
      pair.first.item.gold !== "" && pair.second.item.gold !== "" && pair.first.item.gold !== pair.second.item.gold,
  );
  if (odd !== undefined) {
    throw wrong(
      `${names[0]} and ${names[1]} have different gold answers to ${odd.first.item.id} (${odd.first.item.gold} and ${odd.second.item.gold}); compare evaluations of the same questions.`,
    );
  }
  return pairs;
}

/** Compares; the same for the same seed. */
export function compare(pairs: readonly Pair[], leftOut: readonly [number, number], seed: number): Comparison {
  const groups = [...Map.groupBy(pairs, ({ first }) => first.item.group).values()];
  const accuracy = (pick: (pair: Pair) => ItemResult): number =>
    mean(groups.map((own) => mean(own.map((pair) => share(pick(pair))))));
  // A question in several variants is drawn as one.
  const differences = groups.map((own) =>
    [...Map.groupBy(own, ({ first }) => first.item.question).values()].map((some) =>
      mean(some.map(({ first, second }) => share(second) - share(first))),
    ),
  );
  const draws = bootstrapMeans(differences, Random.from(seed, "paired bootstrap"));
  const [below, above] = [draws.filter((value) => value <= 0).length, draws.filter((value) => value >= 0).length];
  const [was, is] = [accuracy(({ first }) => first), accuracy(({ second }) => second)];
  const counts = { first_only: 0, second_only: 0, both: 0, neither: 0 };
  const flipped: Comparison["flipped"][number][] = [];
  for (const { first, second } of pairs) {
    const [a, b] = [share(first) > 0.5, share(second) > 0.5];
    counts[a ? (b ? "both" : "first_only") : b ? "second_only" : "neither"]++;
    if (a !== b)
      flipped.push({ id: first.item.id, to: b ? "right" : "wrong", accuracy: [share(first), share(second)] });
  }
  return {
    n: pairs.length,
    left_out: leftOut,
    accuracy: [was, is],
    difference: is - was,
    difference_interval: percentileInterval(draws),
    bootstrap_p: Math.min(1, (2 * (Math.min(below, above) + 1)) / (draws.length + 1)),
    mcnemar: { ...counts, p: mcnemar(counts.first_only, counts.second_only) },
    flipped,
  };
}

const share = ({ responses }: ItemResult): number => mean(responses.map(({ accuracy }) => accuracy));
const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
