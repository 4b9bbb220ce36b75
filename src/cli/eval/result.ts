// The result of an evaluation: a JSON row, or tables for a person; and its report.
import { type Summary, type SummaryOptions, summarize } from "../../evaluate/accuracy.ts";
import { countTokens, type EvaluationCost } from "../../evaluate/cost/cost.ts";
import type { ItemResult } from "../../evaluate/item.ts";
import type { Settings } from "../../evaluate/record/settings.ts";
import { reportBeside, writeReport } from "../../evaluate/report/report.ts";
import { evaluationRow } from "../../evaluate/row.ts";
import { dollars } from "../answer-printer.ts";
import { formatCount, formatDuration, formatTable } from "../humane.ts";
import { note, print, printJson } from "../output.ts";

export interface Evaluation {
  /** What is known of how it was done; only the benchmark's name where the answers came from a file. */
  readonly settings: Partial<Settings> & Pick<Settings, "benchmark">;
  readonly results: readonly ItemResult[];
  readonly samples: number;
  readonly summary: SummaryOptions;
  /** NaN: nobody noted them. */
  readonly seconds: number;
  readonly cost: EvaluationCost;
  readonly items: string | null;
  readonly remarks: readonly string[];
}

/** Prints it and writes its report where one is wanted: beside the items file, or where `report` says. */
export function tell(
  evaluation: Evaluation,
  { json, report, out }: { readonly json?: true; readonly report?: string; readonly out?: string },
): void {
  const { settings, results, samples, summary: options, cost, remarks, items } = evaluation;
  const { benchmark, model } = settings;
  const counts = countTokens(results);
  const row = {
    ...(model === undefined ? {} : { model }),
    ...evaluationRow(
      benchmark,
      {
        results,
        samples,
        temperature: settings.temperature ?? null,
        promptTokens: counts.prompt,
        newTokens: counts.completion,
        cachedTokens: counts.cached,
        seconds: evaluation.seconds,
        cost,
      },
      items,
      options,
    ),
  };
  const file = report ?? (out === undefined ? undefined : reportBeside(out));
  const title = model === undefined ? benchmark : `${model} on ${benchmark}`;
  const written =
    file === undefined
      ? []
      : writeReport(file, { title, results, samples, cost, summary: options, row, settings, remarks });
  for (const remark of remarks) note(remark);
  if (json) {
    printJson(written.length === 0 ? row : { ...row, report: written[0] });
    return;
  }
  screen(title, evaluation);
  if (written.length > 0) note(`report: ${written[0]}`);
}

function screen(title: string, { settings, results, samples, summary: options, cost, seconds }: Evaluation): void {
  const summary = summarize({ results, samples }, options);
  if (summary.groups.length > 1 || summary.groups[0]?.variants[""] === undefined) print(`${familyTable(summary)}\n`);
  for (const [name, values] of Object.entries(summary.labels)) {
    const parts = Object.entries(values);
    if (parts.length < 2 || parts.length > 30 || parts.length === summary.groups.length) continue;
    print(
      `${formatTable([[name, "questions", "pass@1"], ...parts.map(([value, one]) => [value, String(one.n), one.accuracy.toFixed(3)])])}\n`,
    );
  }
  const percent = (share: number): string => (100 * share).toFixed(1);
  const { temperature } = settings;
  const how =
    temperature === undefined
      ? ""
      : temperature === 0
        ? ", greedy"
        : `, temperature ${temperature}, top-p ${settings.top_p}`;
  const form = Number.isNaN(summary.format) ? "" : `, ${percent(summary.format)} % in form`;
  const thinking = Number.isNaN(summary.thinking) ? "" : `, ${summary.thinking.toFixed(1)} thinking tokens an answer`;
  const cut = summary.truncated > 0 ? `, ${percent(summary.truncated)} % cut off` : "";
  print(
    `${title}: ${percent(summary.accuracy)} ± ${percent(summary.stderr)} % right (95 %: ${percent(summary.interval.low)} to ${percent(summary.interval.high)}; n ${summary.n}${how})${form}${cut}${thinking}`,
  );
  if (summary.parts.size > 0) {
    print(formatTable([...summary.parts].map(([name, share]) => [name.replaceAll("_", " "), `${percent(share)} %`])));
  }
  for (const [k, value] of summary.pass)
    if (k > 1) print(`pass@${k} ${value.toFixed(3)}, cons@${k} ${summary.cons.get(k)!.toFixed(3)}`);
  note(`[${costLine(results, cost, seconds)}]`);
}

function costLine(results: readonly ItemResult[], cost: EvaluationCost, seconds: number): string {
  const tokens = countTokens(results).completion;
  const money = (usd: number | null | undefined): string => (usd === null || usd === undefined ? "" : dollars(usd));
  const parts = [
    Number.isNaN(tokens) || Number.isNaN(seconds)
      ? ""
      : `${formatCount(tokens)} tokens in ${formatDuration(seconds)}, ${formatCount(Math.round(tokens / seconds))} tokens/s`,
    [
      cost.flops === null ? "" : `${formatCount(cost.flops)}FLOP`,
      cost.core_seconds === null ? "" : `${formatCount(cost.core_seconds)} core-seconds`,
      cost.joules === null ? "" : `${formatCount(cost.joules)} J`,
    ]
      .filter((part) => part !== "")
      .join(", "),
    cost.usd === null
      ? "no price known: state one with --price or --usd-per-hour"
      : `${money(cost.usd)} at ${cost.rate}: ${money(cost.per_answer.usd)} an answer` +
        (cost.per_right_answer === null ? ", none right" : `, ${money(cost.per_right_answer.usd)} a right one`),
  ];
  return parts.filter((part) => part !== "").join("; ");
}

/** A row a family, a column a wording, then thinking tokens and with several samples pass@k and cons@k; the mean last. */
export function familyTable(summary: Summary): string {
  const variants = Object.keys(summary.variants);
  const ks = [...summary.pass.keys()].filter((k) => k > 1);
  const head = [
    "family",
    ...variants.map((one) => (one === "" ? "pass@1" : one === "any" ? "any wording" : `wording ${one}`)),
    ...(variants.length > 1 ? ["all"] : []),
    ...ks.flatMap((k) => [`pass@${k}`, `cons@${k}`]),
    "thinking",
  ];
  const row = (name: string, one: Pick<Summary, "accuracy" | "pass" | "cons" | "thinking" | "variants">) => [
    name,
    ...variants.map((variant) => one.variants[variant]?.accuracy.toFixed(3) ?? "-"),
    ...(variants.length > 1 ? [one.accuracy.toFixed(3)] : []),
    ...ks.flatMap((k) => [one.pass.get(k)!.toFixed(3), one.cons.get(k)!.toFixed(3)]),
    Number.isNaN(one.thinking) ? "-" : one.thinking.toFixed(1),
  ];
  return formatTable([head, ...summary.groups.map((one) => row(one.group, one)), row("mean", summary)]);
}
