/** What the list, the picture and the comparison show of an evaluation, whether its answers are there or figures alone. */

import fs from "node:fs";
import { UserError } from "../../error.ts";
import { summarize } from "../../evaluate/accuracy.ts";
import { DEFAULT_RATE, rateText } from "../../evaluate/cost/cost.ts";
import { type ReadSamples, readSamples } from "../../evaluate/record/read-samples.ts";
import { DEFAULT_PRICE_PER_CORE_HOUR } from "../../generate/cost.ts";
import { type FigureFile, readPublished, readReport } from "./figure-files.ts";
import type { FoundEvaluation } from "./places.ts";

/** Null is unknown throughout. */
export interface Figures {
  readonly benchmark: string;
  readonly model: string | null;
  readonly temperature: number | null;
  readonly max_tokens: number | null;
  readonly questions: number;
  readonly answers: number;
  readonly accuracy: number;
  /** 95 %. */
  readonly low: number;
  readonly high: number;
  /** New tokens, thinking tokens and US dollars an answer. */
  readonly tokens: number | null;
  readonly thinking: number | null;
  readonly usd: number | null;
  /** What the dollars rest on, in words. */
  readonly rate: string | null;
  readonly seconds: number | null;
  readonly groups: readonly Part[];
  /** Further divisions, by name. Of figures alone; of answers the groups. */
  readonly divisions: readonly { readonly by: string; readonly parts: readonly Part[] }[];
  /** How it was made. Of figures alone. */
  readonly settings: Readonly<Record<string, string | number | boolean>>;
}

export interface Part {
  readonly group: string;
  readonly n: number;
  readonly accuracy: number;
  readonly thinking: number | null;
}

/** @throws UserError where the file cannot be read */
export async function figuresOf(found: FoundEvaluation): Promise<Figures> {
  if (found.kind === "samples") return ofSamples(await readEvaluation(found));
  return ofRow(figureFile(found));
}

/** Of a report, the file of answers that it says it is of. */
export const itemsOf = (found: FoundEvaluation): string | null => figureFile(found).row.items ?? null;

function figureFile({ kind, file, part }: FoundEvaluation): FigureFile {
  if (kind === "report") return readReport(file);
  const parts = readPublished(file);
  const own = parts.get(part) ?? [...parts.values()][0];
  if (own === undefined) throw new UserError("evaluation.json holds no evaluation; `reckon publish` writes one.");
  return own;
}

function ofSamples({ name, settings, results, used }: ReadSamples): Figures {
  const { accuracy, interval, thinking, groups } = summarize({ results, samples: 1 });
  const responses = results.flatMap((result) => result.responses);
  const answers = Math.max(1, responses.length);
  const core = used?.core_seconds ?? null;
  return {
    benchmark: settings?.benchmark ?? name,
    model: settings?.model ?? null,
    temperature: settings?.temperature ?? null,
    max_tokens: settings?.max_tokens ?? null,
    questions: results.length,
    answers: responses.length,
    accuracy,
    ...interval,
    tokens: known(responses.reduce((sum, response) => sum + response.tokens, 0) / answers),
    thinking: known(thinking),
    usd: core === null ? null : ((core / 3600) * DEFAULT_PRICE_PER_CORE_HOUR) / answers,
    rate: core === null ? null : rateText(DEFAULT_RATE),
    seconds: used?.seconds ?? null,
    groups: groups.map(({ group, n, accuracy, thinking }) => ({ group, n, accuracy, thinking: known(thinking) })),
    divisions: [],
    settings: {},
  };
}

/** A division into more than this is no table to read. */
const MOST_PARTS = 60;

function ofRow({ row, settings }: FigureFile): Figures {
  const { cost, samples, n, by_family, by_wording, by = {} } = row;
  const [low, high] = row["pass@1_interval"];
  const answers = n * samples;
  const each = (all: number | null | undefined): number | null =>
    all === null || all === undefined || answers === 0 ? null : all / answers;
  const usd = cost?.per_answer?.usd ?? each(cost?.usd);
  const perCoreHour = cost?.usd_per_core_hour;
  const stated = cost?.rate ?? (perCoreHour === undefined ? null : rateText({ kind: "core-hour", usd: perCoreHour }));
  const tellable = Object.entries({ family: by_family, wording: by_wording, ...by }).map(([by, values]) => ({
    by,
    parts: Object.entries(values ?? {}).map(([group, one]) => ({
      ...{ group, n: one.n, accuracy: one["pass@1"], thinking: one.mean_thinking_tokens ?? null },
    })),
  }));
  const divisions = tellable.filter(({ parts }) => parts.length > 1 && parts.length <= MOST_PARTS);
  const told = Object.entries(settings).flatMap(([name, value]) =>
    value === null || name === "benchmark" || name === "model" ? [] : [[name, value] as const],
  );
  const tokenLimit = settings.max_tokens;
  return {
    benchmark: row.benchmark,
    model: row.model ?? null,
    temperature: row.temperature ?? null,
    max_tokens: typeof tokenLimit === "number" ? tokenLimit : null,
    questions: n,
    answers,
    accuracy: row["pass@1"],
    low,
    high,
    tokens: cost?.per_answer?.tokens ?? each(row.tokens?.completion),
    thinking: row.mean_thinking_tokens ?? null,
    usd,
    rate: usd === null ? null : stated,
    seconds: row.seconds ?? null,
    groups: by_family === undefined ? (divisions[0]?.parts ?? []) : tellable[0]!.parts,
    divisions,
    settings: Object.fromEntries(told),
  };
}

/** Bytes of the files read lately that are kept: people go to and fro between a few. The one read last always is. */
const KEPT = 256e6;
const reading = new Map<
  string,
  { readonly changed: number; readonly bytes: number; readonly read: Promise<ReadSamples> }
>();

/** The answers of an evaluation. @throws UserError naming the line that is no answer */
export function readEvaluation({ file, changed }: FoundEvaluation): Promise<ReadSamples> {
  const before = reading.get(file);
  reading.delete(file);
  const current = before?.changed === changed;
  const bytes = current ? before.bytes : (fs.statSync(file, { throwIfNoEntry: false })?.size ?? 0);
  const read = current ? before.read : readSamples(file, unjudged);
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

const known = (value: number): number | null => (Number.isFinite(value) ? value : null);
