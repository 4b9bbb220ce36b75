/** The table of a run's samples: where it is kept, its columns and what it is found by. */
import fs from "node:fs";
import { DatabaseSync } from "node:sqlite";

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS files (id INTEGER PRIMARY KEY, name TEXT UNIQUE, bytes INTEGER, inode INTEGER, changed REAL);
  CREATE TABLE IF NOT EXISTS prompts (id INTEGER PRIMARY KEY, text TEXT UNIQUE);
  CREATE TABLE IF NOT EXISTS tasks (id INTEGER PRIMARY KEY, name TEXT UNIQUE);
  CREATE TABLE IF NOT EXISTS samples (
    id INTEGER PRIMARY KEY, file INTEGER, at INTEGER, bytes INTEGER, step INTEGER, grp INTEGER, task INTEGER, prompt INTEGER,
    reward REAL, advantage REAL, tokens INTEGER, entropy REAL, logp REAL, truncated INTEGER);
  CREATE VIRTUAL TABLE IF NOT EXISTS responses USING fts5(
    text, content = '', contentless_delete = 1, tokenize = 'trigram');
  CREATE INDEX IF NOT EXISTS by_file ON samples (file);
`;

/** Made once everything is read, which is faster than keeping them in order all the while: name and columns. */
export const INDEXES = [
  ["by_step", "step, grp"],
  ["by_prompt", "prompt, step"],
  ["by_task", "task"],
  ["by_reward", "reward"],
  ["by_advantage", "advantage"],
  ["by_tokens", "tokens"],
  ["by_entropy", "entropy"],
  ["by_logp", "logp"],
] as const;

/** Raised when the columns change: an older table is made anew. */
export const LAYOUT = 2;

/** A table that is damaged is made anew: everything in it is in the run's files. */
export function openTable(file: string): DatabaseSync {
  for (let tries = 0; ; tries++) {
    const db = new DatabaseSync(file);
    try {
      db.exec(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA busy_timeout = 5000; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -65536",
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
