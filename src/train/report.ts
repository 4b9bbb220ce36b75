// The report of a run, made from its files alone, so that it can be made again at any time and for a run that was cut short:
// report.json for programs, report.md for a pull request, report.html with curves for people.

import path from "node:path";
import { atomicWriteFile } from "../checkpoint/atomic.ts";
import { REPORT_STYLE } from "../colours.ts";
import { type Curve, curveSvg, escapeHtml, figure } from "./curves.ts";
import { type JsonRecord, readJsonLines } from "./jsonl.ts";
import { type RunConfig, readRunConfig } from "./run.ts";

export interface RunReport {
  readonly recipe: string;
  readonly preset: string | null;
  readonly seed: number;
  readonly versions: Readonly<Record<string, string>>;
  readonly steps: number;
  /** Tokens seen by the optimizer, prompts included. */
  readonly tokens: number;
  /** Seconds of steps, generation and verification included where the recipe logs `wall_time`; and the same times the threads, in hours. */
  readonly seconds: number;
  readonly core_hours: number;
  /** First and last tenth of each figure of metrics.jsonl, meaned. */
  readonly metrics: Readonly<Record<string, { readonly first: number; readonly last: number }>>;
  /** All lines of evaluations.jsonl. */
  readonly evaluations: readonly JsonRecord[];
  /** What the recipe adds: machine, model size, cost in money, accuracy by family. */
  readonly notes: JsonRecord;
}

/** Writes report.json, report.md and report.html into a run's folder. `notes` is what only the recipe knows. */
export function writeReport(folder: string, notes: JsonRecord = {}): RunReport {
  const config = readRunConfig(folder);
  const metrics = readJsonLines(path.join(folder, "metrics.jsonl"));
  const report = buildReport(config, metrics, readJsonLines(path.join(folder, "evaluations.jsonl")), notes);
  atomicWriteFile(path.join(folder, "report.json"), `${JSON.stringify(report, null, 2)}\n`);
  atomicWriteFile(path.join(folder, "report.md"), markdown(report));
  atomicWriteFile(path.join(folder, "report.html"), html(report, config, curves(metrics, report.evaluations)));
  return report;
}

/** The report as a value. */
export function buildReport(
  config: RunConfig,
  metrics: readonly JsonRecord[],
  evaluations: readonly JsonRecord[],
  notes: JsonRecord,
): RunReport {
  const seconds = metrics.reduce((sum, line) => sum + (number(line.wall_time) ?? number(line.step_time) ?? 0), 0);
  const threads = number(config.threads) ?? number(config.options.threads) ?? 1;
  const tenth = Math.max(1, Math.round(metrics.length / 10));
  const summary: Record<string, { first: number; last: number }> = {};
  for (const key of figures(metrics)) {
    const values = metrics.map((line) => number(line[key])).filter((value) => value !== null);
    summary[key] = { first: mean(values.slice(0, tenth)), last: mean(values.slice(-tenth)) };
  }
  return {
    recipe: config.recipe,
    preset: config.preset,
    seed: config.seed,
    versions: config.versions,
    steps: number(metrics.at(-1)?.step) ?? 0,
    tokens: number(metrics.at(-1)?.num_tokens) ?? 0,
    seconds,
    core_hours: (seconds * threads) / 3600,
    metrics: summary,
    evaluations,
    notes,
  };
}

/** What a reader looks at first, then everything else in the files' order. */
const PROMINENT = ["loss", "reward", "completions/mean_length", "entropy", "grad_norm", "learning_rate"];

function curves(metrics: readonly JsonRecord[], evaluations: readonly JsonRecord[]): Curve[] {
  const of = (lines: readonly JsonRecord[], key: string, sparse: boolean): Curve => ({
    title: sparse ? `${key} (evaluation)` : key,
    key,
    sparse,
    points: lines.flatMap((line) => {
      const [step, value] = [number(line.step), number(line[key])];
      return step === null || value === null ? [] : [[step, value] as const];
    }),
  });
  const keys = figures(metrics);
  const ordered = [...PROMINENT.filter((key) => keys.includes(key)), ...keys.filter((key) => !PROMINENT.includes(key))];
  return [
    ...figures(evaluations).map((key) => of(evaluations, key, true)),
    ...ordered.filter((key) => key !== "num_tokens").map((key) => of(metrics, key, false)),
  ];
}

