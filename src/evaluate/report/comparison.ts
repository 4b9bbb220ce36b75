/** The report of a comparison: what differs, the answers of both side by side, and all in one picture of accuracy against cost. */
import { atomicWriteFile } from "../../checkpoint/atomic.ts";
import type { Comparison } from "../compare/compare.ts";
import type { EvaluationCost } from "../cost/cost.ts";
import type { ItemResult } from "../item.ts";
import type { Same } from "../metrics/tally.ts";
import { htmlPage } from "./page.ts";
import { costPicture } from "./picture.ts";
import { pointsOf } from "./report.ts";
import { htmlTable, markdownTable, markdownText, type Table } from "./table.ts";

export interface Contender {
  readonly name: string;
  readonly file: string;
  readonly results: readonly ItemResult[];
  readonly cost: EvaluationCost;
}

export interface Compared {
  readonly other: Contender;
  readonly comparison: Comparison;
}

/** Writes .html, .json and .md; gives their paths. */
export function writeComparison(
  file: string,
  first: Contender,
  compared: readonly Compared[],
  same?: Same,
): readonly string[] {
  const stem = file.replace(/\.(html|json|md)$/, "");
  const title = [first, ...compared.map(({ other }) => other)].map(({ name }) => name).join(" against ");
  const tables = compared.flatMap(({ other, comparison }) => [
    differences(first.name, other.name, comparison),
    flips(other.name, comparison),
  ]);
  const all = [first, ...compared.map(({ other }) => other)];
  // One unit for all: dollars where everybody's are known, else tokens.
  const money = all.every(({ cost }) => cost.per_answer.usd !== null && cost.per_answer.usd > 0);
  const points = all.map(({ results, cost }, series) =>
    pointsOf(
      { results, cost: money ? cost : { ...cost, per_answer: { ...cost.per_answer, usd: null } }, summary: { same } },
      series,
    ),
  );
  const picture = costPicture(
    points.flatMap(([own]) => own),
    points[0]![1],
    all.map(({ name }) => name),
  );
  const html = htmlPage({
    title,
    sections: [
      ...tables.slice(0, 1).map(htmlTable),
      ...(picture === "" ? [] : [`<section>${picture}</section>`]),
      ...tables.slice(1).map(htmlTable),
    ],
    evaluations: all.slice(0, 2).map(({ name, results }) => ({ name, results })),
  });
  const rows = compared.map(({ other, comparison }) => ({ first: first.name, second: other.name, ...comparison }));
  atomicWriteFile(`${stem}.json`, `${JSON.stringify({ title, comparisons: rows }, null, 2)}\n`);
  atomicWriteFile(
    `${stem}.md`,
    [`# ${markdownText(title)}`, "", ...tables.map((table) => markdownTable(table))].join("\n"),
  );
  atomicWriteFile(`${stem}.html`, html);
  return ["html", "json", "md"].map((ending) => `${stem}.${ending}`);
}

function differences(first: string, second: string, comparison: Comparison): Table {
  const { n, left_out, accuracy, difference, difference_interval: interval, bootstrap_p, mcnemar } = comparison;
  return {
    title: `${second} against ${first}`,
    head: ["what", "value"],
    rows: [
      ["questions both answered", String(n)],
      ...(left_out[0] + left_out[1] > 0 ? [["left out (only one answered)", `${left_out[0]} and ${left_out[1]}`]] : []),
      [`pass@1 of ${first}`, percent(accuracy[0])],
      [`pass@1 of ${second}`, percent(accuracy[1])],
      [
        "difference",
        `${percent(difference)} (95 %: ${percent(interval.low)} to ${percent(interval.high)}; paired bootstrap p ${bootstrap_p.toPrecision(3)})`,
      ],
      [`only ${first} right`, String(mcnemar.first_only)],
      [`only ${second} right`, String(mcnemar.second_only)],
      ["both right, neither right", `${mcnemar.both}, ${mcnemar.neither}`],
      ["McNemar's exact test", `p ${mcnemar.p.toPrecision(3)}`],
    ],
  };
}

function flips(second: string, { flipped }: Comparison): Table {
  const most = 200;
  return {
    title: `Answers that changed with ${second}${flipped.length > most ? ` (the first ${most} of ${flipped.length})` : ""}`,
    head: ["question", "became", "right before", "right now"],
    rows: flipped.slice(0, most).map(({ id, to, accuracy }) => [id, to, percent(accuracy[0]), percent(accuracy[1])]),
  };
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
