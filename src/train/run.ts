// A run's folder: plain files that are appended to or appear whole, so that a kill at any instant leaves a folder that opens,
// and that a reader (the dashboard, `runs show`) never needs to ask the trainer anything.
//
//   config.json  metrics.jsonl  rollouts/NNNNNN.jsonl  evaluations.jsonl  checkpoints/NNNNNN/  report.{json,md,html}

import fs from "node:fs";
import path from "node:path";
import { atomicWriteFile, recoverFolder, writeError } from "../checkpoint/atomic.ts";
import { type Lock, lockHolder, takeLock } from "../checkpoint/lock.ts";
import { UserError, usageError } from "../error.ts";
import { JsonLines, type JsonRecord, readJsonLines } from "./jsonl.ts";

/** Everything needed to repeat a run. */
export interface RunConfig {
  readonly recipe: string;
  readonly preset: string | null;
  readonly seed: number;
  /** The recipe's options, all of them, defaults included. */
  readonly options: JsonRecord;
  /** Reckon's, Node's and the like. */
  readonly versions: Readonly<Record<string, string>>;
  /** ISO 8601. */
  readonly created: string;
  readonly [more: string]: unknown;
}

export interface CheckpointPlace {
  readonly step: number;
  readonly folder: string;
}

/** A run's folder, open for writing by this process alone. Steps count finished optimizer steps: the first line is step 1. */
export class RunFolder implements Disposable {
  readonly folder: string;
  /** The newest complete checkpoint when the folder was opened, the point to go on from; null: from the start. */
  readonly resumed: CheckpointPlace | null;
  #config: RunConfig;
  readonly #lock: Lock;
  readonly #metrics: JsonLines;
  readonly #evaluations: JsonLines;

  private constructor(folder: string, config: RunConfig, lock: Lock) {
    this.folder = folder;
    this.#config = config;
    this.#lock = lock;
    const checkpoints = path.join(folder, "checkpoints");
    for (const name of ["checkpoints", "rollouts"]) fs.mkdirSync(path.join(folder, name), { recursive: true });
    sweep(checkpoints);
    this.resumed = listCheckpoints(folder).at(-1) ?? null;
    const step = this.resumed?.step ?? 0;
    const done = (record: JsonRecord) => typeof record.step === "number" && record.step <= step;
    this.#metrics = new JsonLines(path.join(folder, "metrics.jsonl"), done);
    this.#evaluations = new JsonLines(path.join(folder, "evaluations.jsonl"), done);
    for (const name of fs.readdirSync(path.join(folder, "rollouts")))
      if (!(Number.parseInt(name, 10) <= step)) fs.rmSync(path.join(folder, "rollouts", name));
  }

  /**
   * Starts a run in a new or empty folder.
   * @throws UserError when the folder already holds a run, is being written by another process, or cannot be written.
   */
  static create(folder: string, config: RunConfig): RunFolder {
    return locked(folder, true, (lock) => {
      if (fs.existsSync(path.join(folder, "config.json")))
        throw usageError(
          `${folder} already holds a run; add --resume to go on with it, or choose another --out.`,
          "out",
        );
      atomicWriteFile(path.join(folder, "config.json"), `${JSON.stringify(config, null, 2)}\n`);
      return new RunFolder(folder, config, lock);
    });
  }

  /**
   * Opens a run to go on: torn lines and everything past the newest complete checkpoint are cut off, so that no step appears twice.
   * @throws UserError when there is no run, or another process writes it.
   */
  static resume(folder: string): RunFolder {
    readRunConfig(folder);
    return locked(folder, false, (lock) => new RunFolder(folder, readRunConfig(folder), lock));
  }

  get config(): RunConfig {
    return this.#config;
  }

  /** Replaces config.json, for a run that goes on with other options. */
  amend(config: RunConfig): void {
    atomicWriteFile(path.join(this.folder, "config.json"), `${JSON.stringify(config, null, 2)}\n`);
    this.#config = config;
  }

  /** The line of a finished step; `step` must be in it. @throws UserError when the disk is full. */
  appendMetrics(record: JsonRecord & { readonly step: number }): void {
    this.#metrics.append(record);
  }

  appendEvaluation(record: JsonRecord & { readonly step: number }): void {
    this.#evaluations.append(record);
  }

  /** The lines of metrics.jsonl and evaluations.jsonl so far. */
  metrics(): JsonRecord[] {
    return readJsonLines(path.join(this.folder, "metrics.jsonl"));
  }
  evaluations(): JsonRecord[] {
    return readJsonLines(path.join(this.folder, "evaluations.jsonl"));
  }

