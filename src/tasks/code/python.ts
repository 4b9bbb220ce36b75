/**
 * Runs Python programs with their tests in Pyodide, each in a process of its own that has no rights (python-child.mjs) and is killed at its limit.
 * The interpreter starts from a snapshot of its memory, made once, in a third of a second rather than two.
 */
import { type ChildProcess, spawn } from "node:child_process";
import fs from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { UserError } from "../../error.ts";
import {
  type CodeLimits,
  type CodeOutcome,
  LIMITS,
  PASSED,
  type Program,
  shortError,
  tooLong,
  tooMuchMemory,
  tooMuchOutput,
} from "./outcome.ts";
import { Turns } from "./turns.ts";

const child = fs.realpathSync(fileURLToPath(new URL("./python-child.mjs", import.meta.url)));
const turns = new Turns();
let snapshot: Promise<string> | null = null;

/** Runs one; others wait for their turn where all processors are taken. Never throws for what a program does. @throws UserError where Pyodide is missing */
export async function runPython(program: Program, given: CodeLimits = {}): Promise<CodeOutcome> {
  const limits = { ...LIMITS, ...given };
  snapshot ??= makeSnapshot();
  const file = await snapshot;
  return turns.take(() => runNow(program, limits, file));
}

interface Report {
  /** "" where all went well. */
  readonly error: string;
  readonly output: string;
  readonly flooded: boolean;
}

function runNow(program: Program, limits: Required<CodeLimits>, file: string): Promise<CodeOutcome> {
  const process = start(["run", file], [file]);
  const fail = (reason: string, output = ""): CodeOutcome => ({ passed: false, reason, output });
  return new Promise((resolve) => {
    let late = false;
    const alarm = setTimeout(() => {
      late = true;
      process.kill("SIGKILL");
    }, limits.ms);
    // more than a report can be is a flood of its own
    const out = collect(process, 8 * limits.output + 65_536);
    process.on("error", (error) => out.push(Buffer.from(String(error))));
    process.on("close", () => {
      clearTimeout(alarm);
      if (late) return resolve(fail(tooLong(limits.ms)));
      const report = readReport(Buffer.concat(out).toString("utf8"));
      if (report === null) return resolve(fail("the interpreter was ended by the program"));
      const { error, output, flooded } = report;
      if (flooded) return resolve(fail(tooMuchOutput(limits.output), output));
      if (error === "") return resolve({ passed: true, reason: PASSED, output });
      resolve(fail(/^MemoryError\b/.test(error) ? tooMuchMemory(limits.memory) : shortError(error), output));
    });
    process.stdin?.on("error", () => undefined); // it may be gone before it has read
    process.stdin?.end(`${JSON.stringify({ program, limits })}\n`);
  });
}

function readReport(text: string): Report | null {
  try {
    const { error, output, flooded } = JSON.parse(text) as Report;
    return typeof error === "string" && typeof output === "string"
      ? { error, output, flooded: flooded === true }
      : null;
  } catch {
    return null;
  }
}

/** A process without rights: it may read `files` and Pyodide, and do nothing else. */
function start(args: readonly string[], files: readonly string[] = []): ChildProcess {
  const pyodide = pyodideFolder();
  const readable = [child, path.join(pyodide, "*"), ...files].map((file) => `--allow-fs-read=${file}`);
  const rights = ["--permission", ...readable, "--disallow-code-generation-from-strings", "--no-warnings"];
  const [mode, ...rest] = args;
  const module = pathToFileURL(path.join(pyodide, "pyodide.mjs")).href;
  return spawn(process.execPath, [...rights, child, module, mode, ...rest], {
    env: {},
    stdio: ["pipe", "pipe", "ignore"],
    cwd: pyodide,
  });
}

function collect(process: ChildProcess, most: number): Buffer[] {
  const parts: Buffer[] = [];
  let bytes = 0;
  process.stdout?.on("data", (part: Buffer) => {
    bytes += part.length;
    if (bytes > most) process.kill("SIGKILL");
    else parts.push(part);
  });
  return parts;
}

function pyodideFolder(): string {
  try {
    return fs.realpathSync(path.dirname(createRequire(import.meta.url).resolve("pyodide/package.json")));
  } catch (cause) {
    throw new UserError(
      "Python programs are run by the package pyodide, which is not installed: run `npm install pyodide`.",
      {
        type: "setup_error",
        cause,
      },
    );
  }
}

/** Made by a process like those that will use it, and kept until this one ends. */
async function makeSnapshot(): Promise<string> {
  const process_ = start(["snapshot"]);
  const parts = collect(process_, 256e6);
  const code = await new Promise((resolve, reject) => process_.on("close", resolve).on("error", reject));
  if (code !== 0 || parts.length === 0) {
    throw new UserError("Pyodide could not be started; `node --version` must be 22.13 or newer.", {
      type: "setup_error",
    });
  }
  const folder = fs.mkdtempSync(path.join(fs.realpathSync(tmpdir()), "reckon-python-"));
  process.once("exit", () => fs.rmSync(folder, { recursive: true, force: true }));
  const file = path.join(folder, "snapshot.bin");
  fs.writeFileSync(file, Buffer.concat(parts), { mode: 0o400 });
  return file;
}
