// Where tests find the real weights and oracles that lie beside the checkout; they skip, and say so, where these are missing.

import fs from "node:fs";
import path from "node:path";
import { gunzipSync } from "node:zlib";

const FOLDER = path.resolve(import.meta.dirname, "../../../shared/data");

/** The path of a test file, and for node:test the reason to skip where it is not there. */
export function testData(name: string): { readonly file: string; readonly skip: string | false } {
  const file = path.join(FOLDER, name);
  return { file, skip: fs.existsSync(file) ? false : `SKIPPED: ${file} is not there` };
}

/** Parsed JSON, gunzipped where the name ends in .gz. */
export function readTestJson<T>(name: string): T {
  const bytes = fs.readFileSync(path.join(FOLDER, name));
  return JSON.parse((name.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8")) as T;
}
