// `reckon eval compare`: evaluations of the same questions against the first of them.
import path from "node:path";
import { type Comparison, compare, pairsOf } from "../../evaluate/compare/compare.ts";
import { DEFAULT_RATE, evaluationCost } from "../../evaluate/cost/cost.ts";
import { listedPrice } from "../../evaluate/cost/prices.ts";
import { mathJudge, sameMath } from "../../evaluate/judges.ts";
import { type ReadSamples, readSamples } from "../../evaluate/record/read-samples.ts";
import { type Contender, writeComparison } from "../../evaluate/report/comparison.ts";
import { formatTable } from "../humane.ts";
import type { CommonOptions } from "../options.ts";
import { note, print, printJson } from "../output.ts";

export interface CompareOptions extends CommonOptions {
  readonly report?: string;
}

/** Compares, and tells the result. */
export async function compareFiles(
  files: readonly string[],
  { report, seed = 0, json }: CompareOptions,
): Promise<void> {
  const read: ReadSamples[] = [];
  for (const file of files) read.push(await readSamples(file, (_, gold) => mathJudge(gold)));
  const contenders = read.map(
    (one, i): Contender => ({
      name: nameOf(one, files[i]!, read, files),
      file: files[i]!,
      results: one.results,
      cost: costOf(one),
    }),
  );
  const [first, ...others] = contenders as [Contender, ...Contender[]];
  const comparisons = others.map((other) => {
    const pairs = pairsOf(first.results, other.results, [first.file, other.file]);
    const left = [first.results.length - pairs.length, other.results.length - pairs.length] as const;
    return { other, comparison: compare(pairs, left, seed) };
  });
  const written = report === undefined ? [] : writeComparison(report, first, comparisons, sameMath);
  if (json) {
    const rows = comparisons.map(({ other, comparison }) => ({ first: first.name, second: other.name, ...comparison }));
    printJson(
      rows.length === 1
        ? { ...rows[0], ...(report === undefined ? {} : { report: written[0] }) }
        : { comparisons: rows, report: written[0] ?? null },
    );
    return;
  }
  for (const { other, comparison } of comparisons) screen(first.name, other.name, comparison);
  if (written.length > 0) note(`report: ${written[0]}`);
}

function screen(
  first: string,
  second: string,
  { n, left_out, accuracy, difference, difference_interval: interval, bootstrap_p, mcnemar }: Comparison,
): void {
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  print(
    formatTable([
      ["", "pass@1", "right where the other is not"],
      [first, percent(accuracy[0]), String(mcnemar.first_only)],
      [second, percent(accuracy[1]), String(mcnemar.second_only)],
    ]),
  );
  const more = `${difference >= 0 ? "+" : ""}${percent(difference)}`;
  print(
    `difference ${more} (95 %: ${percent(interval.low)} to ${percent(interval.high)}; paired bootstrap p ${bootstrap_p.toPrecision(3)}), n ${n}`,
  );
  print(
    `McNemar's exact test: p ${mcnemar.p.toPrecision(3)}; both right ${mcnemar.both}, neither ${mcnemar.neither}\n`,
  );
  if (left_out[0] + left_out[1] > 0)
    note(`left out as the other lacks them: ${left_out[0]} questions of ${first}, ${left_out[1]} of ${second}`);
}

/** The model's name where it tells them apart, else the file's, as short as it still does. */
function nameOf(
  { settings }: ReadSamples,
  file: string,
  all: readonly ReadSamples[],
  files: readonly string[],
): string {
  const model = settings?.model;
  if (model !== undefined && all.filter((one) => one.settings?.model === model).length === 1) return model;
  const short = (name: string): string => path.basename(name).replace(/(\.jsonl?)?(\.gz)?$/, "");
  return files.filter((other) => short(other) === short(file)).length === 1 ? short(file) : file;
}

function costOf({ results, settings, used }: ReadSamples) {
  const listed = settings?.server == null ? null : listedPrice(settings.model, settings.server);
  const rate =
    listed !== null
      ? ({ kind: "tokens", price: listed } as const)
      : settings !== null && settings.server === null
        ? DEFAULT_RATE
        : null;
  return evaluationCost({
    results,
    seconds: used?.seconds ?? Number.NaN,
    core_seconds: used?.core_seconds ?? null,
    joules: used?.joules ?? null,
    rate,
  });
}
