/** A run as it is published beside the weights it made: its config, report and figures up to the checkpoint, and what they sum up to. */
import fs from "node:fs";
import path from "node:path";
import { UserError } from "../error.ts";
import { type JsonRecord, readJsonLines } from "../train/jsonl.ts";
import { type RunReport, writeReport } from "../train/report.ts";
import { type CheckpointPlace, listCheckpoints, type RunConfig, readRunConfig } from "../train/run.ts";

/** A run with the newest checkpoint it has, and its lines up to there. */
export interface TrainedRun {
  readonly folder: string;
  readonly config: RunConfig;
  readonly checkpoint: CheckpointPlace;
  readonly metrics: readonly JsonRecord[];
  readonly evaluations: readonly JsonRecord[];
}

/** What a run took, measured by the run itself. */
export interface TrainingCost {
  readonly steps: number;
  /** Steps the config asks for; null where it does not say. */
  readonly planned: number | null;
  /** Tokens the optimizer saw, prompts included. */
  readonly tokens: number;
  readonly seconds: number;
  /** Processor time of all threads where the run measured it, else seconds times threads. */
  readonly core_hours: number;
  /** Whether `seconds` and `core_hours` are of the whole run, evaluations included, or of its steps alone. */
  readonly whole: boolean;
}

/** @throws UserError where the folder is no run, or has no checkpoint yet */
export function readTrainedRun(folder: string): TrainedRun {
  const config = readRunConfig(folder);
  const checkpoint = listCheckpoints(folder).at(-1);
  if (checkpoint === undefined) {
    throw new UserError(`${folder} is a run without a checkpoint yet; let it train on.`, { param: folder });
  }
  const upTo = (name: string) =>
    readJsonLines(path.join(folder, name)).filter(({ step }) => typeof step === "number" && step <= checkpoint.step);
  return { folder, config, checkpoint, metrics: upTo("metrics.jsonl"), evaluations: upTo("evaluations.jsonl") };
}

/**
 * Writes config.json, report.{json,html}, evaluations.jsonl and a thinned metrics.jsonl into `to`. The report is the run's own;
 * a run stopped before its end gets one made from its lines.
 */
export function writeTrainingRecord(
  run: TrainedRun,
  to: string,
): { readonly report: RunReport; readonly cost: TrainingCost } {
  fs.mkdirSync(to, { recursive: true });
  const { from } = run.config;
  const origin = typeof from === "string" ? from : null;
  // where the folder it started from lay is the trainer's own business
  const named = origin === null ? run.config : { ...run.config, from: path.basename(origin) };
  fs.writeFileSync(path.join(to, "config.json"), `${JSON.stringify(named, null, 2)}\n`);
  const write = (name: string, lines: readonly JsonRecord[]): void =>
    fs.writeFileSync(path.join(to, name), lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  write("evaluations.jsonl", run.evaluations);
  write("metrics.jsonl", run.metrics);
  const report = ownReport(run, to, origin) ?? writeReport(to);
  fs.rmSync(path.join(to, "report.md"), { force: true });
  write("metrics.jsonl", thinned(run.metrics));
  return { report, cost: costOfRun(run, report) };
}

/** Every tenth line, with the first and the last. */
export const thinned = (lines: readonly JsonRecord[]): JsonRecord[] =>
  lines.filter((_, i) => i % METRICS_EVERY === 0 || i === lines.length - 1);

export const METRICS_EVERY = 10;

function ownReport(run: TrainedRun, to: string, origin: string | null): RunReport | null {
  const [json, html] = ["report.json", "report.html"].map((name) => path.join(run.folder, name));
  if (!fs.existsSync(json!) || !fs.existsSync(html!)) return null;
  const report = JSON.parse(fs.readFileSync(json!, "utf8")) as RunReport;
  if (report.steps !== run.checkpoint.step) return null; // of an earlier end of the run
  for (const file of [json!, html!]) {
    const text = fs.readFileSync(file, "utf8");
    fs.writeFileSync(
      path.join(to, path.basename(file)),
      origin === null ? text : text.replaceAll(origin, path.basename(origin)),
    );
  }
  return report;
}

/** A phase before the base run, as an earlier publication recorded it: the base run started from what it made. */
export interface EarlierPhase {
  readonly config: RunConfig;
  readonly cost: TrainingCost;
}

/** Copies a record that `writeTrainingRecord` made. @throws UserError where the folder is none */
export function copyTrainingRecord(record: string, to: string): EarlierPhase {
  const report = path.join(record, "report.json");
  if (!fs.existsSync(report)) {
    throw new UserError(
      `${record} is no record of a run, which has config.json and report.json; name a folder such as models/reckon-nano/training/base.`,
      { param: "--earlier" },
    );
  }
  const config = readRunConfig(record);
  fs.cpSync(record, to, { recursive: true });
  const summary = JSON.parse(fs.readFileSync(report, "utf8")) as RunReport;
  return { config, cost: costOfRun({ config, checkpoint: { step: summary.steps } }, summary) };
}

function costOfRun(
  { config, checkpoint }: { readonly config: RunConfig; readonly checkpoint: { readonly step: number } },
  report: RunReport,
): TrainingCost {
  const measured = report.notes.cost as { readonly seconds?: number; readonly core_seconds?: number } | undefined;
  const whole = typeof measured?.seconds === "number" && typeof measured.core_seconds === "number";
  const { steps, tokens, tokens_per_step: each } = config.options;
  const planned = typeof steps === "number" ? steps : Math.ceil(Number(tokens) / Number(each));
  return {
    steps: checkpoint.step,
    planned: Number.isFinite(planned) ? planned : null,
    tokens: report.tokens,
    seconds: whole ? measured.seconds! : report.seconds,
    core_hours: whole ? measured.core_seconds! / 3600 : report.core_hours,
    whole,
  };
}
