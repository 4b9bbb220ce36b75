// `reckon runs list | show | compare`: training runs read from their folders, no engine loaded.
import type { Command } from "commander";
import { findRun, listRuns, type MetricsRow, type Run, type RunSummary, readRun } from "../train/run-reader.ts";
import { formatCount, formatDuration, formatTable } from "./humane.ts";
import { addCommonOptions } from "./options.ts";
import { note, print, printJson } from "./output.ts";
import { stagePairs, stageRows } from "./runs-chain.ts";

interface RunsOptions {
  readonly root: string;
  readonly json?: true;
}

/** Adds `runs` and its sub-commands. */
export function register(program: Command): void {
  const runs = program.command("runs").description("list training runs, show one, compare two");
  subcommand(runs, "list", "the runs there are, last changed first").action((options: RunsOptions) => list(options));
  subcommand(runs, "show", "one run: configuration, how it went, its report")
    .argument("<run>", "name of a run, or path of its folder")
    .action((run: string, options: RunsOptions) => show(run, options));
  subcommand(runs, "compare", "two runs: where they were set up differently, and how each went")
    .argument("<run>", "name of a run, or path of its folder")
    .argument("<other>", "another one")
    .action((run: string, other: string, options: RunsOptions) => compare(run, other, options));
}

function subcommand(parent: Command, name: string, description: string): Command {
  const command = parent.command(name).description(description);
  return addCommonOptions(command.option("--root <folder>", "where the runs are", "runs"), ["json"]);
}

function list({ root, json }: RunsOptions): void {
  const runs = listRuns(root);
  if (json) {
    printJson({ runs: runs.map(summaryJson) });
    return;
  }
  if (runs.length === 0) {
    note(`there are no runs in ${root}; \`reckon train\` makes one`);
    return;
  }
  const now = Date.now() / 1000;
  const rows = runs.map((run) => [
    run.name,
    text(run.config?.recipe),
    text(run.config?.preset),
    status(run),
    text(run.last?.step),
    headline(run.last),
    `${formatDuration(Math.max(0, now - run.updated))} ago`,
  ]);
  print(formatTable([["run", "recipe", "preset", "status", "step", "last", "changed"], ...rows]));
}

function show(name: string, { root, json }: RunsOptions): void {
  const run = readRun(findRun(name, root));
  warnOfTornLines(run);
  if (json) {
    const { metrics, tornLines, config, report } = run;
    printJson({ ...summaryJson(run), config, report, metrics, torn_lines: tornLines });
    return;
  }
  print(`${run.name} (${status(run)}), ${run.path}`);
  if (run.checkpoints.length > 0) {
    print(`checkpoints: ${run.checkpoints.length}, newest ${run.checkpoints.at(-1)}`);
  }
  section("configuration", Object.entries(flatten(run.config)));
  const trends = metricTrends(run.metrics);
  if (trends.length > 0) {
    const rows = trends.map((trend) => [trend.name, number(trend.first), number(trend.last), number(trend.best)]);
    print(`\nmetrics over ${run.metrics.length} steps (mean of the first and last tenth, highest)`);
    print(formatTable([["metric", "first", "last", "highest"], ...rows]));
  }
  section("report", Object.entries(flatten(run.report)));
}

function compare(first: string, second: string, { root, json }: RunsOptions): void {
  const runs = [first, second].map((name) => readRun(findRun(name, root)));
  runs.forEach(warnOfTornLines);
  const [a, b] = runs;
  const config = differences(flatten(a.config), flatten(b.config));
  const metrics = pairTrends(a, b);
  const report = differences(flatten(a.report), flatten(b.report));
  const stages = stagePairs(a.report, b.report);
  if (json) {
    printJson({ runs: runs.map(summaryJson), config, metrics, stages, report });
    return;
  }
  const names = [a.name, b.name === a.name ? b.path : b.name];
  const table = (title: string, rows: readonly (readonly string[])[], none: string): void =>
    print(rows.length === 0 ? `${title}: ${none}` : `${title}\n${formatTable([["", ...names], ...rows])}`);
  const cells = ([key, [left, right]]: [string, readonly [unknown, unknown]]): string[] => [
    key,
    text(left),
    text(right),
  ];
  table("configuration, where it differs", Object.entries(config).map(cells), "the same");
  print("");
  if (stages.length > 0)
    print(`stages, ${names.join(" beside ")}\n${formatTable(stageRows(stages, number))}`); // a chain has a line a stage, not steps
  else
    table(
      "metrics, mean of the last tenth",
      Object.entries(metrics).map(([key, pair]) => [key, number(pair[0]), number(pair[1])]),
      "none yet",
    );
  print("");
  const plain = Object.entries(report).filter(([key, pair]) => !isDetail(key, pair));
  table("report, where it differs", plain.map(cells), "no difference");
}

