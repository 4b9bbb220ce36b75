/**
 * The samples of a run as a table that can be filtered, sorted, searched and paged: figures and byte places in SQLite, the texts left
 * in the run's own files. The table lives in the user's cache folder, never in the run, and follows the files.
 */
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import { LAYOUT, openTable } from "./database.ts";
import { Intake } from "./intake.ts";
import { LineReader } from "./lines.ts";
import type { Reading, SamplePage, SampleRow } from "./row.ts";

export interface SampleQuery {
  readonly sort: SortKey;
  readonly descending: boolean;
  readonly task?: string;
  /** Part of the question. */
  readonly text?: string;
  /** Part of the response, three characters or more. */
  readonly response?: string;
  /** The question's number, as the rows tell it. */
  readonly prompt?: number;
  readonly step?: number;
  readonly group?: number;
  readonly least?: number;
  readonly most?: number;
  readonly truncated?: boolean;
}

export const SORT_KEYS = ["step", "reward", "advantage", "tokens", "entropy", "logp"] as const;
export type SortKey = (typeof SORT_KEYS)[number];

/** Answers to queries kept, each a list of row numbers. */
const KEPT_VIEWS = 4;
const SHOWN = 400;

interface View {
  readonly table: string;
  readonly total: number;
  readonly version: number;
}

export class Samples implements Disposable {
  readonly #folder: string;
  readonly #db: DatabaseSync;
  readonly #intake: Intake;
  /** Newest last; each is a temporary table whose row numbers are the order. */
  readonly #views = new Map<string, View>();
  #count = 0;

  /** @param run the run's folder @param cache where tables are kept; made where it is missing */
  constructor(run: string, cache: string) {
    this.#folder = path.join(run, "rollouts");
    fs.mkdirSync(cache, { recursive: true });
    const name = createHash("sha256").update(path.resolve(run)).digest("hex").slice(0, 24);
    this.#db = openTable(path.join(cache, `${name}.${LAYOUT}.sqlite`));
    this.#intake = new Intake(this.#folder, this.#db);
  }

  /** Takes in what was written since, for about so long. @returns null once the table is up to the run's files */
  sync(budgetMs = Number.POSITIVE_INFINITY): Reading | null {
    return this.#intake.read(budgetMs);
  }

  /** Whether the table was up to the files once since it was opened. */
  get complete(): boolean {
    return this.#intake.complete;
  }

