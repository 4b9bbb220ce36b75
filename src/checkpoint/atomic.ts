// Files and folders that appear whole or not at all: written under a temporary name beside their place, flushed to the disk,
// renamed. A kill at any instant leaves the old one or the new one, and what a dead process left behind is swept at the next write.

import { randomBytes } from "node:crypto";
import fs from "node:fs";
import { hostname } from "node:os";
import path from "node:path";
import process from "node:process";
import { UserError } from "../error.ts";

/** The system calls that can fail with a full disk, taken as a value so that tests can make them fail. */
export interface FileOperations {
  writeSync(fd: number, bytes: Uint8Array, offset: number, length: number): number;
  fsyncSync(fd: number): void;
}

/** Appends bytes to the file being written. */
export type Append = (bytes: Uint8Array) => void;

/**
 * Writes one file atomically. `content` is the whole text or bytes, or a function that appends pieces (for files larger than memory).
 * @throws UserError when the disk is full or the place cannot be written; the former file is then untouched and nothing is left over.
 */
export function atomicWriteFile(
  file: string,
  content: string | Uint8Array | ((append: Append) => void),
  operations: FileOperations = fs,
): void {
  const folder = path.dirname(path.resolve(file));
  const temporary = temporaryName(file, "tmp");
  let fd = -1;
  try {
    fs.mkdirSync(folder, { recursive: true });
    sweep(folder, path.basename(file));
    fd = fs.openSync(temporary, "wx", 0o666);
    const append: Append = (bytes) => writeAll(operations, fd, bytes);
    if (typeof content === "function") content(append);
    else append(typeof content === "string" ? Buffer.from(content) : content);
    operations.fsyncSync(fd);
    fs.closeSync(fd);
    fd = -1;
    fs.renameSync(temporary, file);
    flushFolder(folder);
  } catch (error) {
    if (fd >= 0) fs.closeSync(fd);
    discard(temporary);
    throw writeError(error, file);
  } finally {
    mine.delete(temporary);
  }
}

/**
 * Makes a folder atomically: `fill` writes into a temporary sibling, which is flushed and renamed to `folder`. An existing
 * folder is moved aside first and removed after; should the process die between the two renames, `recoverFolder` finishes the job.
 * @throws UserError when the disk is full or the place cannot be written; the former folder is then still there.
 */
export async function writeFolderAtomically(
  folder: string,
  fill: (temporary: string) => Promise<void> | void,
): Promise<void> {
  const target = path.resolve(folder);
  const parent = path.dirname(target);
  const temporary = temporaryName(target, "tmp");
  const old = `${temporary.slice(0, -"tmp".length)}old`;
  try {
    fs.mkdirSync(parent, { recursive: true });
    recoverFolder(target);
    fs.mkdirSync(temporary);
    await fill(temporary);
    flushTree(temporary);
    const replaces = fs.existsSync(target);
    if (replaces) fs.renameSync(target, old);
    fs.renameSync(temporary, target);
    flushFolder(parent);
    if (replaces) fs.rmSync(old, { recursive: true, force: true });
  } catch (error) {
    if (!fs.existsSync(target) && fs.existsSync(old)) fs.renameSync(old, target);
    discard(temporary);
    throw writeError(error, folder);
  } finally {
    mine.delete(temporary);
  }
}

/**
 * Finishes or undoes a replacement of `folder` that a kill interrupted, and removes what dead processes left beside it. A folder
 * set aside (`.old`) without its target means the new one was complete and flushed, so it takes the place; else the old one returns.
 */
export function recoverFolder(folder: string): void {
  const target = path.resolve(folder);
  const parent = path.dirname(target);
  if (!fs.existsSync(parent)) return;
  if (!fs.existsSync(target)) {
    for (const entry of leftovers(parent, path.basename(target), "old")) {
      const finished = path.join(parent, `${entry.slice(0, -"old".length)}tmp`);
      fs.renameSync(fs.existsSync(finished) ? finished : path.join(parent, entry), target);
      flushFolder(parent);
      break;
    }
  }
  sweep(parent, path.basename(target));
}