/** Lists of a report (answers, failures, evaluations) and the metrics it repeats: a table cannot show how they differ, --json does. */
const isDetail = (key: string, pair: readonly [unknown, unknown]): boolean =>
  key.startsWith("metrics.") || pair.some((value) => typeof value === "object" && value !== null);

/** How one numeric metric moved over a run. */
interface Trend {
  readonly name: string;
  /** Mean over the first tenth of the rows that have it. */
  readonly first: number;
  readonly last: number;
  readonly best: number;
}

function metricTrends(rows: readonly MetricsRow[]): readonly Trend[] {
  const values = new Map<string, number[]>();
  for (const row of rows) {
    for (const [name, value] of Object.entries(row)) {
      if (typeof value === "number" && name !== "step") {
        const series = values.get(name) ?? [];
        series.push(value);
        values.set(name, series);
      }
    }
  }
  return [...values].map(([name, series]) => {
    const tenth = Math.max(1, Math.round(series.length / 10));
    const best = series.reduce((high, value) => Math.max(high, value), Number.NEGATIVE_INFINITY);
    return { name, first: mean(series.slice(0, tenth)), last: mean(series.slice(-tenth)), best };
  });
}

function pairTrends(a: Run, b: Run): Readonly<Record<string, readonly [number | null, number | null]>> {
  const [left, right] = [a, b].map(
    (run) => new Map(metricTrends(run.metrics).map((trend) => [trend.name, trend.last])),
  );
  const names = new Set([...left.keys(), ...right.keys()]);
  return Object.fromEntries([...names].map((name) => [name, [left.get(name) ?? null, right.get(name) ?? null]]));
}

function summaryJson(run: RunSummary): Readonly<Record<string, unknown>> {
  const { name, path, last, checkpoints, updated } = run;
  const [recipe, preset] = [run.config?.recipe ?? null, run.config?.preset ?? null];
  return { name, path, recipe, preset, status: status(run), step: last?.step ?? null, last, checkpoints, updated };
}

/** Plain files do not say whether a process lives: a run without a report goes on, or was stopped. */
function status(run: RunSummary): "finished" | "running" | "unfinished" {
  if (run.report !== null) {
    return "finished";
  }
  return Date.now() / 1000 - run.updated < 60 ? "running" : "unfinished";
}

/** The number one looks at first: the reward where there is one, else the loss. */
function headline(row: MetricsRow | null): string {
  const name = ["reward", "loss"].find((key) => typeof row?.[key] === "number");
  return name === undefined ? "" : `${name} ${text(row?.[name])}`;
}

/** Nested objects as dotted keys: {a: {b: 1}} -> {"a.b": 1}. Arrays stay values. */
function flatten(value: unknown, prefix: string = ""): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return prefix === "" ? {} : { [prefix]: value };
  }
  const inner = Object.entries(value).map(([key, part]) => flatten(part, prefix === "" ? key : `${prefix}.${key}`));
  return Object.assign({}, ...inner);
}

function differences(
  a: Readonly<Record<string, unknown>>,
  b: Readonly<Record<string, unknown>>,
): Readonly<Record<string, readonly [unknown, unknown]>> {
  const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  const unequal = keys.filter((key) => JSON.stringify(a[key]) !== JSON.stringify(b[key]));
  return Object.fromEntries(unequal.map((key) => [key, [a[key] ?? null, b[key] ?? null]]));
}

function section(title: string, entries: readonly (readonly [string, unknown])[]): void {
  if (entries.length > 0) {
    print(`\n${title}`);
    for (const [key, value] of entries) {
      print(`  ${key}: ${text(value)}`);
    }
  }
}

function warnOfTornLines(run: Run): void {
  if (run.tornLines > 0) {
    note(`${run.name}: ${run.tornLines} line(s) of metrics.jsonl are torn or no JSON and were left out`);
  }
}

function text(value: unknown): string {
  if (value === undefined || value === null) {
    return "-";
  }
  if (typeof value === "number") {
    return number(value);
  }
  const shown = typeof value === "string" ? value : JSON.stringify(value);
  return shown.length > 100 ? `${shown.slice(0, 97)}...` : shown;
}

function number(value: number | null): string {
  if (value === null) {
    return "-";
  }
  return Number.isInteger(value) ? String(value) : formatSmall(value);
}

function formatSmall(value: number): string {
  const size = Math.abs(value);
  return size >= 1e-3 && size < 1e5 ? String(Number(value.toPrecision(4))) : formatCountOrPower(value);
}

function formatCountOrPower(value: number): string {
  return Math.abs(value) >= 1e5 ? formatCount(value) : value.toExponential(2);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
