/** A model fetched from a hub: listed, chosen, fetched file by file into a folder beside its place, checked, then moved there whole. */
import fs from "node:fs";
import path from "node:path";
import { UserError } from "../../error.ts";
import { atomicWriteFile, writeError } from "../atomic.ts";
import { takeLock } from "../lock.ts";
import { type Choice, chooseFiles } from "./choose.ts";
import { type Hub, listModel } from "./client.ts";
import { download } from "./download.ts";
import type { HubName } from "./name.ts";
import { folderOf, type Pulled, type PulledFile, RECORD, readStored, type StoredModel } from "./store.ts";

export interface PullOptions {
  readonly hub: Hub;
  /** Branch, tag or commit. Default "main". */
  readonly revision?: string;
  /** Bytes of memory the model may take, for the choice. */
  readonly memory: number;
  /** Told once, before anything is fetched: what, from which commit, and how many of its bytes are there already. */
  readonly onPlan?: (choice: Choice, commit: string, there: number) => void;
  /** Told of every piece: bytes of all files that are there, and the file that is being fetched. */
  readonly onBytes?: (bytes: number, file: string) => void;
  readonly signal?: AbortSignal;
  /** For tests: see DownloadOptions. */
  readonly delay?: number;
  readonly silence?: number;
}

/**
 * Pulls a model. What was fetched before a failure, Ctrl-C or kill is kept in a folder whose name ends in ".partial", and the next pull goes on from it.
 * @returns where it lies, and whether it was there already in this commit
 * @throws UserError
 */
export async function pullModel(name: HubName, options: PullOptions): Promise<{ model: StoredModel; fresh: boolean }> {
  const { hub, revision = "main", signal } = options;
  const { repo } = name;
  const { commit, files } = await listModel(hub, repo, revision, signal);
  const choice = chooseFiles(repo, files, name.quantization, options.memory);
  const folder = folderOf(repo, choice.quantization);
  const former = readStored(folder);
  if (former?.commit === commit && former.files.every((file) => sizeOf(path.join(folder, file.path)) === file.bytes)) {
    return { model: former, fresh: false };
  }
  const partial = `${folder}.partial`;
  make(partial);
  const lock = takeLock(path.join(partial, ".lock"), "pulling this model");
  try {
    // what an earlier, other choice of files left
    const wanted = new Set(choice.files.map((file) => file.path));
    for (const file of fs.readdirSync(partial, { recursive: true, withFileTypes: true })) {
      const full = path.join(file.parentPath, file.name);
      const inside = path.relative(partial, full).split(path.sep).join("/");
      if (file.isFile() && !inside.startsWith(".lock") && !wanted.has(inside)) fs.rmSync(full);
    }
    const there = choice.files.reduce(
      (sum, file) => sum + Math.min(file.bytes, sizeOf(path.join(partial, file.path))),
      0,
    );
    refuseFullDisk(partial, choice.bytes - there, repo);
    options.onPlan?.(choice, commit, there);
    const fetched = await fetchAll(choice, partial, { ...options, repo, commit });
    const record: Pulled = {
      repo,
      endpoint: hub.endpoint,
      revision,
      commit,
      quantization: choice.quantization,
      pulled: new Date().toISOString(),
      files: fetched,
    };
    atomicWriteFile(path.join(partial, RECORD), `${JSON.stringify(record, null, 2)}\n`);
  } finally {
    lock.release();
  }
  replace(partial, folder);
  return { model: readStored(folder)!, fresh: true };
}

async function fetchAll(
  choice: Choice,
  partial: string,
  options: PullOptions & { readonly repo: string; readonly commit: string },
): Promise<PulledFile[]> {
  const fetched: PulledFile[] = [];
  let before = 0;
  for (const file of choice.files) {
    options.signal?.throwIfAborted();
    const onBytes = (bytes: number): void => options.onBytes?.(before + bytes, file.path);
    const sha256 = await download(file, path.join(partial, file.path), { ...options, onBytes });
    fetched.push({ path: file.path, bytes: file.bytes, sha256 });
    before += file.bytes;
  }
  return fetched;
}

function make(folder: string): void {
  try {
    fs.mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw writeError(error, folder);
  }
}

/** The new folder in the former one's place; a kill between leaves the partial one, complete, for the next pull. */
function replace(partial: string, folder: string): void {
  try {
    fs.rmSync(folder, { recursive: true, force: true });
    fs.renameSync(partial, folder);
  } catch (error) {
    throw writeError(error, folder);
  }
}

function refuseFullDisk(folder: string, missing: number, repo: string): void {
  const { bavail, bsize } = fs.statfsSync(folder);
  const free = bavail * bsize;
  if (missing <= free) return;
  const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;
  throw new UserError(
    `${repo} needs ${gigabytes(missing)} more on the disk of ${folder}, where ${gigabytes(free)} are free; free some space, or set RECKON_HOME to a folder on another disk.`,
    { param: "RECKON_HOME", type: "write_failed" },
  );
}

const sizeOf = (file: string): number => fs.statSync(file, { throwIfNoEntry: false })?.size ?? 0;
