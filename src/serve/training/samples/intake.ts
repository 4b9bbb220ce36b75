/**
 * Takes a run's rollouts into the table, a stretch of time at a time, so that who asks meanwhile can be told how far it is. It reads on
 * where it stopped, and forgets files that a resumed run removed or wrote anew.
 */
import fs from "node:fs";
import path from "node:path";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { INDEXES } from "./database.ts";
import { linesFrom } from "./lines.ts";
import type { Reading } from "./row.ts";

/** Of a longer response only the beginning can be searched: three letters of it take some twice their bytes. */
const SEARCHED = 50_000;
/** Questions whose number is kept at hand. */
const REMEMBERED = 20_000;
/** Lines between two looks at the clock. */
const LINES = 200;

export class Intake {
  readonly #folder: string;
  readonly #db: DatabaseSync;
  readonly #known: StatementSync;
  readonly #prompts: Names;
  readonly #tasks: Names;
  /** How many of the indexes are there. */
  #indexed = 0;
  /** Changes with the rows. */
  version = 0;

  constructor(folder: string, db: DatabaseSync) {
    this.#folder = folder;
    this.#db = db;
    this.#known = db.prepare("SELECT id, name, bytes, inode, changed FROM files");
    this.#prompts = new Names(db, "prompts", "text");
    this.#tasks = new Names(db, "tasks", "name");
  }

  /** Whether the table was up to the files once. */
  get complete(): boolean {
    return this.#indexed === INDEXES.length;
  }

  /**
   * Takes in what was written since, for about `budgetMs`; a transaction, so that nothing is half known.
   * @returns null once the table is up to the files
   */
  read(budgetMs: number): Reading | null {
    const until = performance.now() + budgetMs;
    this.#db.exec("BEGIN");
    let reading: Reading | null;
    try {
      reading = this.#readFiles(until);
      this.#db.exec("COMMIT");
    } catch (error) {
      this.#db.exec("ROLLBACK");
      throw error;
    }
    return reading ?? this.#index(until);
  }

  #readFiles(until: number): Reading | null {
    const known = new Map(this.#known.all().map((row) => [String(row.name), row]));
    let [read, all, whole] = [0, 0, true];
    for (const name of rolloutFiles(this.#folder)) {
      const stat = fs.statSync(path.join(this.#folder, name), { throwIfNoEntry: false });
      if (stat === undefined) continue;
      all += stat.size;
      const before = known.get(name);
      known.delete(name);
      if (before !== undefined && before.inode === stat.ino && before.changed === stat.mtimeMs) {
        read += Number(before.bytes);
        continue;
      }
      // One that changed without growing was written anew, unless it is only not known yet whether that was all of it.
      const grown = before?.changed === 0 ? stat.size + 1 : stat.size;
      const goesOn = before !== undefined && before.inode === stat.ino && Number(before.bytes) < grown;
      if (whole) {
        if (before !== undefined && !goesOn) this.#forget(Number(before.id));
        const taken = this.#take(name, stat, goesOn ? Number(before.bytes) : 0, until);
        read += taken.bytes;
        whole = taken.whole;
      } else if (goesOn) read += Number(before.bytes);
    }
    if (!whole) {
      const samples = Number(this.#db.prepare("SELECT max(id) AS last FROM samples").get()!.last ?? 0);
      return { samples, about: Math.round((samples * all) / Math.max(1, read)) };
    }
    for (const gone of known.values()) this.#forget(Number(gone.id));
    return null;
  }

  /** At least one index, however late it is; told as everything read, which it is. */
  #index(until: number): Reading | null {
    while (this.#indexed < INDEXES.length) {
      const [name, columns] = INDEXES[this.#indexed]!;
      this.#db.exec(`CREATE INDEX IF NOT EXISTS ${name} ON samples (${columns})`);
      this.#indexed++;
      if (this.#indexed === INDEXES.length || performance.now() < until) continue;
      const samples = Number(this.#db.prepare("SELECT count(*) AS rows FROM samples").get()!.rows);
      return { samples, about: samples };
    }
    return null;
  }

  #forget(file: number): void {
    this.version++;
    this.#db.prepare("DELETE FROM responses WHERE rowid IN (SELECT id FROM samples WHERE file = ?)").run(file);
    this.#db.prepare("DELETE FROM samples WHERE file = ?").run(file);
    this.#db.prepare("DELETE FROM files WHERE id = ?").run(file);
  }

  #take(
    name: string,
    stat: fs.Stats,
    from: number,
    until: number,
  ): { readonly bytes: number; readonly whole: boolean } {
    this.#db
      .prepare(
        "INSERT INTO files (name, bytes, inode, changed) VALUES (?, ?, ?, 0) ON CONFLICT (name) DO UPDATE SET changed = 0",
      )
      .run(name, from, stat.ino);
    const file = Number(this.#db.prepare("SELECT id FROM files WHERE name = ?").get(name)!.id);
    const insert = this.#db.prepare(
      `INSERT INTO samples (file, at, bytes, step, grp, task, prompt, reward, advantage, tokens, entropy, logp, truncated)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    const search = this.#db.prepare("INSERT INTO responses (rowid, text) VALUES (?, ?)");
    let [end, lines, whole] = [from, 0, true];
    for (const { at, bytes, row } of linesFrom(path.join(this.#folder, name), from)) {
      end = at + bytes + 1;
      if (row !== null) {
        const tokens = Array.isArray(row.completion_ids) ? row.completion_ids.length : 0;
        const { lastInsertRowid } = insert.run(
          ...[file, at, bytes, number(row.step) ?? Number.parseInt(name, 10), number(row.group) ?? 0],
          ...[
            this.#tasks.of(text(row.task)),
            this.#prompts.of(text(row.prompt)),
            number(row.reward),
            number(row.advantage),
            tokens,
          ],
          ...[mean(row.entropies), mean(row.logps), row.truncated === true ? 1 : 0],
        );
        search.run(lastInsertRowid, text(row.response).slice(0, SEARCHED));
      }
      if (++lines % LINES === 0 && performance.now() >= until) {
        whole = false;
        break;
      }
    }
    if (end > from) this.version++;
    // Only a file that was read to its end counts as known.
    this.#db.prepare("UPDATE files SET bytes = ?, changed = ? WHERE id = ?").run(end, whole ? stat.mtimeMs : 0, file);
    return { bytes: end, whole };
  }
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
      if (this.#known.size >= REMEMBERED) this.#known.clear();
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
