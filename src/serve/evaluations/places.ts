/**
 * Where evaluations lie: in the folder of runs or one folder down, what `reckon eval --out` and its reports wrote; there and beside
 * the models, the `evaluation.json` of published models. As with runs, a name from a request is only compared with the list's, never put
 * into a path.
 */
import fs from "node:fs";
import path from "node:path";
import { ApiError } from "../errors.ts";
import { partsOf } from "./figure-files.ts";

export interface Places {
  /** The folder of runs. */
  readonly root: string;
  /** Folders of models, whose own figures are listed too. */
  readonly models: readonly string[];
}

export interface FoundEvaluation {
  /** The path below the folder of runs, with slashes; of a model elsewhere `models/NAME/...`. */
  readonly id: string;
  readonly file: string;
  /** Answers a line each, the report of one evaluation, or one of those that a published model's file holds. */
  readonly kind: "samples" | "report" | "published";
  /** Of a published model's file: which of its evaluations; "" where the file cannot be read. */
  readonly part: string;
  /** Of the last change, in milliseconds since 1970. */
  readonly changed: number;
}

/** Evaluations, last changed first, those of models elsewhere behind them all. */
export function findEvaluations({ root, models }: Places): FoundEvaluation[] {
  const inRuns = entries(root).flatMap((entry) => {
    const full = path.join(root, entry.name);
    if (entry.isFile()) return evaluationsIn(full, entry.name);
    if (!entry.isDirectory() && !entry.isSymbolicLink()) return [];
    return entries(full)
      .filter((inner) => inner.isFile())
      .flatMap((inner) => evaluationsIn(path.join(full, inner.name), `${entry.name}/${inner.name}`));
  });
  const taken = new Set(inRuns.map(({ file }) => real(file)));
  const names = new Map<string, number>();
  const ofModels = models.flatMap((folder) => {
    const file = path.join(folder, PUBLISHED);
    if (!fs.existsSync(file) || taken.has(real(file))) return [];
    taken.add(real(file));
    const name = path.basename(path.resolve(folder));
    const before = names.get(name) ?? 0;
    names.set(name, before + 1);
    return evaluationsIn(file, `models/${before === 0 ? name : `${name} ${before + 1}`}/${PUBLISHED}`);
  });
  return [...inRuns.sort((a, b) => b.changed - a.changed), ...ofModels];
}

/** @throws ApiError 404 where the list has no such evaluation */
export function evaluationNamed(places: Places, id: string): FoundEvaluation {
  const found = findEvaluations(places).find((one) => one.id === id);
  if (found !== undefined) return found;
  throw new ApiError(404, `There is no evaluation ${JSON.stringify(id.slice(0, 200))} in ${places.root}.`, {
    code: "evaluation_not_found",
  });
}

const PUBLISHED = "evaluation.json";

/** Files of runs and models that hold other things. */
const OTHERS: ReadonlySet<string> = new Set([
  ...["metrics.jsonl", "evaluations.jsonl", "config.json", "state.json"],
  ...["tokenizer.json", "tokenizer_config.json", "generation_config.json"],
]);

/** What a file holds: nothing, one evaluation, or a published model's several. */
function evaluationsIn(file: string, id: string): FoundEvaluation[] {
  const name = path.basename(file);
  if (!/\.jsonl?$/.test(name) || OTHERS.has(name)) return [];
  const changed = fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const one = { id, file, part: "", changed };
  if (name === PUBLISHED) {
    const parts = partsOf(file, changed);
    if (parts.length === 0) return [{ ...one, kind: "published" }];
    return parts.map((part) => ({ ...one, kind: "published", id: `${id}/${part}`, part }));
  }
  const kind = name.endsWith(".jsonl") ? "samples" : "report";
  return holds(kind, file, changed) ? [{ ...one, kind }] : [];
}

function entries(folder: string): fs.Dirent[] {
  try {
    return fs.readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

function real(file: string): string {
  try {
    return fs.realpathSync(file);
  } catch {
    return file;
  }
}

const judged = new Map<string, { readonly changed: number; readonly yes: boolean }>();

/** Told by a file's beginning, which is all that is read for it. */
function holds(kind: "samples" | "report", file: string, changed: number): boolean {
  const known = judged.get(file);
  if (known?.changed === changed) return known.yes;
  const yes = kind === "samples" ? startsAnEvaluation(file) : startsAReport(file);
  judged.set(file, { changed, yes });
  return yes;
}

/** Only an evaluation's first line says what was evaluated. */
const startsAnEvaluation = (file: string): boolean =>
  /"sample":.*"evaluation":\{/.test(beginning(file, 2 ** 20).split("\n", 1)[0]!);

/** A file called a report is one, be it torn, unless it compares several; any other only where it begins as one does. */
function startsAReport(file: string): boolean {
  const text = beginning(file, 2 ** 14);
  if (/^\s*\{\s*"title":[^\n]*\s*"comparisons":/.test(text)) return false;
  return file.endsWith(".report.json") || /^\s*\{[\s\S]*"benchmark":[\s\S]*"pass@1":/.test(text);
}

function beginning(file: string, most: number): string {
  try {
    const handle = fs.openSync(file, "r");
    try {
      const bytes = Buffer.alloc(most);
      return bytes.toString("utf8", 0, fs.readSync(handle, bytes, 0, most, 0));
    } finally {
      fs.closeSync(handle);
    }
  } catch {
    return "";
  }
}