  /** Rows `from` to `from + count` of what the query finds. @param version of an earlier page, to page through the same rows */
  page(query: SampleQuery, from: number, count: number, version?: number): SamplePage {
    const view = this.#view(query, version);
    const found = this.#db
      .prepare(
        `SELECT s.*, f.name AS file_name, t.name AS task_name FROM temp.${view.table} v JOIN samples s ON s.id = v.sample
         JOIN files f ON f.id = s.file LEFT JOIN tasks t ON t.id = s.task WHERE v.rowid > ? AND v.rowid <= ? ORDER BY v.rowid`,
      )
      .all(from, from + count);
    return { total: view.total, version: view.version, rows: this.#withTexts(found) };
  }

  /** The whole line of a sample; null where there is none. */
  line(id: number): Record<string, unknown> | null {
    const row = this.#db
      .prepare("SELECT s.*, f.name AS file_name FROM samples s JOIN files f ON f.id = s.file WHERE s.id = ?")
      .get(id);
    if (row === undefined) return null;
    using reader = new LineReader(this.#folder);
    const line = reader.read(String(row.file_name), Number(row.at), Number(row.bytes));
    return line === null ? null : { id, prompt_id: row.prompt, ...line };
  }

  /** What there is to filter by. */
  facets(): Record<string, unknown> {
    const one = this.#db.prepare(
      `SELECT (SELECT count(*) FROM samples) AS total, (SELECT min(step) FROM samples) AS first_step,
       (SELECT max(step) FROM samples) AS last_step, (SELECT min(reward) FROM samples) AS least,
       (SELECT max(reward) FROM samples) AS most`,
    );
    const tasks = this.#db
      .prepare(
        "SELECT t.name, count(*) AS samples FROM samples s JOIN tasks t ON t.id = s.task GROUP BY s.task ORDER BY t.name",
      )
      .all();
    return { ...one.get(), tasks };
  }

  /** A question over the run: of each step that asked it, how it went. */
  overTime(prompt: number): { readonly prompt: string | null; readonly steps: readonly Record<string, unknown>[] } {
    const text = this.#db.prepare("SELECT text FROM prompts WHERE id = ?").get(prompt);
    const steps = this.#db
      .prepare(
        `SELECT step, grp AS "group", count(*) AS samples, avg(reward) AS reward, min(reward) AS least, max(reward) AS most,
         avg(tokens) AS tokens, avg(entropy) AS entropy FROM samples WHERE prompt = ? GROUP BY step, grp ORDER BY step, grp`,
      )
      .all(prompt);
    return { prompt: text === undefined ? null : String(text.text), steps };
  }

  /** The groups of a step in order. */
  groups(step: number): readonly Record<string, unknown>[] {
    return this.#db
      .prepare(
        `SELECT grp AS "group", prompt AS prompt_id, p.text AS prompt, count(*) AS samples, avg(reward) AS reward,
         min(reward) AS least, max(reward) AS most FROM samples s JOIN prompts p ON p.id = s.prompt WHERE step = ?
         GROUP BY grp ORDER BY grp`,
      )
      .all(step);
  }

  /** The steps that left samples. */
  steps(): readonly number[] {
    return this.#db
      .prepare("SELECT DISTINCT step FROM samples ORDER BY step")
      .all()
      .map(({ step }) => Number(step));
  }

  [Symbol.dispose](): void {
    this.#db.close();
  }

  #view(query: SampleQuery, version?: number): View {
    const { where, values } = conditions(query);
    const key = JSON.stringify([query.sort, query.descending, where, values]);
    const wanted = [version, this.#intake.version].map((one) => `${one} ${key}`).find((one) => this.#views.has(one));
    if (wanted !== undefined) {
      const view = this.#views.get(wanted)!;
      this.#views.delete(wanted);
      this.#views.set(wanted, view);
      return view;
    }
    const table = `view${this.#count++}`;
    this.#db
      .prepare(
        `CREATE TEMP TABLE ${table} AS SELECT id AS sample FROM samples ${where} ORDER BY ${orderOf(query, where !== "")}`,
      )
      .run(...values);
    const total = Number(this.#db.prepare(`SELECT max(rowid) AS total FROM temp.${table}`).get()!.total ?? 0);
    const view = { table, total, version: this.#intake.version };
    this.#views.set(`${view.version} ${key}`, view);
    for (const [old, { table: unused }] of [...this.#views].slice(0, -KEPT_VIEWS)) {
      this.#db.exec(`DROP TABLE temp.${unused}`);
      this.#views.delete(old);
    }
    return view;
  }

  #withTexts(found: readonly Record<string, unknown>[]): SampleRow[] {
    using reader = new LineReader(this.#folder);
    return found.map((row) => {
      const line = reader.read(String(row.file_name), Number(row.at), Number(row.bytes)) ?? {};
      return {
        id: Number(row.id),
        step: Number(row.step),
        group: Number(row.grp),
        task: String(row.task_name ?? ""),
        prompt_id: Number(row.prompt),
        reward: number(row.reward),
        advantage: number(row.advantage),
        tokens: Number(row.tokens),
        entropy: number(row.entropy),
        logp: number(row.logp),
        truncated: row.truncated === 1,
        prompt: text(line.prompt).slice(0, SHOWN),
        response: text(line.response).slice(0, SHOWN),
        rewards: (line.rewards ?? null) as SampleRow["rewards"],
        reason: typeof line.reason === "string" ? line.reason.slice(0, SHOWN) : null,
      };
    });
  }
}

/**
 * All rows are taken in the very order of an index, so that nothing is sorted: rows without a figure come last, equal ones in the
 * order's own way. Rows that must be looked at for a filter are sorted, since an index would lead to each from anywhere: a plus sign
 * keeps SQLite from using it.
 */
function orderOf({ sort, descending }: SampleQuery, filtered: boolean): string {
  if (sort === "step") return descending ? "step DESC, grp, id" : "step, grp, id";
  const column = filtered ? `+${sort}` : sort;
  return descending ? `${column} DESC, id DESC` : `${column} ASC NULLS LAST, id`;
}

function conditions(query: SampleQuery): { readonly where: string; readonly values: SQLInputValue[] } {
  const parts: string[] = [];
  const values: SQLInputValue[] = [];
  const add = (sql: string, ...given: readonly SQLInputValue[]): void => {
    parts.push(sql);
    values.push(...given);
  };
  if (query.task !== undefined) add("+task = (SELECT id FROM tasks WHERE name = ?)", query.task);
  if (query.prompt !== undefined) add("prompt = ?", query.prompt);
  if (query.step !== undefined) add("step = ?", query.step);
  if (query.group !== undefined) add("grp = ?", query.group);
  if (query.least !== undefined) add("+reward >= ?", query.least);
  if (query.most !== undefined) add("+reward <= ?", query.most);
  if (query.truncated !== undefined) add("truncated = ?", query.truncated ? 1 : 0);
  if (query.text !== undefined)
    add("prompt IN (SELECT id FROM prompts WHERE instr(lower(text), lower(?)) > 0)", query.text);
  if (query.response !== undefined)
    add("id IN (SELECT rowid FROM responses WHERE responses MATCH ?)", `"${query.response.replaceAll('"', '""')}"`);
  return { where: parts.length === 0 ? "" : `WHERE ${parts.join(" AND ")}`, values };
}

const number = (value: unknown): number | null => (typeof value === "number" && Number.isFinite(value) ? value : null);
const text = (value: unknown): string => (typeof value === "string" ? value : "");
