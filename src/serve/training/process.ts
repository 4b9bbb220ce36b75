/** The process that trains into a folder, whoever started it: found by the run's lock, stopped and paused by signals. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { lockHolder } from "../../checkpoint/lock.ts";
import type { RunSummary } from "../../train/run-reader.ts";
import { ApiError } from "../errors.ts";
import { type RunStatus, statusOf } from "./places.ts";

export type LiveStatus = RunStatus | "paused";

/** @returns the number of the process; null: nobody trains into the folder, or another machine does */
export function trainerOf(folder: string): number | null {
  const holder = lockHolder(join(folder, ".lock"));
  return holder !== null && holder.host === hostname() ? holder.pid : null;
}

export function statusWithPause(run: Pick<RunSummary, "path" | "report">): LiveStatus {
  const status = statusOf(run);
  if (status !== "training") return status;
  const pid = trainerOf(run.path);
  return pid !== null && isHalted(pid) ? "paused" : status;
}

/**
 * Pausing halts the process where it is (SIGSTOP): nothing is lost and nothing is saved, and it goes on at once. Stopping lets it
 * save after the step and end (SIGINT); a paused one is woken for that.
 * @throws ApiError 409 where nobody trains there; 501 where the system cannot halt processes
 */
export function signalTrainer(folder: string, action: "pause" | "continue" | "stop"): void {
  const pid = trainerOf(folder);
  if (pid === null)
    throw new ApiError(409, "No process of this machine is training this run.", { code: "run_not_training" });
  if (action !== "stop" && process.platform === "win32")
    throw new ApiError(501, "Windows cannot halt a process; stop the run and resume it.", { code: "not_supported" });
  const halted = isHalted(pid);
  if (action === "pause") process.kill(pid, "SIGSTOP");
  else {
    if (action === "stop") process.kill(pid, "SIGINT");
    if (halted) process.kill(pid, "SIGCONT");
  }
}

/** Whether a signal has halted it. */
function isHalted(pid: number): boolean {
  try {
    if (process.platform === "linux") {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      return stat[stat.lastIndexOf(")") + 2] === "T";
    }
    return (
      process.platform !== "win32" &&
      execFileSync("ps", ["-o", "state=", "-p", String(pid)])
        .toString()
        .startsWith("T")
    );
  } catch {
    return false;
  }
}
