/**
 * The evaluations in the folder of runs: files that `reckon eval --out` wrote there or one folder down. As with runs, a name from
 * a request is only compared with the list's, never put into a path.
 */
import fs from "node:fs";
import path from "node:path";
import { UserError } from "../../error.ts";
import { summarize } from "../../evaluate/accuracy.ts";
import { type ReadSamples, readSamples } from "../../evaluate/record/read-samples.ts";
import { DEFAULT_PRICE_PER_CORE_HOUR } from "../../generate/cost.ts";
import { ApiError } from "../errors.ts";

export interface FoundEvaluation {
  /** The path below the folder, with slashes. */
  readonly id: string;
  readonly file: string;
  /** Of the last change, in milliseconds since 1970. */
  readonly changed: number;
}

/** Evaluations, last changed first. */
export function findEvaluations(root: string): FoundEvaluation[] {
  const found = entries(root).flatMap((entry) => {
    const full = path.join(root, entry.name);
    if (entry.isFile()) return [{ id: entry.name, file: full }];
    if (!entry.isDirectory() && !entry.isSymbolicLink()) return [];
    return entries(full)
      .filter((inner) => inner.isFile())
      .map((inner) => ({ id: `${entry.name}/${inner.name}`, file: path.join(full, inner.name) }));
  });
  return found
    .filter(({ file }) => file.endsWith(".jsonl") && !OTHERS.has(path.basename(file)))
    .map((one) => ({ ...one, changed: fs.statSync(one.file, { throwIfNoEntry: false })?.mtimeMs ?? 0 }))
    .filter(isEvaluation)
    .sort((a, b) => b.changed - a.changed);
}

/** @throws ApiError 404 where the list has no such evaluation */
export function evaluationNamed(root: string, id: string): FoundEvaluation {
  const found = findEvaluations(root).find((one) => one.id === id);
  if (found !== undefined) return found;
  throw new ApiError(404, `There is no evaluation ${JSON.stringify(id.slice(0, 200))} in ${root}.`, {
    code: "evaluation_not_found",
  });
}

/** Files of runs that hold other things. */
const OTHERS: ReadonlySet<string> = new Set(["metrics.jsonl", "evaluations.jsonl"]);

function entries(folder: string): fs.Dirent[] {
  try {
    return fs.readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

const judged = new Map<string, { readonly changed: number; readonly yes: boolean }>();

/** Only an evaluation's first line says what was evaluated. */
function isEvaluation({ file, changed }: FoundEvaluation): boolean {
  const known = judged.get(file);
  if (known?.changed === changed) return known.yes;
  let yes = false;
  try {
    const handle = fs.openSync(file, "r");
    const bytes = Buffer.alloc(2 ** 20);
    const read = fs.readSync(handle, bytes, 0, bytes.length, 0);
    fs.closeSync(handle);
    yes = /"sample":.*"evaluation":\{/.test(bytes.toString("utf8", 0, read).split("\n", 1)[0]!);
  } catch {}
  judged.set(file, { changed, yes });
  return yes;
}

/** Bytes of the files read lately that are kept: people go to and fro between a few. The one read last always is. */
const KEPT = 256e6;
const reading = new Map<
  string,
  { readonly changed: number; readonly bytes: number; readonly read: Promise<ReadSamples> }
>();

/** @throws UserError naming the line that is no answer */
export function readEvaluation({ file, changed }: FoundEvaluation): Promise<ReadSamples> {
  const known = reading.get(file);
  reading.delete(file);
  const current = known?.changed === changed;
  const bytes = current ? known.bytes : (fs.statSync(file, { throwIfNoEntry: false })?.size ?? 0);
  const read = current ? known.read : readSamples(file, unjudged);
  reading.set(file, { changed, bytes, read });
  let kept = [...reading.values()].reduce((sum, one) => sum + one.bytes, 0);
  for (const [old, one] of [...reading].slice(0, -1)) {
    if (kept <= KEPT) break;
    reading.delete(old);
    kept -= one.bytes;
  }
  return read;
}

const unjudged = (id: string) => () => {
  throw new UserError(`The answers to ${id} are not judged; \`reckon eval --from-samples\` judges them.`);
};

const briefs = new Map<string, { readonly changed: number; readonly brief: Record<string, unknown> }>();

/** What the list and the picture show of an evaluation; of a file that cannot be read, why. */
export async function briefOf(found: FoundEvaluation): Promise<Record<string, unknown>> {
  const known = briefs.get(found.file);
  if (known?.changed === found.changed) return known.brief;
  let brief: Record<string, unknown> = { id: found.id, updated: found.changed / 1000 };
  try {
    brief = { ...brief, ...figuresOf(await readEvaluation(found)) };
  } catch (error) {
    brief = { ...brief, failure: error instanceof Error ? error.message : String(error) };
  }
  briefs.set(found.file, { changed: found.changed, brief });
  return brief;
}

function figuresOf({ name, settings, results, used }: ReadSamples): Record<string, unknown> {
  const summary = summarize({ results, samples: 1 });
  const responses = results.flatMap((result) => result.responses);
  const answers = Math.max(1, responses.length);
  const tokens = responses.reduce((sum, response) => sum + response.tokens, 0) / answers;
  const core = used?.core_seconds ?? null;
  return {
    benchmark: settings?.benchmark ?? name,
    model: settings?.model ?? null,
    temperature: settings?.temperature ?? null,
    max_tokens: settings?.max_tokens ?? null,
    questions: results.length,
    answers: responses.length,
    accuracy: summary.accuracy,
    low: summary.interval.low,
    high: summary.interval.high,
    /** New tokens and US dollars of processor time an answer. */
    tokens: Number.isFinite(tokens) ? tokens : null,
    usd: core === null ? null : ((core / 3600) * DEFAULT_PRICE_PER_CORE_HOUR) / answers,
    seconds: used?.seconds ?? null,
    groups: summary.groups.map(({ group, accuracy }) => ({ group, accuracy })),
  };
}
