// Runs one child as if it had replaced us: same screen, same signals, same exit. A process cannot exec itself away in
// Node 18 to 23, so the parent stays behind and has to be invisible.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";

/** Signals another program may send us. Those a terminal sends go to the whole foreground group, the child included. */
const forwarded = /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR2"]);
const sentByTerminal = new Set(["SIGINT", "SIGQUIT", "SIGHUP"]);

/**
 * Starts `file args` on our standard streams and resolves to how it ended.
 * @param {string} file
 * @param {readonly string[]} args
 * @param {{ env?: NodeJS.ProcessEnv, cwd?: string }} [options]
 * @returns {Promise<{ code: number | null, signal: NodeJS.Signals | null }>}
 */
export function runChild(file, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: "inherit", ...options });
    const handlers = forwarded.map((signal) => {
      const handler = () => {
        if (!(sentByTerminal.has(signal) && inTerminalForeground())) {
          child.kill(signal);
        }
      };
      try {
        process.on(signal, handler);
      } catch {
        // A platform without this signal cannot receive it either.
      }
      return { signal, handler };
    });
    const release = () => {
      for (const { signal, handler } of handlers) {
        process.removeListener(signal, handler);
      }
    };
    child.once("error", (error) => {
      release();
      reject(error);
    });
    child.once("close", (code, signal) => {
      release();
      resolve({ code, signal });
    });
  });
}

/**
 * Ends this process the way a child ended, so that a shell cannot tell them apart.
 * @param {{ code: number | null, signal: NodeJS.Signals | null }} end
 */
export function endLike(end) {
  if (end.signal === null) {
    process.exitCode = end.code ?? 1;
    return;
  }
  // A signal that does not end us (Node ignores some) still has to leave a failing code.
  process.exitCode = 1;
  process.kill(process.pid, end.signal);
}

/** True where Ctrl-C reaches our child without our help: we are in the foreground group of a terminal. */
function inTerminalForeground() {
  try {
    // /proc/self/stat: pid (name) state ppid pgrp session tty_nr tpgid ...; the name may hold spaces and brackets.
    const stat = readFileSync("/proc/self/stat", "utf8");
    const [, , group, , terminal, foreground] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return terminal !== "0" && group === foreground;
  } catch {
    return Boolean(process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY);
  }
}
