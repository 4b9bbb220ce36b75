// Reads the folder of a training run as plain files, whoever wrote them and while they are being written: the readers (the
// command line, the dashboard) keep no state and never write.
import { closeSync, existsSync, fstatSync, openSync, readdirSync, readFileSync, readSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { UserError } from "../error.ts";

/** A line of metrics.jsonl: a step and whatever was measured at it. */
export type MetricsRow = Readonly<Record<string, unknown>>;

/** What is known of a run without reading all of its metrics. */
export interface RunSummary {
  /** The folder's name. */
  readonly name: string;
  readonly path: string;
  /** config.json, null where it is missing or torn. */
  readonly config: Readonly<Record<string, unknown>> | null;
  /** report.json, null while the run has not finished. */
  readonly report: Readonly<Record<string, unknown>> | null;
  /** The last complete line of metrics.jsonl. */
  readonly last: MetricsRow | null;
  /** Names of the finished checkpoints, oldest first. */
  readonly checkpoints: readonly string[];
  /** When a file of the run last changed, in seconds since 1970. */
  readonly updated: number;
}

/** A run with all of its metrics. */
export interface Run extends RunSummary {
  readonly metrics: readonly MetricsRow[];
  /** Lines of metrics.jsonl that are no JSON object: a kill may tear the last one. */
  readonly tornLines: number;
}

/** The runs in a folder, last changed first; empty where the folder does not exist. */
export function listRuns(root: string): readonly RunSummary[] {
  if (!existsSync(root)) {
    return [];
  }
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
    .map((entry) => join(root, entry.name))
    .filter(isRunFolder)
    .map(summarizeRun)
    .sort((a, b) => b.updated - a.updated || (a.name < b.name ? -1 : 1));
}

/**
 * The folder of a run given by its name below `root` or by its path.
 * @throws UserError naming the runs there are
 */
export function findRun(nameOrPath: string, root: string): string {
  const found = [join(root, nameOrPath), nameOrPath].find(isRunFolder);
  if (found !== undefined) {
    return found;
  }
  const names = listRuns(root).map((run) => run.name);
  const remedy = names.length === 0 ? `there are no runs in ${root}` : `${root} has ${names.slice(0, 8).join(", ")}`;
  throw new UserError(`no run "${nameOrPath}": ${remedy}`, { type: "not_found", param: nameOrPath });
}

/** Reads a run's folder without its older metrics. */
export function summarizeRun(path: string): RunSummary {
  return {
    name: basename(resolve(path)),
    path,
    config: readObject(join(path, "config.json")),
    report: readObject(join(path, "report.json")),
    last: lastRow(join(path, "metrics.jsonl")),
    checkpoints: checkpointNames(join(path, "checkpoints")),
    updated: lastChange(path),
  };
}

/** Reads a run's folder with all of its metrics. */
export function readRun(path: string): Run {
  const file = join(path, "metrics.jsonl");
  const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n").filter(isFilled) : [];
  const metrics = lines.map(parseRow).filter((row) => row !== null);
  return { ...summarizeRun(path), metrics, tornLines: lines.length - metrics.length };
}

function isRunFolder(path: string): boolean {
  return existsSync(join(path, "config.json")) || existsSync(join(path, "metrics.jsonl"));
}

/** A file being replaced, or torn by a full disk, is as good as absent: the run's other files still tell something. */
function readObject(path: string): Readonly<Record<string, unknown>> | null {
  try {
    return parseRow(readFileSync(path, "utf8"));
  } catch {
    return null;
  }
}

function parseRow(text: string): MetricsRow | null {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : null;
  } catch {
    return null;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isFilled(line: string): boolean {
  return line.trim() !== "";
}

/** Reads the file's end only: listing a hundred runs must not read a hundred histories. */
function lastRow(path: string): MetricsRow | null {
  if (!existsSync(path)) {
    return null;
  }
  const file = openSync(path, "r");
  try {
    const size = fstatSync(file).size;
    for (let length = Math.min(size, 16_384); length > 0; length = Math.min(size, length * 8)) {
      const bytes = Buffer.alloc(length);
      const read = readSync(file, bytes, 0, length, size - length);
      const lines = bytes.toString("utf8", 0, read).split("\n");
      // Unless we have the whole file, the first line is cut off.
      const row = lines
        .slice(length < size ? 1 : 0)
        .filter(isFilled)
        .map(parseRow)
        .findLast((parsed) => parsed !== null);
      if (row !== undefined || length === size) {
        return row ?? null;
      }
    }
    return null;
  } finally {
    closeSync(file);
  }
}

/** Only numbered folders count: a checkpoint being written has a temporary name. */
function checkpointNames(path: string): readonly string[] {
  return existsSync(path)
    ? readdirSync(path)
        .filter((name) => /^\d+$/.test(name))
        .sort()
    : [];
}

function lastChange(path: string): number {
  const times = ["config.json", "metrics.jsonl", "report.json"]
    .map((name) => statSync(join(path, name), { throwIfNoEntry: false })?.mtimeMs)
    .filter((time) => time !== undefined);
  return Math.max(...times) / 1000;
}