  /** Writes the samples of a step, one line each, as one whole file. */
  writeRollouts(step: number, samples: readonly JsonRecord[]): void {
    const lines = samples.map((sample) => `${JSON.stringify(sample)}\n`).join("");
    atomicWriteFile(path.join(this.folder, "rollouts", `${stepName(step)}.jsonl`), lines);
  }

  /**
   * Saves the checkpoint of a finished step: `save` must write the folder it is given atomically (saveModelFolder does). What was
   * logged up to here reaches the disk first; after it, only the last `keep` checkpoints stay.
   */
  async checkpoint(step: number, keep: number, save: (folder: string) => Promise<void>): Promise<CheckpointPlace> {
    this.#metrics.flush();
    this.#evaluations.flush();
    const folder = path.join(this.folder, "checkpoints", stepName(step));
    await save(folder);
    for (const old of listCheckpoints(this.folder).slice(0, -Math.max(1, keep))) discard(old.folder);
    return { step, folder };
  }

  /**
   * Removes the checkpoint of `step`, whose numbers are no good, where an older one is there to go on from.
   * @returns the newest checkpoint before `step`; null: there is none, and nothing was removed.
   */
  reject(step: number): CheckpointPlace | null {
    const all = listCheckpoints(this.folder);
    const older = all.filter((one) => one.step < step).at(-1) ?? null;
    const bad = all.find((one) => one.step === step);
    if (older !== null && bad !== undefined) discard(bad.folder);
    return older;
  }

  close(): void {
    this.#metrics.close();
    this.#evaluations.close();
    this.#lock.release();
  }
  [Symbol.dispose](): void {
    this.close();
  }
}

/** The config of a run. @throws UserError when the folder is none, or its config.json is damaged. */
export function readRunConfig(folder: string): RunConfig {
  const file = path.join(folder, "config.json");
  let text: string;
  try {
    text = fs.readFileSync(file, "utf8");
  } catch (error) {
    throw new UserError(`${folder} holds no run: there is no config.json; check the path.`, {
      param: folder,
      cause: error,
    });
  }
  try {
    const config: unknown = JSON.parse(text);
    if (typeof config === "object" && config !== null && "recipe" in config) return config as RunConfig;
  } catch {}
  throw new UserError(`${file} is not the config of a run; check the path, or start the run anew.`, { param: file });
}

/** The complete checkpoints of a run, oldest first. */
export function listCheckpoints(folder: string): CheckpointPlace[] {
  const checkpoints = path.join(folder, "checkpoints");
  if (!fs.existsSync(checkpoints)) return [];
  return fs
    .readdirSync(checkpoints)
    .filter((name) => /^\d{6,}$/.test(name) && fs.existsSync(path.join(checkpoints, name, "config.json")))
    .map((name) => ({ step: Number(name), folder: path.join(checkpoints, name) }))
    .sort((a, b) => a.step - b.step);
}

/** Whether a process is training into this folder now. */
export const isTraining = (folder: string): boolean => lockHolder(path.join(folder, LOCK)) !== null;

const LOCK = ".lock";

const stepName = (step: number): string => String(step).padStart(6, "0");

function locked(folder: string, make: boolean, open: (lock: Lock) => RunFolder): RunFolder {
  let lock: Lock | null = null;
  try {
    if (make) fs.mkdirSync(folder, { recursive: true });
    lock = takeLock(path.join(folder, LOCK));
    return open(lock);
  } catch (error) {
    lock?.release();
    throw writeError(error, folder);
  }
}

/** Finishes what a kill left undone in `checkpoints/`; the lock is ours, so whatever is hidden there is a dead process's. */
function sweep(checkpoints: string): void {
  for (const name of fs.readdirSync(checkpoints)) {
    const target = /^\.(\d{6,})\./.exec(name)?.[1];
    if (target !== undefined) recoverFolder(path.join(checkpoints, target));
  }
  for (const name of fs.readdirSync(checkpoints))
    if (name.startsWith(".")) fs.rmSync(path.join(checkpoints, name), { recursive: true, force: true });
}

/** Removes a checkpoint: first out of sight in one rename, because a half-removed one must not look complete. */
function discard(folder: string): void {
  const aside = path.join(path.dirname(folder), `.discarded-${path.basename(folder)}`);
  fs.renameSync(folder, aside);
  fs.rmSync(aside, { recursive: true, force: true });
}
