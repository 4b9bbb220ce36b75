/**
 * Which run folders there are, and which folder a name from a request means. A name is one that the list gives, compared as text:
 * nothing from a request is ever put into a path, so no name leads out of the folder of runs.
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { DEFAULT_PRICE_PER_CORE_HOUR } from "../../generate/cost.ts";
import { isTraining } from "../../train/run.ts";
import { listRuns, type RunSummary, summarizeRun } from "../../train/run-reader.ts";
import { ApiError } from "../errors.ts";

export type RunStatus = "training" | "finished" | "unfinished";

export interface FoundRun {
  /** The path below the folder of runs, with slashes: "r1" or, for a stage of a chain, "r1/r1-zero". */
  readonly id: string;
  readonly folder: string;
}

/** The runs in `root` and the stages inside them, last changed first, each chain before its stages. */
export function findRuns(root: string): FoundRun[] {
  return listRuns(root).flatMap(({ name, path }) => [
    { id: name, folder: path },
    ...stageNames(path).map((stage) => ({ id: `${name}/${stage}`, folder: join(path, stage) })),
  ]);
}

/** @throws ApiError 404 where the list has no such run */
export function runNamed(root: string, id: string): FoundRun {
  const found = findRuns(root).find((run) => run.id === id);
  if (found !== undefined) return found;
  throw new ApiError(404, `There is no run ${JSON.stringify(id.slice(0, 200))} in ${root}.`, { code: "run_not_found" });
}

/** Stages of a chain: run folders one level down. */
export function stageNames(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(folder, entry.name, "config.json")))
    .filter((entry) => entry.name !== "checkpoints" && existsSync(join(folder, entry.name, "metrics.jsonl")))
    .map((entry) => entry.name)
    .sort();
}

/** A lock that a living process holds says that it trains; without one a run without a report was stopped. */
export function statusOf(run: Pick<RunSummary, "path" | "report">): RunStatus {
  if (isTraining(run.path)) return "training";
  return run.report === null ? "unfinished" : "finished";
}

/** What a list shows of a run. */
export function brief({ id, folder }: FoundRun): Record<string, unknown> {
  const run = summarizeRun(folder);
  const { config, report, last, updated, checkpoints } = run;
  return {
    id,
    recipe: config?.recipe ?? null,
    preset: config?.preset ?? null,
    seed: config?.seed ?? null,
    from: config?.from ?? null,
    created: config?.created ?? null,
    status: statusOf(run),
    step: last?.step ?? null,
    reward: last?.reward ?? null,
    loss: last?.loss ?? null,
    warnings: Array.isArray(last?.warnings) ? last.warnings.length : 0,
    seconds: report?.seconds ?? null,
    usd: usdOf(report),
    checkpoints: checkpoints.length,
    has_rollouts: existsSync(join(folder, "rollouts")) && readdirSync(join(folder, "rollouts")).length > 0,
    updated,
  };
}

/** What the report says, else its processor time at the usual price. */
function usdOf(report: RunSummary["report"]): number | null {
  const cost = (report as { notes?: { cost?: { usd?: unknown; core_seconds?: unknown } } } | null)?.notes?.cost;
  if (typeof cost?.usd === "number") return cost.usd;
  return typeof cost?.core_seconds === "number" ? (cost.core_seconds / 3600) * DEFAULT_PRICE_PER_CORE_HOUR : null;
}
