/**
 * The samples of a run as a table that can be filtered, sorted and paged: figures and byte places in SQLite, the texts left in the
 * run's own files. The table lives in the user's cache folder, never in the run, and follows the files: it reads on where it
 * stopped, and forgets files that a resumed run removed or wrote anew.
 */
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { LineReader, linesFrom } from "./lines.ts";

export interface SampleQuery {
  readonly sort: SortKey;
  readonly descending: boolean;
  readonly task?: string;
  /** Part of the question. */
  readonly text?: string;
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

/** A row of the table; texts are the file's, cut short. */
export interface SampleRow {
  readonly id: number;
  readonly step: number;
  readonly group: number;
  readonly task: string;
  readonly prompt_id: number;
  readonly reward: number | null;
  readonly advantage: number | null;
  readonly tokens: number;
  /** Mean over the tokens, in nats. */
  readonly entropy: number | null;
  readonly logp: number | null;
  readonly truncated: boolean;
  readonly prompt: string;
  readonly response: string;
  readonly rewards: unknown;
  readonly reason: string | null;
}

export interface SamplePage {
  readonly total: number;
  /** Names the state of the table; the same query with it pages through the same rows while more are being written. */
  readonly version: number;
  readonly rows: readonly SampleRow[];
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS files (id INTEGER PRIMARY KEY, name TEXT UNIQUE, bytes INTEGER, inode INTEGER, changed REAL);
  CREATE TABLE IF NOT EXISTS prompts (id INTEGER PRIMARY KEY, text TEXT UNIQUE);
  CREATE TABLE IF NOT EXISTS tasks (id INTEGER PRIMARY KEY, name TEXT UNIQUE);
  CREATE TABLE IF NOT EXISTS samples (
    id INTEGER PRIMARY KEY, file INTEGER, at INTEGER, bytes INTEGER, step INTEGER, grp INTEGER, task INTEGER, prompt INTEGER,
    reward REAL, advantage REAL, tokens INTEGER, entropy REAL, logp REAL, truncated INTEGER);
  CREATE INDEX IF NOT EXISTS by_file ON samples (file);
  CREATE INDEX IF NOT EXISTS by_step ON samples (step, grp);
  CREATE INDEX IF NOT EXISTS by_prompt ON samples (prompt, step);
`;

/** Raised when the columns change: an older table is made anew. */
const LAYOUT = 1;
/** Answers to queries kept, each a list of row numbers. */
const KEPT_VIEWS = 4;
const SHOWN = 400;

export class Samples implements Disposable {
  readonly #folder: string;
  readonly #db: DatabaseSync;
  /** Newest last; each is a temporary table whose row numbers are the order. */
  readonly #views = new Map<string, { readonly table: string; readonly total: number; readonly version: number }>();
  #version = 0;
  #count = 0;

  /** @param run the run's folder @param cache where tables are kept; made where it is missing */
  constructor(run: string, cache: string) {
    this.#folder = path.join(run, "rollouts");
    fs.mkdirSync(cache, { recursive: true });
    const name = createHash("sha256").update(path.resolve(run)).digest("hex").slice(0, 24);
    const file = path.join(cache, `${name}.${LAYOUT}.sqlite`);
    this.#db = open(file);
  }

  /** Takes in what was written since; true where anything changed. */
  sync(): boolean {
    const known = new Map(
      this.#db
        .prepare("SELECT id, name, bytes, inode, changed FROM files")
        .all()
        .map((row) => [String(row.name), row]),
    );
    let changed = false;
    this.#db.exec("BEGIN");
    try {
      for (const name of rolloutFiles(this.#folder)) {
        const { size, ino, mtimeMs } = fs.statSync(path.join(this.#folder, name));
        const before = known.get(name);
        known.delete(name);
        if (before !== undefined && before.inode === ino && before.changed === mtimeMs) continue;
        const goesOn = before !== undefined && before.inode === ino && Number(before.bytes) < size;
        if (before !== undefined && !goesOn) this.#forget(Number(before.id));
        changed = this.#take(name, ino, mtimeMs, goesOn ? Number(before.bytes) : 0) || !goesOn || changed;
      }
      for (const gone of known.values()) {
        changed = true;
        this.#forget(Number(gone.id));
      }
      this.#db.exec("COMMIT");
    } catch (error) {
      this.#db.exec("ROLLBACK");
      throw error;
    }
    if (changed) this.#version++;
    return changed;
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
      "SELECT count(*) AS total, min(step) AS first_step, max(step) AS last_step, min(reward) AS least, max(reward) AS most FROM samples",
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

  #forget(file: number): void {
    this.#db.prepare("DELETE FROM samples WHERE file = ?").run(file);
    this.#db.prepare("DELETE FROM files WHERE id = ?").run(file);
  }

  /** True where there was a line. */
  #take(name: string, inode: number, changed: number, from: number): boolean {
    this.#db
      .prepare(
        `INSERT INTO files (name, bytes, inode, changed) VALUES (?, ?, ?, ?)
         ON CONFLICT (name) DO UPDATE SET changed = excluded.changed`,
      )
      .run(name, from, inode, changed);
    const file = Number(this.#db.prepare("SELECT id FROM files WHERE name = ?").get(name)!.id);
    const insert = this.#db.prepare(
      `INSERT INTO samples (file, at, bytes, step, grp, task, prompt, reward, advantage, tokens, entropy, logp, truncated)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    const prompts = new Names(this.#db, "prompts", "text");
    const tasks = new Names(this.#db, "tasks", "name");
    let end = from;
    for (const { at, bytes, row } of linesFrom(path.join(this.#folder, name), from)) {
      end = at + bytes + 1;
      if (row === null) continue;
      const tokens = Array.isArray(row.completion_ids) ? row.completion_ids.length : 0;
      insert.run(
        ...[file, at, bytes, number(row.step) ?? Number.parseInt(name, 10), number(row.group) ?? 0],
        ...[tasks.of(text(row.task)), prompts.of(text(row.prompt)), number(row.reward), number(row.advantage), tokens],
        ...[mean(row.entropies), mean(row.logps), row.truncated === true ? 1 : 0],
      );
    }
    this.#db.prepare("UPDATE files SET bytes = ? WHERE id = ?").run(end, file);
    return end > from;
  }

  #view(
    query: SampleQuery,
    version?: number,
  ): { readonly table: string; readonly total: number; readonly version: number } {
    const { where, values } = conditions(query);
    const key = JSON.stringify([query.sort, query.descending, where, values]);
    const wanted = [version, this.#version].map((one) => `${one} ${key}`).find((one) => this.#views.has(one));
    if (wanted !== undefined) {
      const view = this.#views.get(wanted)!;
      this.#views.delete(wanted);
      this.#views.set(wanted, view);
      return view;
    }
    const table = `view${this.#count++}`;
    const way = query.descending ? "DESC" : "ASC";
    const order = query.sort === "step" ? `step ${way}, grp, id` : `${query.sort} ${way} NULLS LAST, id`;
    this.#db
      .prepare(`CREATE TEMP TABLE ${table} AS SELECT id AS sample FROM samples ${where} ORDER BY ${order}`)
      .run(...values);
    const total = Number(this.#db.prepare(`SELECT max(rowid) AS total FROM temp.${table}`).get()!.total ?? 0);
    const view = { table, total, version: this.#version };
    this.#views.set(`${this.#version} ${key}`, view);
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
        rewards: line.rewards ?? null,
        reason: typeof line.reason === "string" ? line.reason.slice(0, SHOWN) : null,
      };
    });
  }
}

/** A table that is damaged is made anew: everything in it is in the run's files. */
function open(file: string): DatabaseSync {
  for (let tries = 0; ; tries++) {
    const db = new DatabaseSync(file);
    try {
      db.exec(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA busy_timeout = 5000; PRAGMA temp_store = MEMORY",
      );
      db.exec(SCHEMA);
      return db;
    } catch (error) {
      db.close();
      if (tries > 0) throw error;
      for (const ending of ["", "-wal", "-shm"]) fs.rmSync(file + ending, { force: true });
    }
  }
}

function conditions(query: SampleQuery): { readonly where: string; readonly values: SQLInputValue[] } {
  const parts: string[] = [];
  const values: SQLInputValue[] = [];
  const add = (sql: string, ...given: readonly SQLInputValue[]): void => {
    parts.push(sql);
    values.push(...given);
  };
  if (query.task !== undefined) add("task = (SELECT id FROM tasks WHERE name = ?)", query.task);
  if (query.prompt !== undefined) add("prompt = ?", query.prompt);
  if (query.step !== undefined) add("step = ?", query.step);
  if (query.group !== undefined) add("grp = ?", query.group);
  if (query.least !== undefined) add("reward >= ?", query.least);
  if (query.most !== undefined) add("reward <= ?", query.most);
  if (query.truncated !== undefined) add("truncated = ?", query.truncated ? 1 : 0);
  if (query.text !== undefined)
    add("prompt IN (SELECT id FROM prompts WHERE instr(lower(text), lower(?)) > 0)", query.text);
  return { where: parts.length === 0 ? "" : `WHERE ${parts.join(" AND ")}`, values };
}

function rolloutFiles(folder: string): string[] {
  return fs.existsSync(folder)
    ? fs
        .readdirSync(folder)
        .filter((name) => /^\d+\.jsonl$/.test(name))
        .sort()
    : [];
}

/** Numbers for texts that come again and again. */
class Names {
  readonly #known = new Map<string, number>();
  readonly #insert;
  readonly #select;
  constructor(db: DatabaseSync, table: string, column: string) {
    this.#insert = db.prepare(`INSERT INTO ${table} (${column}) VALUES (?) ON CONFLICT DO NOTHING`);
    this.#select = db.prepare(`SELECT id FROM ${table} WHERE ${column} = ?`);
  }
  of(name: string): number {
    let id = this.#known.get(name);
    if (id === undefined) {
      this.#insert.run(name);
      id = Number(this.#select.get(name)!.id);
      this.#known.set(name, id);
    }
    return id;
  }
}

const number = (value: unknown): number | null => (typeof value === "number" && Number.isFinite(value) ? value : null);
const text = (value: unknown): string => (typeof value === "string" ? value : "");

function mean(values: unknown): number | null {
  if (!Array.isArray(values) || values.length === 0) return null;
  return values.reduce((sum: number, value) => sum + Number(value), 0) / values.length;
}
