// One writer a folder: a lock file that says who holds it, so that two processes never write one run or one download, and that one
// killed outright does not block the next. A lock counts as held only while its very process (number and start time) lives.

import { randomBytes } from "node:crypto";
import fs from "node:fs";
import { hostname } from "node:os";
import { UserError } from "../error.ts";
import { writeError } from "./atomic.ts";

export interface Lock {
  release(): void;
}

/**
 * Takes the lock `file`, or takes it over from a process that is gone.
 * @param doing what a holder does there, for the sentence the next one gets
 * @throws UserError naming the process that holds it, or why the file cannot be written.
 */
export function takeLock(file: string, doing = "training into this folder"): Lock {
  const mine = JSON.stringify({ pid: process.pid, host: hostname(), begun: processStart(process.pid), token: token() });
  const temporary = `${file}.${token()}`;
  try {
    fs.writeFileSync(temporary, mine, { flag: "wx" });
    for (let tries = 0; tries < 20; tries++) {
      try {
        fs.linkSync(temporary, file); // appears with its content or not at all, and never over another's
        held.add(mine);
        return { release: () => release(file, mine) };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      }
      const theirs = content(file);
      if (theirs !== null && isHeld(theirs)) throw busy(file, theirs, doing);
      if (theirs !== null) removeStale(file, theirs);
    }
    throw busy(file, content(file) ?? "{}", doing);
  } catch (error) {
    throw writeError(error, file);
  } finally {
    fs.rmSync(temporary, { force: true });
  }
}

/** Who holds the lock now, or null: for readers that say whether a run is training. */
export function lockHolder(file: string): { readonly pid: number; readonly host: string } | null {
  const text = content(file);
  return text === null || !isHeld(text) ? null : parse(text);
}

/** Locks this process holds, so that one left by an earlier process of the same number is told from our own. */
const held = new Set<string>();

const token = (): string => randomBytes(6).toString("hex");

function release(file: string, mine: string): void {
  held.delete(mine);
  if (content(file) === mine) fs.rmSync(file, { force: true });
}

function isHeld(text: string): boolean {
  const { pid, host, begun } = parse(text);
  if (host !== hostname()) return true; // another machine's process cannot be asked
  if (pid === process.pid) return held.has(text);
  return isAlive(pid) && (begun === null || processStart(pid) === begun);
}

/** Moves a stale lock aside; should it have become another's between the look and the move, puts it back. */
function removeStale(file: string, stale: string): void {
  const aside = `${file}.${token()}`;
  try {
    fs.renameSync(file, aside);
  } catch {
    return; // another took it over first
  }
  if (content(aside) !== stale) {
    try {
      fs.linkSync(aside, file);
    } catch {}
  }
  fs.rmSync(aside, { force: true });
}

function busy(file: string, text: string, doing: string): UserError {
  const { pid, host } = parse(text);
  const where = host === hostname() ? `process ${pid}` : `process ${pid} on ${host}`;
  return new UserError(
    `${file} is held by ${where}, which is ${doing}; wait for it, stop it, or choose another folder${host === hostname() ? "" : " (delete the file if that machine is gone)"}.`,
    { param: file, type: "locked" },
  );
}

function content(file: string): string | null {
  try {
    return fs.readFileSync(file, "utf8");
  } catch {
    return null;
  }
}

function parse(text: string): { pid: number; host: string; begun: string | null } {
  try {
    const { pid, host, begun } = JSON.parse(text) as Record<string, unknown>;
    if (typeof pid === "number" && typeof host === "string")
      return { pid, host, begun: typeof begun === "string" ? begun : null };
  } catch {}
  return { pid: 0, host: hostname(), begun: null };
}

function isAlive(pid: number): boolean {
  if (pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** When a process began, in the kernel's ticks, where /proc tells (Linux); null elsewhere. */
function processStart(pid: number): string | null {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
    const [state, ...rest] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return state === "Z" ? "dead" : (rest[18] ?? null);
  } catch {
    return null;
  }
}