function figures(lines: readonly JsonRecord[]): string[] {
  const keys = new Set<string>();
  for (const line of lines)
    for (const [key, value] of Object.entries(line)) if (key !== "step" && number(value) !== null) keys.add(key);
  return [...keys];
}

function facts(report: RunReport): [string, string][] {
  return [
    ["recipe", report.preset === null ? report.recipe : `${report.recipe} (${report.preset})`],
    ["seed", String(report.seed)],
    ["steps", String(report.steps)],
    ["tokens", String(report.tokens)],
    ["time", `${figure(report.seconds)} s`],
    ["cost", `${figure(report.core_hours)} core-hours`],
    ...Object.entries(report.versions),
    ...Object.entries(report.notes).flatMap(([key, value]) => noted(key, value)),
  ];
}

/** A recipe's note as rows: one for each warning of a list, of an object its single figures. The evaluations within have a table of their own. */
function noted(key: string, value: unknown): [string, string][] {
  if (Array.isArray(value))
    return value.map((one) => [key, shown((one as { message?: unknown } | null)?.message ?? one)]);
  if (typeof value !== "object" || value === null) return [[key, shown(value)]];
  return Object.entries(value).flatMap(([name, one]): [string, string][] =>
    typeof one === "object" ? [] : [[`${key}, ${name.replaceAll("_", " ")}`, shown(one)]],
  );
}

function markdown(report: RunReport): string {
  const row = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replaceAll("\n", " ")).join(" | ")} |`;
  const table = (head: readonly string[], rows: readonly (readonly string[])[]) =>
    rows.length === 0 ? [] : [row(head), row(head.map(() => "---")), ...rows.map(row), ""];
  return [
    `# ${report.recipe}${report.preset === null ? "" : ` (${report.preset})`}: ${report.steps} steps`,
    "",
    ...table(["what", "value"], facts(report)),
    ...(report.evaluations.length > 0 ? ["## Evaluations", ""] : []),
    ...table(evaluationColumns(report), evaluationRows(report)),
    "## Figures",
    "",
    ...table(
      ["figure", "first tenth", "last tenth"],
      Object.entries(report.metrics).map(([key, { first, last }]) => [key, figure(first), figure(last)]),
    ),
  ].join("\n");
}

function html(report: RunReport, config: RunConfig, drawn: readonly Curve[]): string {
  const table = (head: readonly string[], rows: readonly (readonly string[])[]) =>
    `<table><thead><tr>${head.map((cell) => `<th>${escapeHtml(cell)}</th>`).join("")}</tr></thead><tbody>${rows
      .map((cells) => `<tr>${cells.map((cell) => `<td>${escapeHtml(cell)}</td>`).join("")}</tr>`)
      .join("")}</tbody></table>`;
  const title = escapeHtml(`${report.recipe}${report.preset === null ? "" : ` (${report.preset})`}`);
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title>
<style>${REPORT_STYLE}
body { max-width: 1320px; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 0.2rem 0.8rem 0.2rem 0; border-bottom: 1px solid var(--line); }
.curves { display: flex; flex-wrap: wrap; gap: 1rem; }
pre { overflow: auto; background: var(--raised); padding: 1rem; }
</style></head><body>
<h1>${title}: ${report.steps} steps</h1>
${table(["what", "value"], facts(report))}
${report.evaluations.length > 0 ? `<h2>Evaluations</h2>${table(evaluationColumns(report), evaluationRows(report))}` : ""}
<h2>Curves</h2><div class="curves">${drawn.map(curveSvg).join("\n")}</div>
<h2>Figures</h2>${table(
    ["figure", "first tenth", "last tenth"],
    Object.entries(report.metrics).map(([key, { first, last }]) => [key, figure(first), figure(last)]),
  )}
<h2>Config</h2><pre>${escapeHtml(JSON.stringify(config, null, 2))}</pre>
</body></html>
`;
}

const evaluationColumns = (report: RunReport): string[] => ["step", ...figures(report.evaluations)];

const evaluationRows = (report: RunReport): string[][] =>
  report.evaluations.map((line) =>
    evaluationColumns(report).map((key) => (line[key] === undefined ? "" : shown(line[key]))),
  );

const shown = (value: unknown): string =>
  typeof value === "number" ? figure(value) : typeof value === "string" ? value : JSON.stringify(value);

const number = (value: unknown): number | null => (typeof value === "number" && Number.isFinite(value) ? value : null);

const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
