/**
 * Where pulled models lie: RECKON_HOME/models/ORG/NAME, with @QUANTIZATION after it where one was chosen among several; ~/.reckon without RECKON_HOME.
 * A folder counts as a model once its record (pulled.json) is in it, which is written last.
 */
import fs from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { UserError } from "../../error.ts";
import { type HubName, nameText, readName } from "./name.ts";

export interface PulledFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** What is known of a pulled model: its record. */
export interface Pulled {
  /** ORG/NAME. */
  readonly repo: string;
  readonly endpoint: string;
  readonly revision: string;
  readonly commit: string;
  /** "safetensors" or a GGUF quantization. */
  readonly quantization: string;
  /** When, ISO 8601. */
  readonly pulled: string;
  readonly files: readonly PulledFile[];
}

export interface StoredModel extends Pulled {
  /** As a MODEL argument names it. */
  readonly name: string;
  readonly folder: string;
  readonly bytes: number;
}

export const RECORD = "pulled.json";

/** Where all pulled models lie. */
export const storeFolder = (): string =>
  path.join(process.env.RECKON_HOME || path.join(homedir(), ".reckon"), "models");

/** The folder of one, whether it is there or not. */
export const folderOf = (repo: string, quantization: string): string =>
  path.join(storeFolder(), ...`${repo}@${quantization}`.split("/"));

/** All pulled models, by name. What has no readable record is none. */
export function listStored(): StoredModel[] {
  const root = storeFolder();
  return subfolders(root)
    .flatMap((org) => subfolders(path.join(root, org)).map((name) => readStored(path.join(root, org, name))))
    .filter((one) => one !== null)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * The pulled model of a name; null where the text is no name or nothing of that name was pulled.
 * @throws UserError where the name fits several
 */
export function findStored(text: string): StoredModel | null {
  const name = readName(text);
  if (name === null) return null;
  const fitting = listStored().filter(
    ({ repo, quantization }) =>
      repo.toLowerCase() === name.repo.toLowerCase() &&
      (name.quantization === null || quantization.toLowerCase() === name.quantization.toLowerCase()),
  );
  if (fitting.length <= 1) return fitting[0] ?? null;
  throw new UserError(
    `${text} was pulled in ${fitting.length} forms; name one of ${fitting.map((one) => one.name).join(", ")}.`,
    {
      param: text,
      type: "model_not_found",
    },
  );
}

/**
 * The place a MODEL argument means: what is on the disk by that path, else the pulled model of that name. Paths that look like no
 * hub's name pass as they are, for who opens them to refuse.
 * @throws UserError where it is neither
 */
export function locateModel(given: string): string {
  if (readName(given) === null || fs.existsSync(given)) return given;
  const stored = findStored(given);
  if (stored !== null) return placeOf(stored);
  throw new UserError(
    `${given} does not exist, and no model of that name was pulled; check the path, or fetch it with \`reckon pull ${given}\`.`,
    { param: given, type: "model_not_found" },
  );
}

/** What to open of a pulled model: its folder, or its first GGUF file. */
export function placeOf({ folder, files }: StoredModel): string {
  const first = files
    .map((file) => file.path)
    .filter((file) => /\.gguf$/i.test(file))
    .sort()[0];
  return first === undefined ? folder : path.join(folder, first);
}

/** Removes a pulled model. @returns it. @throws UserError where there is none of that name, or several */
export function removeStored(text: string): StoredModel {
  const stored = findStored(text);
  if (stored === null) {
    const names = listStored().map((one) => one.name);
    const there = names.length === 0 ? "none was pulled" : `there are ${names.join(", ")}`;
    throw new UserError(`No pulled model is named "${text}"; ${there}.`, { param: "name", type: "model_not_found" });
  }
  // without its record it is no model any more, should the rest be interrupted
  fs.rmSync(path.join(stored.folder, RECORD));
  fs.rmSync(stored.folder, { recursive: true, force: true });
  const org = path.dirname(stored.folder);
  if (fs.readdirSync(org).length === 0) fs.rmdirSync(org);
  return stored;
}

/** The model of a folder; null where its record is missing or not one. */
export function readStored(folder: string): StoredModel | null {
  let record: Pulled;
  try {
    record = JSON.parse(fs.readFileSync(path.join(folder, RECORD), "utf8"));
  } catch {
    return null;
  }
  const { repo, quantization, files } = record ?? {};
  if (typeof repo !== "string" || typeof quantization !== "string" || !Array.isArray(files)) return null;
  const name: HubName = { repo, quantization };
  return { ...record, name: nameText(name), folder, bytes: files.reduce((sum, file) => sum + file.bytes, 0) };
}

function subfolders(folder: string): string[] {
  try {
    const entries = fs.readdirSync(folder, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory() && !/^\.|\.partial$/.test(entry.name))
      .map((entry) => entry.name);
  } catch {
    return [];
  }
}
