/** What a benchmark is: a name, the files it comes in, and how one record becomes a question with its judge. */
import { UserError, usageError } from "../../error.ts";
import type { Item, Judge } from "../item.ts";
import type { BenchmarkFile, BenchmarkRecord } from "./records.ts";

/** What of a benchmark is wanted. */
export interface Selection {
  /** Questions; where the benchmark has groups (families, tasks, languages), of each of them. Undefined: the benchmark's own number. */
  readonly items?: number;
  /** Only these groups. */
  readonly families?: readonly string[];
  /** Wordings of procedural questions, by number. */
  readonly wordings?: readonly (number | "any")[];
  /** How hard procedural questions are, from 1. */
  readonly level?: number;
  readonly seed: number;
}

/** A benchmark whose questions lie in a file. */
export interface FileBenchmark {
  readonly name: string;
  readonly about: string;
  /** Licence and what may be done with it. */
  readonly licence: string;
  /** Names its file goes by, without .gz; the first is the usual one. Empty: only by a path. */
  readonly files: readonly string[];
  /** What the groups are called, where it has any. */
  readonly grouped?: string;
  /** Whether a record looks like this benchmark's: how a file given by its path is recognised. */
  readonly fits: (record: BenchmarkRecord) => boolean;
  /** Whether a record is a question of it, where its file also has others. */
  readonly takes?: (record: BenchmarkRecord) => boolean;
  /** @throws UserError for a record that lacks something */
  readonly question: (
    record: BenchmarkRecord,
    context: { readonly index: number; readonly seed: number },
  ) => FileQuestion;
}

/** What a record says; the rest of an Item follows from it. */
export interface FileQuestion {
  /** Left out: the benchmark's name and the record's number from 0. */
  readonly id?: string;
  /** The question alone. */
  readonly text: string;
  readonly prompt: string;
  readonly gold: string;
  readonly judge: Judge;
  readonly labels?: Readonly<Record<string, string>>;
  /** Left out: the benchmark's name. */
  readonly group?: string;
  /** Equal for the same question in several forms, such as languages. Left out: the id. */
  readonly question?: string;
}

/** The items of a file. @throws UserError for records that lack something, for a name twice, and for a selection it does not have */
export function itemsOf(benchmark: FileBenchmark, file: BenchmarkFile, selection: Selection): Item[] {
  refuse(benchmark, selection);
  const seen = new Map<string, string>();
  const perGroup = new Map<string, number>();
  const wanted = selection.families === undefined ? null : new Set(selection.families);
  const items: Item[] = [];
  for (const [index, record] of file.records.entries()) {
    if (benchmark.takes?.(record) === false) continue;
    const own = benchmark.question(record, { index, seed: selection.seed });
    const id = own.id ?? `${benchmark.name}/${index}`;
    const before = seen.get(id);
    if (before !== undefined) throw twice(record, id, before);
    seen.set(id, record.where);
    const group = own.group ?? benchmark.name;
    const count = perGroup.get(group) ?? 0;
    perGroup.set(group, count + 1);
    if (wanted !== null && !wanted.has(group)) continue;
    if (count >= (selection.items ?? Number.POSITIVE_INFINITY)) continue;
    const { text, prompt, gold, judge, labels, question = id } = own;
    items.push({
      id,
      group,
      variant: null,
      question,
      prompt,
      text,
      gold,
      judge,
      ...(labels === undefined ? {} : { labels }),
    });
  }
  for (const name of wanted ?? []) if (!perGroup.has(name)) throw noGroup(benchmark, name, [...perGroup.keys()]);
  return items;
}

function refuse({ name, grouped }: FileBenchmark, { families, wordings, level }: Selection): void {
  const flag = wordings !== undefined ? "--wordings" : level !== undefined ? "--level" : null;
  if (flag !== null) throw usageError(`${flag} is for the procedural tasks; ${name} has none: leave it out`, flag);
  if (families !== undefined && grouped === undefined) {
    throw usageError(`--families has no meaning for ${name}, which is not divided; leave it out`, "--families");
  }
}

function noGroup({ name, grouped }: FileBenchmark, family: string, groups: readonly string[]): UserError {
  return usageError(`${name} has no ${grouped} "${family}"; there are ${groups.join(", ")}`, "--families");
}

function twice({ where }: BenchmarkRecord, id: string, before: string): UserError {
  return new UserError(`${where}: the id "${id}" is that of ${before} already; every question needs its own.`, {
    type: "bad_input",
    param: where,
  });
}