/** Turns an error of the file system into the one sentence a user reads; a UserError passes as it is. */
export function writeError(error: unknown, file: string): unknown {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  const reason = code === undefined ? undefined : REASONS[code];
  if (error instanceof UserError || reason === undefined) return error;
  return new UserError(`Could not write ${file}: ${reason} What was there before is unchanged.`, {
    param: file,
    type: "write_failed",
    cause: error,
  });
}

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full; free some space or choose another folder.",
  EDQUOT: "the disk quota is used up; free some space or choose another folder.",
  EFBIG:
    "the file would exceed the size limit of this process or file system; raise the limit or choose another folder.",
  EACCES: "permission denied; choose a folder you may write to.",
  EPERM: "the operation is not permitted; choose a folder you may write to.",
  EROFS: "the file system is read-only; choose another folder.",
  ENOTDIR: "a part of its path is a file, not a folder; choose another path.",
  EISDIR: "a folder of that name is already there; choose another name.",
  EEXIST: "a part of its path already exists as a file; choose another path.",
  ENAMETOOLONG: "the name is too long; choose a shorter one.",
  EIO: "the disk reported an input/output error; check the disk.",
};

/** Temporaries this very process is writing now; ones with its pid that are not here come from an earlier process of the same number. */
const mine = new Set<string>();

const host =
  hostname()
    .replace(/[^A-Za-z0-9]/g, "")
    .slice(0, 16) || "host";

function temporaryName(target: string, ending: "tmp"): string {
  const full = path.resolve(target);
  const stamp = `${host}-${process.pid}-${randomBytes(4).toString("hex")}`;
  const name = path.join(path.dirname(full), `.${path.basename(full)}.${stamp}.${ending}`);
  mine.add(name);
  return name;
}

/** Entries `.base.host-pid-random.ending` in `folder` whose process is no more. */
function leftovers(folder: string, base: string, ending: "tmp" | "old"): string[] {
  return fs.readdirSync(folder).filter((entry) => {
    if (!entry.startsWith(`.${base}.`) || !entry.endsWith(`.${ending}`)) return false;
    const stamp = /^([A-Za-z0-9]+)-(\d+)-[0-9a-f]{8}$/.exec(entry.slice(base.length + 2, -ending.length - 1));
    // another machine's process cannot be asked whether it lives: leave its files alone
    if (stamp === null || stamp[1] !== host) return false;
    const pid = Number(stamp[2]);
    if (pid === process.pid) return !mine.has(path.join(folder, `${entry.slice(0, -ending.length)}tmp`));
    return !isAlive(pid);
  });
}

function sweep(folder: string, base: string): void {
  const present = fs.existsSync(path.join(folder, base));
  for (const entry of leftovers(folder, base, "tmp"))
    fs.rmSync(path.join(folder, entry), { recursive: true, force: true });
  // the only copy is never removed
  if (present)
    for (const entry of leftovers(folder, base, "old"))
      fs.rmSync(path.join(folder, entry), { recursive: true, force: true });
}

/** Best effort: the error being reported is the one that matters. */
function discard(temporary: string): void {
  try {
    fs.rmSync(temporary, { recursive: true, force: true });
  } catch {}
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function writeAll(operations: FileOperations, fd: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; )
    done += operations.writeSync(fd, bytes, done, Math.min(bytes.length - done, 1 << 30));
}

function flushTree(folder: string): void {
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const full = path.join(folder, entry.name);
    if (entry.isDirectory()) flushTree(full);
    else if (entry.isFile()) flush(full);
  }
  flushFolder(folder);
}

function flush(file: string): void {
  const fd = fs.openSync(file, "r");
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

function flushFolder(folder: string): void {
  if (process.platform === "win32") return; // folders cannot be opened there
  const fd = fs.openSync(folder, "r");
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}
