/** Reading a benchmark's file: JSON lines, a JSON array or CSV, gzipped or not, as records that know where they stand. */
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import { UserError } from "../../error.ts";
import { parseCsv } from "./csv.ts";

/** One entry of a file, and the words an error finds it by. */
export interface BenchmarkRecord {
  readonly fields: Readonly<Record<string, unknown>>;
  /** Such as "gsm8k.jsonl, line 3". */
  readonly where: string;
}

export interface BenchmarkFile {
  readonly path: string;
  readonly records: readonly BenchmarkRecord[];
  /** SHA-256 of the file as it lies there. */
  readonly sha256: string;
}

/** Reads a file. @throws UserError naming the file and the line of what cannot be read */
export function readBenchmarkFile(file: string): BenchmarkFile {
  const bytes = readBytes(file);
  const text = decode(file, bytes);
  const records = recordsOf(path.basename(file), text);
  if (records.length === 0)
    throw bad(file, `${file} holds no questions; give a file of JSON lines, a JSON array or CSV.`);
  return { path: file, records, sha256: createHash("sha256").update(bytes).digest("hex") };
}

/** The records of a text. @throws UserError */
export function recordsOf(name: string, text: string): BenchmarkRecord[] {
  if (/\.csv(\.gz)?$/i.test(name)) return csvRecords(name, text);
  return /^\s*\[/.test(text) ? arrayRecords(name, text) : lineRecords(name, text);
}

function lineRecords(name: string, text: string): BenchmarkRecord[] {
  const records: BenchmarkRecord[] = [];
  for (const [i, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const where = `${name}, line ${i + 1}`;
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      throw bad(name, `${where}: not JSON; every line must be one JSON object (the line begins ${quote(line)}).`);
    }
    records.push({ fields: asObject(value, where, name), where });
  }
  return records;
}

function arrayRecords(name: string, text: string): BenchmarkRecord[] {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch (error) {
    throw bad(name, `${name}: not JSON (${error instanceof Error ? error.message : String(error)}).`);
  }
  return (list as unknown[]).map((value, i) => {
    const where = `${name}, entry ${i + 1}`;
    return { fields: asObject(value, where, name), where };
  });
}

function csvRecords(name: string, text: string): BenchmarkRecord[] {
  const [head, ...rows] = parseCsv(text, (line, what) => bad(name, `${name}, line ${line}: ${what}.`));
  if (head === undefined) return [];
  return rows.map(({ cells, line }) => {
    const where = `${name}, line ${line}`;
    if (cells.length !== head.cells.length) {
      throw bad(name, `${where}: ${cells.length} columns, where the head has ${head.cells.length}.`);
    }
    return { fields: Object.fromEntries(head.cells.map((key, i) => [key.trim(), cells[i]!])), where };
  });
}

function asObject(value: unknown, where: string, name: string): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw bad(name, `${where}: a JSON object was expected, not ${quote(JSON.stringify(value))}.`);
}

function readBytes(file: string): Buffer {
  try {
    return fs.readFileSync(file);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const why = code === "ENOENT" ? "there is no such file" : code === "EISDIR" ? "it is a folder" : `${code}`;
    throw bad(file, `The benchmark ${file} cannot be read: ${why}.`);
  }
}

function decode(file: string, bytes: Buffer): string {
  try {
    const plain = bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes;
    return new TextDecoder("utf-8", { fatal: true }).decode(plain); // drops a byte-order mark
  } catch (error) {
    const how = error instanceof TypeError ? "it is not UTF-8 text" : "it is not whole gzip data";
    throw bad(file, `The benchmark ${file} cannot be read: ${how}.`);
  }
}

const quote = (text: string): string => JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}...` : text);

const bad = (file: string, message: string): UserError => new UserError(message, { type: "bad_input", param: file });
