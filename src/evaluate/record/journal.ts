/**
 * The items file while an evaluation writes it: a line an answer, flushed to the disk as it comes, so that a kill at any instant
 * loses only answers that were under way. A last line that a kill tore is dropped; everything else that is not an
 * evaluation's is refused and left alone.
 */
import fs from "node:fs";
import path from "node:path";
import { z } from "zod";
import { writeError } from "../../checkpoint/atomic.ts";
import { takeLock } from "../../checkpoint/lock.ts";
import { UserError } from "../../error.ts";
import { JsonLines } from "../../train/jsonl.ts";
import type { Item, Response } from "../item.ts";
import { type Clock, responseOf, type SampleRecord, sampleRecord } from "./sample-record.ts";
import { mismatch, type Settings } from "./settings.ts";

/** Answers of earlier sessions, by item and then by number. */
export type Done = ReadonlyMap<string, ReadonlyMap<number, Response>>;

export class Journal {
  readonly file: string;
  readonly done: Done;
  /** What earlier sessions used up, the last clock of each. */
  readonly clocks: readonly Clock[];
  readonly #lines: JsonLines;
  readonly #settings: Settings;
  readonly #release: () => void;
  #empty: boolean;

  /**
   * Opens a file to begin an evaluation or to go on with it.
   * @throws UserError where it is not this evaluation's: another one's, one of other questions, no evaluation's at all, or being written
   */
  static open(file: string, settings: Settings, items: readonly Item[]): Journal {
    try {
      fs.mkdirSync(path.dirname(path.resolve(file)), { recursive: true });
    } catch (error) {
      throw writeError(error, file);
    }
    const lock = takeLock(`${file}.lock`);
    try {
      const records = readSampleRecords(file);
      if (records.length > 0) check(file, records, settings, items);
      return new Journal(file, settings, records, () => lock.release());
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  private constructor(file: string, settings: Settings, records: readonly SampleRecord[], release: () => void) {
    this.file = file;
    this.#settings = settings;
    this.#release = release;
    this.#lines = new JsonLines(file);
    this.#empty = records.length === 0;
    const done = new Map<string, Map<number, Response>>();
    const clocks = new Map<number, Clock>();
    for (const record of records) {
      const own = done.get(record.id) ?? new Map<number, Response>();
      done.set(record.id, own.set(record.sample, responseOf(record)));
      clocks.set(record.clock.session, record.clock);
    }
    this.done = done;
    this.clocks = [...clocks.values()];
  }

  /** Appends an answer; it is on the disk when this returns. @throws UserError where the disk is full */
  append(item: Item, sample: number, response: Response, clock: Clock): void {
    this.#lines.append({ ...sampleRecord(item, sample, response, clock, this.#empty ? this.#settings : undefined) });
    this.#lines.flush();
    this.#empty = false;
  }

  close(): void {
    this.#lines.close();
    this.#release();
  }
}

const Sample = z.object({
  id: z.string(),
  sample: z.int().nonnegative(),
  response: z.string(),
  correct: z.boolean(),
  score: z.number(),
  clock: z.object({ session: z.int(), seconds: z.number() }),
});

/** The answers of an items file; none where there is no file. A torn last line is left out. @throws UserError for any other line that is none */
export function readSampleRecords(file: string): SampleRecord[] {
  const text = fs.existsSync(file) ? fs.readFileSync(file, "utf8") : "";
  const lines = text.split("\n");
  lines.pop(); // what stands behind the last line end is empty or torn
  const records: SampleRecord[] = [];
  for (const [i, line] of lines.entries()) {
    const record = parsed(line);
    if (record === null) throw notOurs(file, i + 1);
    records.push(record);
  }
  if (records.length === 0 && text.trim() !== "" && !isTornFirst(text)) throw notOurs(file, 1);
  return records;
}

/** Whether a text may be what a kill left of a first line; anything else is somebody's data. */
function isTornFirst(text: string): boolean {
  const id = /^\{"id":"(?:[^"\\\n]|\\.)*/.exec(text)?.[0];
  if (id === undefined) return '{"id":"'.startsWith(text);
  const rest = text.slice(id.length);
  return NEXT_FIELD.startsWith(rest) || rest.startsWith(NEXT_FIELD);
}

const NEXT_FIELD = '","sample":';

function parsed(line: string): SampleRecord | null {
  try {
    const value: unknown = JSON.parse(line);
    return Sample.safeParse(value).success ? (value as SampleRecord) : null;
  } catch {
    return null;
  }
}

function check(file: string, records: readonly SampleRecord[], settings: Settings, items: readonly Item[]): void {
  const before = records[0]!.evaluation;
  if (before === undefined) throw notOurs(file, 1);
  const differs = mismatch(file, { ...before }, settings);
  if (differs !== null) throw differs;
  const known = new Map(items.map((item) => [item.id, item]));
  for (const { id, prompt } of records) {
    const item = known.get(id);
    if (item === undefined || (prompt !== undefined && prompt !== item.prompt)) {
      const what =
        item === undefined
          ? `the question ${id}, which this evaluation does not ask`
          : `another wording of the question ${id}`;
      throw new UserError(
        `${file} holds ${what}; give the same selection to go on with it, or another file to --out.`,
        {
          exitCode: 2,
          type: "mismatch",
          param: "--out",
        },
      );
    }
  }
}

const notOurs = (file: string, line: number): UserError =>
  new UserError(
    `${file}, line ${line}: not an answer of an evaluation; it is left as it is: give another file to --out.`,
    {
      exitCode: 2,
      type: "mismatch",
      param: "--out",
    },
  );
